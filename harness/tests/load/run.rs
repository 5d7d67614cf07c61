//! Running `shakedown load`.

use std::process::{Command, Output};

use serde_json::Value;

use crate::programs::{self, Running, one_object};

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
    let object = one_object(output, include_str!("../../../schema/load-1.json"));
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

/// `shakedown serve` with its address, by name, and its ready line.
pub fn serve(arguments: &[&str]) -> (Running, String, Value) {
    let (running, ready) = programs::serve(arguments);
    let port = ready["address"].as_str().unwrap().rsplit(':').next().unwrap();
    (running, format!("localhost:{port}"), ready)
}
