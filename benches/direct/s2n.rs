//! s2n by its crate, without the trait.
#![expect(unsafe_code, reason = "the crate takes a transport as C callbacks")]

use std::collections::VecDeque;
use std::ffi::{c_int, c_void};
use std::io::Read;
use std::task::Poll;

use s2n_tls::config::Config;
use s2n_tls::connection::Connection;
use s2n_tls::security::Policy;

use super::{Direct, Keys};

/// With TLS 1.3 and AES-128-GCM first.
pub const POLICY: &str = "20240503";

#[derive(Default)]
struct Queues {
    incoming: VecDeque<u8>,
    outgoing: Vec<u8>,
}

/// # Safety
/// `context` is the connection's [`Queues`], and the buffer has room for `length` bytes.
unsafe extern "C" fn receive(context: *mut c_void, buffer: *mut u8, length: u32) -> c_int {
    // SAFETY: the caller's; the queues outlive the connection, and nobody else looks at them while it runs.
    let (queues, buffer) =
        unsafe { (&mut *context.cast::<Queues>(), std::slice::from_raw_parts_mut(buffer, length as usize)) };
    if queues.incoming.is_empty() {
        errno::set_errno(errno::Errno(11)); // EAGAIN
        return -1;
    }
    queues.incoming.read(buffer).map_or(-1, |read| c_int::try_from(read).unwrap_or(-1))
}

/// # Safety
/// As [`receive`].
unsafe extern "C" fn send(context: *mut c_void, bytes: *const u8, length: u32) -> c_int {
    // SAFETY: as above.
    let (queues, bytes) =
        unsafe { (&mut *context.cast::<Queues>(), std::slice::from_raw_parts(bytes, length as usize)) };
    queues.outgoing.extend_from_slice(bytes);
    c_int::try_from(length).unwrap_or(-1)
}

fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    pem::encode(&pem::Pem::new(label, der)).into_bytes()
}

fn connected(mut connection: Connection, config: &Config, queues: *mut Queues) -> Connection {
    connection.set_config(config.clone()).unwrap();
    connection.set_receive_callback(Some(receive)).unwrap();
    connection.set_send_callback(Some(send)).unwrap();
    // SAFETY: the queues are dropped behind the connection.
    unsafe {
        connection.set_receive_context(queues.cast()).unwrap();
        connection.set_send_context(queues.cast()).unwrap();
    }
    connection
}

pub fn direct(keys: &Keys) -> Direct {
    let policy = Policy::from_version(POLICY).unwrap();
    let mut server = Config::builder();
    server.set_security_policy(&policy).unwrap();
    server.set_max_blinding_delay(0).unwrap();
    server
        .load_pem(&pem("CERTIFICATE", &keys.identity.chain[0]), &pem("PRIVATE KEY", &keys.identity.key))
        .unwrap();
    let mut client = Config::builder();
    client.set_security_policy(&policy).unwrap();
    client.set_max_blinding_delay(0).unwrap();
    client.with_system_certs(false).unwrap();
    client.trust_pem(&pem("CERTIFICATE", &keys.ca)).unwrap();
    let (client, server) = (client.build().unwrap(), server.build().unwrap());
    Box::new(move || {
        let mut queues = (Box::new(Queues::default()), Box::new(Queues::default()));
        let (at_client, at_server) = (&raw mut *queues.0, &raw mut *queues.1);
        let mut client_end = connected(Connection::new_client(), &client, at_client);
        client_end.set_server_name("localhost").unwrap();
        let mut server_end = connected(Connection::new_server(), &server, at_server);
        let (mut client_done, mut server_done) = (false, false);
        for _ in 0..8 {
            client_done = client_done || done(client_end.poll_negotiate());
            // SAFETY: no connection runs now.
            unsafe { (*at_server).incoming.extend((*at_client).outgoing.drain(..)) };
            server_done = server_done || done(server_end.poll_negotiate());
            // SAFETY: as above.
            unsafe { (*at_client).incoming.extend((*at_server).outgoing.drain(..)) };
            if client_done && server_done {
                break;
            }
        }
        assert!(client_done && server_done);
        assert_eq!(client_end.cipher_suite().unwrap(), "TLS_AES_128_GCM_SHA256");
        drop((client_end, server_end));
        drop(queues);
    })
}

fn done<T>(step: Poll<Result<T, s2n_tls::error::Error>>) -> bool {
    match step {
        Poll::Ready(Ok(_)) => true,
        Poll::Ready(Err(error)) => panic!("{error}"),
        Poll::Pending => false,
    }
}
