//! Worlds for the two models: small lists that meet often, and now and then a fault.

use proptest::prelude::*;
use proptest::sample::{select as one_of, subsequence};

use super::*;
use crate::oracle::naive::World;

const TLS13: &str = "TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256";

/// What is signed, for new and for old versions.
const BY_RSA: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA \
    TLS_DHE_RSA_WITH_AES_128_GCM_SHA256 TLS_DHE_RSA_WITH_AES_128_CBC_SHA TLS_RSA_WITH_AES_128_CBC_SHA \
    TLS_RSA_PSK_WITH_AES_128_GCM_SHA256";
const BY_ECDSA: &str = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA \
    TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA";

/// What is not, what no key here signs, and what is never taken.
const OTHERS: &str = "TLS_DHE_DSS_WITH_AES_128_CBC_SHA TLS_RSA_WITH_AES_128_GCM_SHA256 TLS_RSA_WITH_RC4_128_SHA TLS_RSA_WITH_3DES_EDE_CBC_SHA \
    TLS_DH_anon_WITH_AES_128_CBC_SHA TLS_ECDH_anon_WITH_AES_128_CBC_SHA TLS_PSK_WITH_AES_128_CBC_SHA \
    TLS_DHE_PSK_WITH_AES_128_CBC_SHA TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA TLS_RSA_PSK_WITH_AES_128_CBC_SHA \
    TLS_ECDH_RSA_WITH_AES_128_CBC_SHA TLS_NULL_WITH_NULL_NULL TLS_RSA_EXPORT_WITH_RC4_40_MD5 \
    TLS_EMPTY_RENEGOTIATION_INFO_SCSV GREASE_3A3A";

const GROUPS: &str = "x25519 secp256r1 secp384r1 ffdhe2048 ffdhe3072 X25519MLKEM768 brainpoolP256r1 \
    GREASE_5A5A";

const SCHEMES: &str = "rsa_pss_rsae_sha256 rsa_pss_rsae_sha384 rsa_pkcs1_sha256 rsa_pkcs1_sha1 \
    ecdsa_secp256r1_sha256 ecdsa_secp384r1_sha384 ecdsa_sha1 ed25519 rsa_pkcs1_sha1 rsa_pkcs1_sha224 \
    ecdsa_sha1 rsa_pss_pss_sha256 rsa_pkcs1_sha256_legacy GREASE_7A7A";

/// Two lists out of one pool, each in an order of its own: the server's and the client's.
/// Each misses one in so many at most.
fn pair<T>(pool: impl Strategy<Value = Vec<T>>, missing: usize) -> impl Strategy<Value = (Vec<T>, Vec<T>)>
where
    T: Clone + std::fmt::Debug + 'static,
{
    pool.prop_flat_map(move |pool| {
        let least = pool.len() - pool.len() / missing;
        let list = || subsequence(pool.clone(), least..=pool.len()).prop_shuffle();
        (list(), list())
    })
}

/// A key, and suites most of which go with it.
fn keyed_suites() -> impl Strategy<Value = (Option<KeyType>, Vec<CipherSuite>)> {
    let some = |names, sizes| subsequence(suite_list(names), sizes);
    identity().prop_flat_map(move |identity| {
        let (own, others) = match identity {
            Some(KeyType::Rsa { .. }) => (BY_RSA, BY_ECDSA),
            Some(_) => (BY_ECDSA, BY_RSA),
            None => (OTHERS, BY_RSA),
        };
        let mixed = (some(TLS13, 1..=2), some(own, 1..=3), some(OTHERS, 0..=2));
        let mixed = mixed.prop_map(|(a, b, c)| [a, b, c].concat());
        let pool = prop_oneof![
            10 => mixed,
            2 => some(own, 1..=3),
            2 => some(OTHERS, 1..=4),
            1 => some(others, 1..=3),
        ];
        (Just(identity), pool)
    })
}

/// The server's versions, the client's version field, and its `supported_versions`.
type Versions = (Vec<ProtocolVersion>, ProtocolVersion, Option<Vec<ProtocolVersion>>);

fn versions() -> impl Strategy<Value = Versions> {
    use ProtocolVersion as V;
    let new = (
        one_of(vec![vec![V::TLS1_3], vec![V::TLS1_3], vec![V::TLS1_2, V::TLS1_3], vec![V::TLS1_2]]),
        one_of(vec![vec![V::TLS1_3], vec![V::TLS1_2, V::TLS1_3], vec![V(0x1A1A), V::TLS1_3, V::TLS1_2]]),
    );
    let new = new.prop_map(|(servers, list)| (servers, V::TLS1_2, Some(list)));
    let old = (
        subsequence(V::ALL[..4].to_vec(), 2..=4),
        one_of(vec![V::TLS1_2, V::TLS1_2, V::TLS1_2, V::TLS1_1, V::TLS1_0]),
    );
    let old = old.prop_map(|(servers, field)| (servers, field, None));
    let fields = vec![V(0x0200), V::SSL3, V::TLS1_0, V::TLS1_1, V::TLS1_2, V::TLS1_2, V::TLS1_3, V(0x0305)];
    let listed = [V::ALL.to_vec(), vec![V(0x1A1A), V(0x0305)]].concat();
    let list = proptest::option::of(subsequence(listed, 0..=7).prop_shuffle());
    let wild = (subsequence(V::ALL.to_vec(), 1..=5), one_of(fields), list);
    prop_oneof![5 => new, 3 => old, 2 => wild]
}

fn identity() -> impl Strategy<Value = Option<KeyType>> {
    prop_oneof![
        5 => Just(Some(RSA)),
        3 => Just(Some(P256)),
        1 => Just(Some(KeyType::Ecdsa { group: NamedGroup::SECP384R1 })),
        2 => Just(Some(KeyType::Ed25519)),
        4 => Just(None),
    ]
}

/// What is unusual about a hello.
#[derive(Debug, Clone)]
enum Oddity {
    Fallback,
    Compressions(Vec<u8>),
    Renegotiates,
    PointFormats(Vec<u8>),
    NoGroups,
    NoSchemes,
    /// No `signature_algorithms`, before a TLS 1.2 server that signs with SHA-1.
    Tls12WithoutSchemes,
    NoShares,
    NeitherGroupsNorShares,
    /// For groups that the client does not name, too.
    SharesForAll,
    PskModes(Option<Vec<u8>>),
    /// No curve of RFC 8422, or none named at all, and no point that the server can write.
    UnreadablePoints(Option<&'static str>),
    /// TLS 1.2 with these suites, before a server with ffdhe2048: of the finite fields the client names others.
    OtherFields(&'static str),
    /// An Ed25519 key before TLS 1.2, with a suite that an ECDSA key could play.
    OldEdDsa,
}

/// With a finite field, and some with a way out.
const WITH_A_FIELD: [&str; 4] = [
    "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 TLS_DH_anon_WITH_AES_128_CBC_SHA",
    "TLS_DHE_PSK_WITH_AES_128_CBC_SHA",
    "TLS_DHE_PSK_WITH_AES_128_CBC_SHA TLS_RSA_WITH_AES_128_CBC_SHA",
];

fn oddity() -> impl Strategy<Value = Option<Oddity>> {
    use Oddity as O;
    let odd = prop_oneof![
        5 => Just(O::Fallback),
        3 => one_of(vec![vec![1, 0], vec![0, 1], vec![1], vec![]]).prop_map(O::Compressions),
        2 => Just(O::Renegotiates),
        5 => one_of(vec![vec![0, 1], vec![1], vec![]]).prop_map(O::PointFormats),
        2 => Just(O::NoGroups),
        3 => Just(O::NoSchemes),
        7 => Just(O::Tls12WithoutSchemes),
        1 => Just(O::NoShares),
        4 => Just(O::NeitherGroupsNorShares),
        4 => Just(O::SharesForAll),
        2 => one_of(vec![None, Some(vec![11])]).prop_map(O::PskModes),
        3 => one_of(vec![None, Some("brainpoolP256r1")]).prop_map(O::UnreadablePoints),
        3 => one_of(WITH_A_FIELD.to_vec()).prop_map(O::OtherFields),
        1 => Just(O::OldEdDsa),
    ];
    proptest::option::weighted(0.6, odd)
}

fn with_oddity(world: World, oddity: Option<Oddity>) -> World {
    use Oddity as O;
    let World { policy, identity, offer } = world;
    let only = ProtocolVersion::TLS1_2;
    let tls12 = |policy, offer| {
        (
            Policy { versions: vec![only], ..policy },
            Offer { supported_versions: Some(vec![only]), legacy_version: only, ..offer },
        )
    };
    let (policy, offer) = match oddity {
        None => (policy, offer),
        Some(O::OldEdDsa) => return old_eddsa(policy, offer),
        Some(O::Fallback) => (policy, Offer { fallback_scsv: true, ..offer }),
        Some(O::Compressions(compressions)) => (policy, Offer { compressions, ..offer }),
        Some(O::Renegotiates) => (policy, Offer { renegotiates: true, renegotiation_info: true, ..offer }),
        Some(O::PointFormats(formats)) => (policy, Offer { point_formats: Some(formats), ..offer }),
        Some(O::NoGroups) => (policy, Offer { groups: None, ..offer }),
        Some(O::NoSchemes) => (policy, Offer { schemes: None, ..offer }),
        Some(O::Tls12WithoutSchemes) => {
            let (policy, offer) = tls12(policy, offer);
            let schemes = [scheme_list("ecdsa_sha1 rsa_pkcs1_sha1"), policy.schemes].concat();
            (Policy { schemes, ..policy }, Offer { schemes: None, ..offer })
        }
        Some(O::NoShares) => (policy, Offer { key_shares: None, ..offer }),
        Some(O::NeitherGroupsNorShares) => (policy, Offer { groups: None, key_shares: None, ..offer }),
        Some(O::SharesForAll) => (policy, Offer { key_shares: Some(group_list(GROUPS)), ..offer }),
        Some(O::PskModes(psk_modes)) => (policy, Offer { psk_modes, ..offer }),
        Some(O::UnreadablePoints(groups)) => {
            let (policy, offer) = tls12(policy, offer);
            let ours = [group_list("brainpoolP256r1"), policy.groups].concat();
            let theirs = groups.map(group_list);
            (
                Policy { groups: ours, ..policy },
                Offer { groups: theirs, point_formats: Some(vec![1]), ..offer },
            )
        }
        Some(O::OtherFields(suites)) => {
            let (policy, offer) = tls12(policy, offer);
            let suites = suite_list(suites);
            let foreign = |group: &NamedGroup| *group != NamedGroup::FFDHE2048;
            // 0x01FF is nobody's: RFC 7919 4 counts it all the same.
            let named = offer.groups.into_iter().flatten().filter(foreign).chain([NamedGroup(0x01FF)]);
            let named = named.collect();
            let groups = group_list("ffdhe2048 x25519");
            (
                Policy { groups, dhe_bits: None, suites: suites.clone(), ..policy },
                Offer { groups: Some(named), suites, ..offer },
            )
        }
    };
    World { policy, identity, offer }
}

fn old_eddsa(policy: Policy, offer: Offer) -> World {
    let suite = || suite_list("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA");
    let policy = Policy {
        versions: vec![ProtocolVersion::TLS1_0, ProtocolVersion::TLS1_1],
        suites: [suite(), policy.suites].concat(),
        groups: group_list("secp256r1"),
        ..policy
    };
    let offer = Offer {
        legacy_version: ProtocolVersion::TLS1_1,
        supported_versions: None,
        key_shares: None,
        suites: [offer.suites, suite()].concat(),
        groups: Some(group_list("x25519 secp256r1")),
        ..offer
    };
    World { policy, identity: Some(KeyType::Ed25519), offer }
}

prop_compose! {
    pub(super) fn world()(
        (versions, legacy_version, supported_versions) in versions(),
        order in one_of(vec![Order::Server, Order::Client]),
        (identity, (suites, offered_suites)) in
            keyed_suites().prop_flat_map(|(identity, pool)| (Just(identity), pair(Just(pool), 3))),
        (groups, offered_groups) in pair(subsequence(group_list(GROUPS), 2..=5), 2),
        (schemes, offered_schemes) in pair(subsequence(scheme_list(SCHEMES), 4..=7), 2),
        dhe_bits in proptest::option::weighted(0.2, one_of(vec![1024, 2048])),
        shares in 0..=2_usize,
        offers_psk in proptest::bool::weighted(0.65),
        psk_modes in one_of(vec![None, Some(vec![0]), Some(vec![1]), Some(vec![1, 0]), Some(vec![0, 1])]),
        renegotiation_info in any::<bool>(),
        has_psk_alone in proptest::bool::weighted(0.07),
        oddity in oddity(),
    ) -> World {
        let base = policy(ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_2, "");
        let only = |version| vec![version];
        let v13 = ProtocolVersion::TLS1_3;
        let (identity, versions, supported_versions) = match has_psk_alone {
            true => (None, only(v13), Some(only(v13))),
            false => (identity, versions, supported_versions),
        };
        let offer = Offer {
            legacy_version,
            suites: offered_suites,
            compressions: vec![0],
            // Clients of TLS 1.3 have shares for groups that they name, or ask to be asked.
            key_shares: supported_versions.is_some().then(|| offered_groups.iter().rev().take(shares).copied().collect()),
            supported_versions,
            groups: Some(offered_groups),
            schemes: Some(offered_schemes),
            offers_psk: offers_psk && psk_modes.is_some(),
            psk_modes,
            renegotiation_info,
            ..Offer::new(legacy_version)
        };
        let policy = Policy { versions, order, suites, groups, schemes, dhe_bits, ..base };
        with_oddity(World { policy, identity, offer }, oddity)
    }
}
