//! The oracle beside the naive model, in worlds of any policy and hello.

use crate::observe::offer_of;
use crate::oracle::naive::{self, Kx, World};
use crate::oracle::{KeyType, Offer, Proposal, RefusalReason, select};
use crate::policy::{Order, Policy};
use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::wire::{ClientHello, Extension};

use super::Seen;
use super::draw::Draw;
use super::hello::{Scope, client_hello};

pub(super) const KEYS: [Option<KeyType>; 5] = [
    Some(KeyType::Rsa { bits: 2048 }),
    Some(KeyType::Ecdsa { group: NamedGroup::SECP256R1 }),
    Some(KeyType::Ecdsa { group: NamedGroup::SECP384R1 }),
    Some(KeyType::Ed25519),
    None,
];

const MOST_SUITES: usize = 3;
const MOST_GROUPS: usize = 2;
const MOST_SCHEMES: usize = 2;

/// A session, or the reason of a refusal with its alerts.
type Answer = Result<Proposal, (RefusalReason, Vec<u8>)>;

pub(super) fn model(input: &[u8]) -> Seen {
    let (world, grease) = drawn(input);
    play(&world, grease)
}

/// A world, and which GREASE value is put in.
pub(super) fn drawn(input: &[u8]) -> (World, u8) {
    let mut draw = Draw::new(input);
    let identity = draw.pick(&KEYS);
    let policy = policy(&mut draw);
    let mut offer = offer_of(&short(client_hello(&mut draw, &policy, Scope::Any)));
    if draw.chance(4) {
        offer.offers_psk = draw.coin();
        offer.psk_modes = Some(draw.list(2, |draw| draw.byte() % 3));
    }
    (World { policy, identity, offer }, draw.byte())
}

pub(super) fn play(world: &World, grease: u8) -> Seen {
    let answer = oracle(world);
    let naive = naive::answer(world).map_err(|reason| (reason, naive::wanted_alerts(world, reason).to_vec()));
    assert_eq!(answer, naive, "ORACLE model: the oracle (left) and the naive model differ in {world:#?}");
    if let Ok(proposal) = &answer {
        obeys(world, proposal);
    }
    unchanged_by_strangers(world, &answer, grease);
    Seen::new(match &answer {
        Ok(proposal) => format!("{} {:?}", proposal.version, naive::kx(proposal.suite)),
        Err((reason, _)) => format!("{reason:?}"),
    })
}

/// The naive model tries every combination: what it takes grows with the product of the lists.
fn short(mut hello: ClientHello) -> ClientHello {
    let mut suites = 0;
    hello.cipher_suites.retain(|suite| {
        let is_signal =
            *suite == CipherSuite::FALLBACK_SCSV || *suite == CipherSuite::EMPTY_RENEGOTIATION_INFO_SCSV;
        suites += usize::from(!is_signal);
        is_signal || suites <= MOST_SUITES
    });
    for extension in hello.extensions.iter_mut().flatten() {
        match extension {
            Extension::SupportedGroups(list) => list.truncate(MOST_GROUPS),
            Extension::SignatureAlgorithms(list) => list.truncate(MOST_SCHEMES),
            _ => {}
        }
    }
    hello
}

fn oracle(world: &World) -> Answer {
    select(&world.policy, world.identity.as_ref(), &world.offer)
        .map_err(|refusal| (refusal.reason, refusal.alerts.iter().map(|alert| alert.0).collect()))
}

/// Small lists, so that they meet.
fn policy(draw: &mut Draw<'_>) -> Policy {
    let chosen = draw.byte();
    let is_chosen = |at: usize| chosen >> at & 1 == 1;
    let all = ProtocolVersion::ALL.into_iter().enumerate();
    let mut versions: Vec<_> = all.filter(|(at, _)| is_chosen(*at)).map(|(_, version)| version).collect();
    if versions.is_empty() {
        versions.push(ProtocolVersion::TLS1_2);
    }
    let suites = draw.list(MOST_SUITES, |draw| {
        let version = draw.pick(&versions);
        draw.suite_of(version)
    });
    Policy {
        id: String::new(),
        title: String::new(),
        order: if draw.coin() { Order::Server } else { Order::Client },
        suites,
        groups: draw.list(MOST_GROUPS, usual_group),
        schemes: draw.list(MOST_SCHEMES, Draw::scheme),
        dhe_bits: draw.chance(4).then_some(2048),
        versions,
        suites_from: None,
        provenance: None,
    }
}

fn usual_group(draw: &mut Draw<'_>) -> NamedGroup {
    if draw.chance(4) {
        return draw.group();
    }
    draw.pick(&[NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::FFDHE2048])
}

/// What both could get wrong alike: said once more, from the lists alone.
fn obeys(world: &World, proposal: &Proposal) {
    let World { policy, offer, .. } = world;
    assert!(policy.versions.contains(&proposal.version), "ORACLE version: not the policy's in {world:#?}");
    let is_offered = match &offer.supported_versions {
        Some(list) => list.contains(&proposal.version),
        None => proposal.version <= offer.legacy_version && proposal.version < ProtocolVersion::TLS1_3,
    };
    assert!(is_offered, "ORACLE version: not offered in {world:#?}");
    assert!(policy.suites.contains(&proposal.suite), "ORACLE suite: not the policy's in {world:#?}");
    assert!(offer.suites.contains(&proposal.suite), "ORACLE suite: not offered in {world:#?}");
    let has_key_exchange = proposal.group.is_some() || proposal.dh_bits.is_some();
    match naive::kx(proposal.suite) {
        Kx::EcdheRsa | Kx::EcdheEcdsa | Kx::EcdhAnon | Kx::EcdhePsk => {
            assert!(
                proposal.group.is_some(),
                "ORACLE non-PFS: an ephemeral exchange without a group in {world:#?}"
            );
        }
        Kx::Tls13 => {
            assert!(
                proposal.group.is_some() != proposal.psk_ke,
                "ORACLE non-PFS: neither group nor psk_ke in {world:#?}"
            );
        }
        // The size of the server's own field need not be known.
        Kx::DheRsa | Kx::DheDss | Kx::DhAnon | Kx::DhePsk => {}
        Kx::Rsa | Kx::RsaPsk | Kx::Psk => {
            assert!(!has_key_exchange, "ORACLE non-PFS: a group where nothing is exchanged in {world:#?}");
        }
        Kx::NotPlayed => panic!("ORACLE suite: one that nobody plays in {world:#?}"),
    }
}

/// GREASE and values that nobody knows change nothing (RFC 8701 2, RFC 8446 4.2).
fn unchanged_by_strangers(world: &World, answer: &Answer, which: u8) {
    let grease = u16::from(which >> 4) * 0x1010 + 0x0A0A;
    let mut offer = world.offer.clone();
    offer.suites.insert(0, CipherSuite(grease));
    // A list of strangers alone is one that states something, so only lists that are there are added to.
    let lists = [&mut offer.groups, &mut offer.key_shares];
    lists
        .into_iter()
        .flatten()
        .filter(|list| !list.is_empty())
        .for_each(|list| list.insert(0, NamedGroup(grease)));
    if let Some(schemes) = offer.schemes.as_mut().filter(|list| !list.is_empty()) {
        schemes.insert(0, SignatureScheme(grease));
    }
    if let Some(versions) = offer.supported_versions.as_mut().filter(|list| !list.is_empty()) {
        versions.push(ProtocolVersion(grease));
    }
    let greased = World { offer: Offer { ..offer }, ..world.clone() };
    assert_eq!(oracle(&greased), *answer, "ORACLE grease: strangers change the answer in {world:#?}");
}
