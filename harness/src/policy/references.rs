//! `policies/sources.toml`: the texts that policies are taken from.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use super::data_file::{DataError, Problem, Source};
use super::provenance::words;
use crate::registry::{nearest, shortened};

words! {
    /// What kind of text a source is.
    ReferenceKind {
        /// Documentation of AWS.
        AwsDoc = "aws-doc",
        /// Source code of AWS.
        AwsSource = "aws-source",
        /// The model from which clients of an AWS API are made.
        ApiModel = "api-model",
        /// A guideline of somebody else.
        Guideline = "guideline",
        /// A standard.
        Standard = "standard",
        /// What others report.
        ThirdParty = "third-party",
    }
}

/// One text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its title.
    pub title: String,
    /// Where it is found.
    pub place: String,
    /// When it was written or read, in its own words.
    pub date: String,
    /// What kind of text it is.
    pub kind: ReferenceKind,
}

/// The texts by their keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct References {
    by_key: BTreeMap<String, Reference>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReference {
    title: Spanned<String>,
    #[serde(rename = "where")]
    place: Spanned<String>,
    date: Spanned<String>,
    kind: ReferenceKind,
}

impl References {
    /// Parses a table of tables, key to text.
    pub fn parse(file: &str, text: &str) -> Result<Self, DataError> {
        let source = Source { file, text };
        let raw: BTreeMap<String, RawReference> = source.read()?;
        let mut by_key = BTreeMap::new();
        for (key, raw) in raw {
            let reference = Reference {
                title: source.filled("title", &raw.title)?,
                place: source.filled("where", &raw.place)?,
                date: source.filled("date", &raw.date)?,
                kind: raw.kind,
            };
            by_key.insert(key, reference);
        }
        Ok(Self { by_key })
    }

    /// The text of a key.
    pub fn get(&self, key: &str) -> Option<&Reference> {
        self.by_key.get(key)
    }

    /// Every text with its key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Reference)> {
        self.by_key.iter().map(|(key, reference)| (key.as_str(), reference))
    }

    /// Adds texts; one whose key is there replaces the other.
    pub fn overlay(&mut self, more: Self) {
        self.by_key.extend(more.by_key);
    }

    pub(super) fn check(&self, key: &str) -> Result<(), Problem> {
        if self.by_key.contains_key(key) {
            return Ok(());
        }
        let nearest = nearest(key, self.by_key.keys().map(String::as_str));
        let nearest = nearest.into_iter().map(ToOwned::to_owned).collect();
        Err(Problem::UnknownSource { key: shortened(key), nearest })
    }
}
