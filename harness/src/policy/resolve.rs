//! All policies together: stand-ins find the policy whose suites they borrow.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::data_file::{DataError, Problem, Source};
use super::references::References;
use super::server::{Policy, RawPolicy};
use crate::registry::{nearest, shortened};

/// Parses policies that may borrow from each other, and returns them in the order of the files.
///
/// A policy with `suites_from` takes the other's suites (those that its own versions can use), and its
/// order, groups, schemes and `dhe_bits` where it states none. Stand-ins may borrow from stand-ins. The
/// keys of `sources` are not looked up: that is [`Catalogue`](super::Catalogue)'s part.
pub fn parse_policies<'t>(
    files: impl IntoIterator<Item = (&'t str, &'t str)>,
) -> Result<Vec<Policy>, DataError> {
    let mut ids = Vec::new();
    let mut sources = BTreeMap::new();
    for (file, text) in files {
        let source = Source { file, text };
        let id = source.id(Policy::FOLDER)?;
        if sources.insert(id, source).is_some() {
            return Err(source.error(0..0, Problem::RepeatedId(id.to_owned())));
        }
        ids.push(id);
    }
    let mut shelf = Shelf::new(sources, None, None);
    ids.into_iter().map(|id| shelf.get(id)).collect()
}

/// Policies by id, each parsed when it or one of its borrowers is asked for.
pub(super) struct Shelf<'t> {
    sources: BTreeMap<&'t str, Source<'t>>,
    /// Where an id is looked up that is not here. What lies below never borrows from here.
    below: Option<Box<Shelf<'t>>>,
    references: Option<&'t References>,
    done: HashMap<&'t str, Policy>,
}

/// A parsed file that waits for its lender.
struct Waiting<'t> {
    id: &'t str,
    source: Source<'t>,
    raw: RawPolicy,
}

impl<'t> Shelf<'t> {
    pub(super) fn new(
        sources: BTreeMap<&'t str, Source<'t>>,
        below: Option<Box<Self>>,
        references: Option<&'t References>,
    ) -> Self {
        Self { sources, below, references, done: HashMap::new() }
    }

    /// The policy of an id.
    ///
    /// Follows the lenders to one that is complete, then completes all on the way back.
    pub(super) fn get(&mut self, id: &str) -> Result<Policy, DataError> {
        let mut chain: Vec<Waiting<'t>> = Vec::new();
        let mut seen = HashSet::new();
        let mut wanted = Some(id.to_owned());
        while let Some(id) = wanted.filter(|id| !self.done.contains_key(id.as_str())) {
            let Some((id, source)) = self.sources.get_key_value(id.as_str()) else {
                self.fetch(&id, &chain)?;
                break;
            };
            if !seen.insert(*id) {
                return Err(at_the_borrower(Problem::Circular((*id).to_owned()), id, &chain));
            }
            let raw: RawPolicy = source.read()?;
            wanted = raw.suites_from.as_ref().map(|lender| lender.get_ref().clone());
            chain.push(Waiting { id, source: *source, raw });
        }
        while let Some(Waiting { id, source, raw }) = chain.pop() {
            let lender = raw.suites_from.as_ref().and_then(|lender| self.done.get(lender.get_ref().as_str()));
            let policy = raw.check(&source, id, lender, self.references)?;
            self.done.insert(id, policy);
        }
        self.done.get(id).cloned().ok_or_else(|| self.unknown(id, &[]))
    }

    /// Takes over a policy from below.
    fn fetch(&mut self, id: &str, chain: &[Waiting<'_>]) -> Result<(), DataError> {
        let found = match &mut self.below {
            Some(below) => {
                below.sources.get_key_value(id).map(|(id, _)| *id).map(|id| Ok((id, below.get(id)?)))
            }
            None => None,
        };
        let (id, policy) = found.unwrap_or_else(|| Err(self.unknown(id, chain)))?;
        self.done.insert(id, policy);
        Ok(())
    }

    fn unknown(&self, id: &str, chain: &[Waiting<'_>]) -> DataError {
        let below = self.below.iter().flat_map(|below| below.sources.keys());
        let nearest = nearest(id, self.sources.keys().chain(below).copied());
        let nearest = nearest.into_iter().map(ToOwned::to_owned).collect();
        at_the_borrower(Problem::UnknownPolicy { id: shortened(id), nearest }, id, chain)
    }
}

/// The place of the last `suites_from`.
fn at_the_borrower(problem: Problem, id: &str, chain: &[Waiting<'_>]) -> DataError {
    match chain.last() {
        Some(Waiting { source, raw, .. }) => {
            source.error(raw.suites_from.as_ref().map_or(0..0, |lender| lender.span()), problem)
        }
        None => DataError { file: format!("{id}.toml"), line: 1, problem },
    }
}
