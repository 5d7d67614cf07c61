//! Serving a case: accepts until told to stop, drives each connection, gives all observations.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::engine::CannotPlay;
use crate::observe::Observation;

use super::case_connection::CaseConnection;
use super::ending::{ClientEnd, has_closed, left_before_our_flight};
use super::listener::Listener;
use super::tapped::Setup;

/// Connections judged per case; a client that opens more is in a loop.
const CONNECTIONS: usize = 256;
/// How long the last bytes of a client that has ended may take to arrive on loopback.
const AFTER_END: Duration = Duration::from_millis(500);

/// The bounds of one case.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From a connection's first byte to its end.
    pub connection: Duration,
}

/// All that came of a case's port.
#[derive(Debug, Default)]
pub struct Served {
    /// In the order in which the connections were accepted.
    pub observations: Vec<Observation>,
    /// A connection panicked: a fault of the harness.
    pub panicked: bool,
    /// Connections for which no server end could be opened, or that were too many.
    pub unserved: usize,
    /// The port, still open: whoever connects after the end is seen when it is looked at again.
    pub listener: Option<Listener>,
}

/// Serves until `client_ended` turns true, then finishes what was begun.
///
/// `first_byte` is set when the first byte of any connection arrives: deadlines run from there.
pub async fn serve(
    listener: Listener,
    open: impl Fn() -> Result<Setup, CannotPlay>,
    limits: Limits,
    mut client_ended: watch::Receiver<bool>,
    first_byte: watch::Sender<bool>,
) -> Served {
    let mut connections = JoinSet::new();
    let mut served = Served::default();
    let mut accepted = 0;
    let mut begin = |stream: TcpStream, served: &mut Served, ended: watch::Receiver<bool>| {
        accepted += 1;
        match open() {
            Ok(setup) if accepted <= CONNECTIONS => {
                let (order, first_byte) = (accepted, first_byte.clone());
                connections
                    .spawn(async move { (order, drive(stream, setup, limits, ended, first_byte).await) });
            }
            _ => served.unserved += 1,
        }
    };
    while !*client_ended.borrow() {
        tokio::select! {
            stream = listener.accept() => match stream {
                Ok(stream) => begin(stream, &mut served, client_ended.clone()),
                // Out of descriptors, or the peer is gone already: not to be retried without a pause.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            changed = client_ended.changed() => if changed.is_err() { break },
        }
    }
    let (waiting, lost) = listener.accept_waiting();
    for stream in waiting {
        begin(stream, &mut served, client_ended.clone());
    }
    served.unserved += lost;
    served.listener = Some(listener);
    let mut finished = Vec::new();
    while let Some(done) = connections.join_next().await {
        match done {
            Ok(observation) => finished.push(observation),
            Err(_) => served.panicked = true,
        }
    }
    finished.sort_by_key(|(order, _)| *order);
    served.observations = finished.into_iter().map(|(_, observation)| observation).collect();
    served
}

async fn drive(
    mut stream: TcpStream,
    setup: Setup,
    limits: Limits,
    mut client_ended: watch::Receiver<bool>,
    first_byte: watch::Sender<bool>,
) -> Observation {
    let mut connection = CaseConnection::new(setup);
    let mut buffer = vec![0; 16 * 1024];
    let mut out = Vec::new();
    let mut deadline: Option<Instant> = None;
    let mut ended = *client_ended.borrow();
    let mut write_closed = false;
    loop {
        if ended {
            // The client is gone: only what is already on its way can come.
            let soon = Instant::now() + AFTER_END;
            deadline = Some(deadline.map_or(soon, |d| d.min(soon)));
        }
        let far = Instant::now() + Duration::from_secs(3600);
        let read = tokio::select! {
            read = timeout_at(deadline.unwrap_or(far), stream.read(&mut buffer)) => read,
            changed = client_ended.changed(), if !ended => {
                ended = changed.is_err() || *client_ended.borrow();
                continue;
            }
        };
        match read {
            Err(_) => {
                connection.timed_out();
                break;
            }
            Ok(Ok(0)) => {
                if !write_closed && left_before_our_flight(&stream) {
                    connection.flight_was_lost();
                }
                connection.client_ended(ClientEnd::Fin);
                break;
            }
            Ok(Ok(length)) => {
                if deadline.is_none() {
                    deadline = Some(Instant::now() + limits.connection);
                    first_byte.send_replace(true);
                }
                connection.client_bytes(&buffer[..length], &mut out);
                if !out.is_empty() {
                    // Whoever closed behind the hello did not wait for what it would refuse.
                    let has_waited = !has_closed(&stream);
                    // A client that does not read cannot hold the case up.
                    let write = timeout_at(deadline.unwrap_or(far), stream.write_all(&out));
                    if matches!(write.await, Ok(Ok(()))) && has_waited {
                        connection.mark_delivered();
                    }
                    out.clear();
                }
                if connection.has_said_all() && !write_closed {
                    write_closed = true;
                    let _ = stream.shutdown().await;
                }
            }
            Ok(Err(error)) => {
                connection.client_ended(ClientEnd::of(&error));
                break;
            }
        }
    }
    connection.into_observation()
}
