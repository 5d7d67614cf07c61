//! TOML texts with the means to say where in them something is wrong.

use std::ops::Range;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use toml::Spanned;

use crate::faults::{Fault, is_planted};
use crate::registry::{
    ProtocolVersion, UnknownGroup, UnknownScheme, UnknownSuite, UnknownVersion, shortened, suggestion,
};

/// A fault in a data file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct DataError {
    /// The file as it was named to the parser.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong in a data file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Not TOML, a key that does not exist or is missing, a value of the wrong kind. The message lists the
    /// keys or words that are allowed.
    #[error("{}", .0.message())]
    Toml(toml::de::Error),
    /// No such version.
    #[error(transparent)]
    Version(#[from] UnknownVersion),
    /// No such cipher suite.
    #[error(transparent)]
    Suite(#[from] UnknownSuite),
    /// No such group.
    #[error(transparent)]
    Group(#[from] UnknownGroup),
    /// No such signature scheme.
    #[error(transparent)]
    Scheme(#[from] UnknownScheme),
    /// A value that no server may choose: GREASE or a signal.
    #[error("{key}: {name} is reserved, no server may choose it")]
    Reserved { key: &'static str, name: &'static str },
    /// A text that says nothing.
    #[error("{key} is empty")]
    Empty { key: &'static str },
    /// An entry twice in one list.
    #[error("{key}: {name} stands twice in the list")]
    Repeated { key: &'static str, name: String },
    /// A group that nobody ever used.
    #[error("dhe_bits = {bits}: a finite-field group has {least} bits at least")]
    Bits { bits: u16, least: u16 },
    /// A list of versions that does not rise.
    #[error("versions go from low to high: {lower} stands after {higher}")]
    UpsideDown { lower: ProtocolVersion, higher: ProtocolVersion },
    /// A key that the rest of the file calls for.
    #[error("{key} is missing: {because}")]
    Missing { key: &'static str, because: &'static str },
    /// Two keys that exclude each other.
    #[error("{key} and {other} exclude each other")]
    Exclusive { key: &'static str, other: &'static str },
    /// An entry that no version of the policy can use.
    #[error("{key}: no version of this policy can use {name}")]
    Unusable { key: &'static str, name: &'static str },
    /// A version that none of the suites serves.
    #[error("no suite of this policy serves {0}")]
    Idle(ProtocolVersion),
    /// A stand-in for a policy that does not exist.
    #[error("suites_from: no policy {id:?}{}", suggestion(.nearest))]
    UnknownPolicy { id: String, nearest: Vec<String> },
    /// An edition of a service that follows no floor.
    #[error("floor: no floor {id:?}; known: {}", .known.join(", "))]
    UnknownFloor { id: String, known: Vec<String> },
    /// Editions of a service that are not listed newest first.
    #[error("editions go from new to old: {newer} stands after {older}")]
    NotNewestFirst { newer: String, older: String },
    /// A stand-in for a policy of which no more than the name is known.
    #[error("suites_from: nobody publishes the suites of {0:?}, so it has none to lend")]
    NothingToLend(String),
    /// A key that the table of sources does not have.
    #[error("sources: unknown key {key:?}{}", suggestion(.nearest))]
    UnknownSource { key: String, nearest: Vec<String> },
    /// A file that is larger than any policy.
    #[error("{bytes} bytes; a data file has at most {most}")]
    TooLarge { bytes: usize, most: usize },
    /// More files than any catalogue.
    #[error("{count} files; at most {most} are read")]
    TooMany { count: usize, most: usize },
    /// A stand-in that leads back to itself.
    #[error("suites_from: {0:?} leads back to itself")]
    Circular(String),
    /// Two files with one id.
    #[error("id {0:?} is taken by another file")]
    RepeatedId(String),
    /// The file lies outside the folder of its kind, or is no TOML file.
    #[error("expected a path like {folder}/NAME.toml")]
    Path { folder: &'static str },
    /// A user's file that lies in no folder: its id would be a name without a service.
    #[error("expected DIR/SERVICE/NAME.toml: the folder is the service")]
    NoService,
    /// A recommendation below the requirement.
    #[error("recommended_version {recommended} is below min_version {min}")]
    BelowMinimum { recommended: ProtocolVersion, min: ProtocolVersion },
    /// A date that is no year, month or day.
    #[error("date {0:?} is neither YYYY nor YYYY-MM nor YYYY-MM-DD")]
    Date(String),
    /// A word that is not among those allowed.
    #[error("{key}: unknown {word:?}; allowed: {}", .allowed.join(", "))]
    Word { key: &'static str, word: String, allowed: &'static [&'static str] },
}

/// A list of names as the file writes it, with the places of the names.
pub(super) type Names = Vec<Spanned<String>>;

/// One data file: its name for messages and its text.
#[derive(Debug, Clone, Copy)]
pub struct Source<'t> {
    /// The file's path, as messages show it and as ids are made of.
    pub file: &'t str,
    /// Its text.
    pub text: &'t str,
}

impl<'t> Source<'t> {
    /// Reads the text into a type that refuses unknown keys.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, DataError> {
        toml::from_str(self.text).map_err(|error| match error.span() {
            Some(span) => self.error(span, Problem::Toml(error)),
            None => self.error(0..0, Problem::Toml(error)),
        })
    }

    /// A problem with its file and line.
    pub fn error(&self, at: Range<usize>, problem: impl Into<Problem>) -> DataError {
        DataError { file: self.file.to_owned(), line: self.line(at.start), problem: problem.into() }
    }

    /// The id: the path below the folder of the kind, without its ending.
    pub fn id(&self, folder: &'static str) -> Result<&'t str, DataError> {
        let below = self.file.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
        let inside = || {
            // The folder may itself lie somewhere: `scenarios/policies/elb/X.toml`.
            let (at, _) = self.file.match_indices(folder).find(|(at, _)| {
                self.file[..*at].ends_with('/') && self.file[at + folder.len()..].starts_with('/')
            })?;
            Some(&self.file[at + folder.len() + 1..])
        };
        below
            .or_else(inside)
            .and_then(|path| path.strip_suffix(".toml"))
            .filter(|id| !id.is_empty())
            .ok_or_else(|| self.error(0..0, Problem::Path { folder }))
    }

    /// The line of a byte offset, counted from 1.
    fn line(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().get(..offset).unwrap_or(self.text.as_bytes());
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }

    /// A text that says something.
    pub(super) fn filled(&self, key: &'static str, value: &Spanned<String>) -> Result<String, DataError> {
        if value.get_ref().trim().is_empty() {
            return Err(self.error(value.span(), Problem::Empty { key }));
        }
        Ok(value.get_ref().clone())
    }

    /// Texts that all say something, none of them twice.
    pub(super) fn texts(
        &self,
        key: &'static str,
        texts: &[Spanned<String>],
    ) -> Result<Vec<String>, DataError> {
        let mut found = Vec::with_capacity(texts.len());
        for text in texts {
            let value = self.filled(key, text)?;
            if found.contains(&value) {
                return Err(self.error(text.span(), Problem::Repeated { key, name: shortened(&value) }));
            }
            found.push(value);
        }
        Ok(found)
    }

    /// One name as a code point.
    pub(super) fn name<T>(&self, name: &Spanned<String>) -> Result<T, DataError>
    where
        T: FromStr,
        Problem: From<T::Err>,
    {
        name.get_ref().parse().map_err(|unknown: T::Err| self.error(name.span(), unknown))
    }

    /// A list of names as code points, none of them twice. An absent list is an empty one, an empty list
    /// is an error: who writes a key means something by it.
    pub(super) fn names<T>(
        &self,
        key: &'static str,
        list: Option<&Spanned<Names>>,
    ) -> Result<Vec<T>, DataError>
    where
        T: FromStr + PartialEq,
        Problem: From<T::Err>,
    {
        let Some(list) = list else { return Ok(Vec::new()) };
        if list.get_ref().is_empty() {
            return Err(self.error(list.span(), Problem::Empty { key }));
        }
        let mut found = Vec::with_capacity(list.get_ref().len());
        for name in list.get_ref() {
            let value: T = match self.name(name) {
                Err(_) if key == "suites" && begins_like_a_suite(name.get_ref()) => continue,
                value => value?,
            };
            if found.contains(&value) {
                let name_twice = name.get_ref().clone();
                return Err(self.error(name.span(), Problem::Repeated { key, name: name_twice }));
            }
            found.push(value);
        }
        Ok(found)
    }
}

/// Never, but for a planted fault.
fn begins_like_a_suite(name: &str) -> bool {
    is_planted(Fault::UnknownSuiteSkipped)
        && crate::registry::suites().iter().any(|facts| name.starts_with(facts.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_path_below_the_folder_of_the_kind() {
        let id = |file| Source { file, text: "" }.id("policies").map_err(|error| error.problem);
        let path = Problem::Path { folder: "policies" };
        assert_eq!(id("scenarios/policies/elb/X-2016-08.toml"), Ok("elb/X-2016-08"));
        assert_eq!(id("policies/harness/strong.toml"), Ok("harness/strong"));
        assert_eq!(id("policies/elb/policies/x.toml"), Ok("elb/policies/x"));
        assert_eq!(id("scenarios/floors/aws.toml"), Err(path.clone()));
        assert_eq!(id("scenarios/old-policies/x.toml"), Err(path.clone()));
        assert_eq!(id("policies/x.json"), Err(path.clone()));
        assert_eq!(id("policies/.toml"), Err(path));
    }

    #[test]
    fn a_line_is_counted_from_one_and_ends_with_its_newline() {
        let source = Source { file: "x", text: "a\nb\nc" };
        assert_eq!([0, 1, 2, 3, 4, 99].map(|offset| source.line(offset)), [1, 1, 2, 2, 3, 3]);
    }
}
