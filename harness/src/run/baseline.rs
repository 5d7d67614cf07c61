//! An earlier run beside this one (`--baseline RUN.jsonl`): joined on client and case id.

mod compare;
mod file;

pub use compare::Comparison;
pub use file::{Baseline, BaselineError, BaselineProblem};

#[cfg(test)]
mod compare_tests;
#[cfg(test)]
mod tests;
