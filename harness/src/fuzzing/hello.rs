//! ClientHellos out of a fuzzer's bytes: mostly valid, over the whole of IANA's tables, with raw values between.

use crate::policy::Policy;
use crate::probe::key_share;
use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::wire::extension::{
    CertificateStatusRequest, KeyShareEntry, OfferedPsks, PSK_DHE_KE, PSK_KE, PskIdentity, ServerName,
};
use crate::wire::{ClientHello, Extension, ExtensionType};

use super::draw::Draw;

/// What the stacks and the oracle are known to see differently, or what no server has to bear, stays out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Whatever can be written.
    Any,
    /// What the matrix asks, too (`harness/ARCHITECTURE.md`, section 7): no renegotiation, no compressed points alone,
    /// nothing twice.
    Comparable,
}

/// Draws a hello for a server of that policy: half of its lists come out of the policy's.
pub(super) fn client_hello(draw: &mut Draw<'_>, policy: &Policy, scope: Scope) -> ClientHello {
    let modern = !draw.chance(4);
    let legacy_version = if modern { ProtocolVersion::TLS1_2 } else { legacy(draw) };
    let mut suites = draw.list(8, |draw| of(draw, &policy.suites, Draw::suite));
    // The null suite must not be offered (RFC 5246 A.5), and servers differ in how they see a list of it alone.
    if scope == Scope::Comparable {
        suites.retain(|suite| *suite != CipherSuite(0));
        dedup(&mut suites);
    }
    if suites.is_empty() {
        suites.push(policy.suites.first().copied().unwrap_or(CipherSuite(0xC02F)));
    }
    if draw.chance(6) && !suites.contains(&CipherSuite::FALLBACK_SCSV) {
        suites.push(CipherSuite::FALLBACK_SCSV);
    }
    let signal = CipherSuite::EMPTY_RENEGOTIATION_INFO_SCSV;
    if draw.chance(4) && !suites.contains(&signal) {
        suites.push(signal);
    }
    let compression_methods = match draw.byte() % 16 {
        14 => vec![1, 0],
        15 => vec![1],
        _ => vec![0],
    };
    let is_bare = legacy_version == ProtocolVersion::SSL3 || (!modern && draw.chance(4));
    let has_signal = suites.contains(&signal);
    let extensions = (!is_bare).then(|| extensions(draw, policy, scope, modern, has_signal));
    let mut hello = ClientHello {
        legacy_version,
        random: [draw.byte(); 32],
        session_id: if draw.chance(4) { vec![draw.byte(); 32] } else { Vec::new() },
        cipher_suites: suites,
        compression_methods,
        extensions,
    };
    if scope == Scope::Any {
        hello.extensions.iter_mut().for_each(|list| more_extensions(draw, list));
    }
    hello
}

/// A protocol, a status, and a key that no stack's server knows, which leaves a full handshake.
fn more_extensions(draw: &mut Draw<'_>, list: &mut Vec<Extension>) {
    if draw.chance(4) {
        let names = draw.list(3, |draw| draw.pick(&[&b"h2"[..], b"http/1.1", b"x"]).to_vec());
        list.extend((!names.is_empty()).then_some(Extension::Alpn(names)));
    }
    if draw.chance(4) {
        let (responder_ids, request_extensions) = (Vec::new(), Vec::new());
        list.push(Extension::StatusRequest(CertificateStatusRequest::Ocsp {
            responder_ids,
            request_extensions,
        }));
    }
    if draw.chance(4) {
        let modes = draw.pick(&[&[PSK_DHE_KE][..], &[PSK_KE], &[PSK_KE, PSK_DHE_KE]]);
        list.push(Extension::PskKeyExchangeModes(modes.to_vec()));
        let identity = PskIdentity { identity: vec![draw.byte(); 16], obfuscated_ticket_age: 0 };
        let binder = vec![draw.byte(); if draw.coin() { 48 } else { 32 }];
        // The last one of all (RFC 8446 4.2.11).
        list.push(Extension::PreSharedKeyOffer(OfferedPsks {
            identities: vec![identity],
            binders: vec![binder],
        }));
    }
}

/// What the field can say that decides, when no `supported_versions` does.
fn legacy(draw: &mut Draw<'_>) -> ProtocolVersion {
    const OLD: [ProtocolVersion; 5] = [
        ProtocolVersion::TLS1_2,
        ProtocolVersion::TLS1_1,
        ProtocolVersion::TLS1_0,
        ProtocolVersion::SSL3,
        // Higher than all: RFC 5246 E.1 has a server answer with its own highest below TLS 1.3.
        ProtocolVersion(0x0305),
    ];
    draw.pick(&OLD)
}

fn extensions(
    draw: &mut Draw<'_>,
    policy: &Policy,
    scope: Scope,
    modern: bool,
    has_signal: bool,
) -> Vec<Extension> {
    let mut list = Vec::new();
    let versions =
        if modern { draw.list(4, |draw| of(draw, &policy.versions, Draw::version)) } else { Vec::new() };
    let versions = unique(versions, scope);
    if !draw.chance(8) {
        let groups = unique(draw.list(5, |draw| of(draw, &policy.groups, Draw::group)), scope);
        if !groups.is_empty() {
            let is_tls13 = versions.contains(&ProtocolVersion::TLS1_3);
            if is_tls13 && !draw.chance(8) {
                list.push(Extension::KeyShareOffer(shares(draw, &groups)));
            }
            list.push(Extension::SupportedGroups(groups));
        }
    }
    if !draw.chance(8) {
        let schemes = unique(draw.list(6, |draw| of(draw, &policy.schemes, Draw::scheme)), scope);
        if !schemes.is_empty() {
            list.push(Extension::SignatureAlgorithms(schemes));
        }
    }
    if !versions.is_empty() {
        list.push(Extension::SupportedVersions(versions));
    }
    if draw.coin() && !has_signal {
        let claimed = if scope == Scope::Any && draw.chance(8) { vec![draw.byte(); 12] } else { Vec::new() };
        list.push(Extension::RenegotiationInfo(claimed));
    }
    if draw.coin() {
        list.push(Extension::ExtendedMasterSecret);
    }
    let formats = match (scope, draw.byte() % 8) {
        (Scope::Any, 6) => vec![1],
        (_, 7) => vec![0, 1],
        _ => vec![0],
    };
    list.push(Extension::EcPointFormats(formats));
    if draw.chance(8) {
        list.push(Extension::ServerName(vec![ServerName::host("localhost")]));
    }
    if draw.chance(8) {
        list.push(Extension::SessionTicket(Vec::new()));
    }
    if draw.chance(8) {
        // Nobody's, or GREASE: a server ignores what it does not know (RFC 8446 4.2).
        let typ =
            ExtensionType(0x0A0A | (u16::from(draw.byte() & 0xF0) << 8) | u16::from(draw.byte() & 0xF0));
        list.push(Extension::Unknown { typ, body: draw.bytes(4) });
    }
    if draw.chance(4) {
        // The order says nothing, but for pre_shared_key, which comes behind (RFC 8446 4.2).
        list.reverse();
    }
    list
}

/// Keys for some of the groups, in the order of the groups (RFC 8446 4.2.8).
fn shares(draw: &mut Draw<'_>, groups: &[NamedGroup]) -> Vec<KeyShareEntry> {
    let chosen = draw.byte();
    let is_chosen = |at: usize| chosen >> (at % 8) & 1 == 1;
    groups
        .iter()
        .enumerate()
        .filter(|(at, _)| is_chosen(*at))
        .filter_map(|(_, group)| key_share(*group))
        .collect()
}

fn of<'a, T: Copy>(draw: &mut Draw<'a>, wanted: &[T], any: impl Fn(&mut Draw<'a>) -> T) -> T {
    if draw.coin() && !wanted.is_empty() { draw.pick(wanted) } else { any(draw) }
}

fn unique<T: Copy + PartialEq>(mut list: Vec<T>, scope: Scope) -> Vec<T> {
    if scope == Scope::Comparable {
        dedup(&mut list);
    }
    list
}

fn dedup<T: Copy + PartialEq>(list: &mut Vec<T>) {
    let mut seen = Vec::new();
    list.retain(|item| {
        let is_new = !seen.contains(item);
        seen.push(*item);
        is_new
    });
}

/// The lists of a policy, for where there is none.
pub(super) fn everything() -> Policy {
    Policy {
        id: "fuzzing".to_owned(),
        title: String::new(),
        versions: ProtocolVersion::ALL.to_vec(),
        order: crate::policy::Order::Server,
        suites: vec![CipherSuite(0x1301), CipherSuite(0xC02F), CipherSuite(0x002F)],
        groups: vec![NamedGroup::X25519, NamedGroup::SECP256R1],
        schemes: vec![SignatureScheme::RSA_PSS_RSAE_SHA256, SignatureScheme::ECDSA_SECP256R1_SHA256],
        dhe_bits: None,
        suites_from: None,
        provenance: None,
    }
}
