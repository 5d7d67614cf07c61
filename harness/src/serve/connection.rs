//! One connection of the mock server, from its acceptance to its line.

use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};

use crate::net::TappedStream;
use crate::observe::Observation;

use super::page::answer;
use super::server::{Limits, Staged};

/// Header bytes of a request, and header fields.
const HEAD_LIMIT: usize = 64 * 1024;
const HEADERS: usize = 100;
/// Requests of one HTTP/2 connection that are dealt with at once.
const STREAMS: u32 = 4;
/// After the answer: how long a client may take to close, and how much it may still send.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 256 * 1024;

/// What came of a connection.
pub(super) struct Ended {
    pub(super) seen: Observation,
    /// The server stopped before it had come to an end.
    pub(super) cut_off: bool,
}

/// When the server stops: the moment by which connections have to have ended.
pub(super) type StopBy = watch::Receiver<Option<Instant>>;

/// Handshake, one request or several over HTTP/2, and good-bye, each within its time.
pub(super) async fn drive(
    socket: TcpStream,
    setup: crate::net::Setup,
    staged: &Arc<Staged>,
    limits: Limits,
    stop_by: StopBy,
) -> Ended {
    let stream = TappedStream::new(socket, setup);
    let mut cut_off = false;
    let handshake_by = Instant::now() + limits.handshake;
    match bounded(handshake_by, &stop_by, stream.handshake()).await {
        Ok(true) => {
            let request_by = Instant::now() + limits.request;
            match bounded(request_by, &stop_by, exchange(&stream, staged)).await {
                Ok(()) => part(&stream, &stop_by).await,
                Err(cut) => {
                    cut_off = cut;
                    stream.with_tapped(|tapped| tapped.timed_out());
                }
            }
        }
        Ok(false) => part(&stream, &stop_by).await,
        Err(cut) => {
            cut_off = cut;
            stream.with_tapped(|tapped| tapped.timed_out());
        }
    }
    stream.with_tapped(|tapped| tapped.note_ending());
    Ended { seen: stream.observe(), cut_off }
}

/// Says good-bye and reads the client's last alert and its close: a socket that is dropped with bytes unread takes ours
/// along.
async fn part(stream: &TappedStream, stop_by: &StopBy) {
    stream.say_good_bye();
    let _ = bounded(Instant::now() + LINGER, stop_by, stream.linger(LINGER_BYTES)).await;
}

/// `Err`: it did not end in time; whether that was because the server stops.
async fn bounded<T>(by: Instant, stop_by: &StopBy, work: impl Future<Output = T>) -> Result<T, bool> {
    let mut stop_by = stop_by.clone();
    let stopped = async {
        let by = match stop_by.wait_for(Option::is_some).await {
            Ok(by) => *by,
            Err(_) => None, // nobody is left who could stop it
        };
        match by {
            Some(by) => tokio::time::sleep_until(by).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        done = timeout_at(by, work) => done.map_err(|_| false),
        () = stopped => Err(true),
    }
}

/// Answers what is asked over HTTP/1.1 or HTTP/2, then says good-bye. Errors of the peer's are in the tap.
async fn exchange(stream: &TappedStream, staged: &Arc<Staged>) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .keep_alive(false)
        // Who has asked may close its side and wait for the answer.
        .half_close(true)
        .max_buf_size(HEAD_LIMIT)
        .max_headers(HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_LIMIT as u32);
    let answered = Arc::new(Notify::new());
    let service = service_fn(|request| {
        let (stream, staged, answered) = (stream.clone(), Arc::clone(staged), Arc::clone(&answered));
        async move {
            let response = answer(&staged, &stream, request).await;
            answered.notify_one();
            response
        }
    });
    let connection = builder.serve_connection(TokioIo::new(stream.clone()), service);
    tokio::pin!(connection);
    loop {
        tokio::select! {
            _ = &mut connection => return,
            // One request is what a client is here for: over HTTP/2 it is told so with GOAWAY.
            () = answered.notified() => connection.as_mut().graceful_shutdown(),
        }
    }
}
