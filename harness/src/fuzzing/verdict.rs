//! The judge, over drawn traces: what the connections of a case showed, what the program said, what the controls came to.
//!
//! The rules here are said once more and naively, from the suite's IANA name and the trace alone.

#[cfg(test)]
mod tests;

use crate::judge::{
    CaseFacts, ClientEnded, ClientSaid, Controls, Finding, FindingCode, RefusalLine, Refuser, Verdict, judge,
};
use crate::observe::{Ending, NotTls, Observation, Reach};
use crate::oracle::naive::{Kx, kx};
use crate::oracle::{KeyType, Offer, Proposal, breaches};
use crate::policy::{Order, Policy};
use crate::registry::{self, AlertDescription, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

use super::Seen;
use super::draw::Draw;
use super::lab::floor;

const REACHES: [Reach; 6] =
    [Reach::Connected, Reach::Offered, Reach::Proposed, Reach::Committed, Reach::Finished, Reach::Data];

/// Sessions that a case can be about: version, suite, and what is wrong with it under the floor `aws`.
const SESSIONS: [(ProtocolVersion, u16, Wrong); 17] = [
    (ProtocolVersion::TLS1_2, 0xC02F, Wrong::Nothing),
    (ProtocolVersion::TLS1_2, 0x009C, Wrong::ForwardSecrecy),
    (ProtocolVersion::TLS1_2, 0x003C, Wrong::ForwardSecrecy),
    (ProtocolVersion::TLS1_1, 0xC013, Wrong::Version),
    (ProtocolVersion::TLS1_0, 0xC013, Wrong::Version),
    (ProtocolVersion::TLS1_0, 0x002F, Wrong::Both),
    (ProtocolVersion::TLS1_2, 0x0034, Wrong::Authentication),
    (ProtocolVersion::TLS1_3, 0x1301, Wrong::Nothing),
    (ProtocolVersion::SSL3, 0x0033, Wrong::Version),
    (ProtocolVersion::SSL3, 0x0005, Wrong::Both),
    (ProtocolVersion::TLS1_2, 0xC010, Wrong::Encryption),
    (ProtocolVersion::TLS1_2, 0x003B, Wrong::Both),
    (ProtocolVersion::TLS1_2, 0xC011, Wrong::Cipher),
    (ProtocolVersion::TLS1_0, 0xC011, Wrong::Both),
    (ProtocolVersion::TLS1_2, 0x0018, Wrong::Both),
    (ProtocolVersion::TLS1_2, 0x000A, Wrong::ForwardSecrecy),
    // 3DES alone is a warning.
    (ProtocolVersion::TLS1_2, 0xC012, Wrong::Nothing),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Nothing,
    Version,
    ForwardSecrecy,
    Authentication,
    Encryption,
    Cipher,
    /// More than one: nothing proves which of them was refused.
    Both,
}

/// What the judge is shown.
#[derive(Debug)]
pub(super) struct Trace {
    pub session: Session,
    pub connections: Vec<Observation>,
    pub said: ClientSaid,
    /// Whether the controls came to what they have to.
    pub positive: bool,
    pub canary: bool,
}

/// A case, drawn connections, and a verdict: a `pass` has to be earned.
pub(super) fn judge_traces(input: &[u8]) -> Seen {
    play(&drawn(input))
}

pub(super) fn drawn(input: &[u8]) -> Trace {
    let mut draw = Draw::new(input);
    let (version, suite, _) = draw.pick(&SESSIONS);
    let suite = CipherSuite(suite);
    let settings = draw.byte();
    let bad_certificate = settings & 1 != 0;
    let line = if bad_certificate || settings & 4 != 0 { RefusalLine::Data } else { RefusalLine::Committed };
    let session = Session { version, suite, line, bad_certificate, forced: settings & 2 != 0 };
    let connections = draw.list(3, |draw| connection(draw, version, suite));
    let said = said(&mut draw);
    let controls = draw.byte();
    Trace { session, connections, said, positive: controls & 1 == 0, canary: controls & 2 == 0 }
}

/// What is wrong with a session; none for one that no case is about.
fn wrong(session: &Session) -> Option<Wrong> {
    let is_it = |(version, suite, _): &&(ProtocolVersion, u16, Wrong)| {
        *version == session.version && *suite == session.suite.0
    };
    SESSIONS.iter().find(is_it).map(|(_, _, wrong)| *wrong)
}

/// Whether a case can be about it.
pub(super) fn is_known(session: &Session) -> bool {
    wrong(session).is_some()
}

pub(super) fn play(trace: &Trace) -> Seen {
    let floor = floor();
    let Trace { session, connections, said, .. } = trace;
    let Session { version, suite, line, bad_certificate, forced } = *session;
    let wrong = wrong(session).unwrap_or(Wrong::Both);
    let key = (!is_anonymous(suite)).then_some(KeyType::Rsa { bits: 2048 });
    let policy = policy(version, suite);
    let asked = proposal(version, suite);
    let broken = breaches(floor, &asked);
    let case = CaseFacts {
        floor,
        policy: &policy,
        key,
        bad_certificate,
        forced,
        psk_ke: false,
        refuser: Refuser::Client,
        line,
        breaches: &broken,
        alerts: &[],
        reference: None,
    };
    let lost = Finding::new(FindingCode::ControlTimeout, "drawn");
    let controls = Controls {
        positive: if trace.positive { Ok(()) } else { Err(&lost) },
        offer: None,
        canary: if trace.canary { Ok(()) } else { Err("drawn".to_owned()) },
    };
    let judgement = judge(&case, connections, said, &controls);
    let must_refuse = wrong != Wrong::Nothing || bad_certificate;
    if must_refuse && judgement.verdict <= Verdict::Warn && judgement.verdict != Verdict::Skipped {
        earned(session, connections, said, &controls);
    }
    if let Some(weak) = connections.iter().find(|seen| is_accepted(seen, line, bad_certificate)) {
        assert!(
            judgement.verdict == Verdict::Fail,
            "ORACLE verdict: {} for an accepted weak session: {weak:?}",
            judgement.verdict
        );
    }
    assert!(
        judgement.proven.is_none()
            || (must_refuse && wrong != Wrong::Both && judgement.verdict <= Verdict::Warn),
        "ORACLE proof: {judgement:?} proves a class"
    );
    // Worse never looks better: the same trace with one more accepted weak session fails.
    let mut worse = connections.clone();
    worse.push(accepted_weak());
    let again = judge(&case, &worse, said, &controls).verdict;
    assert!(
        again == Verdict::Fail,
        "ORACLE monotone: {again} although a TLS 1.0 session without forward secrecy was completed"
    );
    Seen::new(judgement.verdict)
}

/// Whether the client took a session that floor `aws` forbids.
fn is_accepted(seen: &Observation, line: RefusalLine, bad_certificate: bool) -> bool {
    let Some(proposal) = &seen.proposal else { return false };
    let past = match line {
        RefusalLine::Committed => seen.reach >= Reach::Committed,
        RefusalLine::Data => seen.reach >= Reach::Data,
    };
    past && seen.not_tls.is_none() && (bad_certificate || is_weak(proposal))
}

/// What the floor `aws` fails, by hand: the version, no forward secrecy, nobody who vouches, no cipher or a broken one.
fn is_weak(proposal: &Proposal) -> bool {
    let name = registry::suite(proposal.suite).map_or("", |facts| facts.name);
    proposal.version < ProtocolVersion::TLS1_2
        || matches!(kx(proposal.suite), Kx::Rsa | Kx::RsaPsk | Kx::Psk)
        || is_anonymous(proposal.suite)
        // RFC 9150: TLS 1.3 without a cipher.
        || name.starts_with("TLS_SHA")
        || ["_WITH_NULL_", "_RC4_", "_WITH_DES", "_EXPORT_"].iter().any(|weak| name.contains(weak))
}

fn is_anonymous(suite: CipherSuite) -> bool {
    matches!(kx(suite), Kx::DhAnon | Kx::EcdhAnon)
}

/// Whether a hello could be answered with that version (RFC 8446 4.2.1, RFC 5246 E.1).
fn may_mean(offer: &Offer, version: ProtocolVersion) -> bool {
    match &offer.supported_versions {
        Some(list) => list.contains(&version),
        None => version <= offer.legacy_version && version < ProtocolVersion::TLS1_3,
    }
}

/// What a case is about, and where its client has to stop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    pub version: ProtocolVersion,
    pub suite: CipherSuite,
    pub line: RefusalLine,
    pub bad_certificate: bool,
    pub forced: bool,
}

/// What stands behind a pass: both controls, an end by itself, and a refusal with an author.
fn earned(session: &Session, connections: &[Observation], said: &ClientSaid, controls: &Controls<'_>) {
    let Session { version, suite, line, bad_certificate, forced } = *session;
    let trace = || format!("{connections:?}, {said:?}, {controls:?}");
    assert!(controls.positive.is_ok(), "ORACLE control: a pass without the positive control: {}", trace());
    assert!(controls.canary.is_ok(), "ORACLE control: a pass without the canary: {}", trace());
    assert!(
        said.ended == ClientEnded::Itself,
        "ORACLE author: a pass of a client that did not end: {}",
        trace()
    );
    assert!(
        !connections.iter().any(|seen| is_accepted(seen, line, bad_certificate)),
        "ORACLE verdict: a pass beside an accepted weak session: {}",
        trace()
    );
    let by_client = |seen: &Observation| {
        let is_shown = |proposal: &Proposal| bad_certificate || is_weak(proposal);
        seen.ending.by_client()
            && seen.delivered
            && seen.reach >= Reach::Proposed
            && seen.proposal.as_ref().is_some_and(is_shown)
    };
    // A hello that does not offer it, and the server's refusal of just that. A server that is forced refuses nothing.
    let is_offered = |offer: &Offer| may_mean(offer, version) && offer.suites.contains(&suite);
    let by_server = |seen: &Observation| {
        seen.reach == Reach::Offered
            && !forced
            && seen.offer.as_ref().is_some_and(|offer| !is_offered(offer))
            && matches!(seen.ending, Ending::ServerAlert(_))
    };
    assert!(
        connections.iter().any(|seen| by_client(seen) || by_server(seen)),
        "ORACLE author: a pass without a refusal: {}",
        trace()
    );
    let hangs = |seen: &Observation| {
        seen.reach > Reach::Connected && matches!(seen.ending, Ending::Deadline | Ending::Open)
    };
    assert!(!connections.iter().any(hangs), "ORACLE author: a pass beside a hang: {}", trace());
    let plain = |seen: &Observation| seen.not_tls.is_some();
    assert!(
        !connections.iter().any(plain),
        "ORACLE author: a pass beside bytes that are no TLS: {}",
        trace()
    );
}

fn policy(version: ProtocolVersion, suite: CipherSuite) -> Policy {
    Policy {
        id: "fuzzing".to_owned(),
        title: String::new(),
        versions: vec![version],
        order: Order::Server,
        suites: vec![suite],
        groups: vec![NamedGroup::X25519, NamedGroup::SECP256R1],
        schemes: vec![SignatureScheme::RSA_PSS_RSAE_SHA256, SignatureScheme::RSA_PKCS1_SHA256],
        dhe_bits: Some(2048),
        suites_from: None,
        provenance: None,
    }
}

pub(super) fn proposal(version: ProtocolVersion, suite: CipherSuite) -> Proposal {
    let mut proposal = Proposal::new(version, suite);
    match kx(suite) {
        Kx::EcdheRsa | Kx::EcdheEcdsa | Kx::Tls13 => proposal.group = Some(NamedGroup::X25519),
        Kx::DhAnon | Kx::DheRsa => proposal.dh_bits = Some(2048),
        _ => {}
    }
    proposal.certificate_bits = Some(2048);
    proposal
}

/// A connection: mostly of the case's session, now and then of another one.
fn connection(draw: &mut Draw<'_>, version: ProtocolVersion, suite: CipherSuite) -> Observation {
    let reach = draw.pick(&REACHES);
    let (version, suite) = if draw.chance(4) {
        let (version, suite, _) = draw.pick(&SESSIONS);
        (version, CipherSuite(suite))
    } else {
        (version, suite)
    };
    let alert = draw.pick(&[
        AlertDescription::HANDSHAKE_FAILURE,
        AlertDescription::PROTOCOL_VERSION,
        AlertDescription::BAD_CERTIFICATE,
        AlertDescription(90),
    ]);
    let ending = match draw.byte() % 10 {
        0 => Ending::Open,
        1 | 2 => Ending::ClientAlert(alert),
        3 => Ending::ClientCloseNotify,
        4 => Ending::ClientFin,
        5 => Ending::ClientReset,
        6 => Ending::ServerAlert(alert),
        7 => Ending::ServerFailed("drawn".to_owned()),
        8 => Ending::Deadline,
        _ => Ending::Completed,
    };
    let flags = draw.byte();
    let mut seen = Observation::empty();
    seen.reach = reach;
    seen.offer = (reach >= Reach::Offered).then(|| offer(draw, version, suite));
    seen.proposal = (reach >= Reach::Proposed).then(|| proposal(version, suite));
    seen.delivered = reach >= Reach::Proposed && flags & 1 == 0;
    seen.client_alert = match &ending {
        Ending::ClientAlert(alert) => Some(*alert),
        _ => (flags & 2 != 0).then_some(alert),
    };
    if let Ending::ServerAlert(alert) = &ending {
        seen.server_alert = Some(*alert);
    }
    seen.application_bytes = if reach == Reach::Data { 1 + usize::from(flags) } else { 0 };
    seen.not_tls = (reach == Reach::Connected && flags & 4 != 0).then_some(match flags >> 6 {
        0 => NotTls::Http,
        1 => NotTls::Ssl2,
        _ => NotTls::Other,
    });
    seen.disagreement = (flags & 0x38 == 0x38).then(|| "drawn".to_owned());
    seen.ending = ending;
    seen
}

fn offer(draw: &mut Draw<'_>, version: ProtocolVersion, suite: CipherSuite) -> Offer {
    let mut offer = Offer::new(draw.pick(&[ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_0, version]));
    offer.compressions = vec![0];
    offer.suites = draw.list(2, Draw::suite);
    if draw.coin() {
        offer.suites.push(suite);
    }
    offer.supported_versions = (draw.coin()).then(|| draw.list(3, Draw::version));
    offer.groups = Some(vec![NamedGroup::X25519]);
    offer.schemes = Some(vec![SignatureScheme::RSA_PSS_RSAE_SHA256, SignatureScheme::RSA_PKCS1_SHA256]);
    offer
}

fn accepted_weak() -> Observation {
    let mut seen = Observation::empty();
    seen.reach = Reach::Data;
    seen.offer = Some(Offer::new(ProtocolVersion::TLS1_2));
    seen.proposal = Some(proposal(ProtocolVersion::TLS1_0, CipherSuite(0x002F)));
    seen.delivered = true;
    seen.application_bytes = 18;
    seen.ending = Ending::Completed;
    seen
}

fn said(draw: &mut Draw<'_>) -> ClientSaid {
    let ended = match draw.byte() % 8 {
        0..=3 => ClientEnded::Itself,
        4 => ClientEnded::Crashed("drawn".to_owned()),
        5 => ClientEnded::AtDeadline,
        6 => ClientEnded::Interrupted,
        _ => ClientEnded::NotStarted("drawn".to_owned()),
    };
    let flags = draw.byte();
    ClientSaid {
        ended,
        connected: (flags & 1 != 0).then_some(flags & 2 != 0),
        unsupported: (flags & 12 == 12).then(|| "drawn".to_owned()),
    }
}
