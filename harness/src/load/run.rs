//! The run: starts connections when they are due, and waits for what becomes of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::client::Client;
use super::fault::Fault;
use super::pace::{Pace, Rate, Start};
use super::processor::{Processor, own_time};
use super::tally::Tally;
use super::visit::{Setup, Visit, visit};

/// How long a sleeping start goes without a look at whether the run was interrupted.
const NAP: Duration = Duration::from_millis(20);
/// Servers forget sessions: after five minutes by nginx's and OpenSSL's own default, after less where somebody set less.
const SESSION_AGE: Duration = Duration::from_secs(10);
/// Behind an error of a closed loop, which else would ask a closed port as fast as it can.
const PAUSE: Duration = Duration::from_millis(10);
/// More than the longest connection takes behind its deadline.
const LAST_WAIT: Duration = Duration::from_secs(5);
/// From this part of late starts on, and from this load of its threads on, the generator is the bottleneck.
const LATE_SHARE: f64 = 0.01;
const BUSY_SHARE: f64 = 0.9;
/// Late starts that say nothing yet: any machine has a hiccup now and then.
const FEW: f64 = 2.0;

/// What is to be run.
pub struct Load {
    pub rate: Rate,
    pub time: Duration,
    /// Most connections open at the same time.
    pub connections: usize,
    pub setup: Setup,
    pub client: Client,
    /// Processes of the server.
    pub servers: Vec<Processor>,
    /// Threads of the generator, for its share.
    pub threads: usize,
}

/// The sums of a run that goes on.
#[derive(Clone, Debug, Default)]
pub struct Live(Arc<Mutex<Tally>>);

impl Live {
    pub fn tally(&self) -> MutexGuard<'_, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Report {
    pub tally: Tally,
    /// Starts that were due.
    pub scheduled: u64,
    /// Until the end of the schedule, or until the last handshake was done if that was later.
    pub elapsed: Duration,
    pub interrupted: bool,
    /// Connections that were begun and of which nothing is known: a fault of this program.
    pub lost: u64,
    /// Processor time of this program during the run.
    pub own_time: Duration,
    /// By process; none for one that has ended.
    pub server_times: Vec<(u32, Option<Duration>)>,
    /// Full handshakes that were made for their session.
    pub sessions: u64,
    pub threads: usize,
}

impl Report {
    /// Completed handshakes per second.
    pub fn per_second(&self) -> f64 {
        count(self.tally.completed) / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// The part of its threads' time that the generator was at work.
    pub fn busy(&self) -> f64 {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let most = self.elapsed.as_secs_f64() * count(self.threads.min(processors) as u64);
        self.own_time.as_secs_f64() / most.max(1e-9)
    }

    /// Processor time for one completed handshake; none if there was none.
    pub fn per_handshake(&self, time: Duration) -> Option<Duration> {
        (self.tally.completed > 0).then(|| time.div_f64(count(self.tally.completed)))
    }

    /// Why the figures say more of the generator than of the server, if they do.
    pub fn bottleneck(&self) -> Option<String> {
        let Tally { late, started, .. } = self.tally;
        let short = self.tally.failed_by("no-resources");
        if short > 0 {
            Some(format!("{short} connections found no descriptor or port on this machine"))
        } else if count(late) > count(started) * LATE_SHARE + FEW {
            Some(format!("{late} of {started} starts were more than 1 ms late"))
        } else if self.busy() > BUSY_SHARE {
            Some(format!(
                "its {} threads were at work {:.0} % of the time",
                self.threads,
                self.busy() * 100.0
            ))
        } else {
            None
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn count(number: u64) -> f64 {
    number as f64
}

/// What the tasks of a run share.
struct Ground {
    load: Load,
    live: Live,
    began: Instant,
    interrupted: watch::Receiver<bool>,
}

impl Ground {
    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn is_interrupted(&self) -> bool {
        *self.interrupted.borrow()
    }

    async fn connect(&self, start: Start) -> bool {
        self.live.tally().begin(&start, self.now());
        let client = self.load.client.current();
        let visit = tokio::select! {
            visit = visit(&self.load.setup, &*client, false) => visit,
            () = interruption(&self.interrupted) => Visit::failed(Fault::Interrupted),
        };
        self.live.tally().end(&start, &visit, self.began);
        visit.result.is_ok()
    }
}

/// Runs until all that was scheduled has come to an end. To be called outside of the runtime that `handle` is of: the
/// thread sleeps, more exactly than the runtime's clock with its milliseconds.
pub fn run(load: Load, handle: &Handle, interrupted: watch::Receiver<bool>, live: &Live) -> Report {
    let ground = Arc::new(Ground { load, live: live.clone(), began: Instant::now(), interrupted });
    let own_before = own_time();
    let sessions = Arc::new(Mutex::new(0));
    let renewal = ground.load.client.must_resume().then(|| {
        let (ground, sessions) = (Arc::clone(&ground), Arc::clone(&sessions));
        handle.spawn(async move { renew(&ground, &sessions).await })
    });
    let room = Arc::new(Semaphore::new(ground.load.connections));
    let scheduled = match ground.load.rate {
        Rate::Fixed(rate) => Some(open_loop(&ground, handle, &room, rate)),
        Rate::Max => {
            closed_loop(&ground, handle, &room);
            None
        }
    };
    let ended = ground.now();
    let most = u32::try_from(ground.load.connections).unwrap_or(u32::MAX);
    // Given back also by a task that panicked.
    let limit = ground.load.setup.timeout + LAST_WAIT;
    let _ = handle.block_on(async { tokio::time::timeout(limit, room.acquire_many(most)).await });
    if let Some(renewal) = renewal {
        renewal.abort();
    }
    let own_time = own_time().saturating_sub(own_before);
    let tally = live.tally().clone();
    let interrupted = ground.is_interrupted();
    let not_started = tally.failed_by("not-started");
    let planned = if interrupted { ended.min(ground.load.time) } else { ground.load.time };
    Report {
        scheduled: scheduled.unwrap_or(tally.started),
        elapsed: planned.max(tally.last_done),
        interrupted,
        lost: tally.started.saturating_sub(tally.completed + tally.failed() - not_started),
        own_time,
        server_times: ground.load.servers.iter().map(|s| (s.pid, s.since().ok())).collect(),
        sessions: *sessions.lock().unwrap_or_else(PoisonError::into_inner),
        threads: ground.load.threads,
        tally,
    }
}

/// Starts connections at their instants; how many were due.
fn open_loop(ground: &Arc<Ground>, handle: &Handle, room: &Arc<Semaphore>, rate: f64) -> u64 {
    let mut pace = Pace::new(rate, ground.load.time);
    while let Some(due) = pace.due() {
        if !sleep_until(ground, due) {
            break;
        }
        let place = match Arc::clone(room).try_acquire_owned() {
            Ok(place) => Some(place),
            Err(_) => {
                let place = handle.block_on(wait_for_room(ground, room, due));
                if ground.is_interrupted() {
                    break;
                }
                pace.room_came(ground.now());
                place
            }
        };
        let start = pace.take();
        match place {
            Some(place) => {
                let ground = Arc::clone(ground);
                handle.spawn(async move {
                    ground.connect(start).await;
                    drop(place);
                });
            }
            None => ground.live.tally().fail(&Fault::NotStarted("no room until the deadline"), 1),
        }
    }
    if !ground.is_interrupted() {
        return pace.count();
    }
    let due = pace.due_by(ground.now()).max(pace.taken());
    ground.live.tally().fail(&Fault::NotStarted("interrupted"), due - pace.taken());
    due
}

/// Room for a start, until its deadline.
async fn wait_for_room(
    ground: &Ground,
    room: &Arc<Semaphore>,
    due: Duration,
) -> Option<OwnedSemaphorePermit> {
    let deadline = ground.began + due + ground.load.setup.timeout;
    tokio::select! {
        place = tokio::time::timeout_at(deadline.into(), Arc::clone(room).acquire_owned()) => place.ok()?.ok(),
        () = interruption(&ground.interrupted) => None,
    }
}

/// As many as there is room for, each again as soon as it has ended.
fn closed_loop(ground: &Arc<Ground>, handle: &Handle, room: &Arc<Semaphore>) {
    for _ in 0..ground.load.connections {
        let (ground, room) = (Arc::clone(ground), Arc::clone(room));
        handle.spawn(async move {
            let Ok(_place) = room.acquire().await else { return };
            while ground.now() < ground.load.time && !ground.is_interrupted() {
                if !ground.connect(Start::at(ground.now())).await {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        });
    }
    sleep_until(ground, ground.load.time);
}

/// Whether the instant came before an interruption.
fn sleep_until(ground: &Ground, due: Duration) -> bool {
    loop {
        if ground.is_interrupted() {
            return false;
        }
        let Some(left) = due.checked_sub(ground.now()).filter(|left| !left.is_zero()) else { return true };
        std::thread::sleep(left.min(NAP));
    }
}

async fn interruption(interrupted: &watch::Receiver<bool>) {
    let mut interrupted = interrupted.clone();
    let is_gone = interrupted.wait_for(|is_interrupted| *is_interrupted).await.is_err();
    if is_gone {
        std::future::pending::<()>().await; // nobody is left who could interrupt
    }
}

/// Takes a new session now and then. If that fails the old one is kept: the handshakes will tell.
async fn renew(ground: &Ground, sessions: &Mutex<u64>) {
    loop {
        tokio::time::sleep(SESSION_AGE).await;
        if ground.load.client.take_session(&ground.load.setup).await.is_ok() {
            *sessions.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        }
    }
}
