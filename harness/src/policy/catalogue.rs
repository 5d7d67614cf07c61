//! The catalogue: the policies that are built in, and those that a user lays over them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::data_file::{DataError, Problem, Source};
use super::references::References;
use super::resolve::Shelf;
use super::server::Policy;
use crate::registry::{ranked, shortened, suggestion};
use crate::scenario::embedded;

/// The file of the folder that is no policy.
const SOURCES: &str = "sources";

/// Why a policy was not found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// It or one that it borrows from is faulty.
    #[error(transparent)]
    Data(#[from] DataError),
    /// No policy of this id or name.
    #[error("unknown policy {name:?}{}", suggestion(.nearest))]
    Unknown {
        /// What was asked for.
        name: String,
        /// Ids that exist, most alike first.
        nearest: Vec<String>,
    },
    /// A name without its service that several policies have. They may mean different content.
    #[error("several policies are called {name:?}: {}; give the whole id", .candidates.join(", "))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// The ids that it could mean.
        candidates: Vec<String>,
    },
}

/// Policies by id. Holds texts: a file is parsed when its policy is asked for.
#[derive(Debug, Clone)]
pub struct Catalogue {
    built_in: Files,
    laid_over: Files,
    references: References,
}

/// Where a policy's file is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin<'c> {
    /// It is built in, or there is none.
    BuiltIn,
    /// A user laid it over those that are built in.
    Yours {
        /// As messages show it.
        file: &'c str,
        /// Whether a policy of this id is built in, too.
        replaces: bool,
    },
}

type Files = BTreeMap<String, File>;

#[derive(Debug, Clone)]
struct File {
    /// As messages show it.
    name: Cow<'static, str>,
    text: Cow<'static, str>,
}

impl Catalogue {
    /// Files at most in an overlay.
    pub const MOST_FILES: usize = 2_000;
    /// Size of a file of an overlay, in bytes, at most.
    pub const MOST_BYTES: usize = 64 * 1024;

    /// The policies that are built in.
    ///
    /// # Errors
    ///
    /// [`DataError`] if `policies/sources.toml` is faulty. The policies themselves are not read yet.
    pub fn embedded() -> Result<Self, DataError> {
        let mut built_in = Files::new();
        let mut references = References::default();
        for (name, text) in embedded::files_below(Policy::FOLDER) {
            let id = Source { file: name, text }.id(Policy::FOLDER)?;
            if id == SOURCES {
                references = References::parse(name, text)?;
            } else {
                let file = File { name: Cow::Borrowed(name), text: Cow::Borrowed(text) };
                built_in.insert(id.to_owned(), file);
            }
        }
        Ok(Self { built_in, laid_over: Files::new(), references })
    }

    /// Lays a user's files over the catalogue: one whose id is there replaces the other, `sources` adds to
    /// the table of sources. What is built in goes on borrowing from what is built in. `files` are the path below the
    /// user's folder (the id and `.toml`), the name for messages, and the text.
    ///
    /// # Errors
    ///
    /// [`DataError`] for the first of these files that is faulty, too large, or one too many.
    pub fn overlay(
        &mut self,
        files: impl IntoIterator<Item = (String, String, String)>,
    ) -> Result<(), DataError> {
        let mut count = 0;
        for (path, name, text) in files {
            let fault = |problem| DataError { file: name.clone(), line: 1, problem };
            if text.len() > Self::MOST_BYTES {
                let problem = Problem::TooLarge { bytes: text.len(), most: Self::MOST_BYTES };
                return Err(fault(problem));
            }
            count += 1;
            if count > Self::MOST_FILES {
                return Err(fault(Problem::TooMany { count, most: Self::MOST_FILES }));
            }
            let id = path.strip_suffix(".toml").filter(|id| !id.is_empty());
            let id = id.ok_or_else(|| fault(Problem::Path { folder: Policy::FOLDER }))?;
            if id == SOURCES {
                self.references.overlay(References::parse(&name, &text)?);
            } else if !id.contains('/') {
                // Otherwise a file at the top would take a bare name from the policy that has it.
                return Err(fault(Problem::NoService));
            } else {
                let file = File { name: Cow::Owned(name), text: Cow::Owned(text) };
                self.laid_over.insert(id.to_owned(), file);
            }
        }
        let mut shelf = self.shelf();
        self.laid_over.keys().try_for_each(|id| shelf.get(id).map(drop))
    }

    fn shelf(&self) -> Shelf<'_> {
        let below = Shelf::new(sources(&self.built_in), None, Some(&self.references));
        Shelf::new(sources(&self.laid_over), Some(Box::new(below)), Some(&self.references))
    }

    /// The ids, sorted.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let all: BTreeSet<&str> =
            self.built_in.keys().chain(self.laid_over.keys()).map(String::as_str).collect();
        all.into_iter()
    }

    /// The services, sorted: what [`Policy::service`] can be.
    pub fn services(&self) -> Vec<&str> {
        let mut services: Vec<&str> = self.ids().map(service).collect();
        services.sort_unstable();
        services.dedup();
        services
    }

    /// Where the file of an id is from.
    pub fn origin(&self, id: &str) -> Origin<'_> {
        match self.laid_over.get(id) {
            Some(file) => Origin::Yours { file: &file.name, replaces: self.built_in.contains_key(id) },
            None => Origin::BuiltIn,
        }
    }

    /// The texts that the policies are taken from.
    pub const fn references(&self) -> &References {
        &self.references
    }

    /// Every policy, sorted by id.
    ///
    /// # Errors
    ///
    /// [`DataError`] for the first file that is faulty.
    pub fn policies(&self) -> Result<Vec<Policy>, DataError> {
        let mut shelf = self.shelf();
        self.ids().map(|id| shelf.get(id)).collect()
    }

    /// The policy of an id. Reads its file and those that it borrows from, no others.
    ///
    /// # Errors
    ///
    /// [`LookupError`] if there is no such id, or a file is faulty.
    pub fn get(&self, id: &str) -> Result<Policy, LookupError> {
        if self.has(id) { Ok(self.shelf().get(id)?) } else { Err(self.unknown(id)) }
    }

    /// The policy of an id, or of a name without its service if only one service has it.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get); and [`LookupError::Ambiguous`] if several services have the name, for the same
    /// name can mean different lists.
    pub fn find(&self, name: &str) -> Result<Policy, LookupError> {
        if self.has(name) {
            return self.get(name);
        }
        let candidates: Vec<&str> = self.ids().filter(|id| bare(id) == name).collect();
        match candidates[..] {
            [] => Err(self.unknown(name)),
            [id] => self.get(id),
            _ => Err(LookupError::Ambiguous {
                name: name.to_owned(),
                candidates: candidates.into_iter().map(ToOwned::to_owned).collect(),
            }),
        }
    }

    fn has(&self, id: &str) -> bool {
        self.laid_over.contains_key(id) || self.built_in.contains_key(id)
    }

    /// Near is what is near as a whole, or without the service.
    fn unknown(&self, name: &str) -> LookupError {
        let mut seen = BTreeSet::new();
        let near = ranked(name, self.ids().flat_map(|id| [(id, id), (bare(id), id)])).into_iter();
        let near = near.map(|(_, id)| id).filter(|id| seen.insert(*id));
        let nearest = near.take(3).map(ToOwned::to_owned).collect();
        LookupError::Unknown { name: shortened(name), nearest }
    }
}

fn sources(files: &Files) -> BTreeMap<&str, Source<'_>> {
    files.iter().map(|(id, file)| (id.as_str(), Source { file: &file.name, text: &file.text })).collect()
}

/// The last part of an id.
fn bare(id: &str) -> &str {
    id.rsplit_once('/').map_or(id, |(_, name)| name)
}

/// The first part of an id; of `guideline/bsi` the second.
pub(super) fn service(id: &str) -> &str {
    let first = |path: &str| path.find('/').unwrap_or(path.len());
    match id.strip_prefix("guideline/") {
        Some(rest) => &rest[..first(rest)],
        None => &id[..first(id)],
    }
}

#[cfg(test)]
mod tests;
