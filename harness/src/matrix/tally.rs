//! What came of the cells: counts that add up, and everything that did not agree.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::pki::CertificateKind;
use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion};

use super::family::Family;
use super::fit::Item;

/// Kinds of disagreement of which an example is kept; the others are only counted.
const KINDS: usize = 1000;

/// Counts of one stack and family.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Policies times hellos, counted before anything is asked.
    pub cells: u64,
    /// Asked, and as the oracle says.
    pub agreed: u64,
    /// Asked, and as a quirk says.
    pub quirks: u64,
    /// Asked, and neither.
    pub disagreed: u64,
    /// Not asked: the stack has not got the version.
    pub without_version: u64,
    /// Not asked: the stack has not got the suite.
    pub without_suite: u64,
    /// Not asked: nothing of the policy is left on this stack.
    pub without_policy: u64,
    /// Distinct sessions (version, suite, group, certificate) that an answer proposed.
    pub reached: u64,
    /// Of those, completed with a client up to application data in both directions.
    pub completed: u64,
    /// Of those, not completed, as a quirk says.
    pub excused: u64,
}

impl Counts {
    pub const fn answered(&self) -> u64 {
        self.agreed + self.quirks + self.disagreed
    }

    pub const fn inexpressible(&self) -> u64 {
        self.without_version + self.without_suite + self.without_policy
    }

    /// Whether every cell is accounted for, and no session was completed that nobody proposed.
    pub const fn adds_up(&self) -> bool {
        self.cells == self.answered() + self.inexpressible() && self.completed + self.excused <= self.reached
    }

    pub const fn add(&mut self, other: &Self) {
        self.cells += other.cells;
        self.agreed += other.agreed;
        self.quirks += other.quirks;
        self.disagreed += other.disagreed;
        self.without_version += other.without_version;
        self.without_suite += other.without_suite;
        self.without_policy += other.without_policy;
        self.reached += other.reached;
        self.completed += other.completed;
        self.excused += other.excused;
    }
}

/// A kind of difference between oracle and stack that no quirk explains, with its first example.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Disagreement {
    pub stack: String,
    pub policy: String,
    /// The hello in words.
    pub asked: String,
    pub expected: String,
    pub seen: String,
    /// What differs: the kind.
    pub difference: String,
    /// How many cells differ so.
    pub cells: u64,
}

/// A session that a first flight proposed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Session {
    pub version: ProtocolVersion,
    pub suite: CipherSuite,
    pub group: Option<NamedGroup>,
    pub certificate: CertificateKind,
    /// Size of the finite-field group, 0 without one.
    pub dh_bits: u16,
}

/// What came of a run, or of a part of it.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub counts: BTreeMap<(String, Family), Counts>,
    /// What a stack cannot express, and the policies that it was taken out of.
    pub left_out: BTreeMap<(String, Item), BTreeSet<String>>,
    /// How often each quirk explained an answer, in the order of the file.
    pub quirks: BTreeMap<usize, u64>,
    /// By stack and difference.
    pub disagreements: BTreeMap<(String, String), Disagreement>,
    pub sessions: BTreeMap<String, BTreeSet<Session>>,
}

impl Tally {
    pub fn counts(&mut self, stack: &str, family: Family) -> &mut Counts {
        self.counts.entry((stack.to_owned(), family)).or_default()
    }

    pub fn disagree(&mut self, found: Disagreement) {
        let key = (found.stack.clone(), found.difference.clone());
        let is_full = self.disagreements.len() >= KINDS;
        match self.disagreements.get_mut(&key) {
            Some(known) => {
                let cells = known.cells + found.cells;
                // The first by name, so that the order of work does not show.
                if (&found.policy, &found.asked) < (&known.policy, &known.asked) {
                    *known = found;
                }
                known.cells = cells;
            }
            None if is_full => {}
            None => {
                self.disagreements.insert(key, found);
            }
        }
    }

    /// Adds another part; the order of the parts does not matter.
    pub fn merge(&mut self, other: Self) {
        for (key, counts) in other.counts {
            self.counts.entry(key).or_default().add(&counts);
        }
        for (key, policies) in other.left_out {
            self.left_out.entry(key).or_default().extend(policies);
        }
        for (quirk, uses) in other.quirks {
            *self.quirks.entry(quirk).or_default() += uses;
        }
        for (stack, sessions) in other.sessions {
            self.sessions.entry(stack).or_default().extend(sessions);
        }
        for found in other.disagreements.into_values() {
            self.disagree(found);
        }
    }

    pub fn disagreed(&self) -> u64 {
        self.counts.values().map(|counts| counts.disagreed).sum()
    }
}

/// Every reason for which a tally is red, in words.
pub fn faults(tally: &Tally) -> Vec<String> {
    let mut faults = Vec::new();
    for ((stack, family), counts) in &tally.counts {
        if counts.disagreed > 0 {
            faults.push(format!("{stack}, {family}: {} unexplained disagreements", counts.disagreed));
        }
        if counts.completed + counts.excused != counts.reached {
            let open = counts.reached - counts.completed - counts.excused;
            faults.push(format!("{stack}, {family}: {open} sessions were proposed and not completed"));
        }
        if !counts.adds_up() {
            faults.push(format!("{stack}, {family}: the cells do not add up: {counts:?}"));
        }
    }
    faults
}
