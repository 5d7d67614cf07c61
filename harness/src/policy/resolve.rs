//! All policies together: stand-ins find the policy whose suites they borrow.

use std::collections::{HashMap, HashSet};

use super::data_file::{DataError, Problem, Source};
use super::server::{Policy, RawPolicy};

/// How many ids an error suggests.
const SUGGESTIONS: usize = 3;

/// A parsed file that may still wait for its lender.
struct Entry<'t> {
    source: Source<'t>,
    id: &'t str,
    raw: RawPolicy,
}

/// Parses policies that may borrow from each other, and returns them in the order of the files.
///
/// A policy with `suites_from` takes the other's suites (those that its own versions can use), and its
/// order, groups, schemes and `dhe_bits` where it states none. Stand-ins may borrow from stand-ins.
pub fn parse_policies<'t>(
    files: impl IntoIterator<Item = (&'t str, &'t str)>,
) -> Result<Vec<Policy>, DataError> {
    let mut entries = Vec::new();
    let mut ids = HashSet::new();
    for (file, text) in files {
        let source = Source { file, text };
        let id = source.id(Policy::FOLDER)?;
        if !ids.insert(id) {
            return Err(source.error(0..0, Problem::RepeatedId(id.to_owned())));
        }
        entries.push(Entry { source, id, raw: source.read()? });
    }

    let mut done: HashMap<&str, Policy> = HashMap::new();
    for entry in &entries {
        settle(entry, &entries, &mut done)?;
    }
    Ok(entries.iter().filter_map(|entry| done.remove(entry.id)).collect())
}

/// Follows the lenders of an entry to one that is complete, then completes all on the way back.
fn settle<'t>(
    entry: &'t Entry<'t>,
    entries: &'t [Entry<'t>],
    done: &mut HashMap<&'t str, Policy>,
) -> Result<(), DataError> {
    let mut chain = vec![entry];
    while let Some(wanted) = chain.last().and_then(|last| last.raw.suites_from.as_ref().map(|id| (*last, id)))
    {
        let (borrower, id) = wanted;
        if done.contains_key(id.get_ref().as_str()) {
            break;
        }
        let Some(lender) = entries.iter().find(|other| other.id == id.get_ref()) else {
            let problem =
                Problem::UnknownPolicy { id: id.get_ref().clone(), nearest: nearest(id.get_ref(), entries) };
            return Err(borrower.source.error(id.span(), problem));
        };
        if chain.iter().any(|seen| seen.id == lender.id) {
            return Err(borrower.source.error(id.span(), Problem::Circular(id.get_ref().clone())));
        }
        chain.push(lender);
    }
    while let Some(entry) = chain.pop() {
        if done.contains_key(entry.id) {
            continue;
        }
        let lender = entry.raw.suites_from.as_ref().and_then(|id| done.get(id.get_ref().as_str()));
        let policy = entry.raw.check(&entry.source, lender)?;
        done.insert(entry.id, policy);
    }
    Ok(())
}

fn nearest(id: &str, entries: &[Entry<'_>]) -> Vec<String> {
    let mut ranked: Vec<_> =
        entries.iter().map(|entry| (strsim::damerau_levenshtein(id, entry.id), entry.id)).collect();
    ranked.sort_unstable();
    ranked.into_iter().take(SUGGESTIONS).map(|(_, id)| id.to_owned()).collect()
}
