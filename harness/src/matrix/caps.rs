//! `scenarios/matrix.txt`: how much may be inexpressible, so that no stack falls silent unseen.

use std::collections::{BTreeMap, BTreeSet};

use super::tally::Tally;

const HEAD: &str = "\
# What the stacks of this build cannot express. \"cells\": how many single-suite hellos of a policy are not asked of a
# stack. \"policies\": in how many policies something was taken out for a stack; checked when all are played.
# Written by: make matrix-caps. Review the difference.
";

/// How much is missing, thing by thing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caps {
    /// By stack and policy.
    cells: BTreeMap<(String, String), u64>,
    /// By stack and item.
    policies: BTreeMap<String, u64>,
}

/// A line that is no cap.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{file}:{line}: expected a number and what it counts, like \"3 policies openssl group x448\" or \"5 cells s2n elb/A\""
)]
pub struct CapsError {
    pub file: String,
    pub line: usize,
}

impl Caps {
    /// What was really missing in a run.
    pub fn of(tally: &Tally) -> Self {
        let policies = tally.left_out.iter().map(|((stack, item), policies)| {
            (format!("{stack} {} {item}", item.kind()), policies.len() as u64)
        });
        Self { cells: tally.skipped.clone(), policies: policies.collect() }
    }

    /// Reads the committed file.
    pub fn parse(file: &str, text: &str) -> Result<Self, CapsError> {
        let mut caps = Self::default();
        for (at, line) in text.lines().enumerate() {
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            let error = || CapsError { file: file.to_owned(), line: at + 1 };
            let (number, what) = line.trim_start().split_once(' ').ok_or_else(error)?;
            let number = number.parse().map_err(|_| error())?;
            let (kind, what) = what.split_once(' ').ok_or_else(error)?;
            let (stack, rest) = what.split_once(' ').ok_or_else(error)?;
            let known = match kind {
                "cells" => caps.cells.insert((stack.to_owned(), rest.to_owned()), number),
                "policies" => caps.policies.insert(what.to_owned(), number),
                _ => return Err(error()),
            };
            if known.is_some() {
                return Err(error());
            }
        }
        Ok(caps)
    }

    pub fn print(&self) -> String {
        let cells = self.cells.iter().map(|((stack, policy), n)| format!("{n:>6} cells {stack} {policy}\n"));
        let policies = self.policies.iter().map(|(what, number)| format!("{number:>6} policies {what}\n"));
        std::iter::once(HEAD.to_owned()).chain(cells).chain(policies).collect()
    }

    /// In what a run differs from these caps, in words: more means that a stack fell silent, less that the next time
    /// nobody would notice. Compared are the policies that the run played, on the stacks that it asked; items only if it
    /// played all.
    pub fn differences(&self, tally: &Tally, is_whole: bool) -> Vec<String> {
        let run = Self::of(tally);
        let stacks: BTreeSet<&str> = tally.counts.keys().map(|(stack, _)| stack.as_str()).collect();
        let is_played = |(stack, policy): &(String, String)| {
            is_whole || (stacks.contains(stack.as_str()) && tally.policies.contains(policy))
        };
        let cells = |caps: &Self| -> BTreeMap<String, u64> {
            let played = caps.cells.iter().filter(|(key, _)| is_played(key));
            played.map(|((stack, policy), number)| (format!("cells {stack} {policy}"), *number)).collect()
        };
        let mut found = compare(&cells(self), &cells(&run));
        if is_whole {
            found.extend(compare(&self.items(), &run.items()));
        }
        found
    }

    fn items(&self) -> BTreeMap<String, u64> {
        self.policies.iter().map(|(what, number)| (format!("policies {what}"), *number)).collect()
    }
}

fn compare(caps: &BTreeMap<String, u64>, run: &BTreeMap<String, u64>) -> Vec<String> {
    let all: BTreeSet<&String> = caps.keys().chain(run.keys()).collect();
    let number = |map: &BTreeMap<String, u64>, what: &String| map.get(what).copied().unwrap_or(0);
    let differ = all.into_iter().map(|what| (what, number(caps, what), number(run, what)));
    let differ = differ.filter(|(_, cap, is)| cap != is);
    differ.map(|(what, cap, is)| format!("matrix.txt says {cap} {what}, and {is} are missing")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caps(text: &str) -> Caps {
        Caps::parse("matrix.txt", text).unwrap()
    }

    #[test]
    fn what_is_printed_is_read_again() {
        let written = caps("# head\n\n 3 policies openssl group x448\n12 cells s2n elb/A\n");
        assert_eq!(caps(&written.print()), written);
    }

    fn tally(skipped: &[(&str, &str, u64)]) -> Tally {
        let mut tally = Tally::default();
        for (stack, policy, number) in skipped {
            tally.counts(stack, crate::matrix::Family::Dhe);
            tally.policies.insert((*policy).to_owned());
            tally.skipped.insert(((*stack).to_owned(), (*policy).to_owned()), *number);
        }
        tally
    }

    #[test]
    fn a_run_of_some_policies_misses_exactly_what_the_file_says_of_them() {
        let cap =
            caps("2 cells s2n elb/A\n7 cells s2n elb/B\n9 cells rustls elb/A\n3 policies s2n group x448\n");
        let same = Vec::<String>::new();
        assert_eq!(cap.differences(&tally(&[("s2n", "elb/A", 2)]), false), same);
        assert_eq!(
            cap.differences(&tally(&[("s2n", "elb/A", 3)]), false),
            ["matrix.txt says 2 cells s2n elb/A, and 3 are missing"]
        );
        assert_eq!(
            cap.differences(&tally(&[("s2n", "elb/A", 2), ("s2n", "elb/C", 1)]), false),
            ["matrix.txt says 0 cells s2n elb/C, and 1 are missing"]
        );
        let mut less = tally(&[("s2n", "elb/A", 2)]);
        less.policies.insert("elb/B".to_owned());
        assert_eq!(cap.differences(&less, false), ["matrix.txt says 7 cells s2n elb/B, and 0 are missing"]);
    }

    #[test]
    fn a_run_of_all_is_compared_with_every_line() {
        let cap = caps("2 cells s2n elb/A\n9 cells rustls elb/A\n3 policies s2n group x448\n");
        assert_eq!(
            cap.differences(&tally(&[("s2n", "elb/A", 2)]), true),
            [
                "matrix.txt says 9 cells rustls elb/A, and 0 are missing",
                "matrix.txt says 3 policies s2n group x448, and 0 are missing"
            ]
        );
    }

    #[test]
    fn a_broken_line_is_named() {
        for text in
            ["# x\nthree policies\n", "# x\n3\n", "1 cells a b\n1 cells a b\n", "1 cells a b\n1 dogs a b\n"]
        {
            assert_eq!(Caps::parse("matrix.txt", text).unwrap_err().line, 2, "{text}");
        }
    }
}
