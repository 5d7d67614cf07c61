//! From all connections of a case to its verdict: the worst connection counts, controls gate passes only.

use crate::observe::{Ending, Observation, Reach};
use crate::oracle::Offer;
use crate::registry::AlertDescription;

use super::connection::{NotOffered, Outcome, classify};
use super::verdict::{Class, Finding, FindingCode, Level, Verdict};
use super::{CERTIFICATE_ALERTS, CaseFacts, ClientEnded, ClientSaid, Controls};

/// What a case came to.
#[derive(Clone, Debug)]
pub struct Judgement {
    pub verdict: Verdict,
    pub findings: Vec<Finding>,
    /// The connection that decided, by its place in the list.
    pub decided_by: Option<usize>,
    /// The class that this case proves for the client.
    pub proven: Option<Class>,
    /// A refusal without an alert that tells why: the case must be run again, alone, and come out the same.
    pub wants_confirmation: bool,
}

/// Judges a case.
pub fn judge(
    case: &CaseFacts<'_>,
    connections: &[Observation],
    said: &ClientSaid,
    controls: &Controls<'_>,
) -> Judgement {
    let mut outcomes = Vec::with_capacity(connections.len());
    let mut after_refusal = false;
    for seen in connections {
        let outcome = classify(case, seen, after_refusal);
        after_refusal |= outcome.is_refusal() || matches!(seen.ending, Ending::ServerAlert(_));
        outcomes.push(outcome);
    }
    let worst = outcomes
        .iter()
        .enumerate()
        .max_by_key(|(i, outcome)| (outcome.rank(), connections[*i].reach, std::cmp::Reverse(*i)))
        .map(|(i, _)| i);
    let outcome = worst.map_or(&Outcome::Silent, |i| &outcomes[i]);

    let mut findings = Vec::new();
    let mut base = match outcome {
        Outcome::Broke(broken) => {
            findings.extend(broken.iter().cloned());
            Verdict::Fail
        }
        Outcome::Unclear(finding) => {
            findings.push(finding.clone());
            finding.level.verdict()
        }
        Outcome::Silent => {
            let finding = no_hello(said);
            let verdict = finding.level.verdict();
            findings.push(finding);
            verdict
        }
        Outcome::Completed(_)
        | Outcome::NotOffered(_)
        | Outcome::RefusedByClient { .. }
        | Outcome::RefusedByServer => Verdict::Pass,
    };
    // Warnings of a completed session stand, also beside a refusal.
    let completed =
        outcomes.iter().filter_map(|o| if let Outcome::Completed(w) = o { Some(w) } else { None });
    findings.extend(completed.clone().flatten().cloned());
    if base == Verdict::Pass && case.must_refuse() && completed.count() > 0 {
        let detail = "another session than the case's was completed";
        findings.push(Finding::new(FindingCode::ServerCannot, detail));
        base = Verdict::Inconclusive;
    }
    if let Some(finding) = downgraded_retry(connections, &outcomes) {
        findings.push(finding);
        base = Verdict::Fail;
    }
    if base == Verdict::Pass
        && case.must_refuse()
        && let Some(finding) = gate(connections, said, controls)
    {
        base = finding.level.verdict();
        findings.push(finding);
    }
    let passed = base == Verdict::Pass;
    if passed && case.must_refuse() {
        findings.extend(unexpected_alert(case, outcome));
    }
    // A skipped case was not played, so there is nothing that a report could differ from.
    if base != Verdict::Skipped {
        findings.extend(report_differs(connections, said));
    }
    let verdict = match base {
        Verdict::Skipped => base,
        _ => findings.iter().map(|f| f.level.verdict()).fold(base, Verdict::max),
    };
    let is_proof = passed && case.must_refuse() && outcome.is_refusal() && verdict <= Verdict::Warn;
    Judgement {
        verdict,
        decided_by: worst,
        proven: if is_proof && proves_its_class(case, outcome) { case.proves() } else { None },
        wants_confirmation: is_proof && gives_no_reason(outcome),
        findings,
    }
}

/// Whether the refusal was about the weakness and nothing else.
fn proves_its_class(case: &CaseFacts<'_>, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::NotOffered(what) => *what == NotOffered::TheWeakness,
        // The same certificate was good enough in the control, but that is what the client complains about.
        Outcome::RefusedByClient { alert: Some(alert) } => {
            case.bad_certificate || !CERTIFICATE_ALERTS.contains(alert)
        }
        _ => true,
    }
}

/// Whether a client ended it without saying that something was wrong with the session. RFC 8446 6.1: user_canceled
/// is sent "for some reason unrelated to a protocol failure", so it says no more than a closed connection.
fn gives_no_reason(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::RefusedByClient { alert: None | Some(USER_CANCELED) })
}

const USER_CANCELED: AlertDescription = AlertDescription(90);

fn unexpected_alert(case: &CaseFacts<'_>, outcome: &Outcome) -> Option<Finding> {
    let Outcome::RefusedByClient { alert: Some(alert) } = outcome else { return None };
    let is_listed = case.alerts.is_empty() || case.alerts.contains(alert);
    (!is_listed).then(|| Finding::new(FindingCode::UnexpectedAlert, alert.to_string()))
}

/// No ClientHello arrived at all.
fn no_hello(said: &ClientSaid) -> Finding {
    if let Some(reason) = &said.unsupported {
        return Finding::new(FindingCode::UnsupportedByClient, reason.clone());
    }
    match &said.ended {
        ClientEnded::Crashed(how) => Finding::new(FindingCode::ClientCrashed, how.clone()),
        ClientEnded::AtDeadline => Finding::new(FindingCode::Timeout, "no ClientHello before the deadline"),
        ClientEnded::Interrupted => Finding::new(FindingCode::Timeout, "the run was interrupted"),
        ClientEnded::NotStarted(why) => Finding::new(FindingCode::NoConnection, why.clone()),
        ClientEnded::Itself => {
            Finding::new(FindingCode::NoConnection, "the client ended without a ClientHello")
        }
    }
}

/// Why a refusal proves nothing, if it does not (design 1, rules 1 and 2).
fn gate(connections: &[Observation], said: &ClientSaid, controls: &Controls<'_>) -> Option<Finding> {
    if let Err(finding) = controls.positive {
        return Some(finding.clone());
    }
    if let Err(how) = &controls.canary {
        return Some(Finding::new(FindingCode::CanaryMissed, how.clone()));
    }
    // A program that had to be ended, or died, may have had a worse connection still to come.
    match &said.ended {
        ClientEnded::AtDeadline | ClientEnded::Interrupted => {
            return Some(Finding::new(FindingCode::Timeout, "the client did not end by itself"));
        }
        ClientEnded::Crashed(how) => return Some(Finding::new(FindingCode::ClientCrashed, how.clone())),
        // It did start, for its hello is here; how it ended is not known.
        ClientEnded::NotStarted(why) => return Some(Finding::new(FindingCode::ClientCrashed, why.clone())),
        ClientEnded::Itself => {}
    }
    let control = controls.offer?;
    if connections.iter().any(|c| c.reach >= Reach::Proposed && c.offer.is_none()) {
        return Some(Finding::new(
            FindingCode::Unstable,
            "a hello could not be read, so it cannot be compared",
        ));
    }
    let differs =
        connections.iter().filter_map(|c| c.offer.as_ref()).any(|offer| !same_offer(offer, control));
    differs
        .then(|| Finding::new(FindingCode::Unstable, "the hello differs from the one in the strong control"))
}

/// The only difference between a control and its case is the weakness, so the client must offer the same in both.
fn same_offer(a: &Offer, b: &Offer) -> bool {
    let (a, b) = (a.normalised(), b.normalised());
    a.legacy_version == b.legacy_version
        && a.supported_versions == b.supported_versions
        && a.suites == b.suites
        && a.groups == b.groups
        && a.schemes == b.schemes
        && a.psk_modes == b.psk_modes
        && a.key_shares == b.key_shares
        && a.server_name == b.server_name
        && a.alpn == b.alpn
        && a.extended_master_secret == b.extended_master_secret
        && a.renegotiation_info == b.renegotiation_info
}

/// After a refusal, a hello with a lower maximum version (POODLE). With the fall-back signal of RFC 7507 an honest
/// server would catch it, so that is no finding.
fn downgraded_retry(connections: &[Observation], outcomes: &[Outcome]) -> Option<Finding> {
    let mut highest = None;
    for (seen, outcome) in connections.iter().zip(outcomes) {
        let Some(offer) = &seen.offer else { continue };
        let this = offer.max_version();
        if let Some(before) = highest
            && this < before
            && !offer.fallback_scsv
        {
            let detail = format!("a second hello offers at most {this:?} after one with {before:?}");
            return Some(Finding::new(FindingCode::DowngradedRetry, detail));
        }
        if outcome.is_refusal() || matches!(seen.ending, Ending::ServerAlert(_)) {
            highest = highest.max(Some(this));
        }
    }
    None
}

fn report_differs(connections: &[Observation], said: &ClientSaid) -> Option<Finding> {
    let completed = connections.iter().any(|c| c.ending == Ending::Completed && c.client_alert.is_none());
    let nothing_sent = connections.iter().all(|c| c.reach < Reach::Data);
    let detail = match said.connected {
        Some(true) if nothing_sent => "the program says connected; no request arrived",
        Some(false) if completed => "the program says refused; its request arrived and was answered",
        _ => return None,
    };
    let finding = Finding::new(FindingCode::ClientReportDiffers, detail);
    debug_assert_eq!(finding.level, Level::Warn);
    Some(finding)
}
