//! Signals and extensions that show in a first flight.

use std::ops::RangeInclusive;

use crate::registry::{AlertDescription, CipherSuite, ProtocolVersion};
use crate::wire::handshake::{DOWNGRADE_TO_TLS11, DOWNGRADE_TO_TLS12};

use super::ask::{Asker, Refusal, Reply};
use super::known::Known;
use super::proposed::Proposed;
use super::question::Question;
use super::suites::Accepted;

/// Why there is nothing to be said of versions of which none was seen to be accepted.
pub fn without(
    all: &[Accepted],
    versions: RangeInclusive<ProtocolVersion>,
    moot: &'static str,
) -> Known<bool> {
    let unknown = all.iter().filter(|found| versions.contains(&found.version)).find_map(Accepted::unknown);
    unknown.cloned().map_or(Known::Moot(moot), Known::Unknown)
}

pub const OLD: RangeInclusive<ProtocolVersion> = ProtocolVersion::SSL3..=ProtocolVersion::TLS1_2;
pub const NO_OLD_VERSION: &str = "nothing older than TLS 1.3";
/// SSL 3 has no extensions.
pub const WITH_EXTENSIONS: RangeInclusive<ProtocolVersion> =
    ProtocolVersion::TLS1_0..=ProtocolVersion::TLS1_2;
pub const NO_EXTENSIONS: &str = "no TLS 1.0 to 1.2";

/// Why there are not two versions.
fn without_two(all: &[Accepted]) -> Known<bool> {
    let is_none = all.iter().all(|found| found.suites.is_empty());
    let moot = if is_none { "no version is accepted" } else { "only one version" };
    without(all, ProtocolVersion::SSL3..=ProtocolVersion::TLS1_3, moot)
}

/// Whether every flight up to TLS 1.2 answers an extension that its hello had.
fn answers(
    all: &[Accepted],
    has: fn(&Proposed) -> bool,
    versions: RangeInclusive<ProtocolVersion>,
    moot: &'static str,
) -> Known<bool> {
    let mut flights =
        all.iter().filter(|found| versions.contains(&found.version)).flat_map(|found| &found.proposed);
    match flights.next() {
        None => without(all, versions, moot),
        Some(first) => Known::Is(has(first) && flights.all(has)),
    }
}

/// RFC 5746 3.6. In SSL 3 a signal stands for the extension.
pub fn secure_renegotiation(all: &[Accepted]) -> Known<bool> {
    answers(all, |proposed| proposed.has_renegotiation_info, OLD, NO_OLD_VERSION)
}

/// RFC 7627 5.1.
pub fn extended_master_secret(all: &[Accepted]) -> Known<bool> {
    answers(all, |proposed| proposed.has_extended_master_secret, WITH_EXTENSIONS, NO_EXTENSIONS)
}

/// RFC 8446 4.1.3: whether every flight below the server's newest version warns of the downgrade.
pub fn downgrade_sentinel(all: &[Accepted]) -> Known<bool> {
    let mut versions: Vec<&Accepted> = all.iter().filter(|found| !found.suites.is_empty()).collect();
    versions.sort_by_key(|found| found.version);
    let [lower @ .., newest] = &versions[..] else { return without_two(all) };
    let warns = |found: &&Accepted| {
        let is_tls12 = found.version == ProtocolVersion::TLS1_2;
        let wanted = if is_tls12 { DOWNGRADE_TO_TLS12 } else { DOWNGRADE_TO_TLS11 };
        found.proposed.iter().all(|proposed| proposed.end_of_random == wanted)
    };
    if newest.version >= ProtocolVersion::TLS1_2 && !lower.iter().all(warns) {
        return Known::Is(false);
    }
    // By a newer version that nobody can tell of, more flights would have to warn.
    let newer = all.iter().filter(|found| found.version > newest.version).find_map(Accepted::unknown);
    match newer {
        Some(trouble) => Known::Unknown(trouble.clone()),
        None if lower.is_empty() => without_two(all),
        None if newest.version < ProtocolVersion::TLS1_2 => Known::Moot("nothing newer than TLS 1.1"),
        None => Known::Is(true),
    }
}

/// RFC 7507 3: a hello that says it is a second try, below the newest version.
pub fn fallback_scsv(asker: &mut Asker<'_>, all: &[Accepted], server_name: Option<&str>) -> Known<bool> {
    let mut versions: Vec<&Accepted> = all.iter().filter(|found| !found.suites.is_empty()).collect();
    versions.sort_by_key(|found| found.version);
    let [.., below, _] = versions[..] else { return without_two(all) };
    let mut question = Question::new(below.version, below.suites.clone(), below.size, server_name);
    question.signals.push(CipherSuite::FALLBACK_SCSV);
    match asker.ask(&question.hello()) {
        Reply::Flight(_) | Reply::Abandoned(..) => Known::Is(false),
        Reply::Refused(Refusal { alert }) => {
            Known::Is(alert == Some(AlertDescription::INAPPROPRIATE_FALLBACK))
        }
        Reply::Trouble(trouble) => Known::Unknown(trouble),
    }
}

/// Compression methods with a number: DEFLATE (RFC 3749) and LZS (RFC 3943).
const COMPRESSIONS: [u8; 2] = [1, 64];

/// Whether the server picks compression where the client offers it first.
pub fn compression(asker: &mut Asker<'_>, all: &[Accepted], server_name: Option<&str>) -> Known<bool> {
    let old = all.iter().filter(|found| !found.suites.is_empty() && OLD.contains(&found.version));
    let Some(found) = old.max_by_key(|found| found.version) else {
        return without(all, OLD, NO_OLD_VERSION);
    };
    let mut question = Question::new(found.version, found.suites.clone(), found.size, server_name);
    question.compression = [&COMPRESSIONS[..], &[0]].concat();
    match asker.ask(&question.hello()) {
        Reply::Flight(flight) | Reply::Abandoned(flight, _) => {
            Known::Is(flight.hello.compression_method != 0)
        }
        // It takes the null method only when it is alone.
        Reply::Refused(_) => Known::Is(false),
        Reply::Trouble(trouble) => Known::Unknown(trouble),
    }
}
