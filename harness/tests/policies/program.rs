//! Running `shakedown policy`.

use std::ffi::OsStr;
use std::process::Command;

use serde_json::Value;

pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

pub fn policy<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Ran {
    let output =
        Command::new(env!("CARGO_BIN_EXE_shakedown")).arg("policy").args(arguments).output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Ran {
    /// Standard output of a run that went well.
    #[track_caller]
    pub fn text(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{}", self.stdout);
        self.stdout
    }

    /// The objects that it printed.
    #[track_caller]
    pub fn objects(self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Exit 2, nothing on standard output, and every word in the message.
    #[track_caller]
    pub fn assert_usage(&self, words: &[&str]) {
        assert_eq!((self.code, self.stdout.as_str()), (2, ""), "{}", self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is missing in: {}", self.stderr);
        }
    }
}
