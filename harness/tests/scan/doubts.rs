//! Answers that could be mistaken for something else: passing alerts, answers that break the rules, orders that nobody
//! saw. Each server is an honest one that says something else to some hellos.

use std::sync::atomic::{AtomicBool, Ordering};

use shakedown::engine::Engine;
use shakedown::policy::Policy;
use shakedown::probe::FlightReader;
use shakedown::registry::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use shakedown::scan::{
    Comparison, End, Ended, Found, Known, Options, Peer, Preference, Server, Trouble, scan,
};
use shakedown::wire::record::write_records;
use shakedown::wire::{
    ClientHello, ContentType, Context, Extension, Handshake, HandshakeDeframer, RecordDeframer, ServerHello,
};

use crate::memory::{Memory, every_suite, options, plain, server};

/// What is said instead of the honest answer, if anything.
type Instead<'a> = dyn Fn(&ClientHello) -> Option<Say> + Sync + 'a;

enum Say {
    Alert(u8),
    /// A ServerHello and ServerHelloDone and nothing between them.
    Hello(ProtocolVersion, CipherSuite),
    Nothing,
}

struct Doubtful<'a> {
    honest: Memory,
    instead: &'a Instead<'a>,
}

impl Server for Doubtful<'_> {
    fn peer(&self) -> Result<Box<dyn Peer + '_>, Trouble> {
        Ok(Box::new(DoubtfulPeer { instead: self.instead, honest: self.honest.peer()? }))
    }
}

struct DoubtfulPeer<'a> {
    instead: &'a Instead<'a>,
    honest: Box<dyn Peer + 'a>,
}

impl Peer for DoubtfulPeer<'_> {
    fn hello(&mut self, bytes: &[u8], reader: &mut FlightReader) -> End {
        match (self.instead)(&read(bytes)) {
            None => return self.honest.hello(bytes, reader),
            Some(Say::Nothing) => return End::Trouble(Trouble::Silent),
            Some(Say::Alert(number)) => reader.push(&[21, 3, 3, 0, 2, 2, number]),
            Some(Say::Hello(version, suite)) => reader.push(&flight(version, suite)),
        }
        End::Enough
    }

    fn handshake(&mut self, engine: &mut dyn Engine, reader: &mut FlightReader) -> End {
        self.honest.handshake(engine, reader)
    }
}

fn read(bytes: &[u8]) -> ClientHello {
    let (mut records, mut messages) = (RecordDeframer::new(), HandshakeDeframer::new());
    records.push(bytes);
    while let Some(record) = records.next().unwrap() {
        messages.push(&record.payload);
    }
    let (typ, body) = messages.next().unwrap().unwrap();
    match Handshake::decode(typ, &body, &Context::new(ProtocolVersion::TLS1_2)).unwrap() {
        Handshake::ClientHello(hello) => hello,
        other => panic!("{other:?}"),
    }
}

fn flight(version: ProtocolVersion, suite: CipherSuite) -> Vec<u8> {
    let is_tls13 = version == ProtocolVersion::TLS1_3;
    let hello = Handshake::ServerHello(ServerHello {
        legacy_version: version.min(ProtocolVersion::TLS1_2),
        random: [1; 32],
        session_id: Vec::new(),
        cipher_suite: suite,
        compression_method: 0,
        extensions: is_tls13.then(|| vec![Extension::SelectedVersion(version)]),
    });
    let (mut payload, mut bytes) = (Vec::new(), Vec::new());
    hello.encode_message(&mut payload);
    Handshake::ServerHelloDone.encode_message(&mut payload);
    write_records(ContentType::HANDSHAKE, ProtocolVersion::TLS1_2, &payload, &mut bytes);
    bytes
}

fn found(honest: Memory, instead: &Instead<'_>) -> Found {
    scan(&Doubtful { honest, instead }, &options())
}

/// As the scanner asks: alone in `supported_versions`, or as the maximum.
fn version(hello: &ClientHello) -> ProtocolVersion {
    hello.supported_versions().map_or(hello.legacy_version, |versions| versions[0])
}

fn groups(hello: &ClientHello) -> &[NamedGroup] {
    let mut lists = hello.extensions.iter().flatten().filter_map(|extension| match extension {
        Extension::SupportedGroups(groups) => Some(&groups[..]),
        _ => None,
    });
    lists.next().unwrap_or_default()
}

fn schemes(hello: &ClientHello) -> &[SignatureScheme] {
    let mut lists = hello.extensions.iter().flatten().filter_map(|extension| match extension {
        Extension::SignatureAlgorithms(schemes) => Some(&schemes[..]),
        _ => None,
    });
    lists.next().unwrap_or_default()
}

const INTERNAL_ERROR: u8 = 80;

/// What [`plain`] accepts with these groups and schemes.
fn limited() -> Memory {
    let mut spec = plain();
    spec.groups = [0x001D, 0x0017, 0x0018].map(NamedGroup).to_vec();
    spec.schemes = [0x0804, 0x0805, 0x0401].map(SignatureScheme).to_vec();
    server(spec)
}

#[test]
fn one_passing_alert_ends_no_list() {
    type Row = (&'static str, fn(&ClientHello) -> bool);
    // The second question of each list, and the one that asks for a single scheme of TLS 1.3.
    let rows: [Row; 4] = [
        ("groups", |hello| version(hello) == ProtocolVersion::TLS1_2 && lacks_group(hello)),
        ("groups of TLS 1.3", |hello| version(hello) == ProtocolVersion::TLS1_3 && lacks_group(hello)),
        ("schemes", |hello| version(hello) == ProtocolVersion::TLS1_2 && lacks_scheme(hello)),
        ("schemes of TLS 1.3", |hello| schemes(hello) == [SignatureScheme(0x0805)]),
    ];
    for (what, is_meant) in rows {
        let has_passed = AtomicBool::new(false);
        let found = found(limited(), &|hello| {
            (is_meant(hello) && !has_passed.swap(true, Ordering::SeqCst))
                .then_some(Say::Alert(INTERNAL_ERROR))
        });
        assert!(has_passed.into_inner(), "{what}: the alert was never sent");
        assert_eq!(found.troubles(), [], "{what}");
        let expected = [
            (ProtocolVersion::TLS1_2, vec![0x0017, 0x0018, 0x001D], vec![0x0401, 0x0804, 0x0805]),
            (ProtocolVersion::TLS1_3, vec![0x0017, 0x0018, 0x001D], vec![0x0804, 0x0805]),
        ];
        for (version, groups, schemes) in expected {
            let list = found.groups.iter().find(|list| list.version == version).unwrap();
            let mut seen: Vec<u16> = list.items.iter().map(|group| group.0).collect();
            seen.sort_unstable();
            assert_eq!(seen, groups, "{what}: groups of {version}");
            let list = found.schemes.iter().find(|list| list.version == version).unwrap();
            let mut seen: Vec<u16> = list.items.iter().map(|scheme| scheme.0).collect();
            seen.sort_unstable();
            assert_eq!(seen, schemes, "{what}: schemes of {version}");
        }
    }
}

/// Whether a hello offers fewer groups than the scanner's first one: X25519 was picked, or another.
fn lacks_group(hello: &ClientHello) -> bool {
    let curves = [0x001D, 0x0017, 0x0018].map(NamedGroup);
    groups(hello).len() > 3 && !curves.iter().all(|curve| groups(hello).contains(curve))
}

fn lacks_scheme(hello: &ClientHello) -> bool {
    let own = [0x0804, 0x0805, 0x0401].map(SignatureScheme);
    schemes(hello).len() > 3 && !own.iter().all(|scheme| schemes(hello).contains(scheme))
}

#[test]
fn an_answer_that_names_nothing_of_the_list_leaves_the_list_unknown() {
    let ecdhe = CipherSuite(0xC030);
    let found = found(limited(), &|hello| {
        let is_meant = version(hello) == ProtocolVersion::TLS1_2 && lacks_group(hello);
        is_meant.then_some(Say::Hello(ProtocolVersion::TLS1_2, ecdhe))
    });
    let list = found.groups.iter().find(|list| list.version == ProtocolVersion::TLS1_2).unwrap();
    assert!(matches!(list.trouble, Some(Trouble::Malformed(_))), "{list:?}");
}

#[test]
fn a_list_without_what_was_chosen_before_is_unknown() {
    // It refuses whatever has no key share, as some servers do.
    let found = found(limited(), &|hello| {
        let has_none = hello
            .extensions
            .iter()
            .flatten()
            .any(|extension| matches!(extension, Extension::KeyShareOffer(shares) if shares.is_empty()));
        has_none.then_some(Say::Alert(40))
    });
    let list = found.groups.iter().find(|list| list.version == ProtocolVersion::TLS1_3).unwrap();
    assert_eq!(list.items, []);
    assert!(matches!(list.trouble, Some(Trouble::Malformed(_))), "{list:?}");
}

#[test]
fn a_version_above_the_one_that_was_asked_for_is_malformed_and_one_below_is_not() {
    let suite = CipherSuite(0x002F);
    let rows = [
        (ProtocolVersion::TLS1_0, ProtocolVersion::TLS1_2, true),
        (ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3, true),
        (ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_1, false),
    ];
    for (asked, chosen, is_malformed) in rows {
        let found =
            found(server(plain()), &|hello| (version(hello) == asked).then_some(Say::Hello(chosen, suite)));
        let end = &found.versions[&asked].0.end;
        if is_malformed {
            assert!(matches!(end, Ended::Trouble(Trouble::Malformed(_))), "{asked} {chosen}: {end:?}");
        } else {
            assert_eq!(*end, Ended::OtherVersion(chosen), "{asked} {chosen}");
        }
    }
}

#[test]
fn the_order_across_chunks_is_unknown_if_no_hello_shows_it() {
    // The suites of [`plain`] for TLS 1.2, ascending: the hello that asks for their order.
    let all = [0x002F, 0x009E, 0xC014, 0xC030].map(CipherSuite);
    let small = || Memory { most_bytes: 480, ..server(plain()) };
    let tls12 = |found: &Found| found.versions[&ProtocolVersion::TLS1_2].clone();

    let honest = found(small(), &|_| None);
    assert_eq!(tls12(&honest).1, Preference::Server);

    type Row = (fn() -> Say, fn(&Trouble) -> bool);
    let rows: [Row; 2] = [
        (|| Say::Alert(40), |trouble| matches!(trouble, Trouble::Malformed(_))),
        (|| Say::Nothing, |trouble| *trouble == Trouble::Silent),
    ];
    for (say, is_expected) in rows {
        let found = found(small(), &|hello| (hello.cipher_suites == all).then(say));
        let (accepted, preference) = tls12(&found);
        let mut seen = accepted.suites;
        seen.sort_unstable();
        assert_eq!(seen, all);
        let Preference::Unknown(trouble) = &preference else { panic!("{preference:?}") };
        assert!(is_expected(trouble), "{trouble:?}");
        assert!(
            found.troubles().iter().any(|(what, _)| what == "TLSv1.2 preference"),
            "{:?}",
            found.troubles()
        );
    }
}

#[test]
fn more_suites_than_a_hello_holds_have_no_order() {
    const ONE_CHUNK: usize = 40;
    for (count, is_known) in [(ONE_CHUNK, true), (ONE_CHUNK + 1, false)] {
        let accepted = every_suite()[..count].to_vec();
        let instead = |hello: &ClientHello| {
            if version(hello) != ProtocolVersion::TLS1_2 {
                return Some(Say::Alert(70));
            }
            if hello.cipher_suites.len() > ONE_CHUNK {
                return Some(Say::Nothing);
            }
            let suite = hello.cipher_suites.iter().find(|suite| accepted.contains(suite));
            Some(suite.map_or(Say::Alert(40), |suite| Say::Hello(ProtocolVersion::TLS1_2, *suite)))
        };
        let options = Options { suites_only: true, ..options() };
        let found = scan(&Doubtful { honest: server(plain()), instead: &instead }, &options);
        let (seen, preference) = &found.versions[&ProtocolVersion::TLS1_2];
        assert_eq!(seen.suites.len(), count);
        let unknown = Preference::Unknown(Trouble::TooManySuites);
        assert_eq!(*preference, if is_known { Preference::Client } else { unknown }, "{count}");
    }
}

#[test]
fn why_a_question_does_not_arise_is_true_where_nothing_is_accepted() {
    let refused = found(server(plain()), &|_| Some(Say::Alert(112)));
    let reasons: Vec<&Known<bool>> = refused.flags().into_iter().map(|(_, known)| known).collect();
    assert_eq!(
        reasons,
        [
            &Known::Moot("no version is accepted"),
            &Known::Moot("nothing older than TLS 1.3"),
            &Known::Moot("no TLS 1.0 to 1.2"),
            &Known::Moot("nothing older than TLS 1.3"),
            &Known::Moot("no version is accepted"),
            &Known::Moot("nothing older than TLS 1.3"),
            &Known::Moot("no TLS 1.0 to 1.2"),
            &Known::Moot("no TLS 1.3"),
        ]
    );
}

#[test]
fn what_depends_on_a_version_that_nobody_can_tell_of_is_unknown() {
    // In TLS 1.3 it chooses what was not offered, and it refuses TLS 1.1: TLS 1.2 may or may not be alone.
    let found = found(server(plain()), &|hello| match version(hello) {
        ProtocolVersion::TLS1_3 => Some(Say::Hello(ProtocolVersion::TLS1_3, CipherSuite(0x1399))),
        ProtocolVersion::TLS1_2 => None,
        _ => Some(Say::Alert(70)),
    });
    for (key, known) in found.flags() {
        let is_unknown = ["fallback_scsv", "downgrade_sentinel", "resumption_by_psk"].contains(&key);
        assert_eq!(known.trouble().is_some(), is_unknown, "{key}: {known:?}");
    }
}

const POLICY: &str = r#"
title = "a policy"
versions = ["TLSv1.2", "TLSv1.3"]
order = "server"
suites = ["TLS_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]
groups = ["x25519"]
schemes = ["rsa_pss_rsae_sha256"]
"#;

#[test]
fn a_comparison_with_a_server_of_which_nothing_is_known_blames_no_certificate() {
    let policy = Policy::parse("policies/test/one.toml", POLICY).unwrap();
    // Greetings are small and answered, nothing larger is.
    let unknown = found(server(plain()), &|hello| {
        let is_greeting = hello.cipher_suites.len() == 16;
        Some(if is_greeting { Say::Alert(40) } else { Say::Nothing })
    });
    let refused = found(server(plain()), &|_| Some(Say::Alert(112)));
    for (found, why) in [(unknown, "nobody can tell what is accepted"), (refused, "no version is accepted")] {
        let comparison = Comparison::of(&policy, &found);
        assert!(comparison.is_empty, "{comparison:?}");
        assert_eq!(comparison.differences, []);
        assert!(comparison.not_testable.contains(&("suites, groups and schemes".to_owned(), why)));
        let blames = |text: &str| text.contains("certificate");
        assert!(!comparison.not_testable.iter().any(|(_, why)| blames(why)), "{comparison:?}");
    }
}
