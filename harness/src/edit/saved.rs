//! A saved edit list: what a finding needs to be played again (formats, section 13).

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::Edit;
use super::toml::{EditError, MAX_EDITS, Stated, parse, state};

/// Edits with what they were applied to. What a file leaves out, its reader has to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// The stack or program that connected.
    pub client: Option<String>,
    /// The stack that answered: what `--backend` takes.
    pub server: Option<String>,
    /// What the server accepted: what `--policy` takes.
    pub policy: Option<String>,
    /// The pair in memory that it was found on, by the name that the fuzz target `mitm` gives it.
    pub cell: Option<String>,
    /// The label of the rule that was broken.
    pub oracle: Option<String>,
    pub edits: Vec<Edit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    client: Option<String>,
    server: Option<String>,
    policy: Option<String>,
    cell: Option<String>,
    oracle: Option<String>,
    #[serde(default)]
    edit: Vec<Spanned<Stated>>,
}

#[derive(Serialize)]
struct Printed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cell: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oracle: Option<&'a str>,
    edit: Vec<Stated>,
}

/// A file that is no saved edit list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct SavedError {
    pub file: String,
    pub line: usize,
    pub message: String,
}

impl Saved {
    /// Reads a file; `file` is its name in messages.
    ///
    /// # Errors
    /// The first fault with its line, and what would be allowed.
    pub fn parse(file: &str, text: &str) -> Result<Self, SavedError> {
        let fault = |at: usize, message: String| {
            let at = at.min(text.len());
            let line = 1 + text.as_bytes()[..at].iter().filter(|b| **b == b'\n').count();
            SavedError { file: file.to_owned(), line, message }
        };
        let read: File = toml::from_str(text)
            .map_err(|e| fault(e.span().map_or(0, |span| span.start), e.message().to_owned()))?;
        if read.edit.len() > MAX_EDITS {
            return Err(fault(0, EditError::TooMany(read.edit.len()).to_string()));
        }
        let edits = read.edit.into_iter().map(|stated| {
            let at = stated.span().start;
            parse(stated.into_inner()).map_err(|error| fault(at, error.to_string()))
        });
        let edits = edits.collect::<Result<_, _>>()?;
        let File { client, server, policy, cell, oracle, .. } = read;
        Ok(Self { client, server, policy, cell, oracle, edits })
    }

    /// The text of the file, without comments.
    pub fn print(&self) -> String {
        let printed = Printed {
            client: self.client.as_deref(),
            server: self.server.as_deref(),
            policy: self.policy.as_deref(),
            cell: self.cell.as_deref(),
            oracle: self.oracle.as_deref(),
            edit: self.edits.iter().map(state).collect(),
        };
        // Strings, integers and arrays of them always serialise.
        toml::to_string(&printed).unwrap_or_default()
    }
}
