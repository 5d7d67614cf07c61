//! The client refuses weak TLS, and the tests notice when it stops to.
//!
//! No setting brings rustls to a weak suite or version, so what can go wrong here is the check of the certificate.

use example_ureq::{agent, agent_with, get};
use shakedown_mock::{Certificate, MockServer, Reason};

/// One request with the client that ships.
fn request(server: &MockServer) -> Result<u16, ureq::Error> {
    get(&agent(server.ca_pem())?, &server.url())
}

#[test]
fn key_exchange_without_forward_secrecy_is_refused() {
    let weak = MockServer::builder().policy("harness/static-rsa").certificate(Certificate::Rsa2048);
    weak.assert_refused_by(request);
    // The same from a server that does not care what was offered.
    weak.forced("TLSv1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256").assert_refused_by(request);
}

#[test]
fn wrong_certificates_are_refused() {
    for certificate in [Certificate::UntrustedIssuer, Certificate::WrongHost, Certificate::Expired] {
        MockServer::builder().certificate(certificate).assert_refused_by(request);
    }
}

#[test]
fn the_session_keeps_the_floor() {
    let server = MockServer::start();
    assert_eq!(request(&server).unwrap(), 200);
    let seen = server.finish();
    seen.assert_negotiated("TLSv1.3", None).assert_floor_kept().assert_never_offered("TLSv1.1");
}

/// One request with the client as it is after a careless commit.
fn careless_request(server: &MockServer) -> Result<u16, ureq::Error> {
    get(&agent_with(server.ca_pem(), false)?, &server.url())
}

#[test]
fn a_client_that_verifies_nothing_is_caught() {
    let weak = MockServer::builder().certificate(Certificate::WrongHost);
    let unmet = weak.check_refused_by(careless_request).unwrap_err();
    assert_eq!(unmet.reason(), Reason::Broken, "{unmet}");
    assert!(unmet.what().contains("the client did not refuse: it sent its request"), "{unmet}");
    assert!(unmet.to_string().contains("Ok(200)"), "{unmet}");
}
