//! Where a policy's content comes from, and how sure it is.

use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use super::data_file::{DataError, Problem, Source};
use super::references::References;
use crate::registry::shortened;

/// Declares a closed list of words with the name that files and reports use.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$wdoc:meta])* $word:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        pub enum $name {
            $($(#[$wdoc])* #[serde(rename = $text)] $word,)*
        }

        impl $name {
            /// Every word.
            pub const ALL: &[Self] = &[$(Self::$word,)*];

            /// The word as files and reports write it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$word => $text,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
pub(super) use words;

words! {
    /// Whether the service still offers the policy.
    Status {
        /// It does.
        Current = "current",
        /// It does, for old clients' sake.
        Legacy = "legacy",
        /// A newer one took its place.
        Superseded = "superseded",
        /// Older pages name it, those of today do not.
        RemovedFromDocs = "removed-from-docs",
        /// An API or library of the vendor names it, no page does yet.
        Unannounced = "unannounced",
    }
}

words! {
    /// How sure the content is.
    Certainty {
        /// A source states all of it.
        Certain = "certain",
        /// Some fields follow from what a source states.
        Derived = "derived",
        /// Sources contradict each other.
        Conflicting = "conflicting",
        /// Nobody publishes the content: it is a stand-in, or a name without content.
        Unpublished = "unpublished",
    }
}

words! {
    /// What a source says of the suites without listing them.
    Statement {
        /// All of them have forward secrecy.
        ForwardSecrecy = "forward-secrecy",
    }
}

/// Where a policy's content comes from, and what else its sources say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The service or text, by its full name.
    pub service: Option<String>,
    /// What the policy is for: endpoints, kinds of listener.
    pub scope: Vec<String>,
    /// Other names of the same content.
    pub aliases: Vec<String>,
    /// Where it applies when nobody chooses a policy.
    pub default_for: Vec<String>,
    /// s2n-tls's own policy for the same thing.
    pub s2n: Option<String>,
    /// Meant to conform to FIPS 140.
    pub fips: bool,
    /// Has post-quantum key exchange, named or not.
    pub post_quantum: bool,
    /// What a source says of suites that it does not list.
    pub states: Vec<Statement>,
    /// Whether the service still offers the policy.
    pub status: Status,
    /// How sure the content is.
    pub certainty: Certainty,
    /// Keys of `policies/sources.toml`, the most trusted first.
    pub sources: Vec<String>,
    /// What the sources contradict each other about.
    pub conflicts: Vec<String>,
    /// Fields that the first of the sources does not state.
    pub derived: Vec<String>,
    /// Lists whose entries are stated and whose order is not.
    pub unordered: Vec<String>,
    /// What else there is to know.
    pub notes: Vec<String>,
}

impl Provenance {
    /// Whether s2n-tls is among the sources: then agreement with s2n-tls proves nothing new.
    pub fn is_from_s2n(&self) -> bool {
        self.sources.iter().any(|key| is_s2n(key))
    }

    /// Whether s2n-tls is the only source.
    pub fn is_s2ns_own(&self) -> bool {
        !self.sources.is_empty() && self.sources.iter().all(|key| is_s2n(key))
    }

    /// Whether a field is not stated by the first of the sources.
    pub fn is_derived(&self, field: &str) -> bool {
        self.derived.iter().any(|derived| derived == field)
    }
}

/// Whether a key of `policies/sources.toml` is one of s2n-tls's.
fn is_s2n(key: &str) -> bool {
    key == "s2n" || key.starts_with("s2n-")
}

/// The fields that `derived` may name.
pub(super) const FIELDS: &[&str] = &["versions", "order", "suites", "groups", "schemes", "dhe_bits"];

/// The fields that `unordered` may name.
const LISTS: &[&str] = &["suites", "groups", "schemes"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProvenance {
    service: Option<Spanned<String>>,
    #[serde(default)]
    scope: Texts,
    #[serde(default)]
    aliases: Texts,
    #[serde(default)]
    default_for: Texts,
    s2n: Option<Spanned<String>>,
    #[serde(default)]
    fips: bool,
    #[serde(default)]
    post_quantum: bool,
    #[serde(default)]
    states: Vec<Spanned<Statement>>,
    status: Status,
    pub(super) certainty: Certainty,
    sources: Spanned<Texts>,
    #[serde(default)]
    conflicts: Texts,
    #[serde(default)]
    derived: Texts,
    #[serde(default)]
    unordered: Texts,
    #[serde(default)]
    notes: Texts,
}

type Texts = Vec<Spanned<String>>;

impl RawProvenance {
    /// Checks the words, and the keys of the sources where their table is known.
    pub(super) fn check(
        &self,
        source: &Source<'_>,
        references: Option<&References>,
    ) -> Result<Provenance, DataError> {
        if self.sources.get_ref().is_empty() {
            return Err(source.error(self.sources.span(), Problem::Empty { key: "sources" }));
        }
        for key in self.sources.get_ref() {
            let checked = references.map_or(Ok(()), |table| table.check(key.get_ref()));
            checked.map_err(|problem| source.error(key.span(), problem))?;
        }
        let among = |key, words: &Texts, allowed: &'static [&'static str]| {
            let is_other = |word: &&Spanned<String>| !allowed.contains(&word.get_ref().as_str());
            words.iter().find(is_other).map_or(Ok(()), |word| {
                let problem = Problem::Word { key, word: shortened(word.get_ref()), allowed };
                Err(source.error(word.span(), problem))
            })
        };
        among("derived", &self.derived, FIELDS)?;
        among("unordered", &self.unordered, LISTS)?;
        let one = |key, text: &Option<Spanned<String>>| {
            text.as_ref().map(|text| source.filled(key, text)).transpose()
        };
        let mut states = Vec::new();
        for statement in &self.states {
            if states.contains(statement.get_ref()) {
                let problem = Problem::Repeated { key: "states", name: statement.get_ref().to_string() };
                return Err(source.error(statement.span(), problem));
            }
            states.push(*statement.get_ref());
        }
        Ok(Provenance {
            service: one("service", &self.service)?,
            scope: source.texts("scope", &self.scope)?,
            aliases: source.texts("aliases", &self.aliases)?,
            default_for: source.texts("default_for", &self.default_for)?,
            s2n: one("s2n", &self.s2n)?,
            fips: self.fips,
            post_quantum: self.post_quantum,
            states,
            status: self.status,
            certainty: self.certainty,
            sources: source.texts("sources", self.sources.get_ref())?,
            conflicts: source.texts("conflicts", &self.conflicts)?,
            derived: source.texts("derived", &self.derived)?,
            unordered: source.texts("unordered", &self.unordered)?,
            notes: source.texts("notes", &self.notes)?,
        })
    }
}
