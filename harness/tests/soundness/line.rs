//! Rule 4, the refusal line: what counts as a commitment, and what does not.

use shakedown::judge::{FindingCode, RefusalLine, Verdict};
use shakedown::net::run_in_memory;
use shakedown::observe::{Ending, Observation, Reach, Tap};
use shakedown::oracle::Rule;
use shakedown::registry::{AlertDescription, CipherSuite, ProtocolVersion};
use shakedown::run::stage::Stage;
use shakedown::wire::handshake::Certificate;
use shakedown::wire::record::write_records;
use shakedown::wire::{Alert, ContentType, Encode, Extension, Handshake, ServerHello};

use crate::support::drive::{narrow, permissive};
use crate::support::made::{Made, RSA_GCM, TLS13_GCM};
use crate::support::{STRONG, world};

fn record(content_type: ContentType, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write_records(content_type, ProtocolVersion::TLS1_2, payload, &mut out);
    out
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    record(ContentType::HANDSHAKE, &[&[kind], &length[1..], body].concat())
}

fn client_hello() -> Vec<u8> {
    let mut out = Vec::new();
    permissive().drain(&mut out);
    out
}

fn server_hello(version: ProtocolVersion, suite: CipherSuite) -> Vec<u8> {
    let is_tls13 = version == ProtocolVersion::TLS1_3;
    let hello = Handshake::ServerHello(ServerHello {
        legacy_version: version.min(ProtocolVersion::TLS1_2),
        random: [7; 32],
        session_id: Vec::new(),
        cipher_suite: suite,
        compression_method: 0,
        extensions: is_tls13.then(|| vec![Extension::SelectedVersion(version)]),
    });
    record(ContentType::HANDSHAKE, &hello.to_message_bytes())
}

/// ServerHello, Certificate, ServerHelloDone of TLS 1.2 with static RSA.
fn static_rsa_flight() -> Vec<u8> {
    let certificate = Handshake::Certificate(Certificate::Legacy(vec![vec![0x30, 0]]));
    let rest = [certificate.to_message_bytes(), Handshake::ServerHelloDone.to_message_bytes()].concat();
    [server_hello(ProtocolVersion::TLS1_2, RSA_GCM), record(ContentType::HANDSHAKE, &rest)].concat()
}

fn tap() -> Tap {
    let mut tap = Tap::new();
    tap.from_client(&client_hello());
    assert_eq!(tap.reach(), Reach::Offered);
    tap.from_server(&static_rsa_flight());
    assert_eq!(tap.reach(), Reach::Proposed);
    tap
}

const CLIENT_KEY_EXCHANGE: u8 = 16;
const FINISHED: u8 = 20;
const CERTIFICATE: u8 = 11;

#[test]
fn up_to_tls12_each_of_three_messages_is_a_commitment_by_itself() {
    for (what, bytes) in [
        ("ClientKeyExchange", message(CLIENT_KEY_EXCHANGE, &[0; 130])),
        ("an empty ClientKeyExchange", message(CLIENT_KEY_EXCHANGE, &[])),
        ("ChangeCipherSpec", record(ContentType::CHANGE_CIPHER_SPEC, &[1])),
        ("Finished in the clear", message(FINISHED, &[0; 12])),
    ] {
        let mut tap = tap();
        tap.from_client(&bytes);
        assert_eq!(tap.reach(), Reach::Committed, "{what}");
    }
}

#[test]
fn a_commitment_in_pieces_is_one() {
    let mut tap = tap();
    for byte in message(CLIENT_KEY_EXCHANGE, &[0; 130]) {
        tap.from_client(&[byte]);
    }
    assert_eq!(tap.reach(), Reach::Committed);
}

#[test]
fn an_abbreviated_handshake_has_no_key_exchange_and_is_a_commitment() {
    let mut tap = Tap::new();
    tap.from_client(&client_hello());
    tap.from_server(&server_hello(ProtocolVersion::TLS1_2, RSA_GCM));
    tap.from_server(&record(ContentType::CHANGE_CIPHER_SPEC, &[1]));
    tap.from_server(&record(ContentType::HANDSHAKE, &[0xEE; 40]));
    assert_eq!(tap.reach(), Reach::Proposed);
    tap.from_client(&record(ContentType::CHANGE_CIPHER_SPEC, &[1]));
    assert_eq!(tap.reach(), Reach::Committed);
}

#[test]
fn what_is_no_commitment_stays_a_proposal() {
    let alert = Alert::fatal(AlertDescription::HANDSHAKE_FAILURE).to_bytes();
    for (what, bytes) in [
        ("an alert", record(ContentType::ALERT, &alert)),
        (
            "close_notify",
            record(ContentType::ALERT, &Alert::warning(AlertDescription::CLOSE_NOTIFY).to_bytes()),
        ),
        ("a client certificate", message(CERTIFICATE, &[0, 0, 0])),
        ("half a message", message(CLIENT_KEY_EXCHANGE, &[0; 130])[..20].to_vec()),
    ] {
        let mut tap = tap();
        tap.from_client(&bytes);
        assert_eq!(tap.reach(), Reach::Proposed, "{what}");
    }
}

#[test]
fn a_commitment_after_an_alert_is_still_one() {
    let mut tap = tap();
    let alert = Alert::fatal(AlertDescription::HANDSHAKE_FAILURE).to_bytes();
    tap.from_client(&record(ContentType::ALERT, &alert));
    tap.from_client(&message(CLIENT_KEY_EXCHANGE, &[0; 130]));
    assert_eq!(tap.reach(), Reach::Committed);
}

#[test]
fn in_tls13_a_change_cipher_spec_and_an_alert_in_the_clear_are_no_commitment() {
    let mut tap = Tap::new();
    tap.from_client(&client_hello());
    tap.from_server(&server_hello(ProtocolVersion::TLS1_3, TLS13_GCM));
    tap.from_server(&record(ContentType::APPLICATION_DATA, &[0; 900]));
    tap.from_client(&record(ContentType::CHANGE_CIPHER_SPEC, &[1]));
    let alert = Alert::fatal(AlertDescription::ILLEGAL_PARAMETER).to_bytes();
    tap.from_client(&record(ContentType::ALERT, &alert));
    // An encrypted alert looks like everything else; only the engine can tell.
    tap.from_client(&record(ContentType::APPLICATION_DATA, &[0; 19]));
    assert_eq!(tap.reach(), Reach::Proposed);
}

#[test]
fn in_tls13_the_engines_word_makes_the_commitment() {
    let world = world();
    let case = world.catalogue.cases.iter().find(|c| c.scenario.psk_ke).unwrap();
    let stage = Stage::of(case, world.openssl(), &world.pki).unwrap();
    let (seen, _) = run_in_memory(&mut *permissive(), stage.open().unwrap());
    assert!(seen.reach >= Reach::Committed, "{seen:?}");
    assert!(seen.proposal.unwrap().psk_ke);
}

/// A stage that only a client with this very suite gets through.
fn in_memory(case: &str, client: ProtocolVersion, suite: CipherSuite) -> Observation {
    let world = world();
    let stage = Stage::of(&world.case(case), world.openssl(), &world.pki).unwrap();
    run_in_memory(&mut *narrow(&[client], &[suite]), stage.open().unwrap()).0
}

#[test]
fn a_completed_session_reaches_data_and_a_refused_hello_only_offers() {
    let ecdhe_gcm = CipherSuite(0xC02F);
    assert_eq!(in_memory(STRONG, ProtocolVersion::TLS1_2, ecdhe_gcm).reach, Reach::Data);
    let refused = in_memory(STRONG, ProtocolVersion::TLS1_2, RSA_GCM);
    assert_eq!(refused.reach, Reach::Offered);
    assert!(matches!(refused.ending, Ending::ServerAlert(_)), "{refused:?}");
}

#[test]
fn for_certificates_the_line_is_the_first_byte_of_data() {
    let certificate = Made {
        bad_certificate: true,
        line: RefusalLine::Data,
        ..Made::new(ProtocolVersion::TLS1_2, CipherSuite(0xC02F), &[])
    };
    for reach in [Reach::Proposed, Reach::Committed, Reach::Finished] {
        let judged = certificate.judged(&[certificate.seen(reach, Ending::ClientFin, true)]);
        assert_eq!(judged.verdict, Verdict::Pass, "{reach:?}");
    }
    let accepted = certificate.judged(&[certificate.seen(Reach::Data, Ending::Completed, true)]);
    assert_eq!(accepted.findings[0].code, FindingCode::Unauthenticated);
    let late = Observation {
        client_alert: Some(AlertDescription::UNKNOWN_CA),
        ..certificate.seen(Reach::Data, Ending::Completed, true)
    };
    let late = certificate.judged(&[late]);
    assert_eq!((late.verdict, late.findings[0].code), (Verdict::Fail, FindingCode::DataBeforeRefusal));
}

#[test]
fn where_the_line_is_committed_a_finished_session_without_data_is_a_failure() {
    let weak = Made::new(ProtocolVersion::TLS1_2, RSA_GCM, &[Rule::ForwardSecrecy]);
    for reach in [Reach::Committed, Reach::Finished, Reach::Data] {
        let judged = weak.judged(&[weak.seen(reach, Ending::ClientFin, true)]);
        assert_eq!((judged.verdict, judged.findings[0].code), (Verdict::Fail, FindingCode::NoForwardSecrecy));
    }
}
