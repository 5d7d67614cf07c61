//! Servers behind a port: whatever a function does with a connection, and an honest one.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use shakedown::engine::{EndpointSpec, Role};

/// A server that does the same with every connection; its address.
pub fn liar(behaviour: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let behaviour = Arc::new(behaviour);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let behaviour = Arc::clone(&behaviour);
            std::thread::spawn(move || behaviour(stream.unwrap()));
        }
    });
    address
}

/// An honest server; `before` may do what it likes with the connection of that number and says whether to go on.
pub fn honest(
    spec: EndpointSpec,
    before: impl Fn(usize, &mut TcpStream) -> bool + Send + Sync + 'static,
) -> String {
    let count = AtomicUsize::new(0);
    liar(move |mut stream| {
        if before(count.fetch_add(1, Ordering::SeqCst), &mut stream) {
            serve(stream, &spec);
        }
    })
}

/// Plays OpenSSL to the end of the connection.
fn serve(mut stream: TcpStream, spec: &EndpointSpec) {
    let mut server = crate::memory::openssl().open(Role::Server, spec).unwrap();
    let (mut buffer, mut out) = ([0; 16384], Vec::new());
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        server.feed(&buffer[..count]);
        server.drain(&mut out);
        if stream.write_all(&out).is_err() {
            return;
        }
        out.clear();
    }
    // Otherwise OpenSSL forgets the session.
    server.close();
}
