//! A server's end of a connection over a socket, as a byte stream of plaintext: what an HTTP library reads and writes.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

use crate::observe::Observation;

use super::ending::{ClientEnd, has_closed, left_before_our_flight};
use super::tapped::{Setup, Tapped};

/// Bytes for the client that may wait before more plaintext is taken.
const OUTGOING_LIMIT: usize = 64 * 1024;
/// Plaintext taken at once: what fits into one TLS record.
const RECORD: usize = 16 * 1024;

/// A connection. Clones are the same connection.
#[derive(Clone)]
pub struct TappedStream(Arc<Shared>);

struct Shared {
    socket: TcpStream,
    state: Mutex<State>,
}

struct State {
    tapped: Tapped,
    /// Decrypted and not read yet.
    plaintext: Vec<u8>,
    /// Encrypted and not sent yet.
    outgoing: Vec<u8>,
    /// The client's stream has ended.
    ended: bool,
    /// Nothing can be sent any more.
    broken: bool,
    said_good_bye: bool,
    answer: Answer,
}

/// How far the answer to a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    None,
    /// The HTTP library has it.
    Given,
    /// The HTTP library has written after it was given.
    Written,
}

/// Where a handshake stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Running,
    Established,
    Over,
}

impl TappedStream {
    pub fn new(socket: TcpStream, setup: Setup) -> Self {
        let state = State {
            tapped: Tapped::new(setup),
            plaintext: Vec::new(),
            outgoing: Vec::new(),
            ended: false,
            broken: false,
            said_good_bye: false,
            answer: Answer::None,
        };
        Self(Arc::new(Shared { socket, state: Mutex::new(state) }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the tap has seen so far.
    pub fn with_tapped<T>(&self, look: impl FnOnce(&mut Tapped) -> T) -> T {
        look(&mut self.state().tapped)
    }

    /// Drives the handshake; whether it was completed. Everything else ends the connection. Cancel-safe.
    pub async fn handshake(&self) -> bool {
        loop {
            let (progress, waits) = {
                let mut state = self.state();
                state.tapped.note_ending();
                (state.progress(), state.has_to_send())
            };
            // What is left to say, an alert for instance, is said before anything else.
            if waits {
                if self.0.socket.writable().await.is_err() {
                    return false;
                }
                self.send_some();
                continue;
            }
            match progress {
                Progress::Established => return true,
                Progress::Over => return false,
                Progress::Running => {}
            }
            if self.0.socket.readable().await.is_err() {
                return false;
            }
            self.receive_some();
        }
    }

    /// Reads what the client still sends, at most so many bytes, until it closes: its last alert, and so that the
    /// system does not throw our last bytes away because some of its own were not read. Cancel-safe.
    pub async fn linger(&self, most: usize) {
        let mut read = 0;
        while read < most && !self.state().ended && self.0.socket.readable().await.is_ok() {
            read += self.receive_some();
            self.state().plaintext.clear();
        }
    }

    /// Reads once and feeds what came; the number of bytes. An end is noted.
    fn receive_some(&self) -> usize {
        let mut buffer = [0_u8; RECORD];
        let read = self.read_some(&mut buffer);
        let mut state = self.state();
        let length = match read {
            Ok(0) => {
                if !state.said_good_bye && left_before_our_flight(&self.0.socket) {
                    state.tapped.flight_was_lost();
                }
                state.end(ClientEnd::Fin);
                0
            }
            Ok(length) => {
                let State { tapped, plaintext, outgoing, .. } = &mut *state;
                tapped.client_bytes(&buffer[..length], plaintext, outgoing);
                length
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return 0,
            Err(error) => {
                state.end(ClientEnd::of(&error));
                0
            }
        };
        let sends = state.has_to_send();
        drop(state);
        if sends {
            self.send_some();
        }
        self.state().tapped.note_ending();
        length
    }

    /// Reads once. Who gets less than there was room for has emptied the socket, and tokio is told so: otherwise it would
    /// wake us for a second read that finds nothing. Said from inside, so that what comes meanwhile is not overlooked.
    fn read_some(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut short = None;
        let read = self.0.socket.try_io(Interest::READABLE, || {
            let (length, _) = recv(&self.0.socket, &mut *buffer, RecvFlags::empty())?;
            if (1..buffer.len()).contains(&length) {
                short = Some(length);
                return Err(ErrorKind::WouldBlock.into());
            }
            Ok(length)
        });
        short.map_or(read, Ok)
    }

    /// Sends as much as the socket takes.
    fn send_some(&self) {
        let mut state = self.state();
        if state.outgoing.is_empty() {
            return;
        }
        // Whoever closed behind the hello did not wait for what it would refuse. What is known is not asked again.
        let has_waited = state.tapped.is_delivered() || !has_closed(&self.0.socket);
        while !state.outgoing.is_empty() {
            match self.0.socket.try_write(&state.outgoing) {
                Ok(written) => {
                    state.outgoing.drain(..written);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => {
                    state.broken = true;
                    state.outgoing.clear();
                    return;
                }
            }
        }
        if has_waited {
            state.tapped.mark_delivered();
        }
        // An answer that has left completes the exchange, however the client says good-bye.
        if state.answer == Answer::Written {
            state.tapped.complete();
        }
    }

    /// An answer has been given to the HTTP library.
    pub fn mark_answered(&self) {
        self.state().answer = Answer::Given;
    }

    /// close_notify where there is a session, then the end of our side.
    pub fn say_good_bye(&self) {
        self.close_once();
        self.send_some();
        let _ = rustix::net::shutdown(&self.0.socket, rustix::net::Shutdown::Write);
    }

    fn close_once(&self) {
        let mut state = self.state();
        if !state.said_good_bye {
            state.said_good_bye = true;
            let State { tapped, outgoing, .. } = &mut *state;
            tapped.close(outgoing);
        }
    }

    /// What was seen, taken out: to be called once, when the connection is over. Tasks of the HTTP library may still
    /// hold a clone.
    pub fn observe(&self) -> Observation {
        self.state().tapped.observe()
    }

    /// Ready when everything has been handed to the system.
    fn poll_send(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            self.send_some();
            let state = self.state();
            if state.broken {
                return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
            }
            if state.outgoing.is_empty() {
                return Poll::Ready(Ok(()));
            }
            drop(state);
            ready!(self.0.socket.poll_write_ready(context))?;
        }
    }
}

impl State {
    /// Whether something has to leave at once. What a request has come with (session tickets are) leaves with its answer.
    const fn has_to_send(&self) -> bool {
        !self.outgoing.is_empty() && self.plaintext.is_empty()
    }

    fn progress(&self) -> Progress {
        if self.ended || self.broken || self.tapped.is_over() {
            Progress::Over
        } else if self.tapped.is_established() {
            Progress::Established
        } else {
            Progress::Running
        }
    }

    fn end(&mut self, how: ClientEnd) {
        self.ended = true;
        self.tapped.client_ended(how);
    }
}

impl AsyncRead for TappedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            {
                let mut state = self.state();
                if !state.plaintext.is_empty() {
                    let length = state.plaintext.len().min(buffer.remaining());
                    buffer.put_slice(&state.plaintext[..length]);
                    state.plaintext.drain(..length);
                    if state.plaintext.is_empty() {
                        // A connection that waits for its next request should not hold on to memory.
                        state.plaintext = Vec::new();
                    }
                    return Poll::Ready(Ok(()));
                }
                if state.ended || state.tapped.is_over() || state.tapped.client_is_gone() {
                    return Poll::Ready(Ok(()));
                }
            }
            // Nothing is answered before more of the request has come. A client that makes us answer and reads nothing is
            // not read either.
            let sent = self.poll_send(context);
            if self.state().outgoing.len() > OUTGOING_LIMIT {
                ready!(sent)?;
            }
            ready!(self.0.socket.poll_read_ready(context))?;
            self.receive_some();
        }
    }
}

impl AsyncWrite for TappedStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        plaintext: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.state().outgoing.len() > OUTGOING_LIMIT {
            ready!(self.poll_send(context))?;
        }
        let length = plaintext.len().min(RECORD);
        {
            let State { tapped, outgoing, answer, .. } = &mut *self.state();
            tapped.send(&plaintext[..length], outgoing);
            if *answer == Answer::Given {
                *answer = Answer::Written;
            }
        }
        self.send_some();
        if self.state().broken {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        Poll::Ready(Ok(length))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_send(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.close_once();
        ready!(self.poll_send(context))?;
        let _ = rustix::net::shutdown(&self.0.socket, rustix::net::Shutdown::Write);
        Poll::Ready(Ok(()))
    }
}
