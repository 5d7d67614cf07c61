//! Running `shakedown scan`.

use std::process::{Command, Output};

use serde_json::Value;

use crate::programs::{self, Running, one_object};

pub fn scan(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shakedown")).arg("scan").args(arguments).output().unwrap()
}

/// The object of `--json`, held against the schema.
#[track_caller]
pub fn scan_json(arguments: &[&str]) -> (i32, Value) {
    let output = scan(&[arguments, &["--json"]].concat());
    let object = one_object(&output, include_str!("../../../schema/scan-1.json"));
    (output.status.code().unwrap(), object)
}

/// `shakedown serve` with a policy, and its address.
pub fn serve(arguments: &[&str]) -> (Running, String) {
    let (running, ready) = programs::serve(arguments);
    (running, ready["address"].as_str().unwrap().to_owned())
}
