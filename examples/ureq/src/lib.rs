//! A client with ureq on rustls.

use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// The client that ships. `ca_pem` is the certificate of the only CA that it trusts, in PEM.
pub fn agent(ca_pem: &str) -> Result<Agent, ureq::Error> {
    agent_with(ca_pem, true)
}

/// `verify` must be true outside of tests.
pub fn agent_with(ca_pem: &str, verify: bool) -> Result<Agent, ureq::Error> {
    let ca = Certificate::from_pem(ca_pem.as_bytes())?;
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(vec![ca])))
        .disable_verification(!verify)
        .build();
    Ok(Agent::config_builder().tls_config(tls).timeout_global(Some(Duration::from_secs(10))).build().into())
}

/// One request; the status of its answer.
pub fn get(agent: &Agent, url: &str) -> Result<u16, ureq::Error> {
    Ok(agent.get(url).call()?.status().as_u16())
}
