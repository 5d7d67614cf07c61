//! OpenSSL by its crate, without the trait.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use openssl::pkey::PKey;
use openssl::ssl::{
    ErrorCode, Ssl, SslContext, SslMethod, SslOptions, SslSessionCacheMode, SslStream, SslVerifyMode,
    SslVersion,
};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;

use super::{Direct, Keys};

#[derive(Default)]
struct Queues {
    incoming: VecDeque<u8>,
    outgoing: Vec<u8>,
}

impl Read for Queues {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.incoming.is_empty() {
            Err(io::ErrorKind::WouldBlock.into())
        } else {
            self.incoming.read(buffer)
        }
    }
}

impl Write for Queues {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub fn direct(keys: &Keys) -> Direct {
    let (client, server) = (context(keys, false), context(keys, true));
    Box::new(move || {
        let mut ssl = Ssl::new(&client).unwrap();
        ssl.set_hostname("localhost").unwrap();
        ssl.param_mut().set_host("localhost").unwrap();
        let mut client = SslStream::new(ssl, Queues::default()).unwrap();
        let mut server = SslStream::new(Ssl::new(&server).unwrap(), Queues::default()).unwrap();
        let (mut client_done, mut server_done) = (false, false);
        for _ in 0..8 {
            client_done = client_done || done(client.connect());
            server.get_mut().incoming.extend(client.get_mut().outgoing.drain(..));
            server_done = server_done || done(server.accept());
            client.get_mut().incoming.extend(server.get_mut().outgoing.drain(..));
            if client_done && server_done {
                break;
            }
        }
        assert!(client_done && server_done && client.ssl().version_str() == "TLSv1.3");
        assert_eq!(client.ssl().current_cipher().unwrap().name(), "TLS_AES_128_GCM_SHA256");
    })
}

fn done(result: Result<(), openssl::ssl::Error>) -> bool {
    match result {
        Ok(()) => true,
        Err(error) => {
            assert!(error.code() == ErrorCode::WANT_READ, "{error}");
            false
        }
    }
}

fn context(keys: &Keys, is_server: bool) -> SslContext {
    let mut builder = SslContext::builder(SslMethod::tls()).unwrap();
    builder.set_min_proto_version(Some(SslVersion::TLS1_3)).unwrap();
    builder.set_max_proto_version(Some(SslVersion::TLS1_3)).unwrap();
    builder.set_ciphersuites("TLS_AES_128_GCM_SHA256").unwrap();
    builder.set_groups_list("X25519").unwrap();
    builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    builder.set_options(SslOptions::NO_TICKET);
    if is_server {
        builder.set_num_tickets(0).unwrap();
        builder.set_certificate(&X509::from_der(&keys.identity.chain[0]).unwrap()).unwrap();
        builder.set_private_key(&PKey::private_key_from_der(&keys.identity.key).unwrap()).unwrap();
    } else {
        let mut store = X509StoreBuilder::new().unwrap();
        store.add_cert(X509::from_der(&keys.ca).unwrap()).unwrap();
        builder.set_cert_store(store.build());
        builder.set_verify(SslVerifyMode::PEER);
    }
    builder.build()
}
