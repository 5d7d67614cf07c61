//! Oracles with one error each, made from the real one: the comparison with the naive model has to see
//! every one of them.

use super::*;
use crate::registry;
use ProtocolVersion as V;

type Oracle = fn(&Policy, Option<&KeyType>, &Offer) -> Result<Proposal, Refusal>;

/// Asks the real oracle about another hello.
macro_rules! hello {
    (|$offer:ident| $change:expr) => {
        |policy, identity, offer| {
            let mut $offer = offer.clone();
            $change;
            select(policy, identity, &$offer)
        }
    };
}

/// Asks the real oracle about another server.
macro_rules! server {
    (|$policy:ident| $change:expr) => {
        |policy, identity, offer| {
            let mut $policy = policy.clone();
            $change;
            select(&$policy, identity, offer)
        }
    };
}

/// Changes the session of the real oracle.
macro_rules! session {
    (|$proposal:ident, $offer:ident| $change:expr) => {
        |policy, identity, $offer| {
            let _ = $offer;
            select(policy, identity, $offer).map(|mut $proposal| {
                $change;
                $proposal
            })
        }
    };
}

/// Changes the reason of the real oracle's refusal.
macro_rules! refusal {
    ($from:ident => $to:ident) => {
        |policy, identity, offer| {
            select(policy, identity, offer).map_err(|refusal| match refusal.reason {
                RefusalReason::$from => RefusalReason::$to.into(),
                _ => refusal,
            })
        }
    };
}

/// Asks the real oracle about another key where it refuses for this reason.
macro_rules! other_key {
    ($reason:ident, $may:expr) => {
        |policy, identity, offer| {
            let refused = |refusal: &Refusal| refusal.reason == RefusalReason::$reason;
            let keys = [RSA, P256, ecdsa(NamedGroup::SECP384R1), ecdsa(NamedGroup::SECP521R1)];
            match select(policy, identity, offer) {
                Err(refusal) if refused(&refusal) && identity.is_some() => {
                    let others = keys
                        .iter()
                        .filter_map(|key| select(policy, Some(key), offer).ok().map(|p| (*key, p)));
                    let may: fn(Option<&KeyType>, &KeyType, &Proposal) -> bool = $may;
                    let taken = others.into_iter().find(|(key, found)| may(identity, key, found));
                    taken.map(|(_, found)| found).ok_or(refusal)
                }
                other => other,
            }
        }
    };
}

pub(super) const MUTANTS: &[(&str, Oracle)] = &[
    ("takes no notice of the fallback signal", hello!(|o| o.fallback_scsv = false)),
    ("reads the orders the wrong way round", server!(|p| p.order = reversed(p.order))),
    ("reads the server's groups backwards", server!(|p| p.groups.reverse())),
    ("reads the server's schemes backwards", server!(|p| p.schemes.reverse())),
    ("never asks for another hello", session!(|p, _offer| p.hello_retry = false)),
    ("takes a retry for a refusal", |policy, identity, offer| match select(policy, identity, offer) {
        Ok(proposal) if proposal.hello_retry => Err(RefusalReason::NoCommonGroup.into()),
        other => other,
    }),
    (
        "prefers its best group to a share that is there",
        hello!(|o| {
            if let Some(shares) = &mut o.key_shares {
                shares.clear();
            }
        }),
    ),
    (
        "takes shares outside supported_groups",
        hello!(|o| {
            if let (Some(groups), Some(shares)) = (&mut o.groups, &o.key_shares) {
                groups.extend(shares);
            }
        }),
    ),
    ("has SHA-256 as the default of TLS 1.2", |policy, identity, offer| {
        let mut offer = offer.clone();
        let older = offer.supported_versions.as_ref().is_none_or(|list| !list.contains(&V::TLS1_3));
        if offer.schemes.is_none() && older {
            offer.schemes = Some(scheme_list("rsa_pkcs1_sha256 ecdsa_secp256r1_sha256"));
        }
        select(policy, identity, &offer)
    }),
    ("asks for a scheme of RSA in the default, whatever the suite", |policy, identity, offer| {
        select(policy, identity, offer).map(|mut proposal| {
            if offer.schemes.is_none() && proposal.scheme == Some(SignatureScheme::ECDSA_SHA1) {
                proposal.scheme = Some(SignatureScheme::RSA_PKCS1_SHA1);
            }
            proposal
        })
    }),
    (
        "signs TLS 1.3 with PKCS#1",
        session!(|p, offer| {
            let list = offer.schemes.as_deref().unwrap_or_default();
            if p.version == V::TLS1_3
                && p.certificate_bits.is_some()
                && list.contains(&SignatureScheme::RSA_PKCS1_SHA256)
            {
                p.scheme = Some(SignatureScheme::RSA_PKCS1_SHA256);
            }
        }),
    ),
    (
        "names a scheme before TLS 1.2",
        session!(|p, offer| {
            if p.version < V::TLS1_2
                && registry::suite(p.suite).is_some_and(|facts| facts.name.contains("DHE_RSA"))
            {
                p.scheme = offer.schemes.as_ref().and_then(|list| list.first().copied());
            }
        }),
    ),
    (
        "answers renegotiation_info in TLS 1.3",
        session!(|p, offer| p.renegotiation_info = offer.renegotiation_info),
    ),
    ("never answers renegotiation_info", session!(|p, _offer| p.renegotiation_info = false)),
    ("lets a first hello renegotiate", hello!(|o| o.renegotiates = false)),
    ("takes no notice of point formats", hello!(|o| o.point_formats = None)),
    ("takes every compression", hello!(|o| o.compressions = vec![0])),
    (
        "takes the rules of older versions for compression in TLS 1.3",
        hello!(|o| {
            if o.compressions.contains(&0) {
                o.compressions = vec![0];
            }
        }),
    ),
    ("reads the version field beside supported_versions", hello!(|o| o.supported_versions = None)),
    (
        "takes supported_versions with a field of SSL 3",
        hello!(|o| {
            if o.supported_versions.is_some() {
                o.legacy_version = V::TLS1_2;
            }
        }),
    ),
    (
        "takes the version field for TLS 1.3",
        hello!(|o| {
            if o.supported_versions.is_none() && o.legacy_version >= V::TLS1_3 {
                o.supported_versions = Some(V::ALL.to_vec());
            }
        }),
    ),
    ("tries a lower version if no suite fits", |policy, identity, offer| {
        match select(policy, identity, offer) {
            Err(refusal) if refusal.reason == RefusalReason::NoCommonSuite => {
                let mut lower = policy.clone();
                let highest = lower.versions.iter().copied().max();
                lower.versions.retain(|version| Some(*version) != highest);
                select(&lower, identity, offer).map_err(|_| refusal)
            }
            other => other,
        }
    }),
    ("gives up at the first suite that it cannot play", |policy, identity, offer| {
        let mut first = policy.clone();
        first.order = Order::Server;
        first.suites.retain(|suite| offer.suites.contains(suite));
        first.suites.truncate(1);
        if policy.order == Order::Server {
            select(&first, identity, offer)
        } else {
            select(policy, identity, offer)
        }
    }),
    ("forgets the curve of the certificate", |policy, identity, offer| {
        let mut offer = offer.clone();
        if let (Some(KeyType::Ecdsa { group }), Some(groups)) = (identity, &mut offer.groups)
            && !policy.groups.contains(group)
        {
            groups.push(*group);
        }
        select(policy, identity, &offer)
    }),
    (
        "takes a client that names other finite fields for one that names none",
        hello!(|o| {
            if let Some(groups) = &mut o.groups {
                groups.retain(|group| group.0 >> 8 != 1);
            }
        }),
    ),
    ("forgets the size of the server's own field", server!(|p| p.dhe_bits = None)),
    (
        "takes the absent groups for an empty list",
        hello!(|o| {
            if o.groups.is_none() && o.key_shares.is_none() {
                o.groups = Some(Vec::new());
            }
        }),
    ),
    ("has a pre-shared key beside its certificate", |policy, identity, offer| {
        match select(policy, identity, offer) {
            Ok(found) if found.version == V::TLS1_3 && offer.offers_psk => {
                Ok(Proposal { certificate_bits: None, scheme: None, ..found })
            }
            other => other,
        }
    }),
    (
        "prefers psk_ke to psk_dhe_ke",
        hello!(|o| {
            if let Some(modes) = &mut o.psk_modes
                && modes.contains(&0)
            {
                modes.retain(|mode| *mode == 0);
            }
        }),
    ),
    (
        "has modes that nobody offered",
        hello!(|o| {
            if o.offers_psk {
                o.psk_modes = Some(vec![0, 1]);
            }
        }),
    ),
    ("takes a hello without a pre-shared key for one with", refusal!(NoPsk => MissingExtension)),
    (
        "binds no curve in TLS 1.3",
        other_key!(NoCommonScheme, |ours, other, found| {
            let is_ecdsa = |key: &KeyType| matches!(key, KeyType::Ecdsa { .. });
            found.version == V::TLS1_3 && ours.is_some_and(is_ecdsa) && is_ecdsa(other)
        }),
    ),
    (
        "has EdDSA before TLS 1.2",
        other_key!(NoUsableCertificate, |ours, other, found| {
            found.version < V::TLS1_2 && ours == Some(&KeyType::Ed25519) && *other == P256
        }),
    ),
    (
        "takes suites of another kind of certificate",
        other_key!(NoUsableCertificate, |ours, other, _| {
            matches!(
                (ours, other),
                (Some(KeyType::Rsa { .. }), KeyType::Ecdsa { .. })
                    | (Some(KeyType::Ecdsa { .. }), KeyType::Rsa { .. })
            )
        }),
    ),
    ("has TLS 1.3 without a certificate beside older versions", |policy, identity, offer| {
        let offered = offer.supported_versions.as_ref().is_some_and(|list| list.contains(&V::TLS1_3));
        let mut policy = policy.clone();
        if identity.is_none() && offered && policy.versions.contains(&V::TLS1_3) {
            policy.versions = vec![V::TLS1_3];
        }
        select(&policy, identity, offer)
    }),
    (
        "takes groups without shares",
        hello!(|o| {
            if o.groups.is_some() && o.key_shares.is_none() {
                o.key_shares = Some(Vec::new());
            }
        }),
    ),
    (
        "takes shares without groups",
        hello!(|o| {
            if o.groups.is_none() && o.supported_versions.is_some() {
                o.groups.clone_from(&o.key_shares);
            }
        }),
    ),
    ("takes a suite of TLS 1.2 in a version before it", |policy, identity, offer| {
        let Some(version) = policy.versions.iter().copied().filter(|v| Some(*v) <= offer.max_version()).max()
        else {
            return select(policy, identity, offer);
        };
        let newer = Policy { versions: vec![V::TLS1_2], ..policy.clone() };
        let older = version < V::TLS1_2 && offer.supported_versions.is_none();
        match (select(policy, identity, offer), older) {
            (Err(refusal), true) if refusal.reason == RefusalReason::NoCommonSuite => {
                let offer = Offer { legacy_version: V::TLS1_2, ..offer.clone() };
                select(&newer, identity, &offer).map(|p| Proposal { version, ..p }).map_err(|_| refusal)
            }
            (other, _) => other,
        }
    }),
    ("takes a group of TLS 1.3 in TLS 1.2", |policy, identity, offer| {
        takes_group(policy, identity, offer, "X25519MLKEM768", |version| version < V::TLS1_3)
    }),
    ("takes a group of TLS 1.2 in TLS 1.3", |policy, identity, offer| {
        takes_group(policy, identity, offer, "brainpoolP256r1", |version| version == V::TLS1_3)
    }),
    (
        "takes unreadable points from a client that names no curve of RFC 8422",
        hello!(|o| {
            let of_rfc_8422 = |group: &NamedGroup| [23, 24, 25, 29, 30].contains(&group.0);
            if !o.groups.iter().flatten().any(of_rfc_8422) {
                o.point_formats = None;
            }
        }),
    ),
    ("has no alert for foreign fields", refusal!(NoCommonFiniteField => NoCommonGroup)),
    ("forgets that a fallback may be without a common version", |policy, identity, offer| {
        select(policy, identity, offer).map_err(|refusal| refusal.reason.into())
    }),
    ("cannot tell a scheme from a group", refusal!(NoCommonScheme => NoCommonGroup)),
    ("cannot tell a certificate from a suite", refusal!(NoUsableCertificate => NoCommonSuite)),
    ("shows no size of an RSA key", session!(|p, _offer| p.certificate_bits = None)),
];

const fn reversed(order: Order) -> Order {
    match order {
        Order::Server => Order::Client,
        Order::Client => Order::Server,
    }
}

const fn ecdsa(group: NamedGroup) -> KeyType {
    KeyType::Ecdsa { group }
}

/// Takes this group where both sides name it, and a curve or hybrid would be taken.
fn takes_group(
    policy: &Policy,
    identity: Option<&KeyType>,
    offer: &Offer,
    name: &str,
    at: fn(ProtocolVersion) -> bool,
) -> Result<Proposal, Refusal> {
    let group = group_list(name)[0];
    let mut found = select(policy, identity, offer)?;
    let both = policy.groups.contains(&group) && offer.groups.iter().flatten().any(|other| *other == group);
    if both && at(found.version) && found.group.is_some() && found.dh_bits.is_none() {
        found.group = Some(group);
    }
    Ok(found)
}
