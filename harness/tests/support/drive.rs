//! Clients by hand: engines over real sockets, and bytes of one's own.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use shakedown::client::CaseAddress;
use shakedown::engine::{EndpointSpec, Engine, Role, Status};
use shakedown::registry::{AlertDescription, CipherSuite, ProtocolVersion};
use shakedown::run::client::canary_spec;
use shakedown::wire::record::write_records;
use shakedown::wire::{Alert, ContentType, Encode};

use super::world;

pub const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/// No honest answer takes so long on loopback.
const PATIENCE: Duration = Duration::from_secs(20);
/// A flight is written whole: when nothing came for so long, it is over.
const PAUSE: Duration = Duration::from_millis(60);

pub fn v4(port: u16) -> TcpStream {
    patient(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap())
}

pub fn v6(port: u16) -> TcpStream {
    patient(TcpStream::connect((Ipv6Addr::LOCALHOST, port)).unwrap())
}

/// Some machines have no IPv6.
pub fn has_v6() -> bool {
    std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

fn patient(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

pub fn engine(spec: &EndpointSpec) -> Box<dyn Engine> {
    world().openssl().open(Role::Client, spec).unwrap()
}

/// Takes everything, trusts anybody.
pub fn permissive() -> Box<dyn Engine> {
    engine(&canary_spec())
}

/// Takes one version with some suites, trusts anybody.
pub fn narrow(versions: &[ProtocolVersion], suites: &[CipherSuite]) -> Box<dyn Engine> {
    engine(&EndpointSpec { versions: versions.to_vec(), suites: suites.to_vec(), psk: None, ..canary_spec() })
}

/// What an honest client of today is: rustls, with the harness's CA.
pub fn strict() -> Box<dyn Engine> {
    strict_with(&[])
}

pub fn strict_with(versions: &[ProtocolVersion]) -> Box<dyn Engine> {
    let spec = EndpointSpec {
        versions: versions.to_vec(),
        trust: Some(Arc::clone(&world().ca)),
        server_name: "localhost".to_owned(),
        alpn: vec![b"http/1.1".to_vec()],
        ..EndpointSpec::default()
    };
    world().rustls().open(Role::Client, &spec).unwrap()
}

/// How far a driven engine came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// The answer to the request arrived.
    Answered,
    /// The handshake is done, and nothing was sent in it.
    Finished,
    /// The engine gave up; its alert was sent.
    Refused,
    /// The server gave up or went away.
    LetDown,
}

/// A whole visit: handshake, request, answer. Says whether there was an answer.
pub fn visit(stream: TcpStream, engine: Box<dyn Engine>) -> bool {
    drive(stream, engine, true).0 == Came::Answered
}

/// Handshakes; with `asks` also sends the request and waits for the answer. Gives the engine back.
pub fn drive(mut stream: TcpStream, mut engine: Box<dyn Engine>, asks: bool) -> (Came, Box<dyn Engine>) {
    let (mut buffer, mut answer, mut asked) = (vec![0; 32 * 1024], Vec::new(), false);
    loop {
        flush(&mut stream, &mut *engine);
        engine.receive(&mut answer);
        match engine.status() {
            Status::Failed(_) => return (Came::Refused, engine),
            Status::Done if !asks => return (Came::Finished, engine),
            Status::Done if !asked => {
                asked = true;
                engine.send(REQUEST);
                continue;
            }
            Status::Done if engine.peer_closed() && !answer.is_empty() => {
                engine.close();
                flush(&mut stream, &mut *engine);
                return (Came::Answered, engine);
            }
            _ => {}
        }
        match stream.read(&mut buffer) {
            Ok(length @ 1..) => engine.feed(&buffer[..length]),
            _ => return (Came::LetDown, engine),
        }
    }
}

fn flush(stream: &mut TcpStream, engine: &mut dyn Engine) {
    let mut out = Vec::new();
    engine.drain(&mut out);
    // The server may be gone already; the next read says so.
    let _ = stream.write_all(&out);
}

/// Sends an engine's hello and gives the server's first flight, whole.
pub fn knock(stream: &mut TcpStream, engine: &mut dyn Engine) -> Vec<u8> {
    flush(stream, engine);
    read_flight(stream)
}

pub fn read_flight(stream: &mut TcpStream) -> Vec<u8> {
    let (mut flight, mut buffer) = (Vec::new(), vec![0; 32 * 1024]);
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        flight.extend_from_slice(&buffer[..length]);
        stream.set_read_timeout(Some(PAUSE)).unwrap();
    }
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    flight
}

/// An alert in the clear.
pub fn alert(description: AlertDescription) -> Vec<u8> {
    let mut out = Vec::new();
    let alert = Alert::fatal(description).to_bytes();
    write_records(ContentType::ALERT, ProtocolVersion::TLS1_2, &alert, &mut out);
    out
}

/// Says good-bye with a fatal alert and waits until the server has closed, too.
pub fn leave_with(mut stream: TcpStream, description: AlertDescription) {
    let _ = stream.write_all(&alert(description));
    let _ = stream.shutdown(Shutdown::Write);
    let _ = read_flight(&mut stream);
}

/// Closes with RST instead of FIN.
pub fn reset(stream: TcpStream) {
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
    drop(stream);
}

/// Refuses whatever the server proposes with an alert; offers everything.
pub fn refuse_with(address: &CaseAddress, description: AlertDescription) {
    let (mut stream, mut engine) = (v4(address.port), permissive());
    knock(&mut stream, &mut *engine);
    leave_with(stream, description);
}

pub fn is_control(address: &CaseAddress) -> bool {
    address.case.starts_with("control@")
}
