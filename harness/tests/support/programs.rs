//! Programs beside a test: started, waited for, and ended with it.

use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A program that is ended with the test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A test that ran against nothing must not pass: without the program it fails, unless it is left out by name.
pub fn need(program: &str, tests: &str) {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap();
    assert!(
        found.status.success(),
        "{program} is not installed: run `make setup-clients`, or leave the test out with `-- --skip {tests}`"
    );
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until a port takes connections.
pub fn wait_for(address: &str) {
    let end = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < end, "{address} does not come up");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// `shakedown serve` on a free port of 127.0.0.1, and its ready line.
pub fn serve(arguments: &[&str]) -> (Running, Value) {
    let child = Command::new(env!("CARGO_BIN_EXE_shakedown"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn();
    let mut running = Running(child.unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    let ready = serde_json::from_str(&line).unwrap();
    // The connections' lines have to go somewhere.
    std::thread::spawn(move || lines.read_to_end(&mut Vec::new()));
    (running, ready)
}

/// The one object that a program printed, which is valid by the schema.
#[track_caller]
pub fn one_object(output: &Output, schema: &str) -> Value {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text} {}", String::from_utf8_lossy(&output.stderr));
    let object: Value = serde_json::from_str(&text).unwrap();
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&object).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}\n{object}");
    object
}
