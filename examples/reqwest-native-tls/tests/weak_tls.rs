//! The client refuses weak TLS, and the tests notice when it stops to.

use example_reqwest_native_tls::{builder, client, get};
use shakedown_mock::{Certificate, MockServer, MockServerBuilder, Reason};

/// TLS 1.2 with RSA key transport and nothing else.
fn without_forward_secrecy() -> MockServerBuilder {
    MockServer::builder().policy("harness/static-rsa").certificate(Certificate::Rsa2048)
}

/// One request with the client that ships.
fn request(server: &MockServer) -> reqwest::Result<u16> {
    get(&client(server.ca_pem())?, &server.url())
}

#[test]
fn key_exchange_without_forward_secrecy_is_refused() {
    without_forward_secrecy().assert_refused_by(request);
    // The same from a server that does not care what was offered.
    without_forward_secrecy().forced("TLSv1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256").assert_refused_by(request);
}

#[test]
fn wrong_certificates_are_refused() {
    for certificate in [Certificate::UntrustedIssuer, Certificate::WrongHost, Certificate::Expired] {
        MockServer::builder().certificate(certificate).assert_refused_by(request);
    }
}

#[test]
fn only_tls_1_3_is_offered() {
    let server = MockServer::start();
    assert_eq!(request(&server).unwrap(), 200);
    let seen = server.finish();
    seen.assert_negotiated("TLSv1.3", None).assert_floor_kept();
    seen.assert_never_offered("TLSv1.2").assert_never_offered("TLS_RSA_WITH_AES_128_GCM_SHA256");
}

/// One request with the client as it is without its only setting: native-tls's own defaults.
fn careless_request(server: &MockServer) -> reqwest::Result<u16> {
    get(&builder(server.ca_pem())?.build()?, &server.url())
}

#[test]
fn a_client_with_the_defaults_is_caught() {
    let unmet = without_forward_secrecy().check_refused_by(careless_request).unwrap_err();
    assert_eq!(unmet.reason(), Reason::Broken, "{unmet}");
    assert!(unmet.what().contains("the client did not refuse: it sent its request"), "{unmet}");
    for seen in ["TLSv1.2 with TLS_RSA_WITH_", "verdict fail (no-forward-secrecy", "Ok(200)", "transcript"] {
        assert!(unmet.to_string().contains(seen), "{seen} is missing in: {unmet}");
    }
}

#[test]
fn what_the_defaults_offer_is_noticed() {
    let server = MockServer::start();
    assert_eq!(careless_request(&server).unwrap(), 200);
    let unmet = server.finish().check_never_offered("TLS_RSA_WITH_AES_128_GCM_SHA256").unwrap_err();
    assert_eq!(unmet.reason(), Reason::Broken, "{unmet}");
}
