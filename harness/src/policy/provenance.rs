//! Where a policy's content comes from, and how sure it is.

use serde::Deserialize;
use toml::Spanned;

use super::data_file::{DataError, Problem, Source};

/// Whether the service still offers the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It does.
    Current,
    /// A newer one took its place.
    Superseded,
}

/// How sure the content is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// A source states all of it.
    Certain,
    /// Some fields follow from what a source states.
    Derived,
    /// Sources contradict each other.
    Conflicting,
    /// Nobody publishes the content: it is a stand-in.
    Unpublished,
}

/// Where a policy's content comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// Whether the service still offers the policy.
    pub status: Status,
    /// How sure the content is.
    pub certainty: Certainty,
    /// Keys of `policies/sources.toml`.
    pub sources: Vec<String>,
    /// What the sources contradict each other about.
    pub conflicts: Vec<String>,
    /// Fields that no source states.
    pub derived: Vec<String>,
}

/// The fields that `derived` may name.
const FIELDS: &[&str] = &["versions", "order", "suites", "groups", "schemes", "dhe_bits"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProvenance {
    status: Status,
    certainty: Certainty,
    sources: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    conflicts: Vec<Spanned<String>>,
    #[serde(default)]
    derived: Vec<Spanned<String>>,
}

impl RawProvenance {
    pub(super) fn check(&self, source: &Source<'_>) -> Result<Provenance, DataError> {
        if self.sources.get_ref().is_empty() {
            return Err(source.error(self.sources.span(), Problem::Empty { key: "sources" }));
        }
        for field in &self.derived {
            if !FIELDS.contains(&field.get_ref().as_str()) {
                let word = field.get_ref().clone();
                return Err(
                    source.error(field.span(), Problem::Word { key: "derived", word, allowed: FIELDS })
                );
            }
        }
        let filled = |key, list: &[Spanned<String>]| {
            list.iter().map(|text| source.filled(key, text)).collect::<Result<Vec<_>, _>>()
        };
        Ok(Provenance {
            status: self.status,
            certainty: self.certainty,
            sources: filled("sources", self.sources.get_ref())?,
            conflicts: filled("conflicts", &self.conflicts)?,
            derived: filled("derived", &self.derived)?,
        })
    }
}
