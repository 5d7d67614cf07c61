//! The client refuses weak TLS, and the tests notice when it stops to.
//!
//! No setting brings rustls to a weak suite or version, so what can go wrong here is the check of the certificate.

use example_reqwest_rustls::{builder, client, get};
use shakedown_mock::{Certificate, MockServer, Reason};

/// One request with the client that ships.
async fn request(server: &MockServer) -> reqwest::Result<u16> {
    get(&client(server.ca_pem())?, &server.url()).await
}

#[tokio::test]
async fn key_exchange_without_forward_secrecy_is_refused() {
    let weak = MockServer::builder().policy("harness/static-rsa").certificate(Certificate::Rsa2048);
    weak.check_refused_by_async(request).await.unwrap();
    // The same from a server that does not care what was offered.
    let forced = weak.forced("TLSv1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256");
    forced.check_refused_by_async(request).await.unwrap();
}

#[tokio::test]
async fn wrong_certificates_are_refused() {
    for certificate in [Certificate::UntrustedIssuer, Certificate::WrongHost, Certificate::Expired] {
        MockServer::builder().certificate(certificate).check_refused_by_async(request).await.unwrap();
    }
}

#[tokio::test]
async fn a_server_with_old_and_new_gets_a_session_that_keeps_the_floor() {
    let server = MockServer::builder().policy("elb/ELBSecurityPolicy-2016-08").start();
    assert_eq!(request(&server).await.unwrap(), 200);
    let seen = server.finish();
    seen.assert_negotiated("TLSv1.2", None).assert_floor_kept();
    seen.assert_never_offered("TLSv1.1").assert_never_offered("TLS_RSA_WITH_AES_128_GCM_SHA256");
}

/// One request with the client as it is after a careless commit.
async fn careless_request(server: &MockServer) -> reqwest::Result<u16> {
    let client = builder(server.ca_pem())?.tls_danger_accept_invalid_certs(true).build()?;
    get(&client, &server.url()).await
}

#[tokio::test]
async fn a_client_that_verifies_nothing_is_caught() {
    let weak = MockServer::builder().certificate(Certificate::UntrustedIssuer);
    let unmet = weak.check_refused_by_async(careless_request).await.unwrap_err();
    assert_eq!(unmet.reason(), Reason::Broken, "{unmet}");
    assert!(unmet.what().contains("the client did not refuse: it sent its request"), "{unmet}");
    assert!(unmet.to_string().contains("Ok(200)"), "{unmet}");
}
