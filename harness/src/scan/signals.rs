//! Signals and extensions that show in a first flight.

use crate::registry::{AlertDescription, CipherSuite, ProtocolVersion};
use crate::wire::handshake::{DOWNGRADE_TO_TLS11, DOWNGRADE_TO_TLS12};

use super::ask::{Asker, Refusal, Reply};
use super::known::Known;
use super::proposed::Proposed;
use super::question::Question;
use super::suites::Accepted;

const NO_OLD_VERSION: &str = "only TLS 1.3";
const ONE_VERSION: &str = "only one version";

/// Whether every flight up to TLS 1.2 answers an extension that its hello had. SSL 3 has no extensions, but for the
/// one that a signal stands for.
fn answers(accepted: &[&Accepted], has: fn(&Proposed) -> bool, oldest: ProtocolVersion) -> Known<bool> {
    let flights = accepted.iter().filter(|found| (oldest..ProtocolVersion::TLS1_3).contains(&found.version));
    let mut flights = flights.flat_map(|found| &found.proposed).peekable();
    if flights.peek().is_none() {
        return Known::Moot(NO_OLD_VERSION);
    }
    Known::Is(flights.all(has))
}

/// RFC 5746 3.6.
pub fn secure_renegotiation(accepted: &[&Accepted]) -> Known<bool> {
    answers(accepted, |proposed| proposed.has_renegotiation_info, ProtocolVersion::SSL3)
}

/// RFC 7627 5.1.
pub fn extended_master_secret(accepted: &[&Accepted]) -> Known<bool> {
    answers(accepted, |proposed| proposed.has_extended_master_secret, ProtocolVersion::TLS1_0)
}

/// RFC 8446 4.1.3: whether every flight below the server's newest version warns of the downgrade.
pub fn downgrade_sentinel(accepted: &[&Accepted]) -> Known<bool> {
    let Some(newest) = accepted.iter().map(|found| found.version).max() else {
        return Known::Moot(ONE_VERSION);
    };
    if newest < ProtocolVersion::TLS1_2 {
        return Known::Moot("nothing newer than TLS 1.1");
    }
    let mut lower = accepted.iter().filter(|found| found.version < newest).peekable();
    if lower.peek().is_none() {
        return Known::Moot(ONE_VERSION);
    }
    Known::Is(lower.all(|found| {
        let wanted =
            if found.version == ProtocolVersion::TLS1_2 { DOWNGRADE_TO_TLS12 } else { DOWNGRADE_TO_TLS11 };
        found.proposed.iter().all(|proposed| proposed.end_of_random == wanted)
    }))
}

/// RFC 7507 3: a hello that says it is a second try, below the newest version.
pub fn fallback_scsv(
    asker: &mut Asker<'_>,
    accepted: &[&Accepted],
    server_name: Option<&str>,
) -> Known<bool> {
    let mut versions: Vec<&&Accepted> = accepted.iter().collect();
    versions.sort_by_key(|found| found.version);
    let [.., below, _] = versions[..] else { return Known::Moot(ONE_VERSION) };
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
pub fn compression(asker: &mut Asker<'_>, accepted: &[&Accepted], server_name: Option<&str>) -> Known<bool> {
    let old = accepted.iter().filter(|found| found.version < ProtocolVersion::TLS1_3);
    let Some(found) = old.max_by_key(|found| found.version) else { return Known::Moot(NO_OLD_VERSION) };
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
