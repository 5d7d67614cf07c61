//! `load`: new handshakes at a fixed rate.

mod json;
mod options;
mod show;

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::net::{TcpStream, lookup_host};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::engine::{EndpointSpec, Resumption, backends};
use crate::load::{self, Client, Live, Pace, Processor, Rate, Report, Setup};
use crate::registry::ProtocolVersion;
use crate::report::printable;

use super::complain;
use super::exit::Exit;
use super::open_files::room_for_connections;
use super::signals::signals;
use super::target::{Target, server_name};
use options::MostErrors;

const EXAMPLES: &str = "\
Examples:
  shakedown load localhost:4433 --rate 200 --time 30 --ca-pem ca.pem
  shakedown load localhost:4433 --rate 200 --resume --insecure          abbreviated handshakes only
  shakedown load localhost:4433 --rate max --connections 8 --insecure   how many it makes at all
  shakedown load localhost:4433 --rate 50 --insecure --max-errors 1% --json
  shakedown load localhost:4433 --rate 50 --insecure --server-pid \"$(pgrep -o nginx)\"

The loop is open: starts are scheduled at fixed instants, and a latency runs from there to the end
of the client's handshake, with every wait for a free connection in it. A stalled server shows in
the percentiles for as long as it stalled. With --rate max the loop is closed: nobody starts while
the server stalls, so its latencies suffer from coordinated omission. That is for the handshakes
per second, not for percentiles.

A handshake counts once the server has shown behind it that its own end was done: by an answer to
`GET /`, by other data, or by close_notify. All else is an error by kind: connect-refused,
connect-timeout, connect-failed, reset, closed, timeout, tls-failed, wrong-version, not-resumed,
unconfirmed, not-started (no room until the deadline), no-resources (of this machine), interrupted.

Exit codes: 0 a handshake was completed, and no more errors came than --max-errors allows; 1 none,
or more errors; 2 usage, or no address for the host; 3 a fault of the harness; 130 interrupted:
what was done until then is reported.";

/// Without an answer of the resolver for so long there is no address.
const RESOLVING: Duration = Duration::from_secs(10);
const PROGRESS: Duration = Duration::from_millis(200);
/// For threads that look a name up.
const LAST_WAIT: Duration = Duration::from_secs(2);
/// No handshake at all, or more errors than were allowed.
const FAIL: u8 = 1;

/// Open connections to a server of yours at a fixed rate, and measure their handshakes
///
/// Every connection is new: TCP, handshake, one request, good-bye. To other machines only with --allow-remote.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Load {
    /// Host and port; an IPv6 address stands in brackets
    #[arg(value_name = "HOST:PORT")]
    target: Target,
    /// Starts per second, or max: whenever a connection is free
    #[arg(long, value_name = "R", value_parser = options::rate)]
    rate: Rate,
    /// Seconds during which connections are started, at most 3600
    #[arg(long, value_name = "T", default_value = "10", value_parser = options::time)]
    time: Duration,
    /// Connections open at the same time; a start that finds no room waits, and its latency goes on
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,
    /// Seconds that a start waits for room, and that a connection then may take for handshake and answer
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=600))]
    timeout: u16,
    /// Take a session first, and come back with it: a handshake that is not abbreviated is an error. With
    /// rustls up to TLS 1.2 only
    #[arg(long)]
    resume: bool,
    /// The only version that the client offers: 1.2, 1.3 and, with openssl, 1.0 and 1.1 (default: 1.2 and 1.3)
    #[arg(long = "version", value_name = "V", value_parser = options::version)]
    tls_version: Option<ProtocolVersion>,
    /// The TLS stack of the client: openssl, rustls, s2n
    #[arg(long, value_name = "NAME", default_value = "openssl")]
    backend: String,
    /// The certificate of the CA that the client trusts, PEM
    #[arg(long, value_name = "FILE", required_unless_present = "insecure", conflicts_with = "insecure")]
    ca_pem: Option<PathBuf>,
    /// Trust anybody
    #[arg(long)]
    insecure: bool,
    /// The name for server_name and for the certificate (default: the host, if it is a name)
    #[arg(long, value_name = "NAME", value_parser = server_name)]
    server_name: Option<String>,
    /// Threads for the handshakes (default: the number of processors)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// A process of the server on this machine, to tell its processor time; repeatable
    #[arg(long, value_name = "PID")]
    server_pid: Vec<u32>,
    /// Exit 1 with more errors: a number, or a share of the starts such as 1% (default: only if nothing was completed)
    #[arg(long, value_name = "N|P%")]
    max_errors: Option<MostErrors>,
    /// Allow addresses of other machines
    #[arg(long)]
    allow_remote: bool,
    /// One JSON object, schema/load-1.json
    #[arg(long)]
    json: bool,
}

/// A run and what it means.
struct Told<'a> {
    load: &'a Load,
    address: SocketAddr,
    backend: String,
    connections: usize,
    report: &'a Report,
    exit: u8,
}

impl Load {
    pub fn run(self) -> Result<u8, Exit> {
        let threads = self
            .threads
            .map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from);
        let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build();
        let runtime = runtime.map_err(|e| Exit::harness(format!("cannot start: {e}")))?;
        let result = self.load(&runtime, threads);
        // Ended before the process is: see `serve`.
        runtime.shutdown_timeout(LAST_WAIT);
        result
    }

    fn load(&self, runtime: &Runtime, threads: usize) -> Result<u8, Exit> {
        let interrupted = runtime.block_on(async { signals() });
        let (backend, client) = self.client()?;
        let address = runtime.block_on(unless(&interrupted, self.find()))??;
        let connections = room_for_connections(self.connections);
        let setup = Setup {
            address,
            timeout: Duration::from_secs(self.timeout.into()),
            versions: self.versions(),
            must_resume: self.resume,
            request: format!(
                "GET / HTTP/1.1\r\nHost: {}\r\nUser-Agent: shakedown-load\r\nConnection: close\r\n\r\n",
                self.target
            )
            .into_bytes(),
        };
        if self.resume {
            let taken = runtime.block_on(unless(&interrupted, client.take_session(&setup)))?;
            if let Err(why) = taken {
                complain(format!("{}: no session to come back with: {why}", self.target));
                return Ok(FAIL);
            }
        }
        let servers = self.server_pid.iter().map(|pid| Processor::of(*pid));
        let servers = servers.collect::<Result<_, _>>().map_err(|error| {
            Exit::usage(format!("--server-pid: {error}; name a process of this machine that is running"))
        })?;
        let load =
            load::Load { rate: self.rate, time: self.time, connections, setup, client, servers, threads };
        let live = Live::default();
        let report = self.with_progress(&live, || load::run(load, runtime.handle(), interrupted, &live));
        let exit = self.verdict(&report);
        let told = Told { load: self, address, backend, connections, report: &report, exit };
        let mut out = io::stdout().lock();
        let written =
            if self.json { writeln!(out, "{}", json::object(&told)) } else { show::print(&told, &mut out) };
        match written.and_then(|()| out.flush()) {
            // A closed pipe ends the report, not the gate.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
            _ => {}
        }
        if report.lost > 0 {
            complain(format!("{} connections were lost in this program", report.lost));
        }
        Ok(exit)
    }

    fn versions(&self) -> Vec<ProtocolVersion> {
        let both = vec![ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3];
        self.tls_version.map_or(both, |version| vec![version])
    }

    /// The client, and its stack with its version.
    fn client(&self) -> Result<(String, Client), Exit> {
        let backends = backends();
        let backend = backends.get(self.backend.as_str()).ok_or_else(|| {
            let known: Vec<&str> = backends.keys().copied().collect();
            Exit::usage(format!("unknown backend {:?}; allowed: {}", self.backend, known.join(", ")))
        })?;
        let trust = self.ca_pem.as_deref().map(options::certificate).transpose()?;
        let name = self.server_name.clone().or_else(|| self.target.server_name());
        if trust.is_some() && name.is_none() {
            return Err(Exit::usage(
                "with --ca-pem the certificate's name is checked, and an address is none: say --server-name NAME",
            ));
        }
        if self.resume && backend.id() == "rustls" && self.versions().contains(&ProtocolVersion::TLS1_3) {
            return Err(Exit::usage(
                "rustls comes back with a ticket of TLS 1.3 once, and here all connections do so with one; with --resume say \
                 --version 1.2, or another --backend",
            ));
        }
        let both = Resumption { ids: true, tickets: true };
        let spec = EndpointSpec {
            versions: self.versions(),
            trust,
            // An address that rustls is given is not put into the hello, and it takes no empty name.
            server_name: name.unwrap_or_else(|| match backend.id() {
                "rustls" => self.target.host.clone(),
                _ => String::new(),
            }),
            resumption: if self.resume { both } else { Resumption::default() },
            ..EndpointSpec::default()
        };
        let client = Client::new(backend.clone(), spec).map_err(|error| Exit::usage(error.to_string()))?;
        Ok((format!("{} {}", backend.id(), backend.version()), client))
    }

    /// The first address of the host that takes a connection; if none does, the first: the run says what comes of it.
    async fn find(&self) -> Result<SocketAddr, Exit> {
        let Target { host, port } = &self.target;
        let no_address = || {
            let text = format!("{}: the host name has no address (unresolvable)", self.target);
            Exit::usage(printable(&text))
        };
        let found = timeout(RESOLVING, lookup_host((host.as_str(), *port))).await;
        let addresses: Vec<SocketAddr> =
            found.map_err(|_| no_address())?.map_err(|_| no_address())?.collect();
        let first = *addresses.first().ok_or_else(no_address)?;
        let is_remote = |address: &&SocketAddr| !address.ip().to_canonical().is_loopback();
        if let Some(remote) = addresses.iter().find(is_remote)
            && !self.allow_remote
        {
            return Err(Exit::usage(format!(
                "{remote} is not on the loopback interface, and load on a server of others is an attack; if it is yours, \
                 say --allow-remote"
            )));
        }
        if addresses.len() == 1 {
            return Ok(first);
        }
        for address in addresses {
            if let Ok(Ok(_)) = timeout(Duration::from_secs(2), TcpStream::connect(address)).await {
                return Ok(address);
            }
        }
        Ok(first)
    }

    /// The first that fits.
    fn verdict(&self, report: &Report) -> u8 {
        if report.lost > 0 {
            return Exit::INCONCLUSIVE;
        }
        if report.interrupted {
            return Exit::INTERRUPTED;
        }
        let failed = report.tally.failed();
        let is_allowed = self.max_errors.is_none_or(|most| most.allows(failed, report.scheduled));
        if report.tally.completed == 0 || !is_allowed { FAIL } else { Exit::GOOD }
    }

    /// Shows how far a run is, if standard error is a terminal.
    fn with_progress(&self, live: &Live, run: impl FnOnce() -> Report) -> Report {
        if !io::stderr().is_terminal() {
            return run();
        }
        let total = match self.rate {
            Rate::Fixed(rate) => Some(Pace::new(rate, self.time).count()),
            Rate::Max => None,
        };
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let template = if total.is_some() {
            "{pos:>7}/{len} {bar:40} {elapsed} {msg}"
        } else {
            "{pos:>7} {elapsed} {msg}"
        };
        // Only a template with a mistake in it is refused; the bar's own style will do then.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        let is_over = AtomicBool::new(false);
        let report = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let (ended, failed) = {
                        let tally = live.tally();
                        (tally.completed + tally.failed(), tally.failed())
                    };
                    bar.set_position(ended);
                    bar.set_message(if failed > 0 { format!("{failed} errors") } else { String::new() });
                    std::thread::sleep(PROGRESS);
                }
            });
            let report = run();
            is_over.store(true, Ordering::Relaxed);
            report
        });
        bar.finish_and_clear();
        report
    }
}

/// What something comes to, unless the program is interrupted before.
async fn unless<T>(interrupted: &watch::Receiver<bool>, work: impl Future<Output = T>) -> Result<T, Exit> {
    let mut interrupted = interrupted.clone();
    tokio::select! {
        done = work => Ok(done),
        Ok(_) = interrupted.wait_for(|is_interrupted| *is_interrupted) => Err(Exit::interrupted()),
    }
}
