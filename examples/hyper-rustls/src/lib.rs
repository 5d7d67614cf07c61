//! A client with hyper and hyper-rustls.

use std::time::Duration;

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

pub type Error = Box<dyn std::error::Error + Send + Sync>;
pub type HttpsClient = Client<HttpsConnector<HttpConnector>, Empty<Bytes>>;

/// The TLS settings that ship. `ca_pem` is the certificate of the only CA that is trusted, in PEM.
pub fn tls(ca_pem: &str) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
        roots.add(certificate?)?;
    }
    let provider = rustls::crypto::ring::default_provider().into();
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}

pub fn client(tls: ClientConfig) -> HttpsClient {
    let connector =
        hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_http1().build();
    Client::builder(TokioExecutor::new()).build(connector)
}

/// One request; the status of its answer.
pub async fn get(client: &HttpsClient, url: &str) -> Result<u16, Error> {
    let answer = tokio::time::timeout(Duration::from_secs(10), client.get(url.parse()?)).await??;
    Ok(answer.status().as_u16())
}
