//! Load on a server: new connections at a fixed rate, and how long each takes.
//!
//! Open loop: connection *n* is due at *n / rate*, whatever became of those before it, and its latency counts from when it was
//! due. A server that stalls is thereby charged for everybody who would have come meanwhile; a closed loop would send nobody
//! ("coordinated omission"). The one thing that delays a start is the bound on open connections, and that wait counts, too.

mod connection;
mod cpu;
mod tally;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};

use crate::engine::{Backend, CannotPlay, EndpointSpec, Prepared, Resumption, Role};
use crate::registry::ProtocolVersion;

pub use connection::{Confirmation, ErrorKind};
pub use cpu::{CpuTime, NoSuchProcess};
pub use tally::{Latencies, Tally};

/// Connections a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    PerSecond(f64),
    /// As many as complete, one after the other on each of the open connections: a closed loop, for a server's capacity.
    Max,
}

/// What is asked of a run.
pub struct Options {
    pub address: SocketAddr,
    pub backend: Arc<dyn Backend>,
    pub server_name: String,
    /// The CA, DER. `None` trusts anybody.
    pub trust: Option<Arc<Vec<u8>>>,
    /// Only this one.
    pub version: Option<ProtocolVersion>,
    /// Comes back with a session each time; the first connection, which is not counted, takes it.
    pub resume: bool,
    pub confirmation: Confirmation,
    pub rate: Rate,
    /// How long connections are begun.
    pub time: Duration,
    /// Open at the same time, at most.
    pub connections: NonZeroU32,
    /// For one connection, from its start.
    pub timeout: Duration,
    /// Whose processor time is asked for, children included.
    pub server_pid: Option<i32>,
}

/// What came of a run.
pub struct Report {
    pub tally: Tally,
    /// From the first start to the last end.
    pub elapsed: Duration,
    /// Processor time of this process.
    pub client_cpu: Duration,
    pub server_cpu: Option<Duration>,
    pub interrupted: bool,
}

/// Why nothing was begun.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    CannotPlay(#[from] CannotPlay),
    #[error(transparent)]
    NoSuchProcess(#[from] NoSuchProcess),
    #[error("no session to come back with: the first connection came to {0}")]
    NoFirstConnection(ErrorKind),
    #[error("no session to come back with: the server gave none, or the built-in {0} keeps none")]
    NoSession(&'static str),
}

/// What every connection of a run has in common.
struct Shared {
    address: SocketAddr,
    client: Box<dyn Prepared>,
    version: Option<ProtocolVersion>,
    resume: bool,
    request: Option<Vec<u8>>,
    timeout: Duration,
    tally: Mutex<Tally>,
    /// Begun, for whoever shows progress.
    begun: Arc<AtomicU64>,
}

impl Shared {
    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs until the time is over or `interrupted` turns true, and then until the last connection has ended or its time is up.
///
/// `begun` counts connections as they are begun.
///
/// # Errors
/// If the client cannot be set so, the server's process cannot be read, or there is no session to come back with.
pub async fn run(
    options: Options,
    mut interrupted: watch::Receiver<bool>,
    begun: Arc<AtomicU64>,
) -> Result<Report, LoadError> {
    let spec = EndpointSpec {
        versions: options.version.into_iter().collect(),
        trust: options.trust.clone(),
        server_name: options.server_name.clone(),
        resumption: Resumption { ids: options.resume, tickets: options.resume },
        ..EndpointSpec::default()
    };
    let mut shared = Shared {
        address: options.address,
        client: options.backend.prepare(Role::Client, &spec)?,
        version: options.version,
        resume: false,
        request: options.confirmation.request(&options.server_name),
        timeout: options.timeout,
        tally: Mutex::default(),
        begun,
    };
    let server = options.server_pid.map(CpuTime::of).transpose()?;
    if options.resume {
        let first = connection::play(&shared).await.map_err(LoadError::NoFirstConnection)?;
        let session = Some(first.session.ok_or_else(|| LoadError::NoSession(options.backend.id()))?);
        shared.client = options.backend.prepare(Role::Client, &EndpointSpec { session, ..spec })?;
        shared.resume = true;
    }
    let shared = Arc::new(shared);
    let (server_before, client_before) = (server.as_ref().and_then(CpuTime::spent), CpuTime::own());
    let began = Instant::now();
    let room = Arc::new(Semaphore::new(options.connections.get() as usize));
    let paced = {
        let (shared, room, stop) = (Arc::clone(&shared), Arc::clone(&room), interrupted.clone());
        let (handle, plan) = (Handle::current(), Plan { began, rate: options.rate, time: options.time });
        tokio::task::spawn_blocking(move || pace(&handle, &shared, &room, plan, &stop))
    };
    // The pacer looks for an interruption itself, but for while it waits for room.
    let interrupted_meanwhile = async {
        if interrupted.wait_for(|is_set| *is_set).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        _ = paced => {}
        () = interrupted_meanwhile => room.close(),
    }
    // Each holds a permit until it has ended; none takes longer than its timeout.
    let all = options.connections.get();
    let _ = tokio::time::timeout(options.timeout * 2, room.acquire_many(all)).await;
    let elapsed = began.elapsed();
    let server_after = server.as_ref().and_then(CpuTime::spent);
    let tally = std::mem::take(&mut *shared.tally());
    Ok(Report {
        tally,
        elapsed,
        client_cpu: CpuTime::own().saturating_sub(client_before),
        server_cpu: server_after.zip(server_before).map(|(after, before)| after.saturating_sub(before)),
        interrupted: *interrupted.borrow(),
    })
}

#[derive(Clone, Copy)]
struct Plan {
    began: Instant,
    rate: Rate,
    time: Duration,
}

impl Plan {
    /// When a connection is due, from the beginning. `None` for one that is none of the plan's.
    fn due(self, number: u64) -> Option<Duration> {
        let due = match self.rate {
            // 53 bits are enough for every rate and time that are allowed.
            Rate::PerSecond(rate) => Duration::from_secs_f64(number as f64 / rate),
            Rate::Max => self.began.elapsed(),
        };
        (due < self.time).then_some(due)
    }
}

/// Begins each connection when it is due. A thread of its own: the runtime's timer is too coarse by a millisecond.
fn pace(
    handle: &Handle,
    shared: &Arc<Shared>,
    room: &Arc<Semaphore>,
    plan: Plan,
    stop: &watch::Receiver<bool>,
) {
    // What is still not begun then never is: a server that answers nobody must not keep the run alive.
    let last = plan.time + shared.timeout;
    for number in 0.. {
        let Some(due) = plan.due(number) else { return };
        loop {
            let wait = due.saturating_sub(plan.began.elapsed());
            if *stop.borrow() {
                return;
            }
            if wait.is_zero() {
                break;
            }
            std::thread::sleep(wait.min(PATIENCE));
        }
        let Ok(permit) = handle.block_on(Arc::clone(room).acquire_owned()) else { return };
        let started = plan.began.elapsed();
        if started > last {
            not_started(shared, plan, number);
            return;
        }
        let due = if plan.rate == Rate::Max { started } else { due };
        let shared = Arc::clone(shared);
        shared.begun.fetch_add(1, Ordering::Relaxed);
        handle.spawn(async move {
            let result = connection::play(&shared).await;
            let done = result.map(|played| (plan.began + due, played));
            shared.tally().add(started.saturating_sub(due), done);
            drop(permit);
        });
    }
}

/// How long the pacer sleeps without a look at the interruption.
const PATIENCE: Duration = Duration::from_millis(20);

/// This connection and all behind it.
fn not_started(shared: &Shared, plan: Plan, from: u64) {
    let left = (from..).take_while(|number| plan.due(*number).is_some()).count();
    shared.tally().not_started(u64::try_from(left).unwrap_or(u64::MAX));
}
