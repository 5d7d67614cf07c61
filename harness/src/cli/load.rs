//! `load`: what new connections cost a server.

mod show;

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::runtime::Runtime;

use crate::engine::backends;
use crate::load::{Confirmation, LoadError, Options, Rate, Report, run};
use crate::registry::ProtocolVersion;
use crate::report::printable;

use super::exit::Exit;
use super::open_files;
use super::signals::signals;
use super::target::{Target, server_name};

const EXAMPLES: &str = "\
Examples:
  shakedown load localhost:4433 --ca-pem ca.pem --rate 500 --time 10
  shakedown load localhost:4433 --insecure --rate max          how many it takes (a closed loop)
  shakedown load localhost:4433 --insecure --rate 200 --version 1.3 --resume
  shakedown load localhost:4433 --insecure --server-pid $(pidof nginx | tr ' ' '\\n' | sort -n | head -1) --json

Latency counts from when a connection was due, not from when it was begun: a server that stalls is charged for everybody who
would have come meanwhile. `--rate max` cannot know that, so take its rate and not its latencies.

Exit codes: 0 all connections were completed and confirmed, or no more than --max-errors were not; 1 more were not; 2 usage,
or nothing could be begun; 4 no connection was due in that time; 130 interrupted, with what came of it until then.";

/// Open new connections at a fixed rate and say how long handshakes take
///
/// A handshake counts when the server has shown that it took the client's Finished: by its answer to a GET request, or, with
/// --no-request, by answering close_notify. Servers of other machines are left alone unless --allow-remote is said.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Load {
    /// Host and port; an IPv6 address stands in brackets
    #[arg(value_name = "HOST:PORT")]
    target: Target,
    /// New connections a second, or `max`
    #[arg(long, value_name = "R", default_value = "100", value_parser = rate)]
    rate: Rate,
    /// Seconds
    #[arg(long, value_name = "T", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=3600))]
    time: u32,
    /// Connections that are open at the same time, at most; what has to wait for room is late, and counts so
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: Option<u32>,
    /// Seconds for one connection
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    timeout: u32,
    /// Only this version: 1.0, 1.1, 1.2 or 1.3
    #[arg(long, value_name = "V", value_parser = version)]
    version: Option<ProtocolVersion>,
    /// Come back with a session each time; a full handshake is then an error
    #[arg(long)]
    resume: bool,
    /// The client's stack; what none states is the stack's own default
    #[arg(long, value_name = "STACK", default_value = "openssl", value_parser = ["openssl", "rustls", "s2n"])]
    backend: String,
    /// The CA that the client trusts, PEM
    #[arg(long, value_name = "FILE", required_unless_present = "insecure", conflicts_with = "insecure")]
    ca_pem: Option<PathBuf>,
    /// Trust anybody: certificates are not verified, which costs the client less, too
    #[arg(long)]
    insecure: bool,
    /// The name for server_name and the certificate (default: the host, if it is a name, else localhost)
    #[arg(long, value_name = "NAME", value_parser = server_name)]
    server_name: Option<String>,
    /// Send no request: close_notify right after the handshake, and its answer confirms it
    #[arg(long)]
    no_request: bool,
    /// The server's process on this machine: its processor time, children included, is in the report
    #[arg(long, value_name = "PID", value_parser = clap::value_parser!(i32).range(1..))]
    server_pid: Option<i32>,
    /// Connections that may fail
    #[arg(long, value_name = "N", default_value_t = 0)]
    max_errors: u64,
    /// Load a server that is not on this machine. Only your own
    #[arg(long)]
    allow_remote: bool,
    /// One JSON object, schema/load-1.json
    #[arg(long)]
    json: bool,
}

/// The highest rate that can be asked for; nothing here reaches it.
const MOST: f64 = 1e6;

fn rate(text: &str) -> Result<Rate, String> {
    if text == "max" {
        return Ok(Rate::Max);
    }
    let rate: Option<f64> = text.parse().ok().filter(|rate| (0.01..=MOST).contains(rate));
    rate.map(Rate::PerSecond)
        .ok_or_else(|| "allowed: 0.01 to 1000000 connections a second, or max".to_owned())
}

fn version(text: &str) -> Result<ProtocolVersion, String> {
    match text {
        "1.0" => Ok(ProtocolVersion::TLS1_0),
        "1.1" => Ok(ProtocolVersion::TLS1_1),
        "1.2" => Ok(ProtocolVersion::TLS1_2),
        "1.3" => Ok(ProtocolVersion::TLS1_3),
        _ => Err("allowed: 1.0, 1.1, 1.2, 1.3".to_owned()),
    }
}

/// More connections failed than may.
const FAIL: u8 = 1;
/// Open at the same time where nothing is said: with `max` as many as keep a few cores busy, else what a stall can pile up.
const OPEN: u32 = 1000;
const OPEN_AT_MAX: u32 = 16;

impl Load {
    pub fn run(self) -> Result<u8, Exit> {
        let runtime = Runtime::new().map_err(|e| Exit::harness(format!("cannot start: {e}")))?;
        let report = runtime.block_on(self.load());
        // A resolver that does not answer would hold the program.
        runtime.shutdown_background();
        let report = report?;
        let exit = self.verdict(&report);
        let mut out = io::stdout().lock();
        let written = if self.json {
            writeln!(out, "{}", show::json(&self, &report))
        } else {
            show::print(&self, &report, &mut out)
        };
        match written.and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(exit),
        }
    }

    async fn load(&self) -> Result<Report, Exit> {
        let interrupted = signals();
        let options = self.options().await?;
        let begun = Arc::new(AtomicU64::new(0));
        let progress = self.progress(&begun);
        let report = run(options, interrupted, begun).await;
        progress.abort();
        report.map_err(|error| match error {
            LoadError::CannotPlay(_) | LoadError::NoSuchProcess(_) => Exit::usage(error.to_string()),
            LoadError::NoFirstConnection(_) => Exit::usage(format!("{}: {error}", self.target)),
            LoadError::NoSession(_) => {
                Exit::usage(format!("{}: {error}; leave --resume out, or say --backend openssl", self.target))
            }
        })
    }

    async fn options(&self) -> Result<Options, Exit> {
        let trust = match &self.ca_pem {
            None => None,
            Some(file) => {
                let bad =
                    |why: String| Exit::usage(format!("cannot read --ca-pem {}: {why}", file.display()));
                let text = std::fs::read_to_string(file).map_err(|error| bad(error.to_string()))?;
                let pem = ::pem::parse(&text).map_err(|error| bad(error.to_string()))?;
                if pem.tag() != "CERTIFICATE" {
                    return Err(bad(format!("it holds a {:?} and no CERTIFICATE", pem.tag())));
                }
                Some(Arc::new(pem.into_contents()))
            }
        };
        let stacks = backends();
        let backend = stacks.get(&*self.backend).map(Arc::clone);
        let connections = self.connections.unwrap_or(if self.rate == Rate::Max { OPEN_AT_MAX } else { OPEN });
        let room = open_files::raise(connections.into());
        if room < u64::from(connections) {
            return Err(Exit::usage(format!(
                "no room for {connections} connections: {room} at most by the limit of open files; ulimit -n, or fewer --connections"
            )));
        }
        Ok(Options {
            address: self.address().await?,
            backend: backend.ok_or_else(|| Exit::usage("no such stack"))?,
            server_name: self.server_name(),
            trust,
            version: self.version,
            resume: self.resume,
            confirmation: if self.no_request { Confirmation::Close } else { Confirmation::Request },
            rate: self.rate,
            time: Duration::from_secs(self.time.into()),
            connections: NonZeroU32::new(connections).unwrap_or(NonZeroU32::MIN),
            timeout: Duration::from_secs(self.timeout.into()),
            server_pid: self.server_pid,
        })
    }

    fn server_name(&self) -> String {
        let name = self.server_name.clone().or_else(|| self.target.server_name());
        name.unwrap_or_else(|| "localhost".to_owned())
    }

    /// The first address that the host has; only on this machine unless it is said.
    async fn address(&self) -> Result<SocketAddr, Exit> {
        let Target { host, port } = &self.target;
        let resolved = tokio::net::lookup_host((host.as_str(), *port)).await;
        let unresolvable =
            |why: String| Exit::usage(printable(&format!("{}: {why} (unresolvable)", self.target)));
        let mut resolved = resolved.map_err(|error| unresolvable(error.to_string()))?;
        let address = resolved.next().ok_or_else(|| unresolvable("no address".to_owned()))?;
        if !address.ip().is_loopback() && !self.allow_remote {
            return Err(Exit::usage(format!(
                "{address} is not on this machine, and load is an attack on a server that is not yours; if it is, say --allow-remote"
            )));
        }
        Ok(address)
    }

    /// On a terminal: how many connections were begun.
    fn progress(&self, begun: &Arc<AtomicU64>) -> tokio::task::AbortHandle {
        let begun = Arc::clone(begun);
        let is_shown = io::stderr().is_terminal();
        let bar = if is_shown { ProgressBar::new(self.time.into()) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} s, {msg}") {
            bar.set_style(style);
        }
        let shown = tokio::spawn(async move {
            let finished = Cleared(bar);
            let began = std::time::Instant::now();
            loop {
                tokio::time::sleep(Duration::from_millis(250)).await;
                finished.0.set_position(began.elapsed().as_secs());
                finished.0.set_message(format!("{} connections", begun.load(Ordering::Relaxed)));
            }
        });
        shown.abort_handle()
    }

    fn verdict(&self, report: &Report) -> u8 {
        let tally = &report.tally;
        if report.interrupted {
            Exit::INTERRUPTED
        } else if tally.completed() + tally.failed() == 0 {
            Exit::NOTHING
        } else if tally.failed() > self.max_errors || tally.completed() == 0 {
            FAIL
        } else {
            Exit::GOOD
        }
    }
}

/// A bar that leaves nothing behind.
struct Cleared(ProgressBar);

impl Drop for Cleared {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
