//! rustls by its own API, without the trait.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::version::TLS13;
use rustls::{ClientConfig, ClientConnection, Connection, RootCertStore, ServerConfig, ServerConnection};

use super::{Direct, Keys};

pub fn direct(keys: &Keys) -> Direct {
    let provider = Arc::new(CryptoProvider {
        cipher_suites: vec![aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256],
        kx_groups: vec![aws_lc_rs::kx_group::X25519],
        ..aws_lc_rs::default_provider()
    });
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(keys.ca.to_vec())).unwrap();
    let mut client = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.resumption = rustls::client::Resumption::disabled();
    let chain = vec![CertificateDer::from(keys.identity.chain[0].clone())];
    let key = PrivatePkcs8KeyDer::from(keys.identity.key.clone()).into();
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    server.send_tls13_tickets = 0;
    let (client, server) = (Arc::new(client), Arc::new(server));
    Box::new(move || {
        let name = ServerName::try_from("localhost").unwrap();
        let mut client = Connection::from(ClientConnection::new(Arc::clone(&client), name).unwrap());
        let mut server = Connection::from(ServerConnection::new(Arc::clone(&server)).unwrap());
        let mut buffer = Vec::with_capacity(4096);
        while client.is_handshaking() || server.is_handshaking() {
            let moved =
                carry(&mut client, &mut server, &mut buffer) + carry(&mut server, &mut client, &mut buffer);
            assert!(moved > 0, "nothing moves");
        }
        assert_eq!(
            client.negotiated_cipher_suite().unwrap().suite(),
            rustls::CipherSuite::TLS13_AES_128_GCM_SHA256
        );
    })
}

/// All that one end has for the other, in one buffer.
fn carry(from: &mut Connection, to: &mut Connection, buffer: &mut Vec<u8>) -> usize {
    buffer.clear();
    while from.wants_write() {
        from.write_tls(buffer).unwrap();
    }
    let mut rest = &buffer[..];
    while !rest.is_empty() {
        to.read_tls(&mut rest).unwrap();
        to.process_new_packets().unwrap();
    }
    buffer.len()
}
