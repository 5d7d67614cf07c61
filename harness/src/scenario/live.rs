//! Which suites a stack of this build completes, in which versions: a committed table that a test proves.

use std::collections::{BTreeMap, BTreeSet};

use crate::registry::{self, CipherSuite, ProtocolVersion};

/// `scenarios/live.txt`: a suite and its versions per line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveSuites(BTreeMap<CipherSuite, BTreeSet<ProtocolVersion>>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct LiveSuitesError {
    pub file: String,
    pub line: usize,
    pub message: String,
}

impl LiveSuites {
    /// Reads lines of `SUITE VERSION...`; `#` begins a comment.
    pub fn parse(file: &str, text: &str) -> Result<Self, LiveSuitesError> {
        let mut live = Self::default();
        for (i, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            let fail = |message: String| LiveSuitesError { file: file.to_owned(), line: i + 1, message };
            let mut words = line.split_whitespace();
            let Some(name) = words.next() else { continue };
            let facts = registry::suite_by_name(name).ok_or_else(|| fail(format!("unknown suite {name}")))?;
            for version in words {
                let version = version.parse::<ProtocolVersion>().map_err(|e| fail(e.to_string()))?;
                live.insert(facts.suite, version);
            }
        }
        Ok(live)
    }

    pub fn insert(&mut self, suite: CipherSuite, version: ProtocolVersion) {
        self.0.entry(suite).or_default().insert(version);
    }

    pub fn contains(&self, suite: CipherSuite, version: ProtocolVersion) -> bool {
        self.0.get(&suite).is_some_and(|versions| versions.contains(&version))
    }

    /// The versions in which a suite is completed.
    pub fn versions(&self, suite: CipherSuite) -> impl Iterator<Item = ProtocolVersion> {
        self.0.get(&suite).into_iter().flatten().copied()
    }

    pub fn count(&self, version: ProtocolVersion) -> usize {
        self.0.values().filter(|versions| versions.contains(&version)).count()
    }

    /// The text of the file.
    pub fn print(&self) -> String {
        let mut out = String::from(
            "# Suites that a stack of this build completes, with the versions. Proven by harness/tests/live.rs;\n\
             # written by: make live\n",
        );
        for (suite, versions) in &self.0 {
            let versions: Vec<String> = versions.iter().map(ToString::to_string).collect();
            out.push_str(&format!("{suite} {}\n", versions.join(" ")));
        }
        out
    }
}
