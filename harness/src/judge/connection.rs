//! What one connection of a case came to.

use crate::faults::{Fault, is_planted};
use crate::observe::{Ending, NotTls, Observation, Reach};
use crate::oracle::{self, Offer, Proposal, RefusalReason, Stated};
use crate::policy::{Floor, Treatment};
use crate::registry::{self, AlertDescription, ProtocolVersion};

use super::verdict::{Finding, FindingCode, Level};
use super::{CaseFacts, RefusalLine, Refuser, finding_of};

/// One connection, classified. Ordered from harmless to worst.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Opened and closed without a byte: some programs open spare connections.
    Silent,
    /// Completed, and the floor does not forbid it; findings are warnings.
    Completed(Vec<Finding>),
    /// The server refused, exactly as predicted, because the hello does not offer what the case proposes.
    NotOffered(NotOffered),
    /// The client ended it in the face of the whole proposing flight.
    RefusedByClient { alert: Option<AlertDescription> },
    /// The server refused a weak offer, as it must.
    RefusedByServer,
    /// Nothing can be concluded.
    Unclear(Finding),
    /// The client went past the refusal line.
    Broke(Vec<Finding>),
}

impl Outcome {
    pub(super) const fn rank(&self) -> u8 {
        match self {
            Self::Silent => 0,
            Self::Completed(_) => 1,
            Self::NotOffered(_) => 2,
            Self::RefusedByServer => 3,
            Self::RefusedByClient { .. } => 4,
            Self::Unclear(_) => 5,
            Self::Broke(_) => 6,
        }
    }

    pub(super) const fn is_refusal(&self) -> bool {
        matches!(self, Self::NotOffered(_) | Self::RefusedByServer | Self::RefusedByClient { .. })
    }
}

/// What a hello that does not offer the case's session says about the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotOffered {
    /// The weakness itself is what was not offered: its class is proven.
    TheWeakness,
    /// Something else was not offered (the version of a certificate case, a key that nobody has): the client is
    /// safe here, and nothing about the class is proven.
    SomethingElse,
}

/// Classifies a connection. `after_refusal`: an earlier connection of the case was refused.
pub(super) fn classify(case: &CaseFacts<'_>, seen: &Observation, after_refusal: bool) -> Outcome {
    if let Some(kind) = &seen.not_tls {
        return not_tls(kind, after_refusal);
    }
    // First of all: what was completed counts, whatever else is wrong (design 1, rule 2).
    if let Some(outcome) = past_the_line(case, seen) {
        return outcome;
    }
    if let Some(difference) = &seen.disagreement {
        return unclear(FindingCode::ServerCannot, format!("wire and server disagree: {difference}"));
    }
    match (seen.reach, &seen.ending) {
        (Reach::Connected, ending) if ending.by_client() => Outcome::Silent,
        (_, Ending::Deadline | Ending::Open) => unclear(
            FindingCode::Timeout,
            format!("the client did nothing more after {}", seen.reach.as_str()),
        ),
        // The client itself ended it, in the face of the proposal.
        (reach, ending) if reach >= Reach::Proposed && ending.by_client() => by_client(case, seen),
        (_, ending) if ending.by_client() => unclear(
            FindingCode::ServerCannot,
            "the client ended before the server's flight was delivered".to_owned(),
        ),
        (Reach::Offered, _) => by_server(case, seen),
        (_, Ending::ServerAlert(alert)) => {
            unclear(FindingCode::ServerEndedIt, format!("the server sent {alert} after its own flight"))
        }
        (_, Ending::ServerFailed(text)) => {
            unclear(FindingCode::ServerEndedIt, format!("the server gave up after its own flight: {text}"))
        }
        (reach, _) => unclear(FindingCode::ServerCannot, format!("ended at {}", reach.as_str())),
    }
}

fn not_tls(kind: &NotTls, after_refusal: bool) -> Outcome {
    match kind {
        NotTls::Http if after_refusal => Outcome::Broke(vec![Finding::new(
            FindingCode::PlaintextRetry,
            "plain HTTP arrived on the port after a refused handshake",
        )]),
        NotTls::Http => {
            unclear(FindingCode::NotTls, "plain HTTP arrived instead of a ClientHello".to_owned())
        }
        NotTls::Ssl2 => unclear(FindingCode::NotTls, "an SSL 2 ClientHello arrived".to_owned()),
        NotTls::Other => unclear(FindingCode::NotTls, "bytes that are not TLS arrived".to_owned()),
    }
}

/// The reach at which a session counts as accepted.
const fn line(case: &CaseFacts<'_>) -> Reach {
    match case.line {
        RefusalLine::Committed => Reach::Committed,
        RefusalLine::Data => Reach::Data,
    }
}

fn past_the_line(case: &CaseFacts<'_>, seen: &Observation) -> Option<Outcome> {
    let proposal = seen.proposal.as_ref()?;
    if is_late_refusal(seen) {
        return None;
    }
    // A server that must refuse and proposes has failed already.
    let threshold = if case.refuser == Refuser::Server { Reach::Proposed } else { line(case) };
    if seen.reach < threshold {
        return None;
    }
    let cite = |finding: Finding| finding.citing(case.reference.map(str::to_owned));
    if case.bad_certificate {
        let code = match seen.client_alert {
            Some(_) => FindingCode::DataBeforeRefusal,
            None => FindingCode::Unauthenticated,
        };
        return Some(Outcome::Broke(vec![cite(Finding::new(code, detail(proposal, seen)))]));
    }
    let mut proposal = proposal.clone();
    proposal.certificate_bits = case.key.as_ref().and_then(oracle::KeyType::rsa_bits);
    let mut findings: Vec<Finding> = oracle::breaches(case.floor, &proposal)
        .into_iter()
        .map(|breach| cite(finding_of(&breach, detail(&proposal, seen))))
        .collect();
    if findings.iter().any(|f| f.level == Level::Fail) {
        return Some(Outcome::Broke(findings));
    }
    if let Some(recommended) = advised_against(case.floor, proposal.version) {
        let detail = format!(
            "{}; recommended is {}: {}",
            detail(&proposal, seen),
            recommended.title(),
            case.floor.source
        );
        findings.push(cite(Finding::new(FindingCode::BelowRecommendedVersion, detail)));
    }
    // A session that the floor allows counts when the request arrived and was answered. A forced one cannot come
    // so far: the client's hello and the server's differ, and so do their Finished.
    let completed = seen.ending == Ending::Completed && seen.reach == Reach::Data;
    (completed || (case.forced && !findings.is_empty())).then_some(Outcome::Completed(findings))
}

/// The version that a floor recommends in place of one that it still allows, where that is TLS 1.0 or 1.1, which RFC
/// 8996 deprecates. TLS 1.2 below a recommended TLS 1.3 is no weakness of a session: there the offer is looked at, once
/// per client.
fn advised_against(floor: &Floor, version: ProtocolVersion) -> Option<ProtocolVersion> {
    let is_allowed = floor.min_version <= version && version < ProtocolVersion::TLS1_2;
    floor.recommended_version.filter(|recommended| is_allowed && version < *recommended)
}

/// Never, but for a planted fault.
fn is_late_refusal(seen: &Observation) -> bool {
    is_planted(Fault::AlertAfterFinished)
        && seen.reach == Reach::Finished
        && seen.client_alert == Some(AlertDescription::PROTOCOL_VERSION)
}

fn detail(proposal: &Proposal, seen: &Observation) -> String {
    let how = match seen.reach {
        Reach::Data => format!("completed, {} bytes of request received", seen.application_bytes),
        Reach::Finished => "completed, no request sent".to_owned(),
        Reach::Committed => "accepted: the client sent its key exchange".to_owned(),
        reach => format!("went to {}", reach.as_str()),
    };
    let group = proposal.dh_bits.map_or_else(String::new, |bits| format!(", a group of {bits} bits"));
    format!("{} with {}{group}: {how}", proposal.version.title(), proposal.suite)
}

fn by_client(case: &CaseFacts<'_>, seen: &Observation) -> Outcome {
    if !seen.delivered {
        return unclear(
            FindingCode::ServerCannot,
            "the client ended before the whole flight was delivered".to_owned(),
        );
    }
    if case.must_refuse() && seen.reach >= line(case) && !is_late_refusal(seen) {
        return unclear(
            FindingCode::ServerCannot,
            "the client accepted something else than the case's session".to_owned(),
        );
    }
    if case.must_refuse() && !proposes_the_weakness(case, seen) {
        return unclear(
            FindingCode::ServerCannot,
            "the server did not propose the case's weakness".to_owned(),
        );
    }
    Outcome::RefusedByClient { alert: seen.client_alert }
}

/// Whether what crossed the wire breaks every rule that the case is there to break: a refusal of anything else
/// proves nothing.
fn proposes_the_weakness(case: &CaseFacts<'_>, seen: &Observation) -> bool {
    let Some(mut proposal) = seen.proposal.clone() else { return false };
    proposal.certificate_bits = case.key.as_ref().and_then(oracle::KeyType::rsa_bits);
    let proposed = oracle::breaches(case.floor, &proposal);
    case.breaches.iter().filter(|b| b.treatment == Treatment::Fail).all(|wanted| proposed.contains(wanted))
}

/// The server ended it at the ClientHello.
fn by_server(case: &CaseFacts<'_>, seen: &Observation) -> Outcome {
    let (alert, text) = match &seen.ending {
        Ending::ServerAlert(alert) => (Some(*alert), alert.to_string()),
        Ending::ServerFailed(text) => (None, text.clone()),
        other => return unclear(FindingCode::ServerCannot, format!("ended at the hello: {other:?}")),
    };
    let Some(offer) = &seen.offer else {
        return unclear(FindingCode::ServerCannot, "no readable ClientHello".to_owned());
    };
    if case.forced {
        return unclear(FindingCode::ServerCannot, format!("the forced proposal was not made: {text}"));
    }
    match oracle::select(case.policy, case.key.as_ref(), offer) {
        Ok(proposal) => unclear(
            FindingCode::ServerEndedIt,
            format!("the server refused ({text}) where {} was to be expected", proposal.suite),
        ),
        Err(refusal) if !alert.is_some_and(|a| refusal.alerts.contains(&a)) => unclear(
            FindingCode::ServerEndedIt,
            format!("the server refused with {text}; predicted was {:?}", refusal.reason),
        ),
        Err(_) if case.refuser == Refuser::Server => Outcome::RefusedByServer,
        Err(refusal) if is_not_offered(case, offer, refusal.reason) => {
            Outcome::NotOffered(what_was_not_offered(case, offer, refusal.reason))
        }
        Err(_) => unclear(
            FindingCode::ServerEndedIt,
            "the hello states only a maximum version, so the server's refusal says nothing".to_owned(),
        ),
    }
}

/// Whether the hello does not offer what the case proposes (design 1, rule 3).
///
/// A hello without `supported_versions` states only a maximum: below it nothing is "not offered" unless not one of
/// the offered suites exists in the proposed version.
fn is_not_offered(case: &CaseFacts<'_>, offer: &Offer, reason: RefusalReason) -> bool {
    let Some(version) = case.policy.versions.first().copied() else { return false };
    match offer.states_version(version) {
        Stated::No => true,
        Stated::Yes => is_about_the_session(reason),
        Stated::NotStated if version >= case.floor.min_version => is_about_the_session(reason),
        Stated::NotStated => !offer.suites.iter().any(|suite| exists_in(*suite, version)),
    }
}

/// The version was offered, so it has to be the suite, or the key that it needs, that was not. A server that refuses
/// for a missing extension or signature scheme says nothing about what the client would accept.
const fn is_about_the_session(reason: RefusalReason) -> bool {
    matches!(reason, RefusalReason::NoCommonSuite | RefusalReason::NoUsableCertificate | RefusalReason::NoPsk)
}

/// Whether the refusal was about the weakness that the case is there for.
fn what_was_not_offered(case: &CaseFacts<'_>, offer: &Offer, reason: RefusalReason) -> NotOffered {
    let is_old = |b: &oracle::Breach| b.rule == oracle::Rule::Version && b.treatment == Treatment::Fail;
    let stated = case.policy.versions.first().map(|version| offer.states_version(*version));
    let proves = match reason {
        // A client that is never shown the certificate, and one without the external key, decided nothing.
        _ if case.bad_certificate || case.psk_ke => false,
        RefusalReason::NoPsk => false,
        RefusalReason::NoCommonVersion => case.breaches.iter().any(is_old),
        // A version that only might have been offered proves nothing about versions.
        _ => stated != Some(Stated::NotStated) || !case.breaches.iter().any(is_old),
    };
    if proves { NotOffered::TheWeakness } else { NotOffered::SomethingElse }
}

fn exists_in(suite: registry::CipherSuite, version: ProtocolVersion) -> bool {
    registry::suite(suite).is_some_and(|facts| facts.played_in(version))
}

fn unclear(code: FindingCode, detail: String) -> Outcome {
    Outcome::Unclear(Finding::new(code, detail))
}
