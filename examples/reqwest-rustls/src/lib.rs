//! A client with reqwest on rustls.

use std::time::Duration;

/// The client that ships. `ca_pem` is the certificate of the only CA that it trusts, in PEM.
pub fn client(ca_pem: &str) -> reqwest::Result<reqwest::Client> {
    builder(ca_pem)?.build()
}

/// What all clients have in common.
pub fn builder(ca_pem: &str) -> reqwest::Result<reqwest::ClientBuilder> {
    let ca = reqwest::Certificate::from_pem(ca_pem.as_bytes())?;
    Ok(reqwest::Client::builder().tls_certs_only([ca]).timeout(Duration::from_secs(10)))
}

/// One request; the status of its answer.
pub async fn get(client: &reqwest::Client, url: &str) -> reqwest::Result<u16> {
    Ok(client.get(url).send().await?.status().as_u16())
}
