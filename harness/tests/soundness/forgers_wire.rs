//! Rule 11, the liars that lie on one connection. What an honest client gets in the same run stands first: a suite
//! in which everybody is refused would hold nothing.

use std::io::Write;
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shakedown::engine::Status;
use shakedown::judge::{FindingCode, Verdict};
use shakedown::observe::Reach;
use shakedown::pki::Pki;
use shakedown::registry::{AlertDescription, ProtocolVersion};
use shakedown::run::client::canary_spec;
use shakedown::run::events::Expected;

use crate::support::drive::{
    Came, alert, drive, engine, has_v6, is_control, knock, leave_with, permissive, read_flight, refuse_with,
    reset, strict, strict_with, v4, v6, visit,
};
use crate::support::{
    STATIC_RSA, Setting, UNTRUSTED, core, forge, forge_in, forge_on, has, one_per_class, show,
};

#[test]
fn an_honest_client_passes_every_must_refuse_case_over_sockets() {
    let told = forge(|address| visit(v4(address.port), strict()));
    told.each_must_refuse(|case| {
        assert!(matches!(case.verdict, Verdict::Pass | Verdict::Warn), "{}", show(case));
    });
    assert_eq!((told.totals.fail, told.totals.inconclusive, told.totals.skipped), (0, 0, 0));
    assert!(told.totals.findings.is_empty(), "{:?}", told.totals.findings);
    assert_eq!(told.exit, 0);
}

#[test]
fn a_client_that_takes_everything_fails_every_must_refuse_case_over_sockets() {
    let told = forge(|address| visit(v4(address.port), permissive()));
    told.each_must_refuse(|case| assert_eq!(case.verdict, Verdict::Fail, "{}", show(case)));
    assert_eq!((told.totals.verdict, told.exit), (Some(Verdict::Fail), 1));
    assert_eq!(told.totals.inconclusive, 0);
}

#[test]
fn closing_after_every_server_hello_proves_nothing() {
    let told = forge(|address| {
        let (mut stream, mut engine) = (v4(address.port), permissive());
        knock(&mut stream, &mut *engine);
        false
    });
    assert_eq!(told.control("rsa2048"), "control-refused");
    assert_eq!(told.control("ecdsa-p256"), "control-refused");
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::ControlRefused);
    told.is_never_green();
    assert_eq!(told.exit, 3);
}

#[test]
fn resetting_after_every_server_hello_proves_nothing() {
    let told = forge_on(one_per_class(), |address| {
        let (mut stream, mut engine) = (v4(address.port), permissive());
        knock(&mut stream, &mut *engine);
        reset(stream);
        false
    });
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::ControlRefused);
    told.is_never_green();
}

#[test]
fn an_alert_to_every_server_hello_proves_nothing() {
    let told = forge_on(one_per_class(), |address| {
        refuse_with(address, AlertDescription::HANDSHAKE_FAILURE);
        false
    });
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::ControlRefused);
    told.is_never_green();
}

#[test]
fn refusing_by_certificate_everywhere_proves_nothing() {
    let plays =
        [(AlertDescription::BAD_CERTIFICATE, core()), (AlertDescription::UNKNOWN_CA, one_per_class())];
    for (description, cases) in plays {
        let told = forge_on(cases, move |address| {
            refuse_with(address, description);
            false
        });
        assert_eq!(told.control("rsa2048"), "untrusted-certificate");
        told.all_must_refuse(Verdict::Inconclusive, FindingCode::UntrustedCertificate);
        told.is_never_green();
        assert_eq!(told.exit, 3);
    }
}

#[test]
fn a_stack_that_takes_anything_weak_and_trusts_nobody_proves_nothing() {
    let elsewhere = Arc::new(Pki::mint().unwrap().ca_der().to_vec());
    let spec = shakedown::engine::EndpointSpec { trust: Some(elsewhere), ..canary_spec() };
    let told = forge(move |address| visit(v4(address.port), engine(&spec)));
    assert_eq!(told.control("rsa2048"), "untrusted-certificate");
    told.is_never_green();
    // Without a certificate there is nothing to distrust: the weakness shows itself, controls or not (rule 2).
    let anonymous = told.case("client/cipher/anonymous@TLSv1.2+TLS_ECDH_anon_WITH_AES_128_CBC_SHA+natural");
    assert_eq!(anonymous.verdict, Verdict::Fail);
    assert!(has(anonymous, FindingCode::Unauthenticated));
    assert_eq!(told.case(STATIC_RSA).verdict, Verdict::Inconclusive);
}

#[test]
fn a_certificate_alert_where_the_same_certificate_was_good_in_the_control_is_no_clean_pass() {
    // The client does refuse the case, and the control shows that it is not the certificate's doing. The alert is
    // still wrong, and whoever reads the table is told.
    let told = forge(|address| {
        if is_control(address) {
            return visit(v4(address.port), strict());
        }
        let (mut stream, mut engine) = (v4(address.port), strict());
        knock(&mut stream, &mut *engine);
        leave_with(stream, AlertDescription::BAD_CERTIFICATE);
        false
    });
    told.each_must_refuse(|case| {
        assert_ne!(case.verdict, Verdict::Fail, "{}", show(case));
        if case.reach == Some(Reach::Proposed) && case.scenario != "client/certificate/wrong" {
            assert!(has(case, FindingCode::UnexpectedAlert), "{}", show(case));
            assert_eq!(case.verdict, Verdict::Warn, "{}", show(case));
        }
    });
    assert_ne!(told.totals.verdict, Some(Verdict::Pass));
}

#[test]
fn connecting_once_and_never_again_proves_nothing() {
    let first = AtomicBool::new(true);
    let told = forge(move |address| first.swap(false, Ordering::SeqCst) && visit(v4(address.port), strict()));
    assert_eq!(told.control("rsa2048"), "completed");
    assert_eq!(told.control("ecdsa-p256"), "no-connection");
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::NoConnection);
    told.is_never_green();
}

#[test]
fn connecting_in_the_first_controls_only_proves_nothing() {
    let told = forge(|address| is_control(address) && visit(v4(address.port), strict()));
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::NoConnection);
    told.is_never_green();
}

#[test]
fn a_client_that_breaks_after_its_controls_loses_its_passes() {
    let controls = AtomicU16::new(0);
    let told = forge(move |address| {
        if is_control(address) && controls.fetch_add(1, Ordering::SeqCst) >= 2 {
            return false;
        }
        visit(v4(address.port), strict())
    });
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::ControlLost);
    told.is_never_green();
}

/// What a connection of the resetting forger did, in the judge's favour.
#[derive(Clone, Copy, PartialEq)]
enum Did {
    CutShort,
    Refused,
    Accepted,
}

#[test]
fn resetting_at_random_never_passes_what_was_not_refused() {
    for seed in 1..=3_u64 {
        let log: Arc<Mutex<Vec<(String, Did)>>> = Arc::default();
        let (told, log) = (
            forge({
                let (log, state) = (Arc::clone(&log), Mutex::new(seed));
                move |address| {
                    let dice = {
                        let mut state = state.lock().unwrap();
                        *state = state
                            .wrapping_mul(6_364_136_223_846_793_005)
                            .wrapping_add(1_442_695_040_888_963_407);
                        *state >> 33
                    };
                    // The controls are spared, or the run would be over before it begins.
                    let act = if is_control(address) { 3 } else { dice % 4 };
                    let (mut stream, mut engine) = (v4(address.port), permissive());
                    let did = match act {
                        0 => {
                            reset(stream);
                            Did::CutShort
                        }
                        1 => {
                            let mut hello = Vec::new();
                            engine.drain(&mut hello);
                            stream.write_all(&hello[..hello.len() / 2]).unwrap();
                            reset(stream);
                            Did::CutShort
                        }
                        2 => {
                            knock(&mut stream, &mut *engine);
                            reset(stream);
                            Did::Refused
                        }
                        _ => {
                            visit(stream, engine);
                            Did::Accepted
                        }
                    };
                    log.lock().unwrap().push((address.case.clone(), did));
                    did == Did::Accepted
                }
            }),
            log,
        );
        let log = log.lock().unwrap();
        told.each_must_refuse(|case| {
            let did: Vec<Did> = log.iter().filter(|(id, _)| *id == case.case).map(|(_, did)| *did).collect();
            if did.contains(&Did::Accepted) {
                assert_eq!(case.verdict, Verdict::Fail, "{}", show(case));
            } else if did.contains(&Did::CutShort) {
                assert_eq!(case.verdict, Verdict::Inconclusive, "{}", show(case));
            } else {
                assert!(did.len() > 1, "a refusal without an alert counts only twice: {}", show(case));
            }
        });
        told.client_is_not_green();
    }
}

#[test]
fn connecting_to_another_cases_port_proves_nothing() {
    let previous = AtomicU16::new(0);
    let told = forge(move |address| {
        if is_control(address) {
            return visit(v4(address.port), permissive());
        }
        let other = previous.swap(address.port, Ordering::SeqCst);
        let Ok(stream) = std::net::TcpStream::connect(("127.0.0.1", other)) else { return false };
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        visit(stream, permissive())
    });
    told.is_never_green();
    // Nobody came to the ports of the cases, or somebody came and accepted.
    told.each_must_refuse(|case| {
        let is_told = has(case, FindingCode::NoConnection) || case.verdict == Verdict::Fail;
        assert!(is_told, "{}", show(case));
    });
}

#[test]
fn refusing_and_then_reconnecting_weak_fails() {
    let told = forge(|address| {
        visit(v4(address.port), strict());
        visit(v4(address.port), permissive())
    });
    told.each_must_refuse(|case| assert_eq!(case.verdict, Verdict::Fail, "{}", show(case)));
    assert!(has(told.case(STATIC_RSA), FindingCode::NoForwardSecrecy));
    assert_eq!(told.case(STATIC_RSA).reach, Some(Reach::Data));
    assert_eq!(told.exit, 1);
}

#[test]
fn accepting_first_and_refusing_afterwards_fails() {
    let told = forge_on(one_per_class(), |address| {
        visit(v4(address.port), permissive());
        visit(v4(address.port), strict())
    });
    told.each_must_refuse(|case| assert_eq!(case.verdict, Verdict::Fail, "{}", show(case)));
}

#[test]
fn refusing_and_then_reconnecting_weak_over_ipv6_fails() {
    if !has_v6() {
        return;
    }
    let told = forge_on(one_per_class(), |address| {
        visit(v4(address.port), strict());
        visit(v6(address.port), permissive())
    });
    told.each_must_refuse(|case| assert_eq!(case.verdict, Verdict::Fail, "{}", show(case)));
}

#[test]
fn refusing_tls_and_then_sending_plain_http_fails() {
    let told = forge(|address| {
        let connected = visit(v4(address.port), strict());
        if !connected {
            let mut stream = v4(address.port);
            stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            read_flight(&mut stream);
        }
        connected
    });
    told.all_must_refuse(Verdict::Fail, FindingCode::PlaintextRetry);
    assert_eq!(told.exit, 1);
}

#[test]
fn plain_http_beside_a_refusal_is_no_pass_in_whatever_order() {
    let told = forge_on(one_per_class(), |address| {
        let mut early = v4(address.port);
        std::thread::sleep(Duration::from_millis(20));
        let connected = visit(v4(address.port), strict());
        if !connected {
            early.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            early.shutdown(Shutdown::Write).unwrap();
            read_flight(&mut early);
        }
        connected
    });
    told.is_never_green();
    told.each_must_refuse(|case| {
        assert!(has(case, FindingCode::PlaintextRetry) || has(case, FindingCode::NotTls), "{}", show(case));
    });
}

#[test]
fn offering_tls13_only_in_the_control_is_unstable() {
    let told = forge(|address| {
        let versions = if is_control(address) { ProtocolVersion::TLS1_3 } else { ProtocolVersion::TLS1_2 };
        visit(v4(address.port), strict_with(&[versions]))
    });
    assert_eq!(told.control("rsa2048"), "completed");
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::Unstable);
    told.is_never_green();
}

#[test]
fn offering_everything_in_the_cases_and_tls13_in_the_control_is_no_pass_either() {
    let told = forge(|address| {
        if is_control(address) {
            return visit(v4(address.port), strict_with(&[ProtocolVersion::TLS1_3]));
        }
        refuse_with(address, AlertDescription::PROTOCOL_VERSION);
        false
    });
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::Unstable);
    told.is_never_green();
}

#[test]
fn finishing_and_then_checking_is_a_failure_where_the_line_is_committed() {
    let told = forge(|address| {
        let asks = is_control(address);
        let (came, engine) = drive(v4(address.port), permissive(), asks);
        drop(engine);
        came == Came::Answered
    });
    told.each_must_refuse(|case| {
        if case.scenario == "client/certificate/wrong" {
            // The line is `data`: whoever finishes, checks and leaves has sent nothing.
            assert_eq!(case.verdict, Verdict::Pass, "{}", show(case));
            assert!(case.reach < Some(Reach::Data), "{}", show(case));
        } else {
            assert_eq!(case.verdict, Verdict::Fail, "{}", show(case));
            assert!(case.reach >= Some(Reach::Committed), "{}", show(case));
        }
    });
    assert_eq!(told.exit, 1);
}

#[test]
fn checking_the_certificate_after_the_request_fails() {
    let told = forge_on(core(), |address| {
        let came = drive(v4(address.port), permissive(), true).0;
        came == Came::Answered && is_control(address)
    });
    let untrusted = told.case(UNTRUSTED);
    assert_eq!(untrusted.verdict, Verdict::Fail);
    assert!(has(untrusted, FindingCode::Unauthenticated));
    assert!(has(untrusted, FindingCode::ClientReportDiffers), "{}", show(untrusted));
}

#[test]
fn an_alert_after_the_commitment_comes_too_late() {
    let told = forge_on(one_per_class(), |address| {
        if is_control(address) {
            return visit(v4(address.port), permissive());
        }
        let (mut stream, mut engine) = (v4(address.port), permissive());
        let flight = knock(&mut stream, &mut *engine);
        engine.feed(&flight);
        assert!(!matches!(engine.status(), Status::Failed(_)));
        let mut bytes = Vec::new();
        engine.drain(&mut bytes); // ClientKeyExchange and what follows
        bytes.extend(alert(AlertDescription::HANDSHAKE_FAILURE));
        let _ = stream.write_all(&bytes);
        false
    });
    told.each_must_refuse(|case| {
        assert_eq!((case.verdict, case.expected), (Verdict::Fail, Expected::MustRefuse), "{}", show(case));
        assert!(case.reach >= Some(Reach::Committed), "{}", show(case));
    });
}

#[test]
fn closing_before_the_servers_flight_is_no_refusal() {
    // A hello and the end of the stream in one segment: the client never got to decide anything. (Where the end
    // comes a moment later, nobody can tell whether the flight was seen before.)
    let told = forge_in(Setting { cases: one_per_class(), partial: true, ..Setting::default() }, |address| {
        if is_control(address) {
            return visit(v4(address.port), strict());
        }
        let (mut stream, mut engine) = (v4(address.port), strict());
        let mut hello = Vec::new();
        engine.drain(&mut hello);
        rustix::net::sockopt::set_tcp_cork(&stream, true).unwrap();
        stream.write_all(&hello).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        read_flight(&mut stream);
        false
    });
    told.is_never_green();
    told.all_must_refuse(Verdict::Inconclusive, FindingCode::ServerCannot);
}
