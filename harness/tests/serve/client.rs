//! Clients over a blocking socket: an engine that is driven step by step.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use shakedown::engine::{EndpointSpec, Engine, Role, Status, backends};
use shakedown::registry::{CipherSuite, ProtocolVersion, suite_by_name};
use shakedown::run::client::canary_spec;

pub const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

pub fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Everything on, nobody distrusted, HTTP/1.1.
pub fn permissive() -> Box<dyn Engine> {
    backends()["openssl"].open(Role::Client, &canary_spec()).unwrap()
}

/// One version and suite, nobody distrusted.
pub fn only(version: ProtocolVersion, suite: &str) -> Box<dyn Engine> {
    let suites: Vec<CipherSuite> = vec![suite_by_name(suite).unwrap().suite];
    let spec = EndpointSpec { versions: vec![version], suites, psk: None, ..canary_spec() };
    backends()["openssl"].open(Role::Client, &spec).unwrap()
}

/// rustls with its defaults, which trusts this CA.
pub fn strict(ca: Vec<u8>) -> Box<dyn Engine> {
    let spec = EndpointSpec {
        trust: Some(Arc::new(ca)),
        server_name: "localhost".to_owned(),
        alpn: vec![b"http/1.1".to_vec()],
        ..EndpointSpec::default()
    };
    backends()["rustls"].open(Role::Client, &spec).unwrap()
}

/// A connection of an engine.
pub struct Client {
    pub stream: TcpStream,
    pub engine: Box<dyn Engine>,
}

impl Client {
    pub fn new(port: u16, engine: Box<dyn Engine>) -> Self {
        Self { stream: connect(port), engine }
    }

    pub fn flush(&mut self) {
        let mut out = Vec::new();
        self.engine.drain(&mut out);
        // The server may be gone already; the next read says so.
        let _ = self.stream.write_all(&out);
    }

    /// Reads once; whether something came.
    pub fn read(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(length @ 1..) => {
                self.engine.feed(&buffer[..length]);
                true
            }
            _ => false,
        }
    }

    /// Whether the handshake was completed.
    pub fn handshake(&mut self) -> bool {
        loop {
            self.flush();
            match self.engine.status() {
                Status::Done => return true,
                Status::Failed(_) => return false,
                Status::Running if !self.read() => return false,
                Status::Running => {}
            }
        }
    }

    /// Sends the request and reads all of the answer.
    pub fn ask(&mut self) -> String {
        self.engine.send(REQUEST);
        self.flush();
        self.answer()
    }

    pub fn answer(&mut self) -> String {
        let mut answer = Vec::new();
        loop {
            self.engine.receive(&mut answer);
            if self.engine.peer_closed() || !self.read() {
                self.engine.receive(&mut answer);
                self.engine.close();
                self.flush();
                return String::from_utf8_lossy(&answer).into_owned();
            }
        }
    }
}

/// A whole visit; the answer, if there was a session.
pub fn visit(port: u16, engine: Box<dyn Engine>) -> Option<String> {
    let mut client = Client::new(port, engine);
    client.handshake().then(|| client.ask())
}

/// The page in an answer.
#[track_caller]
pub fn page(answer: &str) -> serde_json::Value {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head in {answer:?}"));
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    serde_json::from_str(body).unwrap_or_else(|e| panic!("{e} in {body:?}"))
}
