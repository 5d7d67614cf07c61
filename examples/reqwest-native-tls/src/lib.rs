//! A client with reqwest on native-tls, which on Linux is the system's OpenSSL.

use std::time::Duration;

use reqwest::blocking::{Client, ClientBuilder};

/// The client that ships. `ca_pem` is the certificate of the only CA that it trusts, in PEM.
///
/// native-tls has no setting for cipher suites, and OpenSSL's own list has RSA key transport in it: what keeps the client
/// from sessions without forward secrecy is TLS 1.3, which has no others with certificates (RFC 8446 1.2).
pub fn client(ca_pem: &str) -> reqwest::Result<Client> {
    builder(ca_pem)?.tls_version_min(reqwest::tls::Version::TLS_1_3).build()
}

/// What all clients have in common.
pub fn builder(ca_pem: &str) -> reqwest::Result<ClientBuilder> {
    let ca = reqwest::Certificate::from_pem(ca_pem.as_bytes())?;
    Ok(Client::builder().tls_certs_only([ca]).timeout(Duration::from_secs(10)))
}

/// One request; the status of its answer.
pub fn get(client: &Client, url: &str) -> reqwest::Result<u16> {
    Ok(client.get(url).send()?.status().as_u16())
}
