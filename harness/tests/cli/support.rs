//! Running the program and reading what it says.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// One TLS 1.2 static-RSA case that every server can play: the cheapest question that has an answer.
pub const STATIC_RSA: &str = "client/cipher/static-rsa@TLSv1.2+TLS_RSA_WITH_AES_128_GCM_SHA256+natural";

pub fn shakedown() -> Command {
    Command::new(env!("CARGO_BIN_EXE_shakedown"))
}

/// What a run of the program came to.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    #[track_caller]
    pub fn assert_code(&self, code: i32) {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
    }

    /// Exit 2, nothing on standard output, no panic, and every word in the message.
    #[track_caller]
    pub fn assert_usage(&self, words: &[&str]) {
        self.assert_code(2);
        assert_eq!(self.stdout, "");
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is missing in: {}", self.stderr);
        }
    }

    /// The events of a `--report json` on standard output.
    #[track_caller]
    pub fn events(&self) -> Vec<Value> {
        events(&self.stdout)
    }

    #[track_caller]
    pub fn cases(&self) -> Vec<Value> {
        of_type(&self.events(), "case-finished")
    }
}

#[track_caller]
pub fn events(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e} in line {line:?}")))
        .collect()
}

pub fn of_type(events: &[Value], kind: &str) -> Vec<Value> {
    events.iter().filter(|event| event["type"] == kind).cloned().collect()
}

/// The codes of an event's findings.
pub fn codes(event: &Value) -> Vec<&str> {
    let findings = event["findings"].as_array().expect("findings are a list");
    findings.iter().map(|finding| finding["code"].as_str().expect("a code is text")).collect()
}

pub fn run<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Ran {
    Ran::of(&shakedown().args(arguments).output().unwrap())
}

/// `check --report json --filter FILTER` and more arguments.
pub fn check_json(filter: &str, arguments: &[&str]) -> Ran {
    run(["check", "--report", "json", "--filter", filter].iter().chain(arguments))
}

/// Whether a program is there; if not, the test's output says so. CI checks apart that all are there.
pub fn installed(program: &str) -> bool {
    let found = on_path(program).is_some();
    if !found {
        println!("skipped: {program} not installed");
    }
    found
}

pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

pub fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path
}
