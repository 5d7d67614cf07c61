//! One listener for cases and for `serve`: one port, on every address that is asked for.

use std::collections::HashSet;
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Tries for a port that is free in both families and new in this run.
const BIND_TRIES: usize = 64;
/// Connections that may wait to be accepted at a case's port.
const CASE_BACKLOG: u32 = 64;

/// The ports that a run has used.
#[derive(Debug, Default)]
pub struct PortBook(Mutex<HashSet<u16>>);

/// Listening sockets that share a port.
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<TcpListener>,
    port: u16,
    /// The socket that is looked at first: another one each time, or a busy one would keep the others waiting.
    turn: AtomicUsize,
}

impl Listener {
    /// Binds a port that no other case of the run has had (design 1, rule 5), on 127.0.0.1 and, on machines with IPv6, on
    /// ::1.
    ///
    /// # Errors
    /// If the system has no such port.
    pub fn for_case(book: &PortBook) -> io::Result<Self> {
        // Refused ports are held until a good one is found, or the system would hand them out again.
        let mut refused = Vec::new();
        for _ in 0..BIND_TRIES {
            let v4 = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), CASE_BACKLOG)?;
            let port = v4.local_addr()?.port();
            let mut sockets = vec![v4];
            match listen(SocketAddr::from((Ipv6Addr::LOCALHOST, port)), CASE_BACKLOG) {
                Ok(v6) => sockets.push(v6),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    refused.extend(sockets);
                    continue;
                }
                Err(_) => {}
            }
            if book.0.lock().unwrap_or_else(PoisonError::into_inner).insert(port) {
                return Ok(Self { sockets, port, turn: AtomicUsize::new(0) });
            }
            refused.extend(sockets);
        }
        Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            "no port that is free in both families and new in this run",
        ))
    }

    /// Binds every address. With port 0 the system chooses one, for all of them the same.
    ///
    /// # Errors
    /// The address that cannot be bound, and why.
    pub fn bind(addresses: &[SocketAddr], backlog: u32) -> Result<Self, BindError> {
        Self::bind_by(addresses, |address| listen(address, backlog))
    }

    fn bind_by(
        addresses: &[SocketAddr],
        mut listen: impl FnMut(SocketAddr) -> io::Result<TcpListener>,
    ) -> Result<Self, BindError> {
        // Ports that were free at one address only are held meanwhile, or the system would hand them out again.
        let mut refused = Vec::new();
        for _ in 1..BIND_TRIES {
            match Self::bind_once(addresses, &mut listen, &mut refused) {
                Err(error) if error.is_chance(addresses) => {}
                bound => return bound,
            }
        }
        Self::bind_once(addresses, &mut listen, &mut refused)
    }

    fn bind_once(
        addresses: &[SocketAddr],
        listen: &mut impl FnMut(SocketAddr) -> io::Result<TcpListener>,
        refused: &mut Vec<TcpListener>,
    ) -> Result<Self, BindError> {
        let mut sockets: Vec<TcpListener> = Vec::new();
        let (mut port, mut absent) = (0, None);
        for &wanted in addresses {
            let address = if wanted.port() == 0 { SocketAddr::new(wanted.ip(), port) } else { wanted };
            match listen(address).and_then(|socket| Ok((socket.local_addr()?.port(), socket))) {
                Ok((found, socket)) => {
                    port = found;
                    sockets.push(socket);
                }
                // `localhost` is ::1, too, on a machine without IPv6.
                Err(source)
                    if matches!(
                        source.kind(),
                        io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported
                    ) =>
                {
                    absent = Some(BindError { address, source });
                }
                Err(source) => {
                    refused.extend(sockets);
                    return Err(BindError { address, source });
                }
            }
        }
        match absent {
            Some(error) if sockets.is_empty() => Err(error),
            _ => Ok(Self { sockets, port, turn: AtomicUsize::new(0) }),
        }
    }

    /// The first address that is listened on.
    ///
    /// # Errors
    /// The system's.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.sockets.first().map_or_else(|| Err(io::ErrorKind::NotConnected.into()), TcpListener::local_addr)
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The next connection. Cancel-safe.
    ///
    /// # Errors
    /// Out of descriptors, or the peer is gone already: not to be retried without a pause.
    pub async fn accept(&self) -> io::Result<TcpStream> {
        let (stream, _) = poll_fn(|context| {
            // Relaxed: a turn that is taken twice or left out does no harm.
            let first = self.turn.fetch_add(1, Ordering::Relaxed) % self.sockets.len().max(1);
            let (behind, ahead) = self.sockets.split_at(first);
            for socket in ahead.iter().chain(behind) {
                if let Poll::Ready(accepted) = socket.poll_accept(context) {
                    return Poll::Ready(accepted);
                }
            }
            Poll::Pending
        })
        .await?;
        // Flights are written whole, and a case is a race for milliseconds.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    /// Connections that wait in the backlog, asked of the system itself: tokio may not know of them yet. Then the
    /// number of those that could not be taken.
    pub fn accept_waiting(&self) -> (Vec<TcpStream>, usize) {
        let (mut waiting, mut lost) = (Vec::new(), 0);
        for listener in &self.sockets {
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

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct BindError {
    pub address: SocketAddr,
    pub source: io::Error,
}

impl BindError {
    /// Whether another port of the system's choice may be free where this one was taken.
    fn is_chance(&self, wanted: &[SocketAddr]) -> bool {
        self.source.kind() == io::ErrorKind::AddrInUse
            && self.address.port() != 0
            && wanted.contains(&SocketAddr::new(self.address.ip(), 0))
    }
}

fn listen(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A server that is started again must not wait for its own closed connections. It still finds a port taken on which
    // somebody listens.
    socket.set_reuseaddr(address.port() != 0)?;
    socket.bind(address)?;
    socket.listen(backlog)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside<T>(test: impl FnOnce() -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _inside = runtime.enter();
        test()
    }

    fn loopback(last: u8, port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, last], port))
    }

    #[test]
    fn a_port_that_is_taken_at_the_other_address_is_not_the_last_one_tried() {
        // The second address has its first two ports taken.
        let second = |taken: usize| {
            let mut asked = Vec::new();
            let bound = inside(|| {
                Listener::bind_by(&[loopback(1, 0), loopback(2, 0)], |address| {
                    if address.ip() == loopback(2, 0).ip() {
                        asked.push(address.port());
                        if asked.len() <= taken {
                            return Err(io::ErrorKind::AddrInUse.into());
                        }
                    }
                    listen(address, 1)
                })
                .map(|listener| (listener.port(), listener.sockets.len()))
            });
            (bound, asked)
        };
        let (bound, asked) = second(2);
        assert_eq!((bound.unwrap(), asked.len()), ((asked[2], 2), 3));
        assert!(asked[0] != asked[1] && asked[1] != asked[2], "{asked:?}");
        // Not for ever.
        let (bound, asked) = second(usize::MAX);
        assert_eq!((bound.unwrap_err().source.kind(), asked.len()), (io::ErrorKind::AddrInUse, 64));
    }

    #[test]
    fn a_port_that_was_asked_for_by_number_is_tried_once() {
        let mut asked = 0;
        let bound = Listener::bind_by(&[loopback(1, 4433)], |_| {
            asked += 1;
            Err(io::ErrorKind::AddrInUse.into())
        });
        assert_eq!((bound.unwrap_err().address, asked), (loopback(1, 4433), 1));
    }

    #[test]
    fn a_busy_address_does_not_keep_the_others_waiting() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = Listener::bind(&[loopback(1, 0), loopback(2, 0)], 16).unwrap();
            let connect = |last| std::net::TcpStream::connect(loopback(last, listener.port())).unwrap();
            let _clients: Vec<_> = [1, 1, 1, 1, 2].map(connect).into();
            let mut places = Vec::new();
            for _ in 0..5 {
                places.push(listener.accept().await.unwrap().local_addr().unwrap().ip());
            }
            let other = places.iter().position(|ip| *ip == loopback(2, 0).ip()).unwrap();
            assert!(other < 4, "it came last: {places:?}");
        });
    }
}
