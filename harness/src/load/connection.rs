//! One connection, from the socket to the answer.

use std::fmt;
use std::io::{self, ErrorKind as Io};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::engine::{Engine, Session, Status};
use crate::registry::AlertDescription;

use super::Shared;

/// By what a client learns that the server took its Finished: in TLS 1.3 and in an abbreviated handshake before it a client is
/// done before the server is (RFC 8446 4.4.4, RFC 5246 7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// The first byte of the answer to a `GET /`, or close_notify.
    Request,
    /// close_notify, in answer to ours (RFC 8446 6.1), or application data.
    Close,
}

impl Confirmation {
    pub(super) fn request(self, host: &str) -> Option<Vec<u8>> {
        let text = || format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        (self == Self::Request).then(|| text().into_bytes())
    }
}

/// Why a connection does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorKind {
    /// It was due and could not be begun before the run's end.
    NotStarted,
    ConnectRefused,
    /// No socket: the limit of open files.
    NoSocket,
    /// Any other failure of TCP.
    Network,
    Reset,
    /// The server closed the connection before the handshake was done.
    Closed,
    Timeout,
    /// The server's fatal alert.
    Alert(AlertDescription),
    /// The client itself gave up: an untrusted certificate, say.
    ClientFailed,
    /// The client was done, and the server never said anything that shows that it was, too.
    Unconfirmed,
    /// A full handshake where a resumed one was asked for.
    NotResumed,
    WrongVersion,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotStarted => "not-started",
            Self::ConnectRefused => "connect-refused",
            Self::NoSocket => "no-socket",
            Self::Network => "network",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::Timeout => "timeout",
            Self::Alert(alert) => return write!(f, "alert:{alert}"),
            Self::ClientFailed => "client-failed",
            Self::Unconfirmed => "unconfirmed",
            Self::NotResumed => "not-resumed",
            Self::WrongVersion => "wrong-version",
        })
    }
}

/// A connection that counts.
pub(super) struct Played {
    /// When the client was done.
    pub(super) done: Instant,
    pub(super) session: Option<Session>,
    pub(super) is_resumed: bool,
    pub(super) sent: u64,
    pub(super) received: u64,
}

pub(super) async fn play(shared: &Shared) -> Result<Played, ErrorKind> {
    timeout(shared.timeout, connect(shared)).await.unwrap_or(Err(ErrorKind::Timeout))
}

async fn connect(shared: &Shared) -> Result<Played, ErrorKind> {
    let stream = TcpStream::connect(shared.address).await.map_err(|error| connecting(&error))?;
    // Failure costs time only.
    let _ = stream.set_nodelay(true);
    let engine = shared.client.open().map_err(|_| ErrorKind::ClientFailed)?;
    let mut line = Line { stream, engine, buffer: vec![0; 16 * 1024], sent: 0, received: 0, ended: false };
    line.shake_hands().await?;
    let done = Instant::now();
    let is_resumed = line.engine.is_resumed();
    if shared.resume && !is_resumed {
        return Err(ErrorKind::NotResumed);
    }
    let version = line.engine.negotiated().map(|negotiated| negotiated.version);
    if shared.version.is_some() && shared.version != version {
        return Err(ErrorKind::WrongVersion);
    }
    line.confirm(shared.request.as_deref()).await?;
    let session = line.engine.session();
    line.engine.close();
    // What the server makes of our last words is no part of the handshake.
    let _ = line.send().await;
    Ok(Played { done, session, is_resumed, sent: line.sent, received: line.received })
}

fn connecting(error: &io::Error) -> ErrorKind {
    match error.kind() {
        Io::ConnectionRefused => ErrorKind::ConnectRefused,
        Io::ConnectionReset => ErrorKind::Reset,
        Io::TimedOut => ErrorKind::Timeout,
        // EMFILE, ENFILE, EADDRNOTAVAIL.
        _ if matches!(error.raw_os_error(), Some(23 | 24 | 99)) => ErrorKind::NoSocket,
        _ => ErrorKind::Network,
    }
}

struct Line {
    stream: TcpStream,
    engine: Box<dyn Engine>,
    buffer: Vec<u8>,
    sent: u64,
    received: u64,
    /// The server's stream.
    ended: bool,
}

impl Line {
    async fn shake_hands(&mut self) -> Result<(), ErrorKind> {
        loop {
            self.send().await?;
            match self.engine.status() {
                Status::Done => return Ok(()),
                Status::Failed(failure) => {
                    return Err(failure.alert_received.map_or(ErrorKind::ClientFailed, ErrorKind::Alert));
                }
                Status::Running if self.ended => return Err(ErrorKind::Closed),
                Status::Running => self.read().await?,
            }
        }
    }

    /// Until the server has shown that it took our Finished.
    async fn confirm(&mut self, request: Option<&[u8]>) -> Result<(), ErrorKind> {
        match request {
            Some(request) => self.engine.send(request),
            None => self.engine.close(),
        }
        // A server that has closed already is seen when we read.
        let _ = self.send().await;
        let mut plaintext = Vec::new();
        loop {
            self.engine.receive(&mut plaintext);
            if !plaintext.is_empty() || self.engine.peer_closed() {
                return Ok(());
            }
            if let Status::Failed(failure) = self.engine.status() {
                return Err(failure.alert_received.map_or(ErrorKind::Unconfirmed, ErrorKind::Alert));
            }
            if self.ended || self.read().await.is_err() {
                return Err(ErrorKind::Unconfirmed);
            }
        }
    }

    async fn read(&mut self) -> Result<(), ErrorKind> {
        match self.stream.read(&mut self.buffer).await {
            Ok(0) => self.ended = true,
            Ok(length) => {
                self.received += length as u64;
                let bytes = self.buffer.get(..length).unwrap_or_default();
                self.engine.feed(bytes);
            }
            Err(error) if error.kind() == Io::ConnectionReset => return Err(ErrorKind::Reset),
            Err(_) => return Err(ErrorKind::Network),
        }
        Ok(())
    }

    async fn send(&mut self) -> Result<(), ErrorKind> {
        let mut bytes = Vec::new();
        self.engine.drain(&mut bytes);
        if bytes.is_empty() {
            return Ok(());
        }
        self.sent += bytes.len() as u64;
        match self.stream.write_all(&bytes).await {
            Ok(()) => Ok(()),
            // An alert may wait to be read: that the server has closed shows there.
            Err(error) if matches!(error.kind(), Io::BrokenPipe | Io::ConnectionReset) => Ok(()),
            Err(_) => Err(ErrorKind::Network),
        }
    }
}
