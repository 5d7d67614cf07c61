//! From all connections of a case to its verdict: the worst connection counts, controls gate passes only.

use crate::faults::{Fault, is_planted};
use crate::observe::{Ending, Observation, Reach};
use crate::oracle::{Offer, Stated};
use crate::registry::{AlertDescription, ProtocolVersion};

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
    /// What else happened beside a failure. It changes nothing while the failure stands; where the failure is a known
    /// one it is all that is left to judge by.
    pub beside: Vec<Finding>,
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
        if are_enough(&connections[..outcomes.len()]) {
            break;
        }
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

    let (mut findings, mut beside) = (Vec::new(), Vec::new());
    let mut base = match outcome {
        Outcome::Broke(broken) => {
            findings.extend(broken.iter().cloned());
            // The worst connection does not hide that another one failed in another way.
            let others =
                outcomes.iter().filter_map(|o| if let Outcome::Broke(f) = o { Some(f) } else { None });
            for finding in others.flatten() {
                if !findings.iter().any(|known: &Finding| known.code == finding.code) {
                    findings.push(finding.clone());
                }
            }
            beside.extend(
                outcomes
                    .iter()
                    .filter_map(|o| if let Outcome::Unclear(f) = o { Some(f.clone()) } else { None }),
            );
            beside.extend(ended_badly(said));
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
        beside,
        proven: is_proof
            .then(|| case.proves())
            .flatten()
            .filter(|class| proves_its_class(case, outcome, *class, worst.map(|i| &connections[i]))),
        wants_confirmation: is_proof && gives_no_reason(outcome),
        findings,
    }
}

/// Never, but for a planted fault.
fn are_enough(seen: &[Observation]) -> bool {
    let ended = |one: &Observation, ending: &Ending| {
        let version = one.proposal.as_ref().map(|proposal| proposal.version);
        one.ending == *ending && one.reach == Reach::Proposed && version == Some(ProtocolVersion::TLS1_1)
    };
    let refused = Ending::ClientAlert(AlertDescription::BAD_CERTIFICATE);
    is_planted(Fault::LaterConnectionsUnread)
        && matches!(seen, [first, second] if ended(first, &refused) && ended(second, &Ending::ClientReset))
}

/// Whether the refusal was about the weakness and nothing else.
fn proves_its_class(
    case: &CaseFacts<'_>,
    outcome: &Outcome,
    class: Class,
    decided_by: Option<&Observation>,
) -> bool {
    match outcome {
        Outcome::NotOffered(what) => *what == NotOffered::TheWeakness,
        Outcome::RefusedByClient { .. } if class != Class::Version && !takes_the_version(decided_by) => false,
        Outcome::RefusedByClient { alert: Some(AlertDescription::PROTOCOL_VERSION) } => {
            class == Class::Version
        }
        // The same certificate was good enough in the control, but that is what the client complains about.
        Outcome::RefusedByClient { alert: Some(alert) } => {
            case.bad_certificate || !CERTIFICATE_ALERTS.contains(alert)
        }
        _ => true,
    }
}

/// Whether the hello states the version that was proposed to it. If it does not, the client may have refused that, and
/// not what it was proposed with: that matters where the floor allows the version.
fn takes_the_version(seen: Option<&Observation>) -> bool {
    seen.and_then(|seen| Some(seen.offer.as_ref()?.states_version(seen.proposal.as_ref()?.version)))
        .is_some_and(|stated| stated == Stated::Yes)
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
    if let Some(finding) = ended_badly(said) {
        return Some(finding);
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

/// A program that had to be ended, or died, may have had a worse connection still to come.
fn ended_badly(said: &ClientSaid) -> Option<Finding> {
    match &said.ended {
        ClientEnded::AtDeadline | ClientEnded::Interrupted => {
            Some(Finding::new(FindingCode::Timeout, "the client did not end by itself"))
        }
        ClientEnded::Crashed(how) => Some(Finding::new(FindingCode::ClientCrashed, how.clone())),
        // It did start, for its hello is here; how it ended is not known.
        ClientEnded::NotStarted(why) => Some(Finding::new(FindingCode::ClientCrashed, why.clone())),
        ClientEnded::Itself => None,
    }
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
