//! `scenarios/matrix.txt`: how much may be inexpressible, so that no stack falls silent unseen.

use std::collections::{BTreeMap, BTreeSet};

use super::tally::Tally;

const HEAD: &str = "\
# What the stacks of this build cannot express. \"cells\": how many single-suite hellos of a policy are not asked of a
# stack. \"items\": how many versions, suites, groups, schemes and orders were taken out of it for the stack.
# \"policies\": in how many policies one of them was taken out; checked when all are played.
# Written by: make matrix-caps. Review the difference.
";

/// How much is missing, thing by thing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caps {
    /// Hellos by stack and policy.
    cells: BTreeMap<(String, String), u64>,
    /// Things that were taken out, by stack and policy.
    items: BTreeMap<(String, String), u64>,
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
        let mut items = BTreeMap::new();
        for ((stack, _), policies) in &tally.left_out {
            for policy in policies {
                *items.entry((stack.clone(), policy.clone())).or_default() += 1;
            }
        }
        Self { cells: tally.skipped.clone(), items, policies: policies.collect() }
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
                "items" => caps.items.insert((stack.to_owned(), rest.to_owned()), number),
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
        let lines =
            self.lines(|_| true, true).into_iter().map(|(what, number)| format!("{number:>6} {what}\n"));
        std::iter::once(HEAD.to_owned()).chain(lines).collect()
    }

    /// In what a run differs from these caps, in words: more means that a stack fell silent, less that the next time
    /// nobody would notice. Compared are the policies that the run was to play, without those of the user's, on the stacks
    /// that it asked; in how many policies something is missing only if it was to play all.
    pub fn differences(&self, tally: &Tally, yours: &BTreeSet<String>, is_whole: bool) -> Vec<String> {
        let run = Self::of(tally);
        let stacks: BTreeSet<&str> = tally.counts.keys().map(|(stack, _)| stack.as_str()).collect();
        let is_compared = |(stack, policy): &(String, String)| {
            let is_played = stacks.contains(stack.as_str()) && tally.policies.contains(policy);
            (is_whole || is_played) && !yours.contains(policy)
        };
        compare(&self.lines(is_compared, is_whole), &run.lines(is_compared, is_whole))
    }

    fn lines(&self, wanted: impl Fn(&(String, String)) -> bool, all: bool) -> BTreeMap<String, u64> {
        let mut lines = BTreeMap::new();
        for (kind, counts) in [("cells", &self.cells), ("items", &self.items)] {
            for ((stack, policy), number) in counts.iter().filter(|(key, _)| wanted(key)) {
                lines.insert(format!("{kind} {stack} {policy}"), *number);
            }
        }
        if all {
            lines.extend(self.policies.iter().map(|(what, number)| (format!("policies {what}"), *number)));
        }
        lines
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

    fn none() -> BTreeSet<String> {
        BTreeSet::new()
    }

    #[test]
    fn what_is_printed_is_read_again() {
        let written =
            caps("# head\n\n 3 policies openssl group x448\n12 cells s2n elb/A\n4 items s2n elb/A\n");
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
        assert_eq!(cap.differences(&tally(&[("s2n", "elb/A", 2)]), &none(), false), same);
        assert_eq!(
            cap.differences(&tally(&[("s2n", "elb/A", 3)]), &none(), false),
            ["matrix.txt says 2 cells s2n elb/A, and 3 are missing"]
        );
        assert_eq!(
            cap.differences(&tally(&[("s2n", "elb/A", 2), ("s2n", "elb/C", 1)]), &none(), false),
            ["matrix.txt says 0 cells s2n elb/C, and 1 are missing"]
        );
        let mut less = tally(&[("s2n", "elb/A", 2)]);
        less.policies.insert("elb/B".to_owned());
        assert_eq!(
            cap.differences(&less, &none(), false),
            ["matrix.txt says 7 cells s2n elb/B, and 0 are missing"]
        );
    }

    #[test]
    fn a_policy_of_the_users_is_compared_with_nothing() {
        let yours = BTreeSet::from(["elb/A".to_owned()]);
        assert_eq!(
            caps("2 cells s2n elb/A\n").differences(&tally(&[("s2n", "elb/A", 9)]), &yours, false),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_lost_group_is_seen_in_a_run_of_some_policies() {
        let mut run = tally(&[("s2n", "elb/A", 2)]);
        let item = crate::fit::Item::Group(crate::registry::NamedGroup::X25519);
        run.left_out.entry(("s2n".to_owned(), item)).or_default().insert("elb/A".to_owned());
        assert_eq!(
            caps("2 cells s2n elb/A\n").differences(&run, &none(), false),
            ["matrix.txt says 0 items s2n elb/A, and 1 are missing"]
        );
    }

    #[test]
    fn a_run_of_all_is_compared_with_every_line() {
        let cap = caps("2 cells s2n elb/A\n9 cells rustls elb/A\n3 policies s2n group x448\n");
        assert_eq!(
            cap.differences(&tally(&[("s2n", "elb/A", 2)]), &none(), true),
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
