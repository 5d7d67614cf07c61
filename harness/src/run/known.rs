//! Known failures: what is allowed to fail for a stated reason, and what became of each entry.
//!
//! An entry turns a `fail` into a warning, where every failing finding of the case is known. It never touches what is
//! inconclusive. An entry that excuses nothing any more is an error: such a list must not rot.

mod file;
mod ledger;

pub use file::{Known, KnownError, KnownFailures, KnownProblem};
pub use ledger::Ledger;

#[cfg(test)]
mod tests;
