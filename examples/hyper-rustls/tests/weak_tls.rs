//! The client refuses weak TLS, and the tests notice when it stops to.
//!
//! No setting brings rustls to a weak suite or version, so what can go wrong here is the check of the certificate: a
//! verifier that says yes to everything.

use std::sync::Arc;

use example_hyper_rustls::{Error, client, get, tls};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use shakedown_mock::{Certificate, MockServer, Reason};

/// One request with the client that ships.
async fn request(server: &MockServer) -> Result<u16, Error> {
    get(&client(tls(server.ca_pem())?), &server.url()).await
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
async fn the_session_keeps_the_floor() {
    let server = MockServer::start();
    assert_eq!(request(&server).await.unwrap(), 200);
    let seen = server.finish();
    seen.assert_negotiated("TLSv1.3", None).assert_floor_kept().assert_never_offered("TLSv1.1");
}

/// Asks for nothing and says yes.
#[derive(Debug)]
struct Careless;

impl ServerCertVerifier for Careless {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

async fn careless_request(server: &MockServer) -> Result<u16, Error> {
    let mut tls = tls(server.ca_pem())?;
    tls.dangerous().set_certificate_verifier(Arc::new(Careless));
    get(&client(tls), &server.url()).await
}

#[tokio::test]
async fn a_client_that_verifies_nothing_is_caught() {
    let weak = MockServer::builder().certificate(Certificate::Expired);
    let unmet = weak.check_refused_by_async(careless_request).await.unwrap_err();
    assert_eq!(unmet.reason(), Reason::Broken, "{unmet}");
    assert!(unmet.what().contains("the client did not refuse: it sent its request"), "{unmet}");
    assert!(unmet.to_string().contains("Ok(200)"), "{unmet}");
}
