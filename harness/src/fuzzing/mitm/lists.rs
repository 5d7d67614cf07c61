//! Edit lists out of a fuzzer's bytes, biased to what applies.

use crate::edit::{Change, Edit, Place, Sender, Sentinel};
use crate::fuzzing::cell::Cell;
use crate::fuzzing::draw::Draw;
use crate::fuzzing::session::clear;
use crate::registry::AlertDescription;
use crate::wire::{Alert, AlertLevel, ContentType, ExtensionType, HandshakeType, RecordDeframer};

use super::pair::{Pair, pair};

/// Edits of one list: an attack that needs more is beyond what a fuzzer finds.
const MOST_EDITS: usize = 4;
/// Bytes of a value that is drawn raw.
const MOST_RAW: usize = 24;

/// Extensions by which something is negotiated or protected; others are drawn by number.
const EXTENSIONS: [ExtensionType; 12] = [
    ExtensionType::SUPPORTED_VERSIONS,
    ExtensionType::KEY_SHARE,
    ExtensionType::SUPPORTED_GROUPS,
    ExtensionType::SIGNATURE_ALGORITHMS,
    ExtensionType::EXTENDED_MASTER_SECRET,
    ExtensionType::RENEGOTIATION_INFO,
    ExtensionType::EC_POINT_FORMATS,
    ExtensionType::ENCRYPT_THEN_MAC,
    ExtensionType::SESSION_TICKET,
    ExtensionType::PSK_KEY_EXCHANGE_MODES,
    ExtensionType::PRE_SHARED_KEY,
    ExtensionType::SERVER_NAME,
];

const CONTENT_TYPES: [ContentType; 4] = [
    ContentType::CHANGE_CIPHER_SPEC,
    ContentType::ALERT,
    ContentType::HANDSHAKE,
    ContentType::APPLICATION_DATA,
];

const ALERTS: [AlertDescription; 5] = [
    AlertDescription::CLOSE_NOTIFY,
    AlertDescription::UNEXPECTED_MESSAGE,
    AlertDescription::HANDSHAKE_FAILURE,
    AlertDescription(90), // user_canceled
    AlertDescription(41), // no_certificate, of SSL 3
];

/// Bytes that have run out mean no edits.
pub(super) fn list(draw: &mut Draw<'_>, pair: &Pair) -> Vec<Edit> {
    draw.list(MOST_EDITS, |draw| {
        let at = place(draw, pair.cell);
        Edit { at, change: change(draw, at, pair.cell) }
    })
}

fn place(draw: &mut Draw<'_>, cell: &Cell) -> Place {
    let nth = if draw.chance(16) { 1 + u32::from(draw.byte()) } else { 1 };
    match draw.below(8) {
        0 | 1 => Place::Message { typ: HandshakeType::CLIENT_HELLO, nth },
        2 | 3 => Place::Message { typ: HandshakeType::SERVER_HELLO, nth },
        4 => {
            let version = cell.plan.version;
            let mut seen = clear(&cell.honest.to_client, version);
            seen.extend(clear(&cell.honest.to_server, version));
            let typ = if seen.is_empty() || draw.chance(16) {
                HandshakeType(draw.byte())
            } else {
                seen[draw.below(seen.len())].0
            };
            Place::Message { typ, nth }
        }
        _ => {
            let (sender, bytes) = match draw.coin() {
                false => (Sender::Client, &cell.honest.to_server),
                true => (Sender::Server, &cell.honest.to_client),
            };
            let within = u32::try_from(draw.below(sizes(bytes).len().max(1))).unwrap_or(0);
            Place::Record { sender, nth: nth + within }
        }
    }
}

/// The payload sizes of a stream's records.
fn sizes(bytes: &[u8]) -> Vec<usize> {
    let mut records = RecordDeframer::new();
    records.push(bytes);
    std::iter::from_fn(|| records.next().ok().flatten()).map(|record| record.payload.len()).collect()
}

fn change(draw: &mut Draw<'_>, at: Place, cell: &Cell) -> Change {
    match at {
        Place::Record { sender, nth } => of_record(draw, sender, nth, cell),
        Place::Message { typ, .. } => match (draw.below(3), typ) {
            (0 | 1, HandshakeType::CLIENT_HELLO) => of_client_hello(draw),
            (0 | 1, HandshakeType::SERVER_HELLO) => of_server_hello(draw),
            _ => of_message(draw, typ),
        },
    }
}

fn of_client_hello(draw: &mut Draw<'_>) -> Change {
    match draw.below(6) {
        0 => Change::SetVersion(draw.version()),
        1 => Change::OfferSuites(draw.list(3, Draw::suite)),
        2 => Change::OfferGroups(draw.list(3, Draw::group)),
        3 => Change::OfferSchemes(draw.list(3, Draw::scheme)),
        4 => Change::RemoveExtension(extension(draw)),
        _ => Change::InsertExtension(extension(draw), draw.bytes(MOST_RAW)),
    }
}

fn of_server_hello(draw: &mut Draw<'_>) -> Change {
    match draw.below(5) {
        0 => Change::SetVersion(draw.version()),
        1 => Change::SetSuite(draw.suite()),
        2 => Change::SetSentinel(draw.pick(&Sentinel::ALL)),
        3 => Change::RemoveExtension(extension(draw)),
        _ => Change::InsertExtension(extension(draw), draw.bytes(MOST_RAW)),
    }
}

fn of_message(draw: &mut Draw<'_>, typ: HandshakeType) -> Change {
    match draw.below(4) {
        0 => Change::Drop,
        1 => Change::Duplicate,
        2 => Change::Swap,
        _ => Change::Replay(elsewhere(draw, typ)),
    }
}

/// A message of that type as another pair's handshake had it, or any bytes.
fn elsewhere(draw: &mut Draw<'_>, typ: HandshakeType) -> Vec<u8> {
    if draw.chance(8) {
        return draw.bytes(MOST_RAW);
    }
    let other = pair(draw.byte()).cell;
    let version = other.plan.version;
    let mut seen = clear(&other.honest.to_client, version);
    seen.extend(clear(&other.honest.to_server, version));
    let (typ, body) = seen.into_iter().find(|(other, _)| *other == typ).unwrap_or((typ, Vec::new()));
    let length = u32::try_from(body.len()).unwrap_or(0).to_be_bytes();
    [&[typ.0], &length[1..], &body].concat()
}

fn of_record(draw: &mut Draw<'_>, sender: Sender, nth: u32, cell: &Cell) -> Change {
    let bytes = match sender {
        Sender::Client => &cell.honest.to_server,
        Sender::Server => &cell.honest.to_client,
    };
    let at = usize::try_from(nth).unwrap_or(1).saturating_sub(1);
    let size = sizes(bytes).get(at).copied().unwrap_or(1).max(1);
    let within = |draw: &mut Draw<'_>| match draw.chance(16) {
        true => draw.word(),
        false => u16::try_from(draw.below(size)).unwrap_or(0),
    };
    match draw.below(14) {
        0 | 1 => Change::Split(within(draw)),
        2 => Change::Merge,
        3 => Change::Truncate(within(draw)),
        4 => Change::Oversize(draw.word()),
        5 => {
            Change::Retype(if draw.chance(16) { ContentType(draw.byte()) } else { draw.pick(&CONTENT_TYPES) })
        }
        6 => Change::Xor { offset: within(draw), mask: draw.byte() },
        7 => Change::InjectChangeCipherSpec,
        8 => Change::InjectAlert(Alert {
            level: if draw.coin() { AlertLevel::FATAL } else { AlertLevel::WARNING },
            description: if draw.chance(8) { AlertDescription(draw.byte()) } else { draw.pick(&ALERTS) },
        }),
        9 => {
            let types =
                [HandshakeType::HELLO_REQUEST, HandshakeType::CLIENT_HELLO, HandshakeType::SERVER_HELLO];
            let typ = draw.pick(&types);
            Change::InjectHandshake(elsewhere(draw, typ))
        }
        10 => Change::SetVersion(draw.version()),
        11 => Change::Drop,
        12 => Change::Duplicate,
        _ => Change::Swap,
    }
}

fn extension(draw: &mut Draw<'_>) -> ExtensionType {
    if draw.chance(8) { ExtensionType(draw.word()) } else { draw.pick(&EXTENSIONS) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_the_seeds_mean_them() {
        let pair = pair(0);
        let text = |bytes: &[u8]| -> Vec<String> {
            list(&mut Draw::new(bytes), pair).iter().map(ToString::to_string).collect()
        };
        assert!(text(&[]).is_empty());
        assert!(text(&[0]).is_empty());
        assert_eq!(text(&super::super::CUT_HELLO), ["record:client:1: split 20"]);
        assert_eq!(text(&super::super::CUT_ANSWER), ["record:server:1: split 20"]);
    }
}
