//! Rule 11, the liars that behave differently from one connection to the next, that resume, and that hang.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

use shakedown::engine::EndpointSpec;
use shakedown::judge::{FindingCode, Verdict};
use shakedown::net::{CaseConnection, ClientEnd};
use shakedown::observe::{Observation, Reach, Seen, Side};
use shakedown::registry::ProtocolVersion;
use shakedown::run::client::canary_spec;
use shakedown::run::stage::Stage;
use shakedown::scenario::Subject;
use shakedown::wire::record::write_records;
use shakedown::wire::{
    ContentType, Context, Extension, Handshake, HandshakeDeframer, HandshakeType, RecordDeframer,
};

use crate::support::drive::{engine, is_control, knock, permissive, read_flight, reset, strict, v4, visit};
use crate::support::{
    OLD_VERSION_FORCED, STATIC_RSA_FORCED, STRONG, Setting, core, forge, forge_in, forge_on, has,
    one_per_class, show, world,
};

/// How often a case was tried so far.
#[derive(Default)]
struct Tries(Mutex<BTreeMap<String, u32>>);

impl Tries {
    fn next(&self, case: &str) -> u32 {
        let mut tries = self.0.lock().unwrap();
        let count = tries.entry(case.to_owned()).or_default();
        *count += 1;
        *count - 1
    }
}

#[test]
fn refusing_once_without_an_alert_and_accepting_the_second_time_fails() {
    let tries = Tries::default();
    let told = forge_on(one_per_class(), move |address| {
        if is_control(address) || tries.next(&address.case) > 0 {
            return visit(v4(address.port), permissive());
        }
        let (mut stream, mut engine) = (v4(address.port), permissive());
        knock(&mut stream, &mut *engine);
        reset(stream);
        false
    });
    // Rule 2: a completed weak session is a failure, also where it was found by the second look.
    told.each_must_refuse(|case| assert_eq!(case.verdict, Verdict::Fail, "{}", show(case)));
}

#[test]
fn two_different_refusals_without_an_alert_are_unstable() {
    let tries = Tries::default();
    let told = forge_on(one_per_class(), move |address| {
        if is_control(address) {
            return visit(v4(address.port), permissive());
        }
        let first = tries.next(&address.case) == 0;
        if first {
            let (mut stream, mut engine) = (v4(address.port), permissive());
            knock(&mut stream, &mut *engine);
        }
        false
    });
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::Unstable);
    told.is_never_green();
}

/// Long enough for an honest handshake on a busy machine.
const SHORT: Duration = Duration::from_millis(800);

/// One case after the other: what ends at its deadline beside others is run again, which only takes time here.
fn short(cases: &[&str]) -> Setting {
    Setting { jobs: 1, ..short_and_crowded(cases) }
}

fn short_and_crowded(cases: &[&str]) -> Setting {
    let cases = cases.iter().map(|id| world().case(id)).collect();
    Setting { cases, partial: true, deadline: SHORT, ..Setting::default() }
}

#[test]
fn hanging_in_the_cases_only_is_a_timeout() {
    let told = forge_in(short(&[STATIC_RSA_FORCED, OLD_VERSION_FORCED]), |address| {
        if is_control(address) {
            return visit(v4(address.port), strict());
        }
        let (mut stream, mut engine) = (v4(address.port), strict());
        knock(&mut stream, &mut *engine);
        std::thread::sleep(SHORT * 2);
        false
    });
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::Timeout);
    told.is_never_green();
}

#[test]
fn refusing_and_then_hanging_is_a_timeout() {
    // What the program would have done next is not known.
    let told = forge_in(short(&[STATIC_RSA_FORCED]), |address| {
        let connected = visit(v4(address.port), strict());
        if !is_control(address) {
            std::thread::sleep(SHORT * 3);
        }
        connected
    });
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::Timeout);
    told.is_never_green();
}

#[test]
fn hanging_first_and_closing_silently_later_needs_two_equal_silent_refusals() {
    let tries = Tries::default();
    let told = forge_in(short_and_crowded(&[STATIC_RSA_FORCED]), move |address| {
        if is_control(address) {
            return visit(v4(address.port), strict());
        }
        let (mut stream, mut engine) = (v4(address.port), strict());
        knock(&mut stream, &mut *engine);
        // In turns, so that no two looks are alike.
        if tries.next(&address.case).is_multiple_of(2) {
            std::thread::sleep(SHORT * 2);
        }
        false
    });
    told.is_never_green();
}

#[test]
fn a_failure_is_not_forgotten_because_something_else_timed_out() {
    // Refused, then again with a lower maximum (a failure), then a connection that hangs.
    let tries = Tries::default();
    let told = forge_in(short_and_crowded(&[OLD_VERSION_FORCED]), move |address| {
        if is_control(address) || tries.next(&address.case) > 0 {
            return visit(v4(address.port), strict());
        }
        visit(v4(address.port), strict());
        let old = EndpointSpec { versions: vec![ProtocolVersion::TLS1_1], psk: None, ..canary_spec() };
        let (mut stream, mut older) = (v4(address.port), engine(&old));
        knock(&mut stream, &mut *older);
        std::thread::sleep(SHORT * 3);
        false
    });
    let case = told.case(OLD_VERSION_FORCED);
    assert_eq!(case.verdict, Verdict::Fail, "{}", show(case));
    assert!(has(case, FindingCode::DowngradedRetry), "{}", show(case));
}

#[test]
fn connections_without_a_byte_prove_nothing() {
    let told = forge(|address| {
        drop(v4(address.port));
        drop(v4(address.port));
        false
    });
    assert_eq!(told.control("rsa2048"), "no-connection");
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::NoConnection);
    told.is_never_green();
}

#[test]
fn connections_without_a_byte_in_the_cases_only_prove_nothing() {
    let told = forge_on(one_per_class(), |address| {
        is_control(address) && visit(v4(address.port), strict()) || {
            drop(v4(address.port));
            false
        }
    });
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::NoConnection);
    told.is_never_green();
}

#[test]
fn connections_that_stay_open_without_a_byte_are_a_timeout() {
    let told = forge_in(short(&[STATIC_RSA_FORCED]), |address| {
        if is_control(address) {
            return visit(v4(address.port), strict());
        }
        let _open = v4(address.port);
        std::thread::sleep(SHORT * 4);
        false
    });
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::Timeout);
    told.is_never_green();
}

#[test]
fn a_change_cipher_spec_without_a_key_exchange_is_a_commitment() {
    // What an abbreviated handshake begins with (RFC 5246 7.3): resuming is accepting.
    let told = forge_on(one_per_class(), |address| {
        if is_control(address) {
            return visit(v4(address.port), permissive());
        }
        let (mut stream, mut engine) = (v4(address.port), permissive());
        knock(&mut stream, &mut *engine);
        let mut bytes = Vec::new();
        write_records(ContentType::CHANGE_CIPHER_SPEC, ProtocolVersion::TLS1_2, &[1], &mut bytes);
        let _ = stream.write_all(&bytes);
        read_flight(&mut stream);
        false
    });
    told.each_must_refuse(|case| {
        assert_eq!(case.verdict, Verdict::Fail, "{}", show(case));
        assert_eq!(case.reach, Some(Reach::Committed), "{}", show(case));
    });
}

/// The permissive hello, asking to resume in every way that its version has.
fn hello_that_wants_to_resume(spec: &EndpointSpec) -> Vec<u8> {
    let mut bytes = Vec::new();
    engine(spec).drain(&mut bytes);
    let (mut records, mut messages) = (RecordDeframer::new(), HandshakeDeframer::new());
    records.push(&bytes);
    while let Some(record) = records.next().unwrap() {
        messages.push(&record.payload);
    }
    let (kind, body) = messages.next().unwrap().unwrap();
    let context = Context::new(ProtocolVersion::TLS1_2);
    let Handshake::ClientHello(mut hello) = Handshake::decode(kind, &body, &context).unwrap() else {
        panic!("the first message is a ClientHello")
    };
    hello.session_id = vec![0x5A; 32];
    if let Some(extensions) = &mut hello.extensions {
        extensions.retain(|e| !matches!(e, Extension::SessionTicket(_)));
        extensions.push(Extension::SessionTicket(vec![0xA5; 160]));
    }
    let (mut message, mut out) = (Vec::new(), Vec::new());
    Handshake::ClientHello(hello).encode_message(&mut message);
    write_records(ContentType::HANDSHAKE, ProtocolVersion::TLS1_0, &message, &mut out);
    out
}

fn first_flight(stage: &Stage, hello: &[u8]) -> Observation {
    let mut session = CaseConnection::new(stage.open().unwrap());
    session.client_bytes(hello, &mut Vec::new());
    session.client_ended(ClientEnd::Fin);
    session.into_observation()
}

#[test]
fn no_server_of_the_harness_gives_anything_to_resume() {
    let world = world();
    let hello = hello_that_wants_to_resume(&EndpointSpec { psk: None, ..canary_spec() });
    let mut proposed = 0;
    for case in core().iter().filter(|case| case.scenario.subject == Subject::Client) {
        let stage = Stage::of(case, world.openssl(), &world.pki).unwrap();
        let seen = first_flight(&stage, &hello);
        let server = seen.transcript.entries().iter().filter(|(side, _)| *side == Side::Server);
        for (_, entry) in server {
            let Seen::Handshake { kind, body } = entry else { continue };
            assert_ne!(*kind, HandshakeType::NEW_SESSION_TICKET, "{}", case.id);
            let context = Context::new(case.version);
            if let Ok(Handshake::ServerHello(answer)) = Handshake::decode(*kind, body, &context) {
                proposed += 1;
                let tickets = answer.extensions().iter().any(|e| matches!(e, Extension::SessionTicket(_)));
                assert!(!tickets, "{}", case.id);
                // TLS 1.3 echoes the id for middleboxes and resumes by pre_shared_key only (RFC 8446 4.1.3).
                if case.version < ProtocolVersion::TLS1_3 {
                    assert_ne!(answer.session_id, vec![0x5A; 32], "{}: resumed", case.id);
                    assert!(answer.session_id.is_empty(), "{}: gives a session id", case.id);
                } else {
                    assert_eq!(answer.selected_psk(), None, "{}", case.id);
                }
            }
        }
    }
    assert!(proposed > 20, "only {proposed} servers answered");
}

#[test]
fn coming_back_with_the_session_of_the_control_is_judged_like_a_full_handshake() {
    // The server knows no session, so whoever offers one gets a full handshake, and its commitment counts.
    let told = forge_on(vec![world().case(STATIC_RSA_FORCED), world().case(STRONG)], |address| {
        if is_control(address) {
            return visit(v4(address.port), permissive());
        }
        let mut stream = v4(address.port);
        let hello = hello_that_wants_to_resume(&EndpointSpec { psk: None, ..canary_spec() });
        stream.write_all(&hello).unwrap();
        read_flight(&mut stream);
        let mut bytes = Vec::new();
        write_records(ContentType::CHANGE_CIPHER_SPEC, ProtocolVersion::TLS1_2, &[1], &mut bytes);
        write_records(ContentType::HANDSHAKE, ProtocolVersion::TLS1_2, &[0x77; 40], &mut bytes);
        let _ = stream.write_all(&bytes);
        read_flight(&mut stream);
        false
    });
    let case = told.case(STATIC_RSA_FORCED);
    assert_eq!(case.verdict, Verdict::Fail, "{}", show(case));
    assert!(has(case, FindingCode::NoForwardSecrecy));
}
