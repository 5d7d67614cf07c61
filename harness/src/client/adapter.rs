//! Adapters: how a client program is found, started and mended (formats, section 1).

use std::collections::BTreeMap;
use std::ops::Range;

use regex::Regex;
use serde::Deserialize;

use crate::judge::FindingCode;

use super::placeholder::{self, PlaceholderError};

/// A parsed and checked adapter.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// The file's name without its ending: what `--client` takes.
    pub name: String,
    pub title: String,
    /// Run once to find the program and its version.
    pub detect: Vec<String>,
    pub version: Regex,
    pub install: String,
    /// Glob patterns of further executables that are clients of their own.
    pub also: Vec<String>,
    /// Prints the real path of a program that a shim stands before.
    pub resolve: Option<Vec<String>>,
    pub start: Start,
    pub fixes: BTreeMap<FindingCode, Vec<String>>,
}

/// How the program runs.
#[derive(Clone, Debug)]
pub enum Start {
    /// Once per case.
    Command { argv: Vec<String>, env: BTreeMap<String, String>, exit_tells: bool },
    /// Once, then a JSON line per case.
    Worker { argv: Vec<String>, env: BTreeMap<String, String>, ready_seconds: u64 },
}

impl Start {
    pub fn argv(&self) -> &[String] {
        match self {
            Self::Command { argv, .. } | Self::Worker { argv, .. } => argv,
        }
    }
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum AdapterError {
    #[error("{file}:{line}: {message}")]
    Syntax { file: String, line: usize, message: String },
    #[error("{file}: exactly one of [command] and [worker] is needed")]
    Start { file: String },
    #[error("{file}: `{key}` must not be empty")]
    Empty { file: String, key: &'static str },
    #[error("{file}: `version` is not a regular expression with a group: {message}")]
    Version { file: String, message: String },
    #[error("{file}: {source}")]
    Placeholder { file: String, source: PlaceholderError },
    #[error("{file}: [fix] has an unknown finding code {code:?}; allowed: {allowed}")]
    Code { file: String, code: String, allowed: String },
    #[error("{file}: [fix] needs a \"{{fix}}\" argument in argv")]
    FixWithoutPlace { file: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    detect: Vec<String>,
    version: String,
    install: String,
    #[serde(default)]
    also: Vec<String>,
    resolve: Option<Vec<String>>,
    command: Option<Command>,
    worker: Option<Worker>,
    #[serde(default)]
    fix: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Command {
    argv: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default = "yes")]
    exit_tells: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Worker {
    argv: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default = "default_ready")]
    ready: u64,
}

const fn yes() -> bool {
    true
}

const fn default_ready() -> u64 {
    20
}

impl Adapter {
    /// Parses an adapter file. `file` is used in messages; its stem is the client's name.
    pub fn parse(file: &str, text: &str) -> Result<Self, AdapterError> {
        let parsed: File = toml::from_str(text).map_err(|error| AdapterError::Syntax {
            file: file.to_owned(),
            line: line_of(text, error.span()),
            message: error.message().to_owned(),
        })?;
        let name = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".toml").to_owned();
        let empty = |key| AdapterError::Empty { file: file.to_owned(), key };
        if parsed.detect.is_empty() {
            return Err(empty("detect"));
        }
        let version = Regex::new(&parsed.version)
            .map_err(|e| AdapterError::Version { file: file.to_owned(), message: e.to_string() })?;
        if version.captures_len() < 2 {
            let message = "no group 1".to_owned();
            return Err(AdapterError::Version { file: file.to_owned(), message });
        }
        let start = match (parsed.command, parsed.worker) {
            (Some(c), None) => Start::Command { argv: c.argv, env: c.env, exit_tells: c.exit_tells },
            (None, Some(w)) => Start::Worker { argv: w.argv, env: w.env, ready_seconds: w.ready },
            _ => return Err(AdapterError::Start { file: file.to_owned() }),
        };
        if start.argv().is_empty() {
            return Err(empty("argv"));
        }
        placeholder::check(start.argv(), &placeholder::ADAPTER)
            .map_err(|source| AdapterError::Placeholder { file: file.to_owned(), source })?;
        let mut fixes = BTreeMap::new();
        for (code, arguments) in parsed.fix {
            let code = code.parse().map_err(|_| AdapterError::Code {
                file: file.to_owned(),
                code,
                allowed: FindingCode::ALL.iter().map(|c| c.as_str()).collect::<Vec<_>>().join(", "),
            })?;
            fixes.insert(code, arguments);
        }
        if !fixes.is_empty() && !start.argv().iter().any(|a| a == "{fix}") {
            return Err(AdapterError::FixWithoutPlace { file: file.to_owned() });
        }
        Ok(Self {
            name,
            title: parsed.title,
            detect: parsed.detect,
            version,
            install: parsed.install,
            also: parsed.also,
            resolve: parsed.resolve,
            start,
            fixes,
        })
    }
}

/// The line (from 1) in which a span begins.
fn line_of(text: &str, span: Option<Range<usize>>) -> usize {
    let at = span.map_or(0, |s| s.start).min(text.len());
    text.as_bytes()[..at].iter().filter(|b| **b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURL: &str = r#"
title = "curl"
detect = ["curl", "--version"]
version = 'curl (\S+)'
install = "Debian: apt-get install curl"
[command]
argv = ["curl", "{fix}", "--cacert", "{ca_pem}", "{url}"]
[fix]
no-forward-secrecy = ["--ciphers", "ECDHE"]
"#;

    #[test]
    fn reads_the_agreed_sample() {
        let adapter = Adapter::parse("adapters/curl.toml", CURL).unwrap();
        assert_eq!(adapter.name, "curl");
        assert_eq!(adapter.fixes[&FindingCode::NoForwardSecrecy], ["--ciphers", "ECDHE"]);
    }

    #[test]
    fn names_file_and_line_of_an_unknown_key() {
        let text = CURL.replace("install =", "instal =");
        let error = Adapter::parse("curl.toml", &text).unwrap_err().to_string();
        assert!(error.starts_with("curl.toml:5: ") && error.contains("install"), "{error}");
    }

    #[test]
    fn refuses_what_cannot_work() {
        for (from, to) in [
            ("{url}", "{uri}"),
            ("[\"curl\", \"--version\"]", "[]"),
            (r"curl (\S+)", r"curl \S+"),
            (r"curl (\S+)", r"curl (\S+"),
            ("no-forward-secrecy =", "no-forward-secrecies ="),
            ("\"{fix}\", ", ""),
            ("[command]", "[worker]\nargv = [\"x\"]\n[command]"),
        ] {
            let text = CURL.replace(from, to);
            assert_ne!(text, CURL, "the replacement must change something: {from}");
            assert!(Adapter::parse("curl.toml", &text).is_err(), "{from} -> {to}");
        }
    }
}
