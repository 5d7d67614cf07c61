//! Running `shakedown scan`.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

pub fn scan(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shakedown")).arg("scan").args(arguments).output().unwrap()
}

/// The object of `--json`, held against the schema.
#[track_caller]
pub fn scan_json(arguments: &[&str]) -> (i32, Value) {
    let output = scan(&[arguments, &["--json"]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1, "{text} {}", String::from_utf8_lossy(&output.stderr));
    let object = serde_json::from_str(&text).unwrap();
    let schema: Value = serde_json::from_str(include_str!("../../../schema/scan-1.json")).unwrap();
    let errors: Vec<String> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&object)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}\n{object}");
    (output.status.code().unwrap(), object)
}

/// A program that is ended with the test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `shakedown serve` with a policy, and its address.
pub fn serve(arguments: &[&str]) -> (Running, String) {
    let child = Command::new(env!("CARGO_BIN_EXE_shakedown"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn();
    let mut running = Running(child.unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    // The connections' lines have to go somewhere.
    std::thread::spawn(move || lines.read_to_end(&mut Vec::new()));
    (running, ready["address"].as_str().unwrap().to_owned())
}

/// Waits until a port takes connections.
pub fn wait_for(address: &str) {
    let end = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < end, "{address} does not come up");
        std::thread::sleep(Duration::from_millis(20));
    }
}
