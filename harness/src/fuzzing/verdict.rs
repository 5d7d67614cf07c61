//! The judge, over drawn traces: what the connections of a case showed, what the program said, what the controls came to.
//!
//! The rules here are said once more and naively, from the suite's IANA name and the trace alone.

use crate::judge::{
    CaseFacts, ClientEnded, ClientSaid, Controls, Finding, FindingCode, RefusalLine, Refuser, Verdict, judge,
};
use crate::observe::{Ending, NotTls, Observation, Reach};
use crate::oracle::naive::{Kx, kx};
use crate::oracle::{KeyType, Offer, Proposal, breaches};
use crate::policy::{Order, Policy};
use crate::registry::{AlertDescription, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

use super::Seen;
use super::draw::Draw;
use super::lab::lab;

const REACHES: [Reach; 6] =
    [Reach::Connected, Reach::Offered, Reach::Proposed, Reach::Committed, Reach::Finished, Reach::Data];

/// Sessions that a case can be about: version, suite, and what is wrong with it under the floor `aws`.
const SESSIONS: [(ProtocolVersion, u16, Wrong); 8] = [
    (ProtocolVersion::TLS1_2, 0xC02F, Wrong::Nothing),
    (ProtocolVersion::TLS1_2, 0x009C, Wrong::ForwardSecrecy),
    (ProtocolVersion::TLS1_2, 0x003C, Wrong::ForwardSecrecy),
    (ProtocolVersion::TLS1_1, 0xC013, Wrong::Version),
    (ProtocolVersion::TLS1_0, 0xC013, Wrong::Version),
    (ProtocolVersion::TLS1_0, 0x002F, Wrong::Both),
    (ProtocolVersion::TLS1_2, 0x0034, Wrong::Authentication),
    (ProtocolVersion::TLS1_3, 0x1301, Wrong::Nothing),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Nothing,
    Version,
    ForwardSecrecy,
    Authentication,
    Both,
}

/// A case, drawn connections, and a verdict: a `pass` has to be earned.
pub(super) fn judge_traces(input: &[u8]) -> Seen {
    let lab = lab();
    let mut draw = Draw::new(input);
    let (version, suite, wrong) = draw.pick(&SESSIONS);
    let settings = draw.byte();
    let (bad_certificate, forced) = (settings & 1 != 0, settings & 2 != 0);
    let line = if bad_certificate || settings & 4 != 0 { RefusalLine::Data } else { RefusalLine::Committed };
    let suite = CipherSuite(suite);
    let key = (wrong != Wrong::Authentication).then_some(KeyType::Rsa { bits: 2048 });
    let policy = policy(version, suite);
    let asked = proposal(version, suite);
    let broken = breaches(&lab.floor, &asked);
    let case = CaseFacts {
        floor: &lab.floor,
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
    let connections = draw.list(3, |draw| connection(draw, version, suite));
    let said = said(&mut draw);
    let lost = Finding::new(FindingCode::ControlTimeout, "drawn");
    let controls_draw = draw.byte();
    let controls = Controls {
        positive: if controls_draw & 1 == 0 { Ok(()) } else { Err(&lost) },
        offer: None,
        canary: if controls_draw & 2 == 0 { Ok(()) } else { Err("drawn".to_owned()) },
    };
    let judgement = judge(&case, &connections, &said, &controls);
    let must_refuse = wrong != Wrong::Nothing || bad_certificate;
    if must_refuse && judgement.verdict <= Verdict::Warn && judgement.verdict != Verdict::Skipped {
        earned(&connections, &said, &controls, line, bad_certificate);
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
    let again = judge(&case, &worse, &said, &controls).verdict;
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

fn is_weak(proposal: &Proposal) -> bool {
    proposal.version < ProtocolVersion::TLS1_2
        || matches!(kx(proposal.suite), Kx::Rsa | Kx::RsaPsk | Kx::Psk | Kx::DhAnon | Kx::EcdhAnon)
}

/// What stands behind a pass: both controls, an end by itself, and a refusal with an author.
fn earned(
    connections: &[Observation],
    said: &ClientSaid,
    controls: &Controls<'_>,
    line: RefusalLine,
    bad_certificate: bool,
) {
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
        seen.ending.by_client() && seen.delivered && seen.reach >= Reach::Proposed && seen.proposal.is_some()
    };
    // A hello that does not offer it, and the server's refusal of just that.
    let by_server = |seen: &Observation| {
        seen.reach == Reach::Offered && seen.offer.is_some() && matches!(seen.ending, Ending::ServerAlert(_))
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

fn proposal(version: ProtocolVersion, suite: CipherSuite) -> Proposal {
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
