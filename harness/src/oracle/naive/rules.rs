//! The rules of the naive model: one predicate each, over one combination or the part of it that it looks at, with the line
//! it comes from.
//!
//! A rule says nothing about combinations that it is not about: there it holds. What a suite is, is read
//! off its IANA name here, and out of the table's columns in the oracle.

use super::{Combination, KeyType, Suite, World};
use crate::registry::{self, CipherSuite, GroupFamily, KeyAlgorithm, NamedGroup, ProtocolVersion};
use Kx as K;
use ProtocolVersion as V;

/// The key exchanges that a server of the harness can play.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kx {
    Tls13,
    Rsa,
    RsaPsk,
    DheRsa,
    DheDss,
    EcdheRsa,
    EcdheEcdsa,
    DhAnon,
    EcdhAnon,
    Psk,
    DhePsk,
    EcdhePsk,
    /// Static, unknown, reserved, or from another world.
    NotPlayed,
}

pub fn kx(suite: CipherSuite) -> Kx {
    let Some(name) = registry::suite(suite).map(|facts| facts.name) else { return K::NotPlayed };
    let Some((before, _)) = name.split_once("_WITH_") else {
        let is_none = name.starts_with("GREASE") || name.ends_with("SCSV");
        return if is_none { K::NotPlayed } else { K::Tls13 };
    };
    match before.trim_end_matches("1024").trim_end_matches("_EXPORT") {
        "TLS_GOSTR341112_256" if name.contains("_MGM_") => K::Tls13,
        "TLS_RSA" => K::Rsa,
        "TLS_RSA_PSK" => K::RsaPsk,
        "TLS_DHE_RSA" => K::DheRsa,
        "TLS_DHE_DSS" => K::DheDss,
        "TLS_ECDHE_RSA" => K::EcdheRsa,
        "TLS_ECDHE_ECDSA" => K::EcdheEcdsa,
        "TLS_DH_anon" => K::DhAnon,
        "TLS_ECDH_anon" => K::EcdhAnon,
        "TLS_PSK" => K::Psk,
        "TLS_DHE_PSK" | "TLS_PSK_DHE" => K::DhePsk,
        "TLS_ECDHE_PSK" => K::EcdhePsk,
        _ => K::NotPlayed,
    }
}

fn is_13(version: V) -> bool {
    version == V::TLS1_3
}

/// TLS 1.3 by a certificate, or by nothing but a pre-shared key.
fn by_certificate(w: &World, version: V) -> bool {
    is_13(version) && w.identity.is_some()
}

fn by_psk(w: &World, version: V) -> bool {
    is_13(version) && w.identity.is_none()
}

/// RFC 8446 4.4.2.1: a server without a certificate has no TLS 1.3, unless it has nothing else.
pub(super) fn server_has(w: &World, version: V) -> bool {
    let has_older = w.policy.versions.iter().any(|v| *v != V::TLS1_3);
    w.policy.versions.contains(&version) && (version != V::TLS1_3 || w.identity.is_some() || !has_older)
}

/// RFC 5246 E.1; RFC 8446 4.2.1; RFC 8446 D.5.
pub(super) fn client_allows(w: &World, version: V) -> bool {
    match &w.offer.supported_versions {
        Some(list) => list.contains(&version) && w.offer.legacy_version.0 > 0x0300,
        None => version.0 <= w.offer.legacy_version.0 && version != V::TLS1_3,
    }
}

/// RFC 7507 3.
pub(super) fn is_no_bad_fallback(w: &World, _: V) -> bool {
    if !w.offer.fallback_scsv {
        return true;
    }
    let servers = V::ALL.into_iter().filter(|v| server_has(w, *v)).map(|v| v.0).max().unwrap_or(0);
    let clients = match &w.offer.supported_versions {
        Some(list) => V::ALL.into_iter().filter(|v| list.contains(v)).map(|v| v.0).max().unwrap_or(0),
        None => w.offer.legacy_version.0.min(0x0303),
    };
    servers <= clients
}

/// RFC 5246 E.1.
pub(super) fn version_is_the_servers(w: &World, version: V) -> bool {
    server_has(w, version)
}

/// RFC 5246 E.1; RFC 8446 4.2.1.
pub(super) fn version_is_the_clients(w: &World, version: V) -> bool {
    client_allows(w, version)
}

/// RFC 5246 E.1: the highest in common, whatever the suites.
pub(super) fn version_is_the_highest(w: &World, version: V) -> bool {
    !V::ALL.into_iter().any(|v| v.0 > version.0 && server_has(w, v) && client_allows(w, v))
}

/// RFC 5246 7.4.1.2.
pub(super) fn null_compression_is_offered(w: &World, version: V) -> bool {
    is_13(version) || w.offer.compressions.contains(&0)
}

/// RFC 8446 4.1.2.
pub(super) fn compression_is_one_zero(w: &World, version: V) -> bool {
    !is_13(version) || (w.offer.compressions.len() == 1 && w.offer.compressions[0] == 0)
}

/// RFC 5746 3.6.
pub(super) fn is_a_first_handshake(w: &World, version: V) -> bool {
    is_13(version) || !w.offer.renegotiates
}

/// RFC 8422 5.1.2.
pub(super) fn point_formats_fit_the_curves(w: &World, version: V) -> bool {
    let uses_formats = [V::TLS1_0, V::TLS1_1, V::TLS1_2].contains(&version);
    let of_rfc_8422 = |g: &NamedGroup| [23, 24, 25, 29, 30].contains(&g.0);
    let names_one = w.offer.groups.as_ref().is_some_and(|list| list.iter().any(of_rfc_8422));
    !uses_formats || !names_one || reads_uncompressed(w)
}

fn reads_uncompressed(w: &World) -> bool {
    match &w.offer.point_formats {
        Some(list) => list.contains(&0),
        None => true,
    }
}

/// RFC 8446 4.2.11: a server that has nothing but a key needs the client's.
pub(super) fn psk_server_is_offered_a_psk(w: &World, version: V) -> bool {
    !by_psk(w, version) || w.offer.offers_psk
}

/// RFC 8446 4.2.9.
pub(super) fn psk_comes_with_its_modes(w: &World, version: V) -> bool {
    !is_13(version) || !w.offer.offers_psk || w.offer.psk_modes.is_some()
}

/// RFC 8446 9.2, the second requirement.
pub(super) fn groups_come_with_shares(w: &World, version: V) -> bool {
    !is_13(version) || w.offer.groups.is_some() == w.offer.key_shares.is_some()
}

/// RFC 8446 9.2, the first requirement.
pub(super) fn hello_without_psk_has_schemes_and_groups(w: &World, version: V) -> bool {
    !by_certificate(w, version)
        || w.offer.offers_psk
        || (w.offer.schemes.is_some() && w.offer.groups.is_some())
}

/// RFC 8446 4.2.3, 4.2.7: without them a hello is for a pre-shared key alone.
pub(super) fn hello_allows_a_certificate(w: &World, version: V) -> bool {
    !by_certificate(w, version) || (w.offer.schemes.is_some() && w.offer.groups.is_some())
}

/// RFC 5246 7.4.1.3; RFC 8446 4.1.3.
pub(super) fn suite_is_offered(w: &World, _: V, s: &Suite) -> bool {
    w.offer.suites.contains(&s.suite)
}

pub(super) fn suite_is_the_servers(w: &World, _: V, s: &Suite) -> bool {
    w.policy.suites.contains(&s.suite)
}

/// RFC 8446 B.4: TLS 1.3 suites and older ones do not mix; the rest is each suite's own text.
pub(super) fn suite_is_of_the_version(_: &World, version: V, s: &Suite) -> bool {
    let plays = registry::suite(s.suite).is_some_and(|facts| facts.played_in(version));
    plays && is_13(version) == (s.kx == K::Tls13)
}

/// RFC 5246 A.5 for the null suite; for the others, no stack has what they need.
pub(super) fn exchange_is_played(_: &World, _: V, s: &Suite) -> bool {
    s.kx != K::NotPlayed
}

/// RFC 5246 7.4.2; RFC 8422 5.3, 5.1.3 (no EdDSA before TLS 1.2).
pub(super) fn certificate_fits_the_suite(w: &World, version: V, s: &Suite) -> bool {
    match (s.kx, w.identity) {
        (K::Rsa | K::RsaPsk | K::DheRsa | K::EcdheRsa, Some(KeyType::Rsa { .. })) => true,
        (K::EcdheEcdsa, Some(KeyType::Ecdsa { .. })) => true,
        (K::EcdheEcdsa, Some(KeyType::Ed25519)) => version == V::TLS1_2,
        (K::Rsa | K::RsaPsk | K::DheRsa | K::DheDss | K::EcdheRsa | K::EcdheEcdsa, _) => false,
        _ => true,
    }
}

/// RFC 5246 7.4.3, RFC 4346 7.4.3 (names no scheme), RFC 8446 4.4.3.
pub(super) fn there_is_a_scheme_where_one_is_named(w: &World, c: &Combination) -> bool {
    let signs = match c.version {
        V::TLS1_3 => w.identity.is_some(),
        V::TLS1_2 => matches!(c.suite.kx, K::DheRsa | K::DheDss | K::EcdheRsa | K::EcdheEcdsa),
        _ => false,
    };
    signs == c.scheme.is_some()
}

pub(super) fn scheme_is_the_servers(w: &World, c: &Combination) -> bool {
    c.scheme.is_none_or(|scheme| w.policy.schemes.contains(&scheme))
}

/// RFC 5246 7.4.1.4.1, the default included; RFC 8446 4.2.3.
pub(super) fn scheme_is_the_clients(w: &World, c: &Combination) -> bool {
    let Some(scheme) = c.scheme else { return true };
    match (&w.offer.schemes, c.suite.kx) {
        (Some(list), _) => list.contains(&scheme),
        (None, K::DheRsa | K::EcdheRsa) => scheme.0 == 0x0201,
        (None, K::DheDss) => scheme.0 == 0x0202,
        (None, K::EcdheEcdsa) => scheme.0 == 0x0203,
        (None, _) => false,
    }
}

/// RFC 8446 4.2.3: neither PKCS#1 nor SHA-1 nor SHA-224 in CertificateVerify; RFC 5246 A.4.1.
pub(super) fn scheme_is_of_the_version(_: &World, c: &Combination) -> bool {
    let Some(scheme) = c.scheme else { return true };
    let Some(facts) = registry::scheme(scheme) else { return false };
    if is_13(c.version) { facts.tls13_handshake } else { facts.tls12 }
}

/// RFC 5246 7.4.3: "compatible with" the key. RFC 8446 4.2.3: TLS 1.3 binds the curve, too.
pub(super) fn scheme_is_of_the_key(w: &World, c: &Combination) -> bool {
    let Some(scheme) = c.scheme else { return true };
    let Some(facts) = registry::scheme(scheme) else { return false };
    match w.identity {
        Some(KeyType::Rsa { .. }) => facts.key_type == KeyAlgorithm::Rsa,
        Some(KeyType::Ed25519) => facts.key_type == KeyAlgorithm::Ed25519,
        Some(KeyType::Ecdsa { .. }) if !is_13(c.version) => facts.key_type == KeyAlgorithm::Ecdsa,
        Some(KeyType::Ecdsa { group }) => matches!(
            (group, facts.name),
            (NamedGroup::SECP256R1, "ecdsa_secp256r1_sha256")
                | (NamedGroup::SECP384R1, "ecdsa_secp384r1_sha384")
                | (NamedGroup::SECP521R1, "ecdsa_secp521r1_sha512")
        ),
        None => false,
    }
}

/// RFC 8422 5.3.
pub(super) fn curve_of_the_certificate_is_the_clients(w: &World, c: &Combination) -> bool {
    match (c.suite.kx, w.identity, &w.offer.groups) {
        (K::EcdheEcdsa, Some(KeyType::Ecdsa { group }), Some(list)) => list.contains(&group),
        _ => true,
    }
}

/// RFC 5246 7.4.3: what needs no group has none. RFC 8446 4.1.1: a certificate always comes with one.
pub(super) fn there_is_a_group_where_one_is_needed(w: &World, c: &Combination) -> bool {
    match c.suite.kx {
        K::Tls13 => w.identity.is_none() || c.group.is_some(),
        K::EcdheRsa | K::EcdheEcdsa | K::EcdhAnon | K::EcdhePsk => c.group.is_some(),
        // A size of the server's own, or a server from before RFC 7919.
        K::DheRsa | K::DheDss | K::DhAnon | K::DhePsk => {
            let names_some = w.policy.groups.iter().any(|group| is_field(*group));
            c.group.is_some() == (w.policy.dhe_bits.is_none() && names_some)
        }
        K::Rsa | K::RsaPsk | K::Psk | K::NotPlayed => c.group.is_none(),
    }
}

fn is_field(group: NamedGroup) -> bool {
    field_bits(group).is_some()
}

/// RFC 7919 appendix A.
pub(super) fn field_bits(group: NamedGroup) -> Option<u16> {
    match group.0 {
        0x0100 => Some(2048),
        0x0101 => Some(3072),
        0x0102 => Some(4096),
        0x0103 => Some(6144),
        0x0104 => Some(8192),
        _ => None,
    }
}

pub(super) fn group_is_the_servers(w: &World, c: &Combination) -> bool {
    c.group.is_none_or(|group| w.policy.groups.contains(&group))
}

/// RFC 8446 4.2.7 and the registry: which groups a version has; RFC 8701: GREASE is none.
pub(super) fn group_is_of_the_version_and_suite(_: &World, c: &Combination) -> bool {
    let Some(group) = c.group else { return true };
    let Some(facts) = registry::group(group) else { return false };
    match c.suite.kx {
        K::Tls13 => facts.tls13 && facts.family != GroupFamily::Grease,
        K::DheRsa | K::DheDss | K::DhAnon | K::DhePsk => is_field(group),
        _ => facts.tls12 && facts.family == GroupFamily::Ecdhe,
    }
}

/// RFC 8422 4, 5.1: free without the extension. RFC 8446 4.2.7: bound.
pub(super) fn group_is_the_clients(w: &World, c: &Combination) -> bool {
    let (Some(group), false) = (c.group, is_dhe(c)) else { return true };
    match &w.offer.groups {
        Some(list) => list.contains(&group),
        None => !is_13(c.version),
    }
}

/// RFC 7919 4: free if the client names no finite field.
pub(super) fn field_is_the_clients(w: &World, c: &Combination) -> bool {
    let (Some(group), true, Some(list)) = (c.group, is_dhe(c), &w.offer.groups) else { return true };
    list.contains(&group) || !list.iter().any(|g| g.0 >= 0x0100 && g.0 <= 0x01FF)
}

fn is_dhe(c: &Combination) -> bool {
    matches!(c.suite.kx, K::DheRsa | K::DheDss | K::DhAnon | K::DhePsk)
}

/// RFC 8422 5.1: no suite with a curve for a client that cannot read the server's points.
pub(super) fn points_of_the_curve_can_be_read(w: &World, c: &Combination) -> bool {
    let curve = matches!(c.suite.kx, K::EcdheRsa | K::EcdheEcdsa | K::EcdhAnon | K::EcdhePsk);
    !curve || reads_uncompressed(w)
}

/// RFC 8446 4.2.9: with a group `psk_dhe_ke`, without one `psk_ke`.
pub(super) fn psk_mode_is_the_clients(w: &World, c: &Combination) -> bool {
    let allows = |mode: u8| w.offer.psk_modes.as_ref().is_some_and(|list| list.contains(&mode));
    let group_is_good = group_is_the_servers(w, c)
        && group_is_the_clients(w, c)
        && group_is_of_the_version_and_suite(w, c)
        && w.offer.key_shares.is_some();
    match (by_psk(w, c.version), c.group) {
        (false, _) => true,
        (true, Some(_)) => allows(1) && group_is_good,
        (true, None) => allows(0),
    }
}

/// RFC 8446 4.1.1, 4.1.4: a retry exactly if the group's share is not there.
pub(super) fn retry_exactly_without_a_share(w: &World, c: &Combination) -> bool {
    let lacks = |group| !w.offer.key_shares.as_ref().is_some_and(|list| list.contains(&group));
    c.retry == (is_13(c.version) && c.group.is_some_and(lacks))
}
