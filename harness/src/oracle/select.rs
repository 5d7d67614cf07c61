//! What an honest server with a policy answers to a hello.

use super::proposal::{KeyType, Proposal, Refusal, RefusalReason};
use super::{Offer, classic, tls13};
use crate::policy::{Order, Policy};
use crate::registry::{AlertDescription, NamedGroup, ProtocolVersion};

/// What an honest server with this policy and certificate answers.
///
/// The version is settled first and alone; a server does not try a lower one because the suites do not
/// fit (RFC 8446 4.2.1, RFC 5246 E.1). The server has pre-shared keys for the PSK suites that its policy
/// names up to TLS 1.2, and none to resume a session with. A server that has neither a certificate nor a
/// version below TLS 1.3 has an external pre-shared key; whether the client's is the same, nobody can see.
///
/// Where the texts leave a choice to the server, this is the model's, and stacks may differ:
///
/// * `policy.order` decides among suites, groups and signature schemes alike;
/// * in TLS 1.3 a group whose share is there goes before one that needs a HelloRetryRequest;
/// * in TLS 1.3 a server whose key no scheme of the client's fits refuses, though RFC 8446 4.4.3 lets it go on
///   where "no valid certificate chain can be produced without unsupported algorithms";
/// * the reason of a refusal, and with it the proper alert, is that of the suite which came furthest;
/// * what a server MAY check is not checked: shares twice or outside `supported_groups` (RFC 8446 4.2.8), a
///   version field above TLS 1.2 (4.2.1).
pub fn select(policy: &Policy, identity: Option<&KeyType>, offer: &Offer) -> Result<Proposal, Refusal> {
    let version = version(policy, identity, offer)?;
    if !compressions_fit(offer, version) {
        return Err(RefusalReason::Compression.into());
    }
    // RFC 5746 3.6, for SSL 3 4.5. TLS 1.3 has no renegotiation and does not know the extension.
    if offer.renegotiates && version < ProtocolVersion::TLS1_3 {
        return Err(RefusalReason::Renegotiation.into());
    }
    if !point_formats_fit(offer, version) {
        return Err(RefusalReason::PointFormats.into());
    }
    let chosen = match identity {
        Some(identity) if version >= ProtocolVersion::TLS1_3 => tls13::choose(policy, identity, offer),
        None if version >= ProtocolVersion::TLS1_3 => tls13::choose_pre_shared(policy, offer),
        _ => classic::choose(policy, identity, offer, version),
    };
    chosen.map_err(Refusal::from)
}

/// The version of the session.
fn version(policy: &Policy, identity: Option<&KeyType>, offer: &Offer) -> Result<ProtocolVersion, Refusal> {
    // TLS 1.3 has no anonymous handshake (RFC 8446 4.4.2.1): a server without a certificate leaves it out,
    // if it has anything else.
    let has_tls13 = identity.is_some() || policy.versions.iter().all(|v| *v >= ProtocolVersion::TLS1_3);
    let ours = || policy.versions.iter().copied().filter(|v| *v < ProtocolVersion::TLS1_3 || has_tls13);
    let common = match &offer.supported_versions {
        // RFC 8446 4.2.1: "servers MUST only select a version of TLS present in that extension".
        // RFC 8446 D.5: a version field of SSL 3 ends the handshake all the same.
        Some(_) if offer.legacy_version <= ProtocolVersion::SSL3 => None,
        Some(theirs) => ours().filter(|version| theirs.contains(version)).max(),
        // RFC 5246 E.1: the highest that the server has and that is not above the client's.
        // RFC 8446 4.2.1: without the extension TLS 1.2 at most, even if the field says more.
        None => ours().filter(|version| Some(*version) <= offer.max_version()).max(),
    };
    // RFC 7507 3: compared with the highest version of the server, common or not; so it goes before the
    // refusal for want of a common version, which stacks may find first. RFC 7507 knows the version field
    // only; where TLS 1.3 has replaced it, what replaced it counts.
    if offer.fallback_scsv && ours().max() > offer.max_version() {
        return Err(match common {
            Some(_) => RefusalReason::InappropriateFallback.into(),
            None => Refusal { reason: RefusalReason::InappropriateFallback, alerts: FALLBACK_OR_VERSION },
        });
    }
    common.ok_or_else(|| RefusalReason::NoCommonVersion.into())
}

const FALLBACK_OR_VERSION: &[AlertDescription] = &[
    AlertDescription::INAPPROPRIATE_FALLBACK,
    AlertDescription::PROTOCOL_VERSION,
    AlertDescription::HANDSHAKE_FAILURE,
];

/// RFC 8446 4.1.2: "exactly one byte, set to zero"; RFC 5246 7.4.1.2: null "MUST" be among them.
fn compressions_fit(offer: &Offer, version: ProtocolVersion) -> bool {
    if version >= ProtocolVersion::TLS1_3 {
        offer.compressions == [0]
    } else {
        offer.compressions.contains(&0)
    }
}

/// RFC 8422 5.1.2: a client that names one of that document's curves and point formats without the
/// uncompressed one is to be refused. TLS 1.3 has no point formats (RFC 8446 4.2.8.2), SSL 3 no extensions.
fn point_formats_fit(offer: &Offer, version: ProtocolVersion) -> bool {
    let is_bound = (ProtocolVersion::TLS1_0..=ProtocolVersion::TLS1_2).contains(&version);
    let names_curve = offer.groups.iter().flatten().any(|group| CURVES.contains(group));
    !is_bound || !names_curve || offer.takes_uncompressed_points()
}

/// The curves of RFC 8422 5.1.1.
const CURVES: [NamedGroup; 5] = [
    NamedGroup::SECP256R1,
    NamedGroup::SECP384R1,
    NamedGroup::SECP521R1,
    NamedGroup::X25519,
    NamedGroup::X448,
];

/// What both lists have, in the order of the one whose order decides.
pub(super) fn in_common<'a, T: Copy + PartialEq>(
    order: Order,
    ours: &'a [T],
    theirs: &'a [T],
) -> impl Iterator<Item = T> {
    let (first, second) = match order {
        Order::Server => (ours, theirs),
        Order::Client => (theirs, ours),
    };
    first.iter().copied().filter(move |item| second.contains(item))
}
