//! What stands in a cell of the table: what became of all cases of one kind for one client.

use std::fmt;

use crate::judge::Verdict;
use crate::observe::Reach;
use crate::run::events::{CaseFinished, Expected, Side};

/// A cell. The order of the variants is not the order of precedence; see [`Tally::cell`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// Something weak of this kind was completed.
    Accepted,
    /// A case that had to be proven was not.
    Unproven,
    /// The client itself ended what was proposed to it.
    Refused,
    /// Only the honest server ended it, since the client had not offered it.
    NotOffered,
    /// No case was run.
    NoCase,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Accepted => "ACCEPTED",
            Self::Unproven => "?",
            Self::Refused => "refused",
            Self::NotOffered => "not offered",
            Self::NoCase => "-",
        })
    }
}

/// Collects the cases of one kind. Only flags: nothing grows with the number of cases.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    accepted: bool,
    unproven: bool,
    /// A case was refused that proposed more than this kind.
    ambiguous: bool,
    client_ended: bool,
    server_ended_honest: bool,
    server_ended_forced: bool,
}

impl Tally {
    /// A session of this kind was completed, in whatever case.
    pub(super) fn accept(&mut self) {
        self.accepted = true;
    }

    /// Takes note of a case that proposed this kind, alone or among others.
    pub(super) fn note(&mut self, case: &CaseFinished, alone: bool) {
        match case.verdict {
            Verdict::Skipped => {}
            // A failed case that accepted this kind is counted by its finding (`accept`). One that failed
            // for another reason, such as a retry in plain text, proves nothing about this kind.
            Verdict::Inconclusive | Verdict::Fail => self.unproven = true,
            Verdict::Pass | Verdict::Warn => self.note_judged(case, alone),
        }
    }

    fn note_judged(&mut self, case: &CaseFinished, alone: bool) {
        // A floor that allows the weakness says `may-complete`: completed is completed all the same.
        if case.expected != Expected::MustRefuse && case.reach >= Some(Reach::Committed) {
            self.accepted = true;
        } else if !alone {
            // TLS 1.0 with static RSA was refused for its version or for its key exchange: who can tell?
            self.ambiguous = true;
        } else if ended_by_client(case) {
            self.client_ended = true;
        } else if case.forced {
            self.server_ended_forced = true;
        } else {
            self.server_ended_honest = true;
        }
    }

    pub(super) fn cell(self) -> Cell {
        if self.accepted {
            Cell::Accepted
        } else if self.unproven {
            Cell::Unproven
        } else if self.server_ended_forced {
            // "Refused" says that the client ended every forced case. Where our side ended one, it did not.
            if self.client_ended { Cell::Unproven } else { Cell::NotOffered }
        } else if self.client_ended {
            Cell::Refused
        } else if self.server_ended_honest {
            Cell::NotOffered
        } else if self.ambiguous {
            Cell::Unproven
        } else {
            Cell::NoCase
        }
    }
}

/// Who ended a case that was judged and not completed: design section 1, rule 3. A refusal by our own server
/// comes before its ServerHello; once that is out, only the client's end counts as a refusal.
fn ended_by_client(case: &CaseFinished) -> bool {
    case.alert_by == Some(Side::Client) || case.reach >= Some(Reach::Proposed)
}
