//! One client against one server: over a socket or in memory, within deadlines.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::client::{ClientReport, CommandClient, Ended, Room, WorkerClient};
use crate::engine::{CannotPlay, EndpointSpec, Role};
use crate::judge::{ClientEnded, ClientSaid};
use crate::net::{Limits, Listener, PortBook, Served, Setup, run_in_memory, serve};
use crate::observe::Observation;

use super::client::{Client, Play, said};

/// What a run shares among its cases.
pub struct Ground {
    pub room: Room,
    pub ports: PortBook,
    /// From a connection's first byte.
    pub deadline: Duration,
    /// From the start of the program to its first byte.
    pub start_deadline: Duration,
    /// Turns true when the run is interrupted.
    pub interrupted: watch::Receiver<bool>,
    folders: AtomicU64,
    /// The longest that a timer of ours was late, in milliseconds.
    lag: Arc<AtomicU64>,
}

/// How often the lag is measured.
const LAG_TICK: Duration = Duration::from_millis(50);

/// What came of one play.
#[derive(Debug)]
pub struct Played {
    pub connections: Vec<Observation>,
    pub said: ClientSaid,
    /// The end of the program's output.
    pub output: String,
    pub elapsed: Duration,
    pub panicked: bool,
    /// Connections that nobody answered.
    pub unserved: usize,
    /// The case's port, for clients that live on after their answer.
    pub listener: Option<Listener>,
}

impl Ground {
    pub fn new(room: Room, deadline: Duration, interrupted: watch::Receiver<bool>) -> Self {
        // A JVM on a busy machine needs seconds before its first byte.
        let start_deadline =
            if deadline < Duration::from_secs(10) { deadline * 2 } else { Duration::from_secs(20) };
        Self {
            room,
            ports: PortBook::default(),
            deadline,
            start_deadline,
            interrupted,
            folders: AtomicU64::new(0),
            lag: Arc::default(),
        }
    }

    pub fn is_interrupted(&self) -> bool {
        *self.interrupted.borrow()
    }

    /// Measures the run's own scheduling lag for as long as the ground is there (design 1, rule 10).
    pub fn watch_lag(self: &Arc<Self>) {
        let lag = Arc::downgrade(&self.lag);
        tokio::spawn(async move {
            while let Some(lag) = lag.upgrade() {
                let before = Instant::now();
                tokio::time::sleep(LAG_TICK).await;
                let late = before.elapsed().saturating_sub(LAG_TICK);
                lag.fetch_max(u64::try_from(late.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
            }
        });
    }

    /// Whether no timer was late by a tenth of the deadline.
    pub fn was_on_time(&self) -> bool {
        Duration::from_millis(self.lag.load(Ordering::Relaxed)) < self.deadline / 10
    }

    fn next_folder(&self) -> u64 {
        self.folders.fetch_add(1, Ordering::Relaxed)
    }
}

/// Plays a case once. `offer` replaces an in-process client's own settings (server cases).
pub async fn play(
    ground: &Arc<Ground>,
    client: &Arc<Client>,
    case: &str,
    open: Arc<dyn Fn() -> Result<Setup, CannotPlay> + Send + Sync>,
    offer: Option<EndpointSpec>,
) -> Played {
    match &client.play {
        Play::InProcess { backend, spec } => {
            let spec = offer.unwrap_or_else(|| (**spec).clone());
            let backend = Arc::clone(backend);
            // Big-number arithmetic on the runtime's threads would hold up the other cases' sockets.
            let started = Instant::now();
            let joined = tokio::task::spawn_blocking(move || in_memory(&*backend, &spec, &*open)).await;
            let (connections, said, output, panicked) = match joined {
                Ok((connections, said, output)) => (connections, said, output, false),
                Err(_) => (Vec::new(), not_started("panic"), String::new(), true),
            };
            Played {
                connections,
                said,
                output,
                elapsed: started.elapsed(),
                panicked,
                unserved: 0,
                listener: None,
            }
        }
        Play::NotInstalled { .. } => Played {
            connections: Vec::new(),
            said: not_started("not installed"),
            output: String::new(),
            elapsed: Duration::ZERO,
            panicked: false,
            unserved: 0,
            listener: None,
        },
        Play::Command(_) | Play::Worker { .. } | Play::Closure(_) => {
            over_socket(ground, client, case, open).await
        }
    }
}

fn not_started(why: &str) -> ClientSaid {
    ClientSaid { ended: ClientEnded::NotStarted(why.to_owned()), connected: None, unsupported: None }
}

fn in_memory(
    backend: &dyn crate::engine::Backend,
    spec: &EndpointSpec,
    open: &(dyn Fn() -> Result<Setup, CannotPlay> + Send + Sync),
) -> (Vec<Observation>, ClientSaid, String) {
    let opened = open().and_then(|setup| Ok((setup, backend.open(Role::Client, spec)?)));
    match opened {
        Ok((setup, mut client)) => {
            let (observation, own) = run_in_memory(&mut *client, setup);
            let said =
                ClientSaid { ended: ClientEnded::Itself, connected: Some(own.connected), unsupported: None };
            (vec![observation], said, own.failure.unwrap_or_default())
        }
        Err(cannot) => {
            let said =
                ClientSaid { unsupported: Some(cannot.to_string()), ..not_started(&cannot.to_string()) };
            (Vec::new(), said, String::new())
        }
    }
}

async fn over_socket(
    ground: &Arc<Ground>,
    client: &Arc<Client>,
    case: &str,
    open: Arc<dyn Fn() -> Result<Setup, CannotPlay> + Send + Sync>,
) -> Played {
    let started = Instant::now();
    let failed = |why: String| Played {
        connections: Vec::new(),
        said: not_started(&why),
        output: String::new(),
        elapsed: started.elapsed(),
        panicked: false,
        unserved: 0,
        listener: None,
    };
    let listener = match Listener::for_case(&ground.ports) {
        Ok(listener) => listener,
        Err(error) => return failed(format!("no port: {error}")),
    };
    let folder = match ground.room.case_folder(ground.next_folder()) {
        Ok(folder) => folder,
        Err(error) => return failed(error.to_string()),
    };
    let address = ground.room.address(case, listener.port(), folder.clone());
    let (ended_tx, ended_rx) = watch::channel(false);
    let (first_tx, first_rx) = watch::channel(false);
    let limits = Limits { connection: ground.deadline };
    let server = tokio::spawn(async move { serve(listener, || open(), limits, ended_rx, first_tx).await });
    let stop = deadline(Arc::clone(ground), first_rx);
    let report = match &client.play {
        Play::Command(command) => command.run(&ground.room, &address, stop).await,
        Play::Worker { client: how, idle } => {
            let ready = idle.lock().await.pop();
            let worker = match ready {
                Some(worker) => Ok(worker),
                None => {
                    // The worker lives longer than the case, so its folder is its own.
                    let home = ground.room.case_folder(ground.next_folder());
                    match home {
                        Ok(home) => {
                            let own = ground.room.address(case, address.port, home);
                            how.start(&ground.room, &own).await.map_err(|e| e.to_string())
                        }
                        Err(error) => Err(error.to_string()),
                    }
                }
            };
            match worker {
                Ok(worker) => {
                    let (report, again) = worker.run(&address, stop).await;
                    idle.lock().await.extend(again);
                    report
                }
                Err(why) => ClientReport::ended(Ended::NotStarted(why)),
            }
        }
        Play::Closure(closure) => {
            let (closure, its_address) = (Arc::clone(closure), address.clone());
            let answer = tokio::task::spawn_blocking(move || closure(&its_address));
            tokio::select! {
                answer = answer => match answer {
                    Ok(connected) => ClientReport {
                        connected: Some(connected),
                        ..ClientReport::ended(Ended::Answered { connected })
                    },
                    Err(_) => ClientReport::ended(Ended::Died("the closure panicked".to_owned())),
                },
                ended = stop => ClientReport::ended(ended),
            }
        }
        Play::InProcess { .. } | Play::NotInstalled { .. } => ClientReport::ended(Ended::Interrupted),
    };
    let elapsed = started.elapsed();
    ended_tx.send_replace(true);
    let served = server.await.unwrap_or_else(|_| Served { panicked: true, ..Served::default() });
    ground.room.leave(&folder);
    Played {
        connections: served.observations,
        said: said(&report),
        output: report.output,
        elapsed,
        panicked: served.panicked,
        unserved: served.unserved,
        // A command is dead by now; a worker is not.
        listener: if matches!(client.play, Play::Worker { .. }) { served.listener } else { None },
    }
}

/// Ends when the client's time is up or the run is interrupted.
async fn deadline(ground: Arc<Ground>, mut first_byte: watch::Receiver<bool>) -> Ended {
    let mut interrupted = ground.interrupted.clone();
    let time = async {
        let arrival = async { first_byte.wait_for(|seen| *seen).await.is_ok() };
        let arrived = tokio::time::timeout(ground.start_deadline, arrival).await;
        if arrived == Ok(true) {
            tokio::time::sleep(ground.deadline).await;
        }
    };
    let interruption = async {
        // The guard that this gives must not live on across an await.
        let is_gone = interrupted.wait_for(|set| *set).await.is_err();
        if is_gone {
            std::future::pending::<()>().await; // nobody is left who could interrupt
        }
    };
    tokio::select! {
        () = time => Ended::TimedOut,
        () = interruption => Ended::Interrupted,
    }
}

/// Runs a client's program without a case: nobody listens for it.
///
/// # Errors
/// How it ended, if not by itself and with success.
pub async fn run_alone(ground: &Arc<Ground>, command: &CommandClient) -> Result<(), String> {
    let folder = ground.room.case_folder(ground.next_folder()).map_err(|error| error.to_string())?;
    let address = ground.room.address("alone", 0, folder.clone());
    let (_nobody, first_byte) = watch::channel(false);
    let report = command.run(&ground.room, &address, deadline(Arc::clone(ground), first_byte)).await;
    ground.room.leave(&folder);
    match report.ended {
        Ended::Exited(0) => Ok(()),
        ended => Err(format!("{ended:?}")),
    }
}

/// Starts a worker until it is ready, and ends it.
///
/// # Errors
/// Why it cannot be started.
pub async fn start_alone(ground: &Arc<Ground>, worker: &WorkerClient) -> Result<(), String> {
    let folder = ground.room.case_folder(ground.next_folder()).map_err(|error| error.to_string())?;
    let address = ground.room.address("alone", 0, folder.clone());
    let result = match worker.start(&ground.room, &address).await {
        Ok(worker) => {
            worker.stop().await;
            Ok(())
        }
        Err(error) => Err(error.to_string()),
    };
    ground.room.leave(&folder);
    result
}
