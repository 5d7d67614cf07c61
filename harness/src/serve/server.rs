//! Accepting, limits, a graceful stop, and the lines.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::net::Listener;
use crate::observe::{Ending, Observation};
use crate::pki::CertificateKind;
use crate::policy::Floor;
use crate::run::stage::Stage;

use super::connection::{Ended, drive};
use super::judged::Judged;
use super::line::{ConnectionLine, Line, Stopped};

/// How long behind the grace a reader of the lines is waited for.
const UNREAD: Duration = Duration::from_secs(5);

/// The bounds of a server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From a connection's acceptance to the end of its handshake.
    pub handshake: Duration,
    /// From the end of the handshake to that of the exchange.
    pub request: Duration,
    /// From the stop to the end of the last connection.
    pub grace: Duration,
    /// Open at the same time; more wait in the system's queue.
    pub connections: usize,
}

/// What connections are played, and by which floor they are judged. Replaced as a whole when the policy is read again.
pub struct Staged {
    pub stage: Stage,
    pub certificates: Vec<CertificateKind>,
    pub floor: Floor,
}

impl Staged {
    pub(super) fn has_bad_certificate(&self) -> bool {
        self.certificates.iter().any(|kind| kind.is_bad())
    }
}

/// A server that listens.
pub struct Server {
    listener: Listener,
    staged: Arc<Mutex<Arc<Staged>>>,
    limits: Limits,
    /// Lines carry the decoded transcript.
    transcript: bool,
}

/// What a server did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    pub connections: u64,
    pub unfinished: u64,
    /// Connections that were lost in a fault of the harness.
    pub panicked: u64,
    /// Some waited in vain for a descriptor until the grace was over.
    pub refused: bool,
}

impl From<Served> for Stopped {
    fn from(served: Served) -> Self {
        Self { connections: served.connections, unfinished: served.unfinished }
    }
}

impl Server {
    pub fn new(listener: Listener, staged: Staged, limits: Limits, transcript: bool) -> Self {
        Self { listener, staged: Arc::new(Mutex::new(Arc::new(staged))), limits, transcript }
    }

    /// A handle by which what is played can be replaced.
    pub fn staged(&self) -> Arc<Mutex<Arc<Staged>>> {
        Arc::clone(&self.staged)
    }

    /// Serves until `stop` turns true, then lets what is open come to an end, for as long as the grace lasts.
    pub async fn run(self, mut stop: watch::Receiver<bool>, lines: mpsc::Sender<Line>) -> Served {
        let room = Arc::new(Semaphore::new(self.limits.connections));
        let (stop_by, stopping) = watch::channel(None);
        let mut open = JoinSet::new();
        let mut served = Served::default();
        let begin = |socket: TcpStream, permit, open: &mut JoinSet<bool>| {
            let staged = Arc::clone(&self.staged.lock().unwrap_or_else(PoisonError::into_inner));
            let connection = Connection {
                staged,
                limits: self.limits,
                transcript: self.transcript,
                lines: lines.clone(),
                stopping: stopping.clone(),
            };
            open.spawn(async move {
                let cut_off = connection.run(socket).await;
                drop(permit);
                cut_off
            });
        };
        loop {
            tokio::select! {
                accepted = self.accept(&room) => {
                    if let Some((socket, permit)) = accepted {
                        begin(socket, Some(permit), &mut open);
                    }
                }
                Some(done) = open.join_next() => served.count(done),
                // Whoever could stop it is gone: then it is time, too.
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        stop_by.send_replace(Some(Instant::now() + self.limits.grace));
        // Whoever has connected is served: it cannot know that we stop. Without descriptors it has to wait for one.
        let last = Instant::now() + self.limits.grace;
        loop {
            let (waiting, lost) = self.listener.accept_waiting();
            for socket in waiting {
                begin(socket, None, &mut open);
            }
            if lost == 0 || Instant::now() >= last {
                served.refused |= lost > 0;
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            while let Some(done) = open.try_join_next() {
                served.count(done);
            }
        }
        drop(self.listener);
        while let Some(done) = open.join_next().await {
            served.count(done);
        }
        served
    }

    async fn accept(&self, room: &Arc<Semaphore>) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
        let permit = Arc::clone(room).acquire_owned().await.ok()?;
        match self.listener.accept().await {
            Ok(socket) => Some((socket, permit)),
            Err(_) => {
                // Out of descriptors, or the peer is gone already: not to be retried without a pause.
                tokio::time::sleep(Duration::from_millis(10)).await;
                None
            }
        }
    }
}

impl Served {
    fn count(&mut self, done: Result<bool, tokio::task::JoinError>) {
        self.connections += 1;
        match done {
            Ok(cut_off) => self.unfinished += u64::from(cut_off),
            Err(_) => self.panicked += 1,
        }
    }
}

struct Connection {
    staged: Arc<Staged>,
    limits: Limits,
    transcript: bool,
    lines: mpsc::Sender<Line>,
    stopping: super::connection::StopBy,
}

impl Connection {
    /// Whether the stop cut it off.
    async fn run(self, socket: TcpStream) -> bool {
        let start = Instant::now();
        let peer = socket.peer_addr().map_or_else(|_| "unknown".to_owned(), |address| address.to_string());
        let Ended { seen, cut_off } = match self.staged.stage.open() {
            Ok(setup) => drive(socket, setup, &self.staged, self.limits, self.stopping.clone()).await,
            // It was opened once before, so this is out of memory at most.
            Err(error) => {
                let ending = Ending::ServerFailed(error.to_string());
                Ended { seen: Observation { ending, ..Observation::empty() }, cut_off: false }
            }
        };
        let bad = self.staged.has_bad_certificate();
        let judged = Judged::of_observation(&self.staged.floor, &seen, bad);
        let ms = (start.elapsed().as_secs_f64() * 10_000.0).round() / 10.0;
        let line = ConnectionLine::of(peer, &seen, &judged, bad, ms, self.transcript);
        let line = Line::Connection(Box::new(line));
        // A reader that is slow is waited for, one that has stopped reading is not after the stop.
        let mut stopping = self.stopping;
        let stopped = async {
            let by = stopping.wait_for(Option::is_some).await.ok().and_then(|by| *by);
            match by {
                Some(by) => tokio::time::sleep_until(by + UNREAD).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.lines.send(line) => {}
            () = stopped => {}
        }
        cut_off
    }
}
