//! A hand-written witness for each planted fault: an input that shows it, and shows nothing without it.
//!
//! Only with the feature `faults`: `make faults`. The fault that is planted is the process's, so the tests take turns.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use shakedown::faults::{Fault, plant};
use shakedown::fuzzing::semantic::{Hello, Saved, saved};
use shakedown::fuzzing::target;
use shakedown::registry::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use shakedown::wire::{ClientHello, Extension};

static TURN: Mutex<()> = Mutex::new(());

/// The label of what `play` finds with the fault planted; without it it must find nothing.
fn found(fault: Fault, play: impl Fn()) -> Option<String> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    plant(None);
    play();
    plant(Some(fault));
    let result = catch_unwind(AssertUnwindSafe(&play));
    plant(None);
    let text = result.err()?.downcast_ref::<String>().cloned().unwrap_or_default();
    let label = text.split_once("ORACLE ")?.1.split(':').next()?;
    Some(label.to_owned())
}

fn hello(version: ProtocolVersion, suites: &[u16], extensions: Option<Vec<Extension>>) -> ClientHello {
    ClientHello {
        legacy_version: version,
        random: [7; 32],
        session_id: Vec::new(),
        cipher_suites: suites.iter().map(|number| CipherSuite(*number)).collect(),
        compression_methods: vec![0],
        extensions,
    }
}

fn curves_and_schemes() -> Vec<Extension> {
    vec![
        Extension::SupportedGroups(vec![NamedGroup::X25519, NamedGroup::SECP256R1]),
        Extension::EcPointFormats(vec![0]),
        Extension::SignatureAlgorithms(vec![
            SignatureScheme::RSA_PSS_RSAE_SHA256,
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::ECDSA_SECP256R1_SHA256,
        ]),
    ]
}

fn versions(list: &[u16]) -> Extension {
    Extension::SupportedVersions(list.iter().map(|number| ProtocolVersion(*number)).collect())
}

fn tls13(list: &[u16]) -> Vec<Extension> {
    let share = shakedown::probe::key_share(NamedGroup::X25519).unwrap();
    [curves_and_schemes(), vec![versions(list), Extension::KeyShareOffer(vec![share])]].concat()
}

/// A server of AWS's newest: TLS 1.2 and 1.3, forward secret.
const STRICT: &str = "elb/ELBSecurityPolicy-TLS13-1-2-Res-2021-06";

fn selected(stack: &str, policy: &str, hello: &ClientHello) {
    Hello::new("server_select", Some(stack), policy, "rsa2048", hello).play().unwrap();
}

fn compared(policy: &str, hello: &ClientHello) {
    Hello::new("diff_negotiate", None, policy, "rsa2048", hello).play().unwrap();
}

fn played(name: &str, input: &[u8]) {
    target(name).unwrap().run(input);
}

/// The same by what the input says, as a regression is kept.
fn played_as_saved(name: &str, input: &[u8]) {
    let text = saved(target(name).unwrap(), input).unwrap();
    Saved::parse(&text).unwrap().play().unwrap();
}

fn seed(name: &str, of: &str) -> Vec<u8> {
    let seeds = target(name).unwrap().seeds();
    seeds.into_iter().find(|(seed, _)| seed.starts_with(of)).unwrap_or_else(|| panic!("no seed {of}")).1
}

#[test]
fn f1_tls10_for_a_hello_with_one_suite() {
    let old = hello(ProtocolVersion::TLS1_0, &[0xC013], Some(curves_and_schemes()));
    let label = found(Fault::OldVersionForOneSuite, || selected("openssl", STRICT, &old));
    assert_eq!(label.as_deref(), Some("version"));
}

#[test]
fn f2_a_version_by_its_low_byte() {
    let odd = hello(ProtocolVersion::TLS1_2, &[0xC02F], Some(tls13(&[0x0403])));
    let label = found(Fault::VersionByLowByte, || selected("openssl", STRICT, &odd));
    assert_eq!(label.as_deref(), Some("version"));
}

#[test]
fn f3_static_rsa_for_more_than_six_suites() {
    let suites = [0xC02F, 0xC030, 0xC027, 0xC028, 0xC013, 0xC014, 0x009C];
    let long = hello(ProtocolVersion::TLS1_2, &suites, Some(curves_and_schemes()));
    let label = found(Fault::StaticRsaForLongLists, || selected("openssl", STRICT, &long));
    assert_eq!(label.as_deref(), Some("suite"));
}

#[test]
fn f4_an_anonymous_suite() {
    let anonymous = hello(ProtocolVersion::TLS1_2, &[0xC018], Some(curves_and_schemes()));
    let label = found(Fault::AnonymousAdmitted, || selected("openssl", STRICT, &anonymous));
    assert_eq!(label.as_deref(), Some("suite"));
}

#[test]
fn f5_the_fallback_signal() {
    let fallback = hello(ProtocolVersion::TLS1_2, &[0xC02F, 0x5600], Some(curves_and_schemes()));
    let label = found(Fault::FallbackIgnored, || compared(STRICT, &fallback));
    assert_eq!(label.as_deref(), Some("differs"));
}

#[test]
fn f6_no_sentinel() {
    let tls12 = hello(ProtocolVersion::TLS1_2, &[0xC02F], Some(curves_and_schemes()));
    let label = found(Fault::SentinelMissing, || selected("openssl", STRICT, &tls12));
    assert_eq!(label.as_deref(), Some("sentinel"));
}

#[test]
fn f7_a_sentinel_that_nobody_looks_at() {
    let flight = seed("client_bytes", "wary-openssl-sentinel-tls12");
    assert_eq!(
        found(Fault::SentinelIgnored, || played("client_bytes", &flight)).as_deref(),
        Some("sentinel")
    );
}

#[test]
fn f8_a_suite_that_was_not_offered() {
    let flight = seed("client_bytes", "wary-openssl-foreign-suite");
    assert_eq!(found(Fault::ForeignSuiteTaken, || played("client_bytes", &flight)).as_deref(), Some("suite"));
}

#[test]
fn f9_a_hello_that_was_changed_on_its_way() {
    // One bit of the client's random: behind the header of the record and of the message, and the version.
    let text = "client = \"openssl\"\nserver = \"openssl\"\ncell = \"openssl-openssl-TLSv1.2-c02f-19\"\n\n\
        [[edit]]\nat = \"record:client:1\"\nchange = \"xor\"\nvalue = [6, 1]\n";
    let list = shakedown::edit::Saved::parse("witness.toml", text).unwrap();
    let label = found(Fault::HelloUnbound, || {
        shakedown::fuzzing::replay_edits(&list).unwrap();
    });
    assert_eq!(label.as_deref(), Some("forged"));
}

#[test]
fn f10_another_suite_in_the_second_hello() {
    // The suite's two bytes in the second hello of a handshake with a HelloRetryRequest: another of TLS 1.3.
    let mut flight = seed("server_bytes", "openssl-openssl-TLSv1.3-1301-secp256r1-48");
    let suites = |bytes: &[u8]| {
        (0..bytes.len() - 1).filter(|at| bytes[*at..*at + 2] == [0x13, 0x01]).collect::<Vec<_>>()
    };
    let second = suites(&flight)[1];
    flight[second + 1] = 0x02;
    assert_eq!(found(Fault::SecondHelloUnread, || played("server_bytes", &flight)).as_deref(), Some("suite"));
    // One more suite in front of it: still offered, but no Finished covers that hello.
    flight[second + 1] = 0x01;
    flight.splice(second..second, [0xC0, 0x26]);
    // The lengths of the record, the message and the list, which stand before 2 + 32 + 1 + 32 bytes of hello.
    let start = second - 2 - 67 - 9;
    assert_eq!(flight[start], 22, "a handshake record: {:02x?}", &flight[start..second]);
    for length in [start + 4, start + 8, second - 1] {
        flight[length] += 2;
    }
    assert_eq!(
        found(Fault::SecondHelloUnread, || played("server_bytes", &flight)).as_deref(),
        Some("forged")
    );
}

#[test]
fn f11_a_key_without_its_mode() {
    let flight = seed("server_bytes", "wary-server-psk-alone");
    let label = found(Fault::ResumedWithoutPolicy, || played("server_bytes", &flight));
    assert_eq!(label.as_deref(), Some("non-PFS"));
}

#[test]
fn f13_three_bytes_behind_a_hello() {
    let message =
        shakedown::wire::Handshake::ClientHello(hello(ProtocolVersion::TLS1_2, &[0xC02F], Some(Vec::new())));
    let mut bytes = message.to_message_bytes();
    bytes.extend([1, 2, 3]);
    bytes[3] += 3;
    let input = [&[1, 3], &bytes[..]].concat();
    // What is read leaves the three bytes out when it is written again.
    assert_eq!(found(Fault::TrailingBytes, || played("codec_bytes", &input)).as_deref(), Some("round-trip"));
}

/// What `verdict` draws: the session, settings, the number of connections; of each its reach, another session or not, the
/// alert, the end, flags, and the offer. What follows is zero: the client ended by itself, and both controls are good.
#[test]
fn f14_an_alert_behind_finished() {
    // TLS 1.0; one connection that came to Finished and ended with the client's protocol_version.
    let input = [4, 0, 1, 4, 0, 1, 1, 0];
    for play in [played, played_as_saved] {
        assert_eq!(found(Fault::AlertAfterFinished, || play("verdict", &input)).as_deref(), Some("verdict"));
    }
}

#[test]
fn f19_connections_behind_refused_ones() {
    // TLS 1.1; two connections that ended at the proposal, with bad_certificate and with a reset. The target adds a weak
    // one to every trace.
    let (refused, reset) = ([2, 0, 2, 1, 0, 0, 0, 0, 0], [2, 0, 2, 5, 0, 0, 0, 0, 0]);
    let input = [&[3, 0, 2], &refused[..], &reset].concat();
    for play in [played, played_as_saved] {
        assert_eq!(
            found(Fault::LaterConnectionsUnread, || play("verdict", &input)).as_deref(),
            Some("monotone")
        );
    }
}

#[test]
fn every_fault_has_its_witness_here() {
    let text = include_str!("faults.rs");
    for fault in Fault::ALL {
        let name = format!("fn {}_", fault.id().to_lowercase());
        assert!(text.contains(&name), "{fault:?}");
        assert!(text.contains(&format!("found(Fault::{fault:?}")), "{fault:?}");
    }
}

#[test]
fn f16_a_suite_that_nobody_knows() {
    let text = "title = \"t\"\nversions = [\"TLSv1.2\"]\norder = \"server\"\ngroups = [\"x25519\"]\n\
        schemes = [\"rsa_pss_rsae_sha256\"]\n\
        suites = [\"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\", \"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA2567\"]\n";
    let input = [&[0], text.as_bytes()].concat();
    assert_eq!(
        found(Fault::UnknownSuiteSkipped, || played("scenario_parse", &input)).as_deref(),
        Some("parse")
    );
}

#[test]
fn f17_the_clients_order_where_it_has_grease() {
    let suites = [0x0A0A, 0xC028, 0xC027, 0xC014, 0xC030, 0xC02F];
    let greasy = hello(ProtocolVersion::TLS1_2, &suites, Some(curves_and_schemes()));
    let label = found(Fault::ClientOrderWithGrease, || compared(STRICT, &greasy));
    assert_eq!(label.as_deref(), Some("differs"));
}

#[test]
fn f18_a_group_that_the_policy_does_not_have() {
    // secp521r1, which the policy does not have.
    let only = Extension::SupportedGroups(vec![NamedGroup(0x0019)]);
    let share = Extension::KeyShareOffer(Vec::new());
    let schemes = Extension::SignatureAlgorithms(vec![SignatureScheme::RSA_PSS_RSAE_SHA256]);
    let extensions = vec![versions(&[0x0304]), only, share, schemes];
    let mut foreign = hello(ProtocolVersion::TLS1_2, &[0x1301], Some(extensions));
    foreign.session_id = vec![9; 32];
    let policy = "cloudfront/TLSv1.3_2025";
    let label = found(Fault::AnyGroupWithSessionId, || selected("openssl", policy, &foreign));
    assert_eq!(label.as_deref(), Some("group"));
}
