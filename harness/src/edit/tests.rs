//! Edits on flights that are written by hand, and edits to TOML and back.

use proptest::prelude::*;

use super::*;
use crate::registry::{AlertDescription, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::wire::{Alert, AlertLevel, ContentType, ExtensionType, HandshakeType};

fn record(typ: u8, payload: &[u8]) -> Vec<u8> {
    [&[typ, 3, 3, 0, u8::try_from(payload.len()).unwrap()], payload].concat()
}

fn handshake(messages: &[&[u8]]) -> Vec<u8> {
    record(22, &messages.concat())
}

// Three messages of a server in the clear: type, length, body.
const CERTIFICATE: &[u8] = &[11, 0, 0, 2, b'a', b'b'];
const KEY_EXCHANGE: &[u8] = &[12, 0, 0, 1, b'c'];
const HELLO_DONE: &[u8] = &[14, 0, 0, 0];
const CHANGE_CIPHER_SPEC: &[u8] = &[20, 3, 3, 0, 1, 1];
const PROTECTED: &[u8] = &[22, 3, 3, 0, 4, 9, 8, 7, 6];

/// Certificate and ServerKeyExchange share a record.
fn flight() -> Vec<u8> {
    [&handshake(&[CERTIFICATE, KEY_EXCHANGE]), &handshake(&[HELLO_DONE]), CHANGE_CIPHER_SPEC, PROTECTED]
        .concat()
}

fn edits(list: &[(&str, &str)]) -> Vec<Edit> {
    let tables = list.iter().map(|(at, change)| {
        let (name, value) = change.split_once(' ').map_or((*change, None), |(n, v)| (n, Some(v)));
        let value = value.map(|v| format!("value = {v}\n")).unwrap_or_default();
        format!("[[edit]]\nat = \"{at}\"\nchange = \"{name}\"\n{value}")
    });
    parse_list(&tables.collect::<String>()).unwrap()
}

/// What the client gets of a server's bytes, and what became of the edits.
fn to_client(edits: &[Edit], bytes: &[u8], chunk: usize) -> (Vec<u8>, Vec<Fate>) {
    let (mut editor, mut out) = (Editor::new(edits), Vec::new());
    for part in bytes.chunks(chunk) {
        editor.server_to_client(part, &mut out);
    }
    let fates = editor.fates().map(|(_, fate)| fate).collect();
    (out, fates)
}

#[test]
fn every_change_does_what_its_name_says_however_the_bytes_come() {
    let (first, second) = (handshake(&[CERTIFICATE, KEY_EXCHANGE]), handshake(&[HELLO_DONE]));
    let behind = [CHANGE_CIPHER_SPEC, PROTECTED].concat();
    let rest = [&second[..], &behind].concat();
    let cut = [&CERTIFICATE[3..], KEY_EXCHANGE].concat();
    let long = [CERTIFICATE, KEY_EXCHANGE, &[0; 9]].concat();
    let both = [CERTIFICATE, KEY_EXCHANGE, HELLO_DONE].concat();
    let retyped = record(23, &[CERTIFICATE, KEY_EXCHANGE].concat());
    let old = [&[22, 3, 1], &first[3..]].concat();
    let flipped = [&first[..9], &[b'a' ^ 0x81], &first[10..]].concat();
    let alert = [21, 3, 3, 0, 2, 2, 40];
    type Row<'a> = (&'a [(&'a str, &'a str)], Fate, Vec<Vec<u8>>);
    let rows: &[Row<'_>] = &[
        (&[("certificate", "drop")], Fate::Applied, vec![handshake(&[KEY_EXCHANGE]), rest.clone()]),
        (
            &[("certificate", "duplicate")],
            Fate::Applied,
            vec![handshake(&[CERTIFICATE, CERTIFICATE, KEY_EXCHANGE]), rest.clone()],
        ),
        (
            &[("certificate", "swap")],
            Fate::Applied,
            vec![handshake(&[KEY_EXCHANGE, CERTIFICATE]), rest.clone()],
        ),
        (
            &[("server-key-exchange", "swap")],
            Fate::Applied,
            vec![handshake(&[CERTIFICATE]), handshake(&[HELLO_DONE, KEY_EXCHANGE]), behind.clone()],
        ),
        // Nothing in the clear follows.
        (&[("server-hello-done", "swap")], Fate::NoEffect, vec![flight()]),
        (&[("server-hello-done", "drop")], Fate::Applied, vec![first.clone(), behind.clone()]),
        (
            &[("server-hello-done", "replay \"0d000001ff\"")],
            Fate::Applied,
            vec![first.clone(), handshake(&[&[13, 0, 0, 1, 0xFF]]), behind.clone()],
        ),
        (&[("server-hello-done", "replay \"0e000000\"")], Fate::NoEffect, vec![flight()]),
        (&[("record:server:1", "drop")], Fate::Applied, vec![rest.clone()]),
        (
            &[("record:server:1", "duplicate")],
            Fate::Applied,
            vec![first.clone(), first.clone(), rest.clone()],
        ),
        (&[("record:server:1", "swap")], Fate::Applied, vec![second.clone(), first.clone(), behind.clone()]),
        (
            &[("record:server:1", "split 3")],
            Fate::Applied,
            vec![record(22, &CERTIFICATE[..3]), record(22, &cut), rest.clone()],
        ),
        (&[("record:server:1", "split 0")], Fate::NoEffect, vec![flight()]),
        (&[("record:server:1", "split 11")], Fate::NoEffect, vec![flight()]),
        (&[("record:server:1", "merge")], Fate::Applied, vec![record(22, &both), behind.clone()]),
        // A ChangeCipherSpec follows.
        (&[("record:server:2", "merge")], Fate::NoEffect, vec![flight()]),
        (&[("record:server:1", "truncate 6")], Fate::Applied, vec![handshake(&[CERTIFICATE]), rest.clone()]),
        (&[("record:server:1", "truncate 11")], Fate::NoEffect, vec![flight()]),
        (&[("record:server:1", "oversize 20")], Fate::Applied, vec![record(22, &long), rest.clone()]),
        (&[("record:server:1", "oversize 11")], Fate::NoEffect, vec![flight()]),
        (&[("record:server:1", "retype \"application_data\"")], Fate::Applied, vec![retyped, rest.clone()]),
        (&[("record:server:1", "retype \"handshake\"")], Fate::NoEffect, vec![flight()]),
        (&[("record:server:1", "set-version \"TLSv1.0\"")], Fate::Applied, vec![old, rest.clone()]),
        (&[("record:server:1", "xor [4, 0x81]")], Fate::Applied, vec![flipped, rest.clone()]),
        (&[("record:server:1", "xor [11, 1]")], Fate::NoEffect, vec![flight()]),
        (&[("record:server:1", "xor [0, 0]")], Fate::NoEffect, vec![flight()]),
        (
            &[("record:server:1", "inject-change-cipher-spec")],
            Fate::Applied,
            vec![CHANGE_CIPHER_SPEC.to_vec(), flight()],
        ),
        (
            &[("record:server:1", "inject-alert [\"fatal\", \"handshake_failure\"]")],
            Fate::Applied,
            vec![alert.to_vec(), flight()],
        ),
        (
            &[("record:server:2", "inject-handshake \"00000000\"")],
            Fate::Applied,
            vec![first.clone(), record(22, &[0, 0, 0, 0]), rest.clone()],
        ),
        (
            &[("record:server:4", "xor [0, 1]")],
            Fate::Applied,
            vec![
                first.clone(),
                second.clone(),
                CHANGE_CIPHER_SPEC.to_vec(),
                vec![22, 3, 3, 0, 4, 8, 8, 7, 6],
            ],
        ),
        (&[("finished", "drop")], Fate::NeedsKeys, vec![flight()]),
        (&[("certificate#2", "drop")], Fate::NeedsKeys, vec![flight()]),
        (&[("record:server:5", "drop")], Fate::NeverCame, vec![flight()]),
        (&[("record:client:1", "drop")], Fate::NeverCame, vec![flight()]),
        (&[("server-hello", "set-suite \"TLS_RSA_WITH_NULL_MD5\"")], Fate::NeedsKeys, vec![flight()]),
    ];
    for (list, fate, expected) in rows {
        let edits = edits(list);
        for chunk in [usize::MAX, 1, 7] {
            let (out, fates) = to_client(&edits, &flight(), chunk);
            assert_eq!(out, expected.concat(), "{list:?} in chunks of {chunk}");
            assert_eq!(fates, [*fate], "{list:?}");
        }
    }
    // Nothing here is left out.
    let tried: Vec<&str> =
        rows.iter().flat_map(|(list, ..)| *list).map(|(_, c)| c.split(' ').next().unwrap()).collect();
    let hellos = [
        "offer-suites",
        "offer-schemes",
        "offer-groups",
        "set-sentinel",
        "insert-extension",
        "remove-extension",
    ];
    for name in Change::NAMES {
        assert!(tried.contains(&name) || hellos.contains(&name), "{name} is not in the table");
    }
}

#[test]
fn edits_of_one_place_are_applied_in_the_order_of_the_list() {
    for (list, expected) in [
        // Both halves of the first half: what is split is what stands in front.
        (
            &[("record:server:1", "split 6"), ("record:server:1", "split 2")][..],
            vec![
                record(22, &CERTIFICATE[..2]),
                record(22, &CERTIFICATE[2..]),
                handshake(&[KEY_EXCHANGE]),
                handshake(&[HELLO_DONE]),
            ],
        ),
        (
            &[("record:server:1", "truncate 6"), ("record:server:1", "merge")][..],
            vec![handshake(&[CERTIFICATE, HELLO_DONE])],
        ),
        // A message and its record.
        (
            &[("certificate", "drop"), ("record:server:1", "duplicate")][..],
            vec![handshake(&[KEY_EXCHANGE]), handshake(&[KEY_EXCHANGE]), handshake(&[HELLO_DONE])],
        ),
        // What is dropped lets the one before it wait on: here for the ChangeCipherSpec, which it cannot join.
        (
            &[("record:server:1", "merge"), ("record:server:2", "drop")][..],
            vec![handshake(&[CERTIFICATE, KEY_EXCHANGE])],
        ),
    ] {
        let (out, _) = to_client(&edits(list), &flight(), usize::MAX);
        assert_eq!(out, [&expected.concat(), CHANGE_CIPHER_SPEC, PROTECTED].concat(), "{list:?}");
    }
}

#[test]
fn messages_across_records_keep_their_framing_as_far_as_it_goes() {
    // The certificate ends in the second record.
    let cut =
        [record(22, &CERTIFICATE[..4]), record(22, &[&CERTIFICATE[4..], KEY_EXCHANGE].concat())].concat();
    let (out, _) = to_client(&edits(&[("server-key-exchange", "duplicate")]), &cut, usize::MAX);
    let more = record(22, &[&CERTIFICATE[4..], KEY_EXCHANGE, KEY_EXCHANGE].concat());
    assert_eq!(out, [record(22, &CERTIFICATE[..4]), more].concat());
    let (out, _) = to_client(&edits(&[("certificate", "drop")]), &cut, usize::MAX);
    assert_eq!(out, [record(22, &KEY_EXCHANGE[..4]), record(22, &KEY_EXCHANGE[4..])].concat());
    // Of a message that never ends nothing is kept back once something else comes.
    let torn = [&record(22, &CERTIFICATE[..4])[..], CHANGE_CIPHER_SPEC].concat();
    let (out, fates) = to_client(&edits(&[("certificate", "drop")]), &torn, usize::MAX);
    assert_eq!((out, fates), (torn, vec![Fate::NeedsKeys]));
}

#[test]
fn versions_of_records_are_levelled_and_nothing_else() {
    let stream = [&[22, 3, 1, 0, 2, 7, 7][..], &[23, 0x40, 0xE7, 0, 1, 9], &[21, 3]].concat();
    let level = [&[22, 3, 3, 0, 2, 7, 7][..], &[23, 3, 3, 0, 1, 9], &[21, 3]].concat();
    assert_eq!(without_record_versions(&stream), level);
    assert_eq!(without_record_versions(&[22, 3, 1, 0xFF, 0xFF, 1]), [22, 3, 3, 0xFF, 0xFF, 1]);
}

#[test]
fn a_message_longer_than_any_is_not_waited_for() {
    let endless = handshake(&[CERTIFICATE, &[11, 0xFF, 0xFF, 0xFF, 0]]);
    for bytes in [endless, handshake(&[CERTIFICATE, &[11, 4, 0, 1, 0]])] {
        let (out, fates) = to_client(&edits(&[("certificate", "drop")]), &bytes, usize::MAX);
        assert_eq!((out, fates), (bytes, vec![Fate::NeedsKeys]));
    }
    // One that may come is.
    let long = handshake(&[CERTIFICATE, &[11, 4, 0, 0, 0]]);
    assert!(to_client(&edits(&[("certificate", "drop")]), &long, usize::MAX).0.is_empty());
}

#[test]
fn what_is_no_tls_passes_as_it_came() {
    let text = b"GET / HTTP/1.1\r\n\r\n";
    let list = edits(&[("certificate", "drop"), ("record:server:1", "drop")]);
    for chunk in [usize::MAX, 1] {
        let (out, fates) = to_client(&list, text, chunk);
        assert_eq!(out, text);
        assert_eq!(fates, [Fate::NeverCame, Fate::NeverCame]);
    }
}

#[test]
fn in_tls_1_3_a_change_cipher_spec_hides_nothing_that_follows_in_the_clear() {
    // A HelloRetryRequest, a ChangeCipherSpec, a ServerHello: suite, compression, supported_versions.
    let hello = |random: u8| {
        let body = [&[3, 3][..], &[random; 32], &[0, 0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4]].concat();
        [&[2, 0, 0, u8::try_from(body.len()).unwrap()], &body[..]].concat()
    };
    let (retry, chosen) = (hello(0xCF), hello(1));
    let bytes = [&handshake(&[&retry])[..], CHANGE_CIPHER_SPEC, &handshake(&[&chosen])].concat();
    let (out, fates) = to_client(&edits(&[("server-hello#2", "drop")]), &bytes, usize::MAX);
    assert_eq!(out, [&handshake(&[&retry])[..], CHANGE_CIPHER_SPEC].concat());
    assert_eq!(fates, [Fate::Applied]);
    // With the extension gone the client plays TLS 1.2: its ChangeCipherSpec means keys. The server's does not.
    let list = edits(&[
        ("server-hello", "remove-extension \"supported_versions\""),
        ("server-hello#2", "drop"),
        ("client-key-exchange#2", "drop"),
    ]);
    let (mut editor, mut out) = (Editor::new(&list), Vec::new());
    editor.server_to_client(&bytes, &mut out);
    editor.client_to_server(&[CHANGE_CIPHER_SPEC, PROTECTED].concat(), &mut Vec::new());
    let fates: Vec<Fate> = editor.fates().map(|(_, fate)| fate).collect();
    assert_eq!(fates, [Fate::Applied, Fate::Applied, Fate::NeedsKeys]);
    assert_eq!(
        editor.skipped().map(|(edit, _)| edit.to_string()).collect::<Vec<_>>(),
        ["client-key-exchange#2: drop"]
    );
}

#[test]
fn what_waits_is_said_to_be_held() {
    let list = edits(&[("record:server:1", "merge")]);
    let (mut editor, mut out) = (Editor::new(&list), Vec::new());
    editor.server_to_client(&handshake(&[CERTIFICATE]), &mut out);
    assert!(editor.is_holding() && out.is_empty());
    editor.server_to_client(&handshake(&[HELLO_DONE]), &mut out);
    assert_eq!(out, handshake(&[CERTIFICATE, HELLO_DONE]));
    assert!(!editor.is_holding());
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        (any::<u8>(), 1..4_u32).prop_map(|(typ, nth)| Place::Message { typ: HandshakeType(typ), nth }),
        (prop::sample::select(Sender::ALL.to_vec()), 1..9_u32)
            .prop_map(|(sender, nth)| Place::Record { sender, nth }),
        Just(Place::CLIENT_HELLO),
        Just(Place::SERVER_HELLO),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..40);
    let points = || prop::collection::vec(any::<u16>(), 0..9);
    prop_oneof![
        any::<u16>().prop_map(|v| Change::SetVersion(ProtocolVersion(v))),
        (0x300..0x305_u16).prop_map(|v| Change::SetVersion(ProtocolVersion(v))),
        any::<u16>().prop_map(|v| Change::SetSuite(CipherSuite(v))),
        prop::sample::select(Sentinel::ALL.to_vec()).prop_map(Change::SetSentinel),
        points().prop_map(|list| Change::OfferSuites(list.into_iter().map(CipherSuite).collect())),
        points().prop_map(|list| Change::OfferSchemes(list.into_iter().map(SignatureScheme).collect())),
        points().prop_map(|list| Change::OfferGroups(list.into_iter().map(NamedGroup).collect())),
        (0..60_u16).prop_map(|typ| Change::RemoveExtension(ExtensionType(typ))),
        (any::<u16>(), bytes()).prop_map(|(typ, body)| Change::InsertExtension(ExtensionType(typ), body)),
        bytes().prop_map(Change::Replay),
        bytes().prop_map(Change::InjectHandshake),
        prop::sample::select(vec![
            Change::Drop,
            Change::Duplicate,
            Change::Swap,
            Change::Merge,
            Change::InjectChangeCipherSpec,
        ]),
        any::<u16>().prop_map(Change::Split),
        (0..12_u16).prop_map(Change::Split),
        any::<u16>().prop_map(Change::Truncate),
        any::<u16>().prop_map(Change::Oversize),
        any::<u8>().prop_map(|typ| Change::Retype(ContentType(typ))),
        (0..20_u16, any::<u8>()).prop_map(|(offset, mask)| Change::Xor { offset, mask }),
        (any::<u8>(), any::<u8>()).prop_map(|(level, description)| {
            Change::InjectAlert(Alert {
                level: AlertLevel(level),
                description: AlertDescription(description),
            })
        }),
    ]
}

fn lists() -> impl Strategy<Value = Vec<Edit>> {
    let edit = (place(), change()).prop_map(|(at, change)| Edit { at, change });
    prop::collection::vec(edit.prop_filter("fits", |edit| edit.change.fits(edit.at)), 0..8)
}

proptest! {
    #[test]
    fn edits_print_and_read_again_as_the_same(list in lists()) {
        let text = print_list(&list);
        prop_assert_eq!(parse_list(&text), Ok(list.clone()), "{}", text);
        for edit in &list {
            let line = edit.to_string();
            prop_assert!(line.starts_with(&format!("{}: {}", edit.at, edit.change.name())), "{}", line);
        }
    }

    /// A socket gives bytes as it likes.
    #[test]
    fn what_comes_out_does_not_depend_on_how_it_came_in(list in lists(), chunk in 1..30_usize) {
        let bytes = [flight(), flight()].concat();
        prop_assert_eq!(to_client(&list, &bytes, chunk), to_client(&list, &bytes, usize::MAX));
    }
}
