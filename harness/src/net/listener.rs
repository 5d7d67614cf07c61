//! A case's own port, on 127.0.0.1 and ::1, never used twice in a run (design 1, rule 5).

use std::collections::HashSet;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};

use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Tries for a port that is free in both families and new in this run.
const BIND_TRIES: usize = 64;
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 64;

/// The ports that a run has used.
#[derive(Debug, Default)]
pub struct PortBook(Mutex<HashSet<u16>>);

/// A case's listener.
#[derive(Debug)]
pub struct CaseListener {
    v4: TcpListener,
    /// Absent on machines without IPv6.
    v6: Option<TcpListener>,
    port: u16,
}

impl CaseListener {
    /// Binds a port that no other case of the run has had.
    pub fn bind(book: &PortBook) -> io::Result<Self> {
        // Refused ports are held until a good one is found, or the system would hand them out again.
        let mut refused = Vec::new();
        for _ in 0..BIND_TRIES {
            let v4 = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
            let port = v4.local_addr()?.port();
            let v6 = match listen(SocketAddr::from((Ipv6Addr::LOCALHOST, port))) {
                Ok(v6) => Some(v6),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    refused.push(v4);
                    continue;
                }
                Err(_) => None,
            };
            if book.0.lock().unwrap_or_else(PoisonError::into_inner).insert(port) {
                return Ok(Self { v4, v6, port });
            }
            refused.push(v4);
        }
        Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            "no port that is free in both families and new in this run",
        ))
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The next connection of either family. Cancel-safe.
    pub async fn accept(&self) -> io::Result<TcpStream> {
        let (stream, _) = match &self.v6 {
            Some(v6) => tokio::select! {
                accepted = self.v4.accept() => accepted?,
                accepted = v6.accept() => accepted?,
            },
            None => self.v4.accept().await?,
        };
        // Flights are written whole, and a case is a race for milliseconds.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    /// Connections that wait in the backlog, asked of the system itself: tokio may not know of them yet. Then the
    /// number of those that could not be taken.
    pub fn accept_waiting(&self) -> (Vec<TcpStream>, usize) {
        let (mut waiting, mut lost) = (Vec::new(), 0);
        for listener in std::iter::once(&self.v4).chain(&self.v6) {
            loop {
                let stream = match rustix::net::accept(listener) {
                    Ok(socket) => std::net::TcpStream::from(socket),
                    Err(rustix::io::Errno::WOULDBLOCK) => break,
                    Err(rustix::io::Errno::CONNABORTED | rustix::io::Errno::INTR) => continue,
                    Err(_) => {
                        lost += 1;
                        break;
                    }
                };
                match stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream)) {
                    Ok(stream) => waiting.push(stream),
                    Err(_) => lost += 1,
                }
            }
        }
        (waiting, lost)
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
