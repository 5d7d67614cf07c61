//! Accepting, limits, a graceful stop, and the lines.

use std::fs::File;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
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
use super::line::{ConnectionLine, Line, Outcome, Stopped};

/// How long behind the grace a reader of the lines is waited for.
const UNREAD: Duration = Duration::from_secs(5);
/// Between two looks at a queue for which there was no descriptor.
const PAUSE: Duration = Duration::from_millis(20);
/// Connections told of that could not be served; a queue of the system's is shorter.
const MOST_TURNED_AWAY: usize = 65_536;

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
    /// Connections, each of which has had its line.
    pub connections: u64,
    /// Of these, how many were cut off by the stop.
    pub unfinished: u64,
    /// Of these, how many were lost in a fault of the harness.
    pub panicked: u64,
    /// Of these, how many waited in vain for a descriptor until the grace was over.
    pub unserved: u64,
    /// There may have been more of those, which could not be counted either.
    pub uncounted: bool,
}

impl From<Served> for Stopped {
    fn from(served: Served) -> Self {
        Self {
            connections: served.connections,
            unfinished: served.unfinished,
            panicked: served.panicked,
            unserved: served.unserved,
        }
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
        let taken = Arc::new(AtomicU64::new(0));
        // Given up at the end, so that whoever cannot be served for want of one can be told of.
        let spare = File::open("/dev/null").ok();
        let begin = |socket: TcpStream, permit, open: &mut JoinSet<End>| {
            let staged = Arc::clone(&self.staged.lock().unwrap_or_else(PoisonError::into_inner));
            let connection = Connection {
                staged,
                limits: self.limits,
                transcript: self.transcript,
                lines: lines.clone(),
                taken: Arc::clone(&taken),
                stopping: stopping.clone(),
            };
            open.spawn(async move {
                let end = connection.run(socket).await;
                drop(permit);
                end
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
        let by = Instant::now() + self.limits.grace;
        stop_by.send_replace(Some(by));
        // Whoever has connected is served: it cannot know that we stop. Without descriptors it has to wait for one, but not
        // for one of those that the end of the grace cuts off: it would be cut off at once, too.
        loop {
            let (waiting, lost) = self.listener.accept_waiting();
            for socket in waiting {
                begin(socket, None, &mut open);
            }
            if lost == 0 {
                break;
            }
            if Instant::now() + 2 * PAUSE >= by {
                drop(spare);
                self.turn_away(&lines, &mut served).await;
                break;
            }
            tokio::time::sleep(PAUSE).await;
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

    /// Takes who still waits off the queue, one by one, and tells of each.
    async fn turn_away(&self, lines: &mpsc::Sender<Line>, served: &mut Served) {
        for _ in 0..MOST_TURNED_AWAY {
            let (waiting, lost) = self.listener.accept_waiting();
            served.uncounted = lost > 0;
            if waiting.is_empty() {
                return;
            }
            for socket in waiting {
                served.connections += 1;
                served.unserved += 1;
                let line = ConnectionLine::unseen(peer(&socket), Outcome::Unserved, 0.0);
                // A reader that has stopped reading is not waited for.
                let sent = lines.send_timeout(Line::Connection(Box::new(line)), UNREAD).await;
                if sent.is_err() {
                    served.uncounted = true;
                    return;
                }
            }
        }
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
    fn count(&mut self, done: Result<End, tokio::task::JoinError>) {
        self.connections += 1;
        // A panic on the way from the connection to its line has none; it is counted all the same.
        match done.unwrap_or(End::Panicked) {
            End::Own => {}
            End::CutOff => self.unfinished += 1,
            End::Panicked => self.panicked += 1,
        }
    }
}

/// How a connection came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Own,
    /// By the stop.
    CutOff,
    /// In a fault of the harness.
    Panicked,
}

fn peer(socket: &TcpStream) -> String {
    socket.peer_addr().map_or_else(|_| "unknown".to_owned(), |address| address.to_string())
}

/// The future's value, or `None` if it panics. The connection is dropped with it, and nothing that it shares is left
/// half-done: what others read is replaced as a whole.
async fn unless_it_panics<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = Box::pin(work);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
        Ok(polled) => polled.map(Some),
        Err(_) => Poll::Ready(None),
    })
    .await
}

struct Connection {
    staged: Arc<Staged>,
    limits: Limits,
    transcript: bool,
    lines: mpsc::Sender<Line>,
    /// Lines that the reader has room for or has taken.
    taken: Arc<AtomicU64>,
    stopping: super::connection::StopBy,
}

impl Connection {
    /// Drives it and tells of it.
    async fn run(mut self, socket: TcpStream) -> End {
        let start = Instant::now();
        let ms = || (start.elapsed().as_secs_f64() * 10_000.0).round() / 10.0;
        let peer = peer(&socket);
        let (line, end) = match unless_it_panics(self.serve(socket)).await {
            Some((Ended { seen, cut_off }, judged)) => {
                let bad = self.staged.has_bad_certificate();
                let line = ConnectionLine::of(peer, &seen, &judged, bad, ms(), self.transcript);
                (line, if cut_off { End::CutOff } else { End::Own })
            }
            None => (ConnectionLine::unseen(peer, Outcome::HarnessPanic, ms()), End::Panicked),
        };
        self.tell(line).await;
        end
    }

    /// A reader that is slow is waited for, for as long as it takes one line after the other; one that has stopped reading is
    /// not after the stop.
    async fn tell(&mut self, line: ConnectionLine) {
        let lines = self.lines.clone();
        let mut sent = pin!(lines.send(Line::Connection(Box::new(line))));
        let taken = Arc::clone(&self.taken);
        let mut stopping = self.stopping.clone();
        let mut unread = pin!(async move {
            let by = stopping.wait_for(Option::is_some).await.ok().and_then(|by| *by);
            let Some(by) = by else { return std::future::pending().await };
            tokio::time::sleep_until(by).await;
            loop {
                let before = taken.load(Ordering::Relaxed);
                tokio::time::sleep(UNREAD).await;
                if taken.load(Ordering::Relaxed) == before {
                    return;
                }
            }
        });
        tokio::select! {
            _ = &mut sent => {
                self.taken.fetch_add(1, Ordering::Relaxed);
            }
            () = &mut unread => {}
        }
    }

    async fn serve(&self, socket: TcpStream) -> (Ended, Judged) {
        let ended = match self.staged.stage.open() {
            Ok(setup) => drive(socket, setup, &self.staged, self.limits, self.stopping.clone()).await,
            // It was opened once before, so this is out of memory at most.
            Err(error) => {
                let ending = Ending::ServerFailed(error.to_string());
                Ended { seen: Observation { ending, ..Observation::empty() }, cut_off: false }
            }
        };
        let bad = self.staged.has_bad_certificate();
        let judged = Judged::of_observation(&self.staged.floor, &ended.seen, bad);
        (ended, judged)
    }
}
