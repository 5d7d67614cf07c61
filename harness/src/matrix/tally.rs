//! What came of the cells: counts that add up, and everything that did not agree.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::pki::CertificateKind;
use crate::policy::Policy;
use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion};

use super::family::Family;
use crate::fit::Item;

/// Kinds of disagreement of which an example is kept; the others are only counted.
const KINDS: usize = 1000;

/// Counts of one stack and family.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Policies times hellos, counted before anything is asked; mended hellos when they are made.
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
    /// Of those that were proposed, completed with a client up to application data in both directions.
    pub completed: u64,
    /// Of those that were completed, only by a client of the same stack.
    pub own: u64,
    /// Of those that were proposed, not completed, as a quirk says.
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
        self.cells == self.answered() + self.inexpressible()
            && self.completed + self.excused <= self.reached
            && self.own <= self.completed
    }

    /// Sessions that were proposed, and neither completed nor excused.
    pub const fn open(&self) -> u64 {
        self.reached.saturating_sub(self.completed + self.excused)
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
        self.own += other.own;
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

impl std::fmt::Display for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ", self.version, self.suite)?;
        match (self.group, self.dh_bits) {
            (Some(group), _) => write!(f, "{group} ")?,
            (None, 0) => {}
            (None, bits) => write!(f, "{bits} bits ")?,
        }
        write!(f, "{}", self.certificate)
    }
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
    /// Single-suite hellos that were not asked, by stack and policy. Every policy that was played is there.
    pub skipped: BTreeMap<(String, String), u64>,
    /// The policies that some stack was asked about, not counting the rows by name.
    pub asked: BTreeSet<String>,
    /// The policies that were to be played.
    pub policies: BTreeSet<String>,
    /// Of those the ones whose suites are another policy's: nobody publishes theirs.
    pub stand_ins: BTreeMap<String, String>,
}

/// What a stack lacks of a policy so that a hello is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    Version,
    Suite,
    Policy,
}

impl Tally {
    pub fn counts(&mut self, stack: &str, family: Family) -> &mut Counts {
        self.counts.entry((stack.to_owned(), family)).or_default()
    }

    /// Counts in that a policy is played.
    pub fn plays(&mut self, policy: &Policy) {
        self.policies.insert(policy.id.clone());
        if let Some(lender) = policy.lender() {
            self.stand_ins.insert(policy.id.clone(), lender.to_owned());
        }
    }

    /// Counts a hello that is not asked.
    pub fn skip(&mut self, stack: &str, family: Family, policy: &Policy, lack: Lack) {
        let counts = self.counts(stack, family);
        match lack {
            Lack::Version => counts.without_version += 1,
            Lack::Suite => counts.without_suite += 1,
            Lack::Policy => counts.without_policy += 1,
        }
        if family != Family::Seeded {
            *self.skipped.entry((stack.to_owned(), policy.id.clone())).or_default() += 1;
        }
    }

    /// Counts an answer that is as quirks say.
    pub fn explained(&mut self, stack: &str, family: Family, quirks: Vec<usize>) {
        self.counts(stack, family).quirks += 1;
        for quirk in quirks {
            *self.quirks.entry(quirk).or_default() += 1;
        }
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
        for (key, count) in other.skipped {
            *self.skipped.entry(key).or_default() += count;
        }
        self.policies.extend(other.policies);
        self.asked.extend(other.asked);
        self.stand_ins.extend(other.stand_ins);
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

    /// Sessions that were proposed, and neither completed nor excused.
    pub fn open(&self) -> u64 {
        self.counts.values().map(Counts::open).sum()
    }

    /// The policies that no stack was asked about.
    pub fn unasked(&self) -> impl Iterator<Item = &String> {
        self.policies.difference(&self.asked)
    }
}

/// Every reason for which a tally is red, in words.
pub fn faults(tally: &Tally) -> Vec<String> {
    let mut faults = Vec::new();
    for ((stack, family), counts) in &tally.counts {
        if counts.disagreed > 0 {
            faults.push(format!("{stack}, {family}: {} unexplained disagreements", counts.disagreed));
        }
        if counts.open() > 0 {
            faults.push(format!(
                "{stack}, {family}: {} sessions were proposed and not completed",
                counts.open()
            ));
        }
        if !counts.adds_up() {
            faults.push(format!("{stack}, {family}: the cells do not add up: {counts:?}"));
        }
    }
    faults
}
