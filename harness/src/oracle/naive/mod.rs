//! A second model of an honest server, written to be obviously right and not to be fast: every combination
//! of version, suite, group, scheme and retry is put up, one predicate per rule strikes out (a rule that looks at the
//! version alone all combinations of that version at once), and of what is left the first by order is the answer.
//!
//! It shares the registry and the plain data types with the oracle, and none of its functions; `tests/layers.rs`
//! holds that.

mod rules;

use crate::policy::{Order, Policy};
use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

use super::{KeyType, Offer, Proposal, RefusalReason};
use RefusalReason as R;
pub use rules::{Kx, kx};

/// Everything that a server's answer follows from.
#[derive(Debug, Clone)]
pub struct World {
    pub policy: Policy,
    pub identity: Option<KeyType>,
    pub offer: Offer,
}

/// A suite, and what its name says of the key exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suite {
    pub suite: CipherSuite,
    pub kx: Kx,
}

/// One answer that a server could give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Combination {
    pub version: ProtocolVersion,
    pub suite: Suite,
    pub group: Option<NamedGroup>,
    pub scheme: Option<SignatureScheme>,
    pub retry: bool,
}

/// What an answer must not break, and the reason of a refusal if every answer breaks it. In the order in
/// which a handshake comes to them: first those that look at the version alone, then at the suite, then at the rest.
type Rules<F, const N: usize> = [(RefusalReason, F); N];

const OF_VERSION: Rules<fn(&World, ProtocolVersion) -> bool, 13> = [
    (R::InappropriateFallback, rules::is_no_bad_fallback),
    (R::NoCommonVersion, rules::version_is_the_servers),
    (R::NoCommonVersion, rules::version_is_the_clients),
    (R::NoCommonVersion, rules::version_is_the_highest),
    (R::Compression, rules::null_compression_is_offered),
    (R::Compression, rules::compression_is_one_zero),
    (R::Renegotiation, rules::is_a_first_handshake),
    (R::PointFormats, rules::point_formats_fit_the_curves),
    (R::NoPsk, rules::psk_server_is_offered_a_psk),
    (R::MissingExtension, rules::psk_comes_with_its_modes),
    (R::MissingExtension, rules::groups_come_with_shares),
    (R::MissingExtension, rules::hello_without_psk_has_schemes_and_groups),
    (R::NoPsk, rules::hello_allows_a_certificate),
];

const OF_SUITE: Rules<fn(&World, ProtocolVersion, &Suite) -> bool, 5> = [
    (R::NoCommonSuite, rules::suite_is_offered),
    (R::NoCommonSuite, rules::suite_is_the_servers),
    (R::NoCommonSuite, rules::suite_is_of_the_version),
    (R::NoCommonSuite, rules::exchange_is_played),
    (R::NoUsableCertificate, rules::certificate_fits_the_suite),
];

const OF_THE_REST: Rules<fn(&World, &Combination) -> bool, 13> = [
    (R::NoCommonScheme, rules::there_is_a_scheme_where_one_is_named),
    (R::NoCommonScheme, rules::scheme_is_the_servers),
    (R::NoCommonScheme, rules::scheme_is_the_clients),
    (R::NoCommonScheme, rules::scheme_is_of_the_version),
    (R::NoCommonScheme, rules::scheme_is_of_the_key),
    (R::NoPsk, rules::psk_mode_is_the_clients),
    (R::NoCommonGroup, rules::curve_of_the_certificate_is_the_clients),
    (R::NoCommonGroup, rules::there_is_a_group_where_one_is_needed),
    (R::NoCommonGroup, rules::group_is_the_servers),
    (R::NoCommonGroup, rules::group_is_of_the_version_and_suite),
    (R::NoCommonGroup, rules::group_is_the_clients),
    (R::NoCommonGroup, rules::points_of_the_curve_can_be_read),
    (R::NoCommonFiniteField, rules::field_is_the_clients),
];

/// Says only which of two twins is meant, so it never decides between a session and a refusal.
const TWIN: fn(&World, &Combination) -> bool = rules::retry_exactly_without_a_share;

/// The alerts of a refusal, the proper one first: as the texts name them, by number (RFC 8446 6, RFC 7507 2).
///
/// The rest is what stacks send instead; close_notify is all that s2n says where nothing is in common.
pub fn wanted_alerts(w: &World, reason: RefusalReason) -> &'static [u8] {
    match reason {
        // RFC 7507 3. Where no version is in common either, a server may find that first.
        R::InappropriateFallback if has_common_version(w) => &[86],
        R::InappropriateFallback => &[86, 70, 40],
        // RFC 5246 E.1, RFC 8446 4.2.1.
        R::NoCommonVersion => &[70, 40],
        // RFC 8446 4.1.2; RFC 5246 7.4.1.2 names none.
        R::Compression => &[47, 50, 40],
        // RFC 5746 3.6 names none.
        R::Renegotiation => &[40, 47],
        // RFC 8422 5.1.2.
        R::PointFormats => &[47, 40],
        // RFC 8446 9.2.
        R::MissingExtension => &[109, 40],
        // RFC 8446 4.2.11, 6.2.
        R::NoPsk => &[40, 71, 109, 115],
        // RFC 5246 7.4.1.3, RFC 8422 5.1, RFC 8446 4.1.1.
        R::NoCommonSuite | R::NoUsableCertificate | R::NoCommonScheme | R::NoCommonGroup => &[40, 71, 0],
        // RFC 7919 4.
        R::NoCommonFiniteField => &[71, 40, 0],
    }
}

fn has_common_version(w: &World) -> bool {
    ProtocolVersion::ALL.into_iter().any(|v| rules::server_has(w, v) && rules::client_allows(w, v))
}

/// The session, or the reason of the refusal: that of the rule that strikes out the last answers.
pub fn answer(w: &World) -> Result<Proposal, RefusalReason> {
    let mut best: Option<(Rank, Combination)> = None;
    // The rule that was come to, and the reason that goes with it.
    let mut furthest = (0, OF_VERSION[0].0);
    let mut strike = |at: usize, reason: RefusalReason| {
        if at > furthest.0 {
            furthest = (at, reason);
        }
    };
    let suites = suites(w);
    for version in ProtocolVersion::ALL {
        // What looks at the version alone strikes out all that it goes with.
        if let Some(at) = OF_VERSION.iter().position(|(_, holds)| !holds(w, version)) {
            strike(at, OF_VERSION[at].0);
            continue;
        }
        for suite in &suites {
            if let Some(at) = OF_SUITE.iter().position(|(_, holds)| !holds(w, version, suite)) {
                strike(OF_VERSION.len() + at, OF_SUITE[at].0);
                continue;
            }
            for c in combinations(w, version, *suite) {
                match OF_THE_REST.iter().position(|(_, holds)| !holds(w, &c)) {
                    Some(at) => strike(OF_VERSION.len() + OF_SUITE.len() + at, OF_THE_REST[at].0),
                    None if !TWIN(w, &c) => {}
                    None => {
                        let rank = rank(w, &c);
                        if best.as_ref().is_none_or(|(first, _)| rank < *first) {
                            best = Some((rank, c));
                        }
                    }
                }
            }
        }
    }
    match best {
        Some((_, c)) => Ok(proposal(w, &c)),
        None => Err(furthest.1),
    }
}

/// What either side names, and one that no rule lets through, so that there is an answer to strike out.
fn suites(w: &World) -> Vec<Suite> {
    let named = either(&[CipherSuite(0)], &either(&w.policy.suites, &w.offer.suites));
    named.into_iter().map(|suite| Suite { suite, kx: kx(suite) }).collect()
}

/// A version and a suite with everything that either side names beside them.
fn combinations(w: &World, version: ProtocolVersion, suite: Suite) -> Vec<Combination> {
    let groups = optional(&w.policy.groups, w.offer.groups.as_deref());
    let schemes = optional(&w.policy.schemes, w.offer.schemes.as_deref());
    let mut all = Vec::new();
    for group in groups {
        for scheme in &schemes {
            for retry in [false, true] {
                all.push(Combination { version, suite, group, scheme: *scheme, retry });
            }
        }
    }
    all
}

fn either<T: Copy + PartialEq>(a: &[T], b: &[T]) -> Vec<T> {
    let mut both = Vec::new();
    for item in a.iter().chain(b) {
        if !both.contains(item) {
            both.push(*item);
        }
    }
    both
}

fn optional<T: Copy + PartialEq>(ours: &[T], theirs: Option<&[T]>) -> Vec<Option<T>> {
    let named = either(ours, theirs.unwrap_or_default());
    std::iter::once(None).chain(named.into_iter().map(Some)).collect()
}

/// What comes first: the suite; a group before none (`psk_dhe_ke` before `psk_ke`); a share that is there
/// before a retry; the group; the scheme. Lower is better.
type Rank = (usize, bool, bool, usize, usize);

fn rank(w: &World, c: &Combination) -> Rank {
    let order = w.policy.order;
    (
        place(order, &w.policy.suites, Some(&w.offer.suites), Some(c.suite.suite)),
        c.group.is_none(),
        c.retry,
        place(order, &w.policy.groups, w.offer.groups.as_deref(), c.group),
        place(order, &w.policy.schemes, w.offer.schemes.as_deref(), c.scheme),
    )
}

/// The place in the list of the one whose order decides; in the server's, if the client left the choice.
fn place<T: PartialEq>(order: Order, ours: &[T], theirs: Option<&[T]>, item: Option<T>) -> usize {
    let Some(item) = item else { return 0 };
    let within = |list: &[T]| list.iter().position(|other| *other == item);
    match order {
        Order::Server => within(ours),
        Order::Client => theirs.and_then(within).or_else(|| within(ours)),
    }
    .unwrap_or(usize::MAX)
}

/// What follows from the combination.
fn proposal(w: &World, c: &Combination) -> Proposal {
    use Kx as K;
    let is_13 = c.version == ProtocolVersion::TLS1_3;
    let own_bits = match c.suite.kx {
        K::DheRsa | K::DheDss | K::DhAnon | K::DhePsk => w.policy.dhe_bits,
        _ => None,
    };
    let shows_rsa = is_13 || matches!(c.suite.kx, K::Rsa | K::RsaPsk | K::DheRsa | K::EcdheRsa);
    let certificate_bits = match w.identity {
        Some(KeyType::Rsa { bits }) if shows_rsa => Some(bits),
        _ => None,
    };
    Proposal {
        version: c.version,
        suite: c.suite.suite,
        group: c.group,
        dh_bits: own_bits.or(c.group.and_then(rules::field_bits)),
        psk_ke: is_13 && c.group.is_none(),
        certificate_bits,
        scheme: c.scheme,
        hello_retry: c.retry,
        // RFC 5746 3.6; RFC 8446 4.1.3.
        renegotiation_info: !is_13 && w.offer.renegotiation_info,
    }
}
