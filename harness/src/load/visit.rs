//! One connection: a handshake, a request, and what the server answers.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_linger;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout_at;

use crate::engine::{Engine, Negotiated, Prepared, Session, Status};
use crate::registry::ProtocolVersion;

use super::fault::Fault;

/// How long a server that has confirmed the handshake may take for the rest of its answer.
const REST: Duration = Duration::from_secs(1);
/// Most bytes that are read of an answer.
const MOST_BYTES: u64 = 1 << 20;

/// What all connections of a run have in common.
#[derive(Clone, Debug)]
pub struct Setup {
    pub address: SocketAddr,
    /// From the start of a connection to its handshake's confirmation.
    pub timeout: Duration,
    /// The versions that count; what else is negotiated is an error.
    pub versions: Vec<ProtocolVersion>,
    /// Only an abbreviated handshake counts.
    pub must_resume: bool,
    /// What is asked for behind the handshake.
    pub request: Vec<u8>,
}

/// What showed that the server's end of the handshake was done, too: it came behind the client's Finished and request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confirmation {
    /// An answer of HTTP.
    Http,
    /// Other application data. A server may send such before it has seen the client's Finished (RFC 8446 2, figure 1);
    /// what came together with its own Finished does not count, what came just behind it looks like an answer.
    Data,
    /// close_notify alone. A stack that refuses with close_notify, as s2n does, looks the same.
    CloseNotify,
}

impl Confirmation {
    pub const ALL: [Self; 3] = [Self::Http, Self::Data, Self::CloseNotify];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Data => "data",
            Self::CloseNotify => "close_notify",
        }
    }
}

/// A handshake that counts.
#[derive(Clone, Copy, Debug)]
pub struct Handshake {
    /// When the client's end was done.
    pub done: Instant,
    /// When the confirmation came.
    pub confirmed: Instant,
    pub negotiated: Negotiated,
    pub is_resumed: bool,
    pub confirmation: Confirmation,
}

/// What became of a connection.
#[derive(Debug)]
pub struct Visit {
    pub result: Result<Handshake, Fault>,
    pub sent: u64,
    pub received: u64,
    /// What the client could come back with.
    pub session: Option<Session>,
}

impl Visit {
    pub const fn failed(fault: Fault) -> Self {
        Self { result: Err(fault), sent: 0, received: 0, session: None }
    }
}

/// Connects, shakes hands, asks, and waits for the answer; keeps the session only if it is told to, which takes time.
pub(super) async fn visit(setup: &Setup, client: &dyn Prepared, keeps_session: bool) -> Visit {
    let deadline = tokio::time::Instant::now() + setup.timeout;
    let stream = match timeout_at(deadline, TcpStream::connect(setup.address)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Visit::failed(Fault::connecting(&error)),
        Err(_) => return Visit::failed(Fault::ConnectTimeout),
    };
    // Failure costs time only.
    let _ = stream.set_nodelay(true);
    let engine = match client.open() {
        Ok(engine) => engine,
        Err(error) => return Visit::failed(Fault::Client(error.to_string())),
    };
    let mut connection = Connection {
        stream,
        engine,
        deadline,
        outgoing: Vec::with_capacity(1024),
        sent: 0,
        received: 0,
        takes_no_more: false,
    };
    let result = connection.handshake(setup).await;
    let has_ended = result.is_ok() && connection.read_rest().await;
    let session = (keeps_session && result.is_ok()).then(|| connection.engine.session()).flatten();
    connection.leave(has_ended).await;
    Visit { result, sent: connection.sent, received: connection.received, session }
}

struct Connection {
    stream: TcpStream,
    engine: Box<dyn Engine>,
    deadline: tokio::time::Instant,
    outgoing: Vec<u8>,
    sent: u64,
    received: u64,
    /// A write has failed: what the server had to say may be there all the same.
    takes_no_more: bool,
}

/// What a read came to.
enum Came {
    Bytes(usize),
    End,
    Reset,
    Nothing,
}

impl Connection {
    async fn handshake(&mut self, setup: &Setup) -> Result<Handshake, Fault> {
        let mut buffer = [0; 8 * 1024];
        let mut plaintext = Vec::new();
        let mut done: Option<(Instant, Negotiated, bool)> = None;
        loop {
            if done.is_none() && self.engine.was_done() {
                let at = Instant::now();
                let (negotiated, is_resumed) = self.check(setup)?;
                done = Some((at, negotiated, is_resumed));
                // What came with the server's Finished confirms nothing: it was sent before ours arrived.
                if self.engine.peer_closed() {
                    return Err(Fault::Unconfirmed("closed"));
                }
                self.engine.receive(&mut plaintext);
                plaintext.clear();
                self.engine.send(&setup.request);
            }
            self.flush().await?;
            // Also a server that refuses the client's Finished: in TLS 1.3 that comes behind our end's being done.
            if let Status::Failed(failure) = self.engine.status() {
                return Err(Fault::of(&failure));
            }
            let came = self.read(&mut buffer).await;
            let was_done = done.is_some();
            match came {
                Came::Bytes(count) => self.engine.feed(&buffer[..count]),
                Came::End if was_done => return Err(Fault::Unconfirmed("closed")),
                Came::End => return Err(Fault::Closed),
                Came::Reset if was_done => return Err(Fault::Unconfirmed("reset")),
                Came::Reset => return Err(Fault::Reset),
                Came::Nothing if was_done => return Err(Fault::Unconfirmed("timeout")),
                Came::Nothing => return Err(Fault::Timeout),
            }
            let Some((done, negotiated, is_resumed)) = done else { continue };
            self.engine.receive(&mut plaintext);
            let confirmation = if plaintext.starts_with(b"HTTP/") {
                Confirmation::Http
            } else if !plaintext.is_empty() {
                Confirmation::Data
            } else if self.engine.peer_closed() && !matches!(self.engine.status(), Status::Failed(_)) {
                Confirmation::CloseNotify
            } else {
                continue;
            };
            return Ok(Handshake { done, confirmed: Instant::now(), negotiated, is_resumed, confirmation });
        }
    }

    /// Whether it is the handshake that was asked for.
    fn check(&self, setup: &Setup) -> Result<(Negotiated, bool), Fault> {
        let Some(negotiated) = self.engine.negotiated() else {
            return Err(Fault::Client("the stack does not say what was negotiated".to_owned()));
        };
        if !setup.versions.contains(&negotiated.version) {
            return Err(Fault::WrongVersion(negotiated.version));
        }
        let is_resumed = self.engine.is_resumed();
        if setup.must_resume && !is_resumed {
            return Err(Fault::NotResumed);
        }
        Ok((negotiated, is_resumed))
    }

    async fn flush(&mut self) -> Result<(), Fault> {
        self.engine.drain(&mut self.outgoing);
        if self.outgoing.is_empty() || self.takes_no_more {
            self.outgoing.clear();
            return Ok(());
        }
        match timeout_at(self.deadline, self.stream.write_all(&self.outgoing)).await {
            Ok(Ok(())) => self.sent += self.outgoing.len() as u64,
            Ok(Err(_)) => self.takes_no_more = true,
            Err(_) if self.engine.was_done() => return Err(Fault::Unconfirmed("timeout")),
            Err(_) => return Err(Fault::Timeout),
        }
        self.outgoing.clear();
        Ok(())
    }

    async fn read(&mut self, buffer: &mut [u8]) -> Came {
        match timeout_at(self.deadline, self.stream.read(buffer)).await {
            Ok(Ok(0)) => Came::End,
            Ok(Ok(count)) => {
                self.received += count as u64;
                Came::Bytes(count)
            }
            Ok(Err(_)) => Came::Reset,
            Err(_) => Came::Nothing,
        }
    }

    /// Reads on, so that the server can say all of its answer and close first; whether it did close. Some servers wait for
    /// an answer to their close_notify.
    async fn read_rest(&mut self) -> bool {
        self.deadline = tokio::time::Instant::now() + REST;
        let mut buffer = [0; 8 * 1024];
        let mut plaintext = Vec::new();
        let mut has_answered = false;
        while self.received < MOST_BYTES {
            if self.engine.peer_closed() && !has_answered {
                has_answered = true;
                self.engine.close();
                let _ = self.flush().await;
                let _ = self.stream.shutdown().await;
            }
            let came = self.read(&mut buffer).await;
            let Came::Bytes(count) = came else { return matches!(came, Came::End) };
            self.engine.feed(&buffer[..count]);
            self.engine.receive(&mut plaintext);
            plaintext.clear();
        }
        false
    }

    /// Says good-bye. Whoever closes first keeps the port for a minute (TIME_WAIT, RFC 9293 3.6.1), and a run has more
    /// connections than there are ports: so where the server did not close, the connection ends with a reset.
    async fn leave(&mut self, has_ended: bool) {
        self.engine.close();
        self.deadline = tokio::time::Instant::now() + REST;
        let _ = self.flush().await;
        if !has_ended {
            let _: io::Result<()> = set_socket_linger(&self.stream, Some(Duration::ZERO)).map_err(Into::into);
        }
    }
}
