//! `scenarios/matrix.txt`: how much may be inexpressible, so that no stack falls silent unseen.

use std::collections::BTreeMap;

use super::tally::Tally;

const HEAD: &str = "\
# What the stacks of this build cannot express, at most. \"policies\": in how many policies it was taken out for the
# stack. \"cells\": how many cells were not asked therefore. Written by: make matrix-caps. Review the difference.
";

/// A number for each thing that may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caps {
    caps: BTreeMap<String, u64>,
}

/// A line that is no cap.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: expected a number and what it counts, like \"3 policies openssl group x448\"")]
pub struct CapsError {
    pub file: String,
    pub line: usize,
}

impl Caps {
    /// What was really missing in a run.
    pub fn of(tally: &Tally) -> Self {
        let mut caps = BTreeMap::new();
        for ((stack, item), policies) in &tally.left_out {
            caps.insert(format!("policies {stack} {} {item}", item.kind()), policies.len() as u64);
        }
        for ((stack, family), counts) in &tally.counts {
            for (what, count) in [
                ("version", counts.without_version),
                ("suite", counts.without_suite),
                ("policy", counts.without_policy),
            ] {
                if count > 0 {
                    caps.insert(format!("cells {stack} {what} {family}"), count);
                }
            }
        }
        Self { caps }
    }

    /// Reads the committed file.
    pub fn parse(file: &str, text: &str) -> Result<Self, CapsError> {
        let mut caps = BTreeMap::new();
        for (at, line) in text.lines().enumerate() {
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            let error = || CapsError { file: file.to_owned(), line: at + 1 };
            let (number, what) = line.trim_start().split_once(' ').ok_or_else(error)?;
            let number = number.parse().map_err(|_| error())?;
            if caps.insert(what.to_owned(), number).is_some() {
                return Err(error());
            }
        }
        Ok(Self { caps })
    }

    pub fn print(&self) -> String {
        let lines = self.caps.iter().map(|(what, number)| format!("{number:>6} {what}\n"));
        std::iter::once(HEAD.to_owned()).chain(lines).collect()
    }

    /// What a run misses beyond these caps, in words. A part of the policies may miss less, never more.
    pub fn exceeded(&self, run: &Self) -> Vec<String> {
        let beyond = run.caps.iter().filter_map(|(what, number)| {
            let cap = self.caps.get(what).copied().unwrap_or(0);
            (*number > cap).then(|| format!("{number} {what}, and at most {cap} are allowed"))
        });
        beyond.collect()
    }

    /// Caps that a run of all policies does not need, in words: a cap that is too high hides the next loss.
    pub fn unneeded(&self, run: &Self) -> Vec<String> {
        let spare = self.caps.iter().filter_map(|(what, cap)| {
            let number = run.caps.get(what).copied().unwrap_or(0);
            (number < *cap).then(|| format!("{cap} {what} are allowed, and only {number} are missing"))
        });
        spare.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caps(text: &str) -> Caps {
        Caps::parse("matrix.txt", text).unwrap()
    }

    #[test]
    fn what_is_printed_is_read_again() {
        let written = caps("# head\n\n 3 policies openssl group x448\n12 cells s2n suite static DH\n");
        assert_eq!(caps(&written.print()), written);
    }

    #[test]
    fn a_run_may_miss_less_and_never_more() {
        let cap = caps("3 policies openssl group x448\n2 cells s2n suite DHE\n");
        assert_eq!(cap.exceeded(&caps("3 policies openssl group x448\n")), Vec::<String>::new());
        assert_eq!(
            cap.exceeded(&caps("4 policies openssl group x448\n1 cells s2n suite RSA\n")),
            [
                "1 cells s2n suite RSA, and at most 0 are allowed",
                "4 policies openssl group x448, and at most 3 are allowed"
            ]
        );
        assert_eq!(
            cap.unneeded(&caps("3 policies openssl group x448\n1 cells s2n suite DHE\n")),
            ["2 cells s2n suite DHE are allowed, and only 1 are missing"]
        );
    }

    #[test]
    fn a_broken_line_is_named() {
        for text in ["# x\nthree policies\n", "# x\n3\n", "1 a b\n1 a b\n"] {
            assert_eq!(Caps::parse("matrix.txt", text).unwrap_err().line, 2, "{text}");
        }
    }
}
