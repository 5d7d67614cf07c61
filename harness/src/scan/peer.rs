//! The server that is asked, as the scanner sees it: a socket's other end, or an engine in memory.

use crate::engine::Engine;
use crate::probe::FlightReader;

use super::trouble::Trouble;

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// All that was wanted came, and this side ended it.
    Enough,
    /// The server ended it in good order (FIN).
    Closed,
    /// Anything else.
    Trouble(Trouble),
}

/// Opens a connection for every call, and never leaves one open: some servers serve one at a time.
pub trait Peer {
    /// Sends these bytes and reads until the reader has enough.
    fn hello(&mut self, bytes: &[u8], reader: &mut FlightReader) -> End;

    /// Drives a client's handshake until it is done or has failed; then says good-bye and reads to the server's end,
    /// so that whatever comes behind the handshake (tickets, an alert) is there. The reader sees the server's bytes.
    fn handshake(&mut self, engine: &mut dyn Engine, reader: &mut FlightReader) -> End;
}

/// Makes a [`Peer`] for every thread.
pub trait Server: Sync {
    fn peer(&self) -> Result<Box<dyn Peer + '_>, Trouble>;
}
