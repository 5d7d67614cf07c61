//! How a client left, as its socket tells it.

use std::io::{self, ErrorKind};

use rustix::io::Errno;
use rustix::net::RecvFlags;
use tokio::net::TcpStream;

/// How the client's byte stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientEnd {
    Fin,
    Reset,
}

impl ClientEnd {
    /// What an error of a read says.
    pub(super) fn of(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted => Self::Reset,
            _ => Self::Fin,
        }
    }
}

/// Whether the end of the client's stream is next, asked of the system itself: tokio may not know of it yet.
pub(super) fn has_closed(stream: &TcpStream) -> bool {
    let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
    matches!(rustix::net::recv(stream, &mut [0_u8; 1][..], flags), Ok((_, 0)) | Err(Errno::CONNRESET))
}

/// At the end of the client's stream, while our half is open: whether our flight met a closed socket, so that the client
/// left before it and refused nothing of it. One that leaves after reading it sends a FIN and nothing more; with unread
/// bytes, a RST alone. Once we have closed our half, too, an error is about that.
pub(super) fn left_before_our_flight(stream: &TcpStream) -> bool {
    !matches!(stream.take_error(), Ok(None))
}
