//! The server behind a TCP port.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::engine::{Engine, Status};
use crate::probe::FlightReader;

use super::peer::{End, Peer, Server};
use super::trouble::Trouble;

/// Most bytes that are read of one connection: above every flight that `wire` takes.
const MOST_BYTES: usize = 1 << 20;
/// Addresses of a host that are tried.
const MOST_ADDRESSES: usize = 16;

/// A server's address, and how long to wait for it.
#[derive(Debug, Clone)]
pub struct Remote {
    pub address: SocketAddr,
    pub deadlines: Deadlines,
}

/// How long a scan waits, and for what.
#[derive(Debug, Clone)]
pub struct Deadlines {
    /// Of one connection, from its first packet to its end.
    pub timeout: Duration,
    /// When the whole scan ends, whatever is left to ask.
    pub until: std::time::Instant,
    /// Turns true when the scan is to end.
    pub interrupted: watch::Receiver<bool>,
}

/// The first address of the host that takes a connection.
///
/// # Errors
///
/// The trouble with the last address, if none does.
pub async fn find(host: &str, port: u16, deadlines: Deadlines) -> Result<Remote, Trouble> {
    let found = deadlines.keep(timeout_at(deadlines.of_connection(), lookup_host((host, port)))).await?;
    let addresses = found.map_err(|_| Trouble::ResolveTimeout)?.map_err(|_| Trouble::Unresolvable)?;
    let mut trouble = Trouble::Unresolvable;
    for address in addresses.take(MOST_ADDRESSES) {
        match deadlines.keep(connect(address, deadlines.of_connection())).await? {
            Ok(stream) => {
                drop_at_once(stream);
                return Ok(Remote { address, deadlines });
            }
            Err(other) => trouble = other,
        }
    }
    Err(trouble)
}

impl Server for Remote {
    fn peer(&self) -> Result<Box<dyn Peer + '_>, Trouble> {
        // One thread's own: no other thread has to be woken for its bytes.
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|_| Trouble::Unreachable)?;
        Ok(Box::new(Line { remote: self, runtime }))
    }
}

struct Line<'a> {
    remote: &'a Remote,
    runtime: Runtime,
}

impl Peer for Line<'_> {
    fn hello(&mut self, bytes: &[u8], reader: &mut FlightReader) -> End {
        let Remote { address, deadlines } = self.remote;
        let work = ask(*address, deadlines.of_connection(), bytes, reader);
        end(self.runtime.block_on(deadlines.keep(work)))
    }

    fn handshake(&mut self, engine: &mut dyn Engine, reader: &mut FlightReader) -> End {
        let Remote { address, deadlines } = self.remote;
        let work = shake_hands(*address, deadlines.of_connection(), engine, reader);
        end(self.runtime.block_on(deadlines.keep(work)))
    }
}

fn end(result: Result<Result<End, Trouble>, Trouble>) -> End {
    result.and_then(|done| done).unwrap_or_else(End::Trouble)
}

impl Deadlines {
    /// Of a connection that begins now.
    fn of_connection(&self) -> Instant {
        Instant::now() + self.timeout
    }

    /// Does something unless the scan is over.
    async fn keep<T>(&self, work: impl Future<Output = T>) -> Result<T, Trouble> {
        let mut interrupted = self.interrupted.clone();
        let interruption = async {
            let is_gone = interrupted.wait_for(|set| *set).await.is_err();
            if is_gone {
                std::future::pending::<()>().await; // nobody is left who could interrupt
            }
        };
        tokio::select! {
            biased;
            () = interruption => Err(Trouble::Interrupted),
            () = sleep_until(self.until.into()) => Err(Trouble::OutOfTime),
            done = work => Ok(done),
        }
    }
}

async fn connect(address: SocketAddr, deadline: Instant) -> Result<TcpStream, Trouble> {
    let stream = match timeout_at(deadline, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(connecting(error.kind())),
        Err(_) => return Err(Trouble::ConnectTimeout),
    };
    // Failure costs time only.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

const fn connecting(kind: ErrorKind) -> Trouble {
    match kind {
        ErrorKind::ConnectionRefused => Trouble::PortRefused,
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => Trouble::Reset,
        ErrorKind::TimedOut => Trouble::ConnectTimeout,
        _ => Trouble::Unreachable,
    }
}

/// Ends a connection with a reset: nothing lingers on either side, and the server's next read fails at once.
fn drop_at_once(stream: TcpStream) {
    // Without it the connection ends in good order, which takes longer and is as well.
    let _ = set_socket_linger(&stream, Some(Duration::ZERO));
    drop(stream);
}

async fn ask(
    address: SocketAddr,
    deadline: Instant,
    bytes: &[u8],
    reader: &mut FlightReader,
) -> Result<End, Trouble> {
    let mut connection = Connection::open(address, deadline).await?;
    connection.write(bytes).await?;
    loop {
        let Some(came) = connection.read().await? else { return Ok(End::Closed) };
        reader.push(came);
        if reader.is_over() {
            drop_at_once(connection.stream);
            return Ok(End::Enough);
        }
    }
}

async fn shake_hands(
    address: SocketAddr,
    deadline: Instant,
    engine: &mut dyn Engine,
    reader: &mut FlightReader,
) -> Result<End, Trouble> {
    let mut connection = Connection::open(address, deadline).await?;
    let mut outgoing = Vec::new();
    let mut has_closed = false;
    loop {
        engine.drain(&mut outgoing);
        if engine.status() == Status::Done && !has_closed {
            engine.close();
            engine.drain(&mut outgoing);
        }
        let wrote = connection.write(&outgoing).await;
        outgoing.clear();
        match engine.status() {
            Status::Failed(_) => return Ok(End::Enough),
            Status::Done if !has_closed => {
                has_closed = true;
                // The server reads to the end, whatever it makes of close_notify.
                let _ = connection.stream.shutdown().await;
            }
            // What the server had to say may be there although it takes no more.
            Status::Done | Status::Running => {
                wrote.or_else(|trouble| if has_closed { Ok(()) } else { Err(trouble) })?
            }
        }
        match connection.read().await {
            Ok(Some(came)) => {
                reader.push(came);
                engine.feed(came);
            }
            Ok(None) => return Ok(End::Closed),
            Err(Trouble::Reset) if has_closed => return Ok(End::Closed),
            Err(trouble) => return Err(trouble),
        }
    }
}

/// A connection with its deadline and bound.
struct Connection {
    stream: TcpStream,
    deadline: Instant,
    buffer: Vec<u8>,
    read: usize,
}

impl Connection {
    async fn open(address: SocketAddr, deadline: Instant) -> Result<Self, Trouble> {
        Ok(Self { stream: connect(address, deadline).await?, deadline, buffer: vec![0; 16 * 1024], read: 0 })
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        match timeout_at(self.deadline, self.stream.write_all(bytes)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Trouble::Reset),
            Err(_) => Err(self.late()),
        }
    }

    /// The next bytes; `None` at the end of the stream.
    async fn read(&mut self) -> Result<Option<&[u8]>, Trouble> {
        let count = match timeout_at(self.deadline, self.stream.read(&mut self.buffer)).await {
            Ok(Ok(0)) => return Ok(None),
            Ok(Ok(count)) => count,
            Ok(Err(_)) => return Err(Trouble::Reset),
            Err(_) => return Err(self.late()),
        };
        self.read += count;
        if self.read > MOST_BYTES {
            return Err(Trouble::Malformed(format!("more than {MOST_BYTES} bytes")));
        }
        Ok(Some(&self.buffer[..count]))
    }

    const fn late(&self) -> Trouble {
        if self.read == 0 { Trouble::Silent } else { Trouble::Slow }
    }
}
