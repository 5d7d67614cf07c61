//! The choice of suite, signature and group in TLS 1.3.

use super::Offer;
use super::proposal::{KeyType, Proposal, RefusalReason};
use super::select::in_common;
use crate::policy::Policy;
use crate::registry::{
    self, CipherSuite, GroupFacts, KeyAlgorithm, KeyExchange, NamedGroup, ProtocolVersion, SchemeFacts,
    SignatureScheme,
};

/// A full handshake with a certificate; pre-shared keys are declined (RFC 8446 4.2.11: "If no acceptable
/// PSKs are found, the server SHOULD perform a non-PSK handshake if possible").
pub(super) fn choose(policy: &Policy, identity: &KeyType, offer: &Offer) -> Result<Proposal, RefusalReason> {
    // RFC 8446 4.2.9: a client "MUST" send the modes together with pre-shared keys, else the server
    // "MUST abort the handshake".
    if offer.offers_psk && offer.psk_modes.is_none() {
        return Err(RefusalReason::MissingExtension);
    }
    // RFC 8446 9.2: `supported_groups` and `key_share` come together or not at all.
    let (theirs, shares) = match (&offer.groups, &offer.key_shares) {
        (Some(groups), Some(shares)) => (groups, shares),
        (None, None) => return Err(without_certificate(offer)),
        (Some(_), None) | (None, Some(_)) => return Err(RefusalReason::MissingExtension),
    };
    // RFC 8446 4.2.3, 9.2: no certificate without `signature_algorithms`.
    let Some(schemes) = &offer.schemes else { return Err(without_certificate(offer)) };

    let suite = suite(policy, offer)?;
    let scheme = scheme(policy, identity, schemes).ok_or(RefusalReason::NoCommonScheme)?;
    let exchange = exchange(policy, theirs, shares).ok_or(RefusalReason::NoCommonGroup)?;
    Ok(Proposal {
        certificate_bits: identity.rsa_bits(),
        scheme: Some(scheme),
        ..exchange.on(Proposal::new(ProtocolVersion::TLS1_3, suite))
    })
}

/// A session by an external pre-shared key, which is all that a server without a certificate can have.
///
/// RFC 8446 4.2.9: `psk_dhe_ke` where the client allows it and a group is in common, else `psk_ke`. A client
/// that allows neither has no mode in common with the server: [`RefusalReason::NoPsk`], whatever its groups.
pub(super) fn choose_pre_shared(policy: &Policy, offer: &Offer) -> Result<Proposal, RefusalReason> {
    let modes = match (offer.offers_psk, &offer.psk_modes) {
        (false, _) => return Err(RefusalReason::NoPsk),
        (true, None) => return Err(RefusalReason::MissingExtension),
        (true, Some(modes)) => modes,
    };
    // RFC 8446 9.2: together or not at all, with a pre-shared key, too.
    if offer.groups.is_some() != offer.key_shares.is_some() {
        return Err(RefusalReason::MissingExtension);
    }
    let suite = suite(policy, offer)?;
    let plain = Proposal::new(ProtocolVersion::TLS1_3, suite);
    let shared = match (&offer.groups, &offer.key_shares) {
        (Some(theirs), Some(shares)) if modes.contains(&PSK_DHE_KE) => exchange(policy, theirs, shares),
        _ => None,
    };
    match shared {
        Some(exchange) => Ok(exchange.on(plain)),
        None if modes.contains(&PSK_KE) => Ok(Proposal { psk_ke: true, ..plain }),
        None => Err(RefusalReason::NoPsk),
    }
}

/// The values of RFC 8446 4.2.9.
const PSK_KE: u8 = 0;
const PSK_DHE_KE: u8 = 1;

fn suite(policy: &Policy, offer: &Offer) -> Result<CipherSuite, RefusalReason> {
    in_common(policy.order, &policy.suites, &offer.suites)
        .filter_map(registry::suite)
        .find(|facts| facts.key_exchange == KeyExchange::Tls13 && facts.usable_in(ProtocolVersion::TLS1_3))
        .map(|facts| facts.suite)
        .ok_or(RefusalReason::NoCommonSuite)
}

/// The scheme of the CertificateVerify (RFC 8446 4.4.2.2: the certificate's key has to go with a scheme
/// that the client accepts). RFC 8446 lets the server pick; here the order of the policy does.
fn scheme(policy: &Policy, identity: &KeyType, theirs: &[SignatureScheme]) -> Option<SignatureScheme> {
    in_common(policy.order, &policy.schemes, theirs)
        .filter_map(registry::scheme)
        .find(|facts| signs_with(identity, facts))
        .map(|facts| facts.scheme)
}

/// What a hello without the extensions of a certificate handshake is refused for.
fn without_certificate(offer: &Offer) -> RefusalReason {
    if offer.offers_psk { RefusalReason::NoPsk } else { RefusalReason::MissingExtension }
}

/// A group, and whether the client has to be asked for its share.
struct Exchange {
    group: NamedGroup,
    hello_retry: bool,
}

impl Exchange {
    fn on(&self, plain: Proposal) -> Proposal {
        let dh_bits = registry::group(self.group).and_then(GroupFacts::dh_bits);
        Proposal { group: Some(self.group), dh_bits, hello_retry: self.hello_retry, ..plain }
    }
}

/// The group of the session: the first one whose share is there already, else the first one, for which a
/// HelloRetryRequest asks (RFC 8446 4.1.1, 4.1.4).
///
/// RFC 8446 asks for a retry only where no share fits, and leaves the choice among groups to the server: some stacks
/// ask for a group that they want more than those whose shares are there.
fn exchange(policy: &Policy, theirs: &[NamedGroup], shares: &[NamedGroup]) -> Option<Exchange> {
    let usable =
        |group: &NamedGroup| registry::group(*group).is_some_and(|facts| facts.tls13 && !group.is_grease());
    let mut common = in_common(policy.order, &policy.groups, theirs).filter(usable).peekable();
    let first = common.peek().copied();
    match common.find(|group| shares.contains(group)) {
        Some(group) => Some(Exchange { group, hello_retry: false }),
        None => first.map(|group| Exchange { group, hello_retry: true }),
    }
}

/// RFC 8446 4.2.3: an ECDSA scheme binds the curve of the key; PKCS#1 signs certificates only.
fn signs_with(identity: &KeyType, facts: &SchemeFacts) -> bool {
    facts.tls13_handshake
        && match identity {
            KeyType::Rsa { .. } => facts.key_type == KeyAlgorithm::Rsa,
            KeyType::Ecdsa { group } => curve_of(facts) == Some(*group),
            KeyType::Ed25519 => facts.key_type == KeyAlgorithm::Ed25519,
        }
}

/// The curve to which TLS 1.3 binds a scheme.
fn curve_of(facts: &SchemeFacts) -> Option<NamedGroup> {
    match facts.scheme.0 {
        0x0403 => Some(NamedGroup::SECP256R1),
        0x0503 => Some(NamedGroup::SECP384R1),
        0x0603 => Some(NamedGroup::SECP521R1),
        // RFC 8734 3: the certificate's curve is the one of RFC 7027, whose number TLS 1.3 does not use
        // for key exchange.
        0x081A => Some(NamedGroup(0x001A)),
        0x081B => Some(NamedGroup(0x001B)),
        0x081C => Some(NamedGroup(0x001C)),
        _ => None,
    }
}
