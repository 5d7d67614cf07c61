//! One request each, by two stacks.

use std::fmt::Debug;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use openssl::ssl::{SslContextBuilder, SslMethod, SslVerifyMode, SslVersion};
use openssl::x509::X509;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};

/// Alerts that are not encrypted get lost on it: a client that leaves without a word.
#[derive(Debug)]
pub struct WithoutAlerts(TcpStream);

/// Content type of a record (RFC 8446 5.1).
const ALERT: u8 = 21;

impl Read for WithoutAlerts {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for WithoutAlerts {
    /// Both stacks write an alert by itself.
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if bytes.first() == Some(&ALERT) { Ok(bytes.len()) } else { self.0.write(bytes) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

pub fn connect_without_alerts(address: SocketAddr) -> Result<WithoutAlerts, String> {
    connect(address).map(WithoutAlerts)
}

pub fn connect(address: SocketAddr) -> Result<TcpStream, String> {
    let stream = TcpStream::connect(address).map_err(|e| e.to_string())?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).map_err(|e| e.to_string())?;
    Ok(stream)
}

/// The first line of the answer.
fn request(stream: &mut (impl Read + Write)) -> Result<String, String> {
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").map_err(|e| e.to_string())?;
    let mut answer = Vec::new();
    // The server closes when it has answered; how does not matter here.
    let ended = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer);
    match (text.lines().next(), ended) {
        (Some(line), _) => Ok(line.to_owned()),
        (None, Err(error)) => Err(error.to_string()),
        (None, Ok(_)) => Err("no answer".to_owned()),
    }
}

/// TLS 1.2 and 1.3 with forward secrecy only; verifies.
pub fn rustls_request(address: SocketAddr, ca_pem: &str) -> Result<String, String> {
    rustls_request_on(connect(address)?, ca_pem)
}

pub fn rustls_request_on(stream: impl Read + Write, ca_pem: &str) -> Result<String, String> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
        roots.add(certificate.map_err(|e| e.to_string())?).map_err(|e| e.to_string())?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").map_err(|e| e.to_string())?;
    let connection = rustls::ClientConnection::new(Arc::new(config), name).map_err(|e| e.to_string())?;
    request(&mut rustls::StreamOwned::new(connection, stream))
}

/// Every version and suite that is compiled in. Without a CA it verifies nothing.
pub fn openssl_request(
    address: SocketAddr,
    ca_pem: Option<&str>,
    change: impl Fn(&mut SslContextBuilder) -> Result<(), String>,
) -> Result<String, String> {
    openssl_request_on(connect(address)?, ca_pem, change)
}

pub fn openssl_request_on(
    stream: impl Read + Write + Debug,
    ca_pem: Option<&str>,
    change: impl Fn(&mut SslContextBuilder) -> Result<(), String>,
) -> Result<String, String> {
    let text = |e: openssl::error::ErrorStack| e.to_string();
    let mut context = SslContextBuilder::new(SslMethod::tls_client()).map_err(text)?;
    context.set_security_level(0);
    context.set_cipher_list("ALL:COMPLEMENTOFALL:@SECLEVEL=0").map_err(text)?;
    context.set_min_proto_version(Some(SslVersion::TLS1)).map_err(text)?;
    if let Some(ca_pem) = ca_pem {
        let ca = X509::from_pem(ca_pem.as_bytes()).map_err(text)?;
        context.cert_store_mut().add_cert(ca).map_err(text)?;
        context.set_verify(SslVerifyMode::PEER);
    } else {
        context.set_verify(SslVerifyMode::NONE);
    }
    change(&mut context)?;
    let mut ssl = openssl::ssl::Ssl::new(&context.build()).map_err(text)?;
    ssl.set_hostname("localhost").map_err(text)?;
    ssl.param_mut().set_host("localhost").map_err(text)?;
    let mut stream = ssl.connect(stream).map_err(|e| e.to_string())?;
    request(&mut stream)
}
