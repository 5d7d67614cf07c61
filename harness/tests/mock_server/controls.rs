//! Clients that could pass for others: with a CA of another server, without a word, different from time to time. What
//! makes a refusal a proof is that they are found out.

use std::cell::{Cell, RefCell};
use std::fs;

use openssl::ssl::SslVersion;
use shakedown_mock::{Certificate, MockServer, Outcome, Reason};

use super::clients::{
    connect, connect_without_alerts, openssl_request, openssl_request_on, rustls_request, rustls_request_on,
};
use super::{GCM, permissive, server, static_rsa, strict, unproven};

/// The CA of the first server that it is asked for: a client that is built once and used for all servers.
#[derive(Default)]
struct FirstCa(RefCell<Option<String>>);

impl FirstCa {
    fn of(&self, server: &MockServer) -> String {
        self.0.borrow_mut().get_or_insert_with(|| server.ca_pem().to_owned()).clone()
    }
}

/// It completes the control and then says `unknown_ca` (OpenSSL) or `decrypt_error` (rustls: the CAs have the same name),
/// also to a server whose certificate is wrong in another way.
#[test]
fn a_client_with_the_ca_of_the_control_proves_nothing() {
    let (ca, control) = ("does not know the CA", "positive control after");
    for (wrong, by_openssl, by_rustls) in [
        (Certificate::WrongHost, ca, ca),
        // rustls looks at the date first.
        (Certificate::Expired, ca, control),
        (Certificate::UntrustedIssuer, control, control),
    ] {
        let first = FirstCa::default();
        let openssl = |s: &MockServer| openssl_request(s.address(), Some(&first.of(s)), |_| Ok(()));
        unproven(&server().certificate(wrong), openssl, by_openssl);
        let first = FirstCa::default();
        unproven(&server().certificate(wrong), |s| rustls_request(s.address(), &first.of(s)), by_rustls);
    }
    let first = FirstCa::default();
    let cached = |s: &MockServer| openssl_request(s.address(), Some(&first.of(s)), |_| Ok(()));
    unproven(&static_rsa(), cached, "give it the CA of this server");
}

/// The same without an alert, twice: only the control afterwards shows that it is the CA that it minds.
#[test]
fn a_client_with_the_ca_of_the_control_that_leaves_without_a_word_proves_nothing() {
    let first = FirstCa::default();
    let calls = Cell::new(0);
    let cached = |s: &MockServer| {
        calls.set(calls.get() + 1);
        openssl_request_on(connect_without_alerts(s.address())?, Some(&first.of(s)), |_| Ok(()))
    };
    unproven(&static_rsa(), cached, "positive control after");
    assert_eq!(calls.get(), 4, "control, weak server twice, control");
}

/// The last of its calls is the control afterwards.
#[test]
fn a_client_that_is_broken_at_the_end_proves_nothing() {
    let calls = Cell::new(0);
    let tires = |s: &MockServer| {
        calls.set(calls.get() + 1);
        if calls.get() == 3 { Err("tired".to_owned()) } else { strict(s) }
    };
    unproven(&static_rsa(), tires, "positive control after");
    assert_eq!(calls.get(), 3, "control, weak server, control");
}

#[test]
fn a_client_that_leaves_without_a_word_is_played_twice_and_believed() {
    let forced = server().forced("TLSv1.2", GCM).certificate(Certificate::Rsa2048);
    let calls = Cell::new(0);
    let quiet = |s: &MockServer| {
        calls.set(calls.get() + 1);
        rustls_request_on(connect_without_alerts(s.address())?, s.ca_pem())
    };
    forced.check_refused_by(quiet).unwrap();
    assert_eq!(calls.get(), 4, "control, weak server twice, control");
    // One that gives a reason is played once.
    let calls = Cell::new(0);
    let loud = |s: &MockServer| {
        calls.set(calls.get() + 1);
        strict(s)
    };
    forced.check_refused_by(loud).unwrap();
    assert_eq!(calls.get(), 3, "control, weak server, control");
    // What it leaves without is an alert.
    let alone = forced.start();
    rustls_request_on(connect_without_alerts(alone.address()).unwrap(), alone.ca_pem()).unwrap_err();
    let seen = alone.finish();
    let ends: Vec<_> = seen.connections().iter().map(|c| (c.outcome, c.alert_by)).collect();
    assert_eq!(ends, [(Outcome::RefusedByClient, None)], "{}", seen.description());
}

/// A silent end may be anything. The second time it sends its request.
#[test]
fn a_client_that_left_once_and_accepts_the_second_time_is_caught() {
    let calls = Cell::new(0);
    let hesitant = |s: &MockServer| {
        calls.set(calls.get() + 1);
        if calls.get() != 2 {
            return permissive(s);
        }
        // It does not trust itself.
        let stranger = server().start();
        let ca = stranger.ca_pem().to_owned();
        drop(stranger.finish());
        openssl_request_on(connect_without_alerts(s.address())?, Some(&ca), |_| Ok(()))
    };
    let unmet = static_rsa().check_refused_by(hesitant).unwrap_err();
    assert_eq!((unmet.reason(), calls.get()), (Reason::Broken, 3), "{unmet}");
}

/// The first time it leaves without a word, the second time it says that it minds the certificate.
#[test]
fn a_client_that_ends_differently_the_second_time_proves_nothing() {
    let first = FirstCa::default();
    let calls = Cell::new(0);
    let unstable = |s: &MockServer| {
        calls.set(calls.get() + 1);
        let ca = first.of(s);
        match calls.get() {
            2 => openssl_request_on(connect_without_alerts(s.address())?, Some(&ca), |_| Ok(())),
            3 => openssl_request_on(connect(s.address())?, Some(&ca), |_| Ok(())),
            _ => permissive(s),
        }
    };
    unproven(&static_rsa(), unstable, "it refused the certificate");
    assert_eq!(calls.get(), 3, "control, weak server twice; the control afterwards could change nothing");
}

#[test]
fn a_control_in_which_the_floor_is_broken_is_none() {
    let weak = server().forced("TLSv1.2", GCM).certificate(Certificate::Rsa2048);
    let weak = weak.control_policy("harness/static-rsa");
    let refuses = |s: &MockServer| {
        // Static RSA where it is honest, nothing where it is forced.
        openssl_request(s.address(), Some(s.ca_pem()), |context| {
            context.set_cipher_list("AES256-SHA256:ECDHE+AESGCM").map_err(|e| e.to_string())?;
            context.set_max_proto_version(Some(SslVersion::TLS1_2)).map_err(|e| e.to_string())
        })
    };
    unproven(&weak, refuses, "its session broke the floor");
}

/// A client with DHE alone completes no `harness/strong`.
#[test]
fn the_policy_of_the_control_can_be_one_that_the_client_has() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("mine")).unwrap();
    let dhe = "title = \"DHE\"\nversions = [\"TLSv1.2\"]\norder = \"server\"\n\
               suites = [\"TLS_DHE_RSA_WITH_AES_128_GCM_SHA256\"]\ngroups = [\"secp256r1\"]\n\
               schemes = [\"rsa_pkcs1_sha256\"]\n";
    fs::write(folder.path().join("mine/dhe.toml"), dhe).unwrap();
    let dhe_only = |s: &MockServer| {
        openssl_request(s.address(), Some(s.ca_pem()), |context| {
            context.set_cipher_list("DHE-RSA-AES128-GCM-SHA256").map_err(|e| e.to_string())?;
            context.set_max_proto_version(Some(SslVersion::TLS1_2)).map_err(|e| e.to_string())
        })
    };
    unproven(&static_rsa(), dhe_only, "positive control before");
    let with_dhe = static_rsa().policies(folder.path()).control_policy("mine/dhe");
    with_dhe.check_refused_by(dhe_only).unwrap();
}
