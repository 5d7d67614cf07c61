//! Running `shakedown load`, and programs beside it.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shakedown"));
    command.arg("load").args(arguments);
    command
}

pub fn load(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

/// Exit code and object of `--json`.
#[track_caller]
pub fn load_json(arguments: &[&str]) -> (i32, Value) {
    told(&load(&[arguments, &["--json"]].concat()))
}

/// The object is valid by the schema, and its sums are right.
#[track_caller]
pub fn told(output: &Output) -> (i32, Value) {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text} {}", String::from_utf8_lossy(&output.stderr));
    let object: Value = serde_json::from_str(&text).unwrap();
    let schema: Value = serde_json::from_str(include_str!("../../../schema/load-1.json")).unwrap();
    let errors: Vec<String> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&object)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}\n{object}");
    let sum = |list: &str| -> u64 {
        object[list].as_array().unwrap().iter().map(|entry| entry["count"].as_u64().unwrap()).sum()
    };
    let [scheduled, started, completed, failed] =
        ["scheduled", "started", "completed", "failed"].map(|key| object[key].as_u64().unwrap());
    assert_eq!(completed + failed, scheduled, "every start has an end: {object}");
    assert_eq!(started + count(&object, "not-started"), scheduled, "{object}");
    assert_eq!(
        (sum("errors"), sum("negotiated"), &object["lost"]),
        (failed, completed, &0.into()),
        "{object}"
    );
    let confirmed = object["confirmed_by"].as_object().unwrap().values().map(|n| n.as_u64().unwrap());
    assert_eq!(confirmed.sum::<u64>(), completed, "{object}");
    let exit = output.status.code().unwrap();
    assert_eq!(object["exit"], exit);
    (exit, object)
}

/// How many errors have this code.
pub fn count(object: &Value, code: &str) -> u64 {
    let errors = object["errors"].as_array().unwrap().iter();
    errors.filter(|error| error["code"] == code).map(|error| error["count"].as_u64().unwrap()).sum()
}

/// All starts came to this error and no other.
#[track_caller]
pub fn all_are(told: &(i32, Value), code: &str, detail: &str) {
    let (exit, object) = told;
    assert_eq!((*exit, &object["completed"]), (1, &0.into()), "{object}");
    assert_eq!(count(object, code), object["scheduled"].as_u64().unwrap(), "{object}");
    assert!(object["errors"].to_string().contains(detail), "{detail}: {object}");
    assert!(object["latency_ms"].is_null(), "what failed has no latency: {object}");
}

/// A usage error that says these words.
#[track_caller]
pub fn assert_usage(arguments: &[&str], words: &[&str]) {
    let output = load(arguments);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}: {text}");
    for word in words {
        assert!(text.contains(word), "{arguments:?}: {word} is missing in {text}");
    }
}

/// A program that is ended with the test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `shakedown serve` with its address, by name, and its ready line.
pub fn serve(arguments: &[&str]) -> (Running, String, Value) {
    let child = Command::new(env!("CARGO_BIN_EXE_shakedown"))
        .args(["serve", "--listen", "127.0.0.1:0", "--stop-with-stdin"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut running = Running(child.unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    // The connections' lines have to go somewhere.
    std::thread::spawn(move || lines.read_to_end(&mut Vec::new()));
    let port = ready["address"].as_str().unwrap().rsplit(':').next().unwrap();
    (running, format!("localhost:{port}"), ready)
}

/// Waits until a port takes connections.
pub fn wait_for(address: &str) {
    let end = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < end, "{address} does not come up");
        std::thread::sleep(Duration::from_millis(20));
    }
}
