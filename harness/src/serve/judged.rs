//! What a single connection says about its client, under a floor.

use crate::judge::{Finding, FindingCode, Verdict, finding_of};
use crate::observe::{Observation, Reach};
use crate::oracle::{Offer, Proposal, breaches};
use crate::policy::Floor;
use crate::run::lint;

/// The verdict on one connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// `None` unless the client accepted a session: one refusal proves nothing, since there was no control.
    pub verdict: Option<Verdict>,
    /// What the session breaks, then what the hello alone says.
    pub findings: Vec<Finding>,
}

impl Judged {
    /// Judges what was seen so far. `bad_certificate`: the server's was wrong on purpose, and a client that sends data
    /// has not minded.
    pub fn of(
        floor: &Floor,
        reach: Reach,
        offer: Option<&Offer>,
        proposal: Option<&Proposal>,
        bad_certificate: bool,
    ) -> Self {
        let mut judged = Self::default();
        if let Some(proposal) = proposal.filter(|_| reach >= Reach::Committed) {
            let session = format!("{} with {}", proposal.version.title(), proposal.suite);
            let broken = breaches(floor, proposal);
            judged.findings.extend(broken.iter().map(|b| finding_of(b, format!("{session} was accepted"))));
            if bad_certificate && reach >= Reach::Data {
                let detail = "data was sent to a server with a certificate that must be rejected";
                judged.findings.push(Finding::new(FindingCode::Unauthenticated, detail));
            }
            // Some clients finish the handshake and look at the certificate then: nobody can tell yet.
            let is_open = bad_certificate && reach < Reach::Data;
            judged.verdict = (!is_open).then_some(Verdict::Pass);
        }
        if let Some(offer) = offer {
            judged.findings.extend(lint::lint(floor, offer));
        }
        judged.verdict = judged.verdict.map(|_| {
            let worst = judged.findings.iter().map(|finding| finding.level.verdict()).max();
            worst.unwrap_or(Verdict::Pass)
        });
        judged
    }

    pub fn of_observation(floor: &Floor, seen: &Observation, bad_certificate: bool) -> Self {
        // Stack and wire tell two stories: neither is believed.
        if seen.disagreement.is_some() {
            return Self::default();
        }
        Self::of(floor, seen.reach, seen.offer.as_ref(), seen.proposal.as_ref(), bad_certificate)
    }
}
