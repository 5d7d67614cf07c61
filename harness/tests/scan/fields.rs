//! Every field with a server that has it on and one that has it off.

use std::sync::Arc;

use shakedown::edit::{Change, Edit, Place, Sentinel};
use shakedown::engine::openssl::OpenSsl;
use shakedown::engine::s2n::S2n;
use shakedown::engine::{EndpointSpec, Resumption};
use shakedown::pki::CertificateKind;
use shakedown::registry::{
    AlertDescription, CipherSuite, KeyAlgorithm, NamedGroup, ProtocolVersion, SignatureScheme,
};
use shakedown::scan::{Ended, Found, Known, Options, Preference, Size, scan};
use shakedown::wire::ExtensionType;

use crate::memory::{Memory, every_suite, options, plain, scanned, server};

fn edited(at: Place, change: Change) -> Memory {
    Memory { edits: vec![Edit { at, change }], ..server(plain()) }
}

/// The compression byte of a ServerHello that fills the start of the first record.
fn compress(bytes: &mut [u8]) {
    const SESSION_ID: usize = 5 + 4 + 2 + 32;
    if bytes.first() == Some(&22) {
        let at = SESSION_ID + 1 + usize::from(bytes[SESSION_ID]) + 2;
        bytes[at] = 1;
    }
}

#[test]
fn every_flag_is_seen_on_and_off() {
    let lacks = |extension| edited(Place::SERVER_HELLO, Change::RemoveExtension(extension));
    // A backend of its own: the sessions are kept with its contexts, of which it forgets old ones.
    let resuming = |ids, tickets| Memory {
        backend: Arc::new(OpenSsl::new()),
        ..server(EndpointSpec { resumption: Resumption { ids, tickets }, ..plain() })
    };
    type Flag = fn(&Found) -> &Known<bool>;
    let rows: [(&str, Flag, Memory, Memory); 8] = [
        ("compression", |f| &f.compression, Memory { rewrite: compress, ..server(plain()) }, server(plain())),
        (
            "fallback",
            |f| &f.fallback_scsv,
            server(plain()),
            edited(Place::CLIENT_HELLO, Change::OfferSuites(every_suite())),
        ),
        (
            "renegotiation",
            |f| &f.secure_renegotiation,
            server(plain()),
            lacks(ExtensionType::RENEGOTIATION_INFO),
        ),
        (
            "master secret",
            |f| &f.extended_master_secret,
            server(plain()),
            lacks(ExtensionType::EXTENDED_MASTER_SECRET),
        ),
        (
            "sentinel",
            |f| &f.downgrade_sentinel,
            server(plain()),
            edited(Place::SERVER_HELLO, Change::SetSentinel(Sentinel::Absent)),
        ),
        ("session id", |f| &f.resumption.id, resuming(true, false), resuming(false, true)),
        ("ticket", |f| &f.resumption.ticket, resuming(false, true), resuming(true, false)),
        ("TLS 1.3 ticket", |f| &f.resumption.psk, resuming(false, true), resuming(false, false)),
    ];
    for (name, flag, on, off) in rows {
        assert_eq!(*flag(&scanned(&on)), Known::Is(true), "{name}");
        assert_eq!(*flag(&scanned(&off)), Known::Is(false), "{name}");
    }
}

#[test]
fn a_question_that_does_not_arise_has_no_answer() {
    let only = |version| EndpointSpec { versions: vec![version], ..plain() };
    let new = scanned(&server(only(ProtocolVersion::TLS1_3)));
    for known in
        [&new.compression, &new.secure_renegotiation, &new.extended_master_secret, &new.resumption.id]
    {
        assert!(matches!(known, Known::Moot(_)), "{known:?}");
    }
    let old = scanned(&server(only(ProtocolVersion::TLS1_2)));
    for known in [&old.fallback_scsv, &old.downgrade_sentinel, &old.resumption.psk] {
        assert!(matches!(known, Known::Moot(_)), "{known:?}");
    }
}

#[test]
fn the_order_is_the_servers_or_the_clients() {
    for (server_order, expected) in [(true, Preference::Server), (false, Preference::Client)] {
        let found = scanned(&server(EndpointSpec { server_order, ..plain() }));
        let (accepted, preference) = &found.versions[&ProtocolVersion::TLS1_2];
        assert_eq!(*preference, expected);
        if server_order {
            let own = [0xC030, 0xC014, 0x009E, 0x002F].map(CipherSuite);
            assert_eq!(accepted.suites, own, "in the order of the server's list");
        }
    }
    let one = EndpointSpec {
        suites: vec![CipherSuite(0xC030)],
        versions: vec![ProtocolVersion::TLS1_2],
        ..plain()
    };
    assert_eq!(scanned(&server(one)).versions[&ProtocolVersion::TLS1_2].1, Preference::Single);
}

#[test]
fn certificates_are_seen_with_key_and_size_in_every_version() {
    type Row = (CertificateKind, KeyAlgorithm, Option<u32>, Option<&'static str>);
    let rows: [Row; 6] = [
        (CertificateKind::Rsa2048, KeyAlgorithm::Rsa, Some(2048), None),
        (CertificateKind::Rsa3072, KeyAlgorithm::Rsa, Some(3072), None),
        (CertificateKind::Rsa4096, KeyAlgorithm::Rsa, Some(4096), None),
        (CertificateKind::EcdsaP256, KeyAlgorithm::Ecdsa, Some(256), Some("secp256r1")),
        (CertificateKind::EcdsaP384, KeyAlgorithm::Ecdsa, Some(384), Some("secp384r1")),
        (CertificateKind::Ed25519, KeyAlgorithm::Ed25519, None, None),
    ];
    for version in [ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3] {
        for (kind, key, bits, curve) in rows {
            let spec = EndpointSpec {
                versions: vec![version],
                suites: [0x1301, 0xC02B, 0xC02F].map(CipherSuite).to_vec(),
                identities: vec![crate::memory::identity(kind)],
                ..EndpointSpec::default()
            };
            let found = scanned(&server(spec));
            let [chain] = &found.certificates[..] else {
                panic!("{version} {kind}: {:?}", found.certificates)
            };
            assert_eq!((chain.key, chain.curve.as_deref()), (Some(key), curve), "{version} {kind}");
            assert_eq!(chain.bits, bits, "{version} {kind}");
            assert_eq!(chain.subject.as_deref(), Some("CN=shakedown test server"));
        }
    }
}

#[test]
fn both_certificates_of_a_server_are_seen() {
    let identities =
        [CertificateKind::Rsa2048, CertificateKind::EcdsaP256].map(crate::memory::identity).to_vec();
    for version in [ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3] {
        let suites = [0x1301, 0xC02B, 0xC02F].map(CipherSuite).to_vec();
        let spec =
            EndpointSpec { versions: vec![version], suites, identities: identities.clone(), ..plain() };
        let mut keys: Vec<_> =
            scanned(&server(spec)).certificates.iter().filter_map(|chain| chain.key).collect();
        keys.sort();
        assert_eq!(keys, [KeyAlgorithm::Rsa, KeyAlgorithm::Ecdsa], "{version}");
    }
}

#[test]
fn groups_are_those_that_the_server_is_set_to() {
    let curves = [0x001D, 0x0017, 0x0018, 0x0019].map(NamedGroup);
    let new = [0x11EC, 0x001D, 0x0018, 0x0100, 0x0101].map(NamedGroup);
    for (version, groups) in [(ProtocolVersion::TLS1_2, &curves[..]), (ProtocolVersion::TLS1_3, &new[..])] {
        // Each of them left out once.
        for left_out in groups {
            let set: Vec<NamedGroup> = groups.iter().copied().filter(|group| group != left_out).collect();
            let spec = EndpointSpec { versions: vec![version], groups: set.clone(), ..plain() };
            let found = scanned(&server(spec));
            let [list] = &found.groups[..] else { panic!("{:?}", found.groups) };
            let (mut seen, mut set) = (list.items.clone(), set);
            seen.sort();
            set.sort();
            assert_eq!((list.version, seen), (version, set));
        }
    }
}

#[test]
fn schemes_are_those_that_the_server_is_set_to() {
    let rsa = [0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0201].map(SignatureScheme);
    for version in [ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3] {
        for left_out in rsa {
            let set: Vec<SignatureScheme> = rsa.into_iter().filter(|scheme| *scheme != left_out).collect();
            let spec = EndpointSpec { versions: vec![version], schemes: set.clone(), ..plain() };
            let found = scanned(&server(spec));
            let [list] = &found.schemes[..] else { panic!("{:?}", found.schemes) };
            let mut seen = list.items.clone();
            // TLS 1.3 has no PKCS #1 in its handshake (RFC 8446 4.2.3).
            let mut set: Vec<_> = set
                .into_iter()
                .filter(|scheme| version < ProtocolVersion::TLS1_3 || scheme.0 >> 8 == 8)
                .collect();
            seen.sort();
            set.sort();
            assert_eq!((list.version, seen, &list.unconfirmed), (version, set, &Vec::new()));
        }
    }
}

#[test]
fn the_size_of_the_finite_field_is_seen() {
    for bits in [1024, 2048] {
        let found = scanned(&server(EndpointSpec { dh_bits: bits, ..plain() }));
        assert_eq!(found.dhe_bits.into_iter().collect::<Vec<_>>(), [bits]);
    }
    let without = EndpointSpec { suites: [0x1301, 0xC030].map(CipherSuite).to_vec(), ..plain() };
    assert!(scanned(&server(without)).dhe_bits.is_empty());
}

#[test]
fn a_server_that_chokes_on_long_hellos_is_asked_with_small_ones_and_found_out_as_well() {
    let whole = scanned(&server(plain()));
    // All suites are 738 bytes, 120 are 240, 40 are 80. TLS 1.2 and 1.3 name schemes, too.
    let rows = [
        (2048, [Size::Whole, Size::Whole, Size::Whole]),
        (900, [Size::Whole, Size::Chunks, Size::Chunks]),
        (480, [Size::Chunks, Size::Slim, Size::Slim]),
    ];
    for (most_bytes, sizes) in rows {
        let found = scan(&Memory { most_bytes, ..server(plain()) }, &options());
        let versions = [ProtocolVersion::TLS1_1, ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3];
        for (version, size) in versions.into_iter().zip(sizes) {
            let (accepted, preference) = &found.versions[&version];
            assert_eq!(accepted.suites, whole.versions[&version].0.suites, "{most_bytes} {version}");
            assert_eq!((preference, accepted.size), (&Preference::Server, size), "{most_bytes} {version}");
        }
    }
}

#[test]
fn a_server_that_reads_the_first_suites_only_hides_none_of_the_others() {
    let accepted = [0x0033, 0x0039, 0xC02F, 0xC030].map(CipherSuite);
    let versions = vec![ProtocolVersion::TLS1_2];
    let spec = EndpointSpec { versions, suites: accepted.to_vec(), dh_bits: 2048, ..plain() };
    let found = scan(&Memory { most_suites: 128, ..server(spec) }, &options());
    let mut seen = found.versions[&ProtocolVersion::TLS1_2].0.suites.clone();
    seen.sort_unstable();
    assert_eq!(seen, accepted);
}

#[test]
fn a_refusal_by_closing_is_one_where_the_server_still_answers() {
    let spec = EndpointSpec {
        versions: vec![ProtocolVersion::TLS1_2],
        suites: [0xC030, 0xC02F].map(CipherSuite).to_vec(),
        ..plain()
    };
    let s2n = Memory { backend: Arc::new(S2n::new()), ..server(spec) };
    let found = scanned(&s2n);
    let (accepted, _) = &found.versions[&ProtocolVersion::TLS1_2];
    assert_eq!(accepted.suites, [0xC030, 0xC02F].map(CipherSuite));
    let Ended::Refused(refusal) = &accepted.end else { panic!("{:?}", accepted.end) };
    // s2n's own word for it, which is a warning (RFC 5246 7.2.1).
    assert_eq!(refusal.alert, Some(AlertDescription::CLOSE_NOTIFY));
    assert!(found.cost.retries > 0, "it has to happen twice");
}

#[test]
fn suites_alone_leave_the_rest_unasked_and_unknown() {
    let found = scan(&server(plain()), &Options { suites_only: true, ..options() });
    let whole = scanned(&server(plain()));
    for version in ProtocolVersion::ALL {
        let (suites, all) = (&found.versions[&version], &whole.versions[&version]);
        assert_eq!((&suites.0.suites, &suites.1), (&all.0.suites, &all.1), "{version}");
    }
    assert!(found.groups.is_empty() && found.schemes.is_empty());
    for known in [&found.fallback_scsv, &found.compression, &found.resumption.psk] {
        assert_eq!(*known, Known::Moot("not asked"));
    }
}
