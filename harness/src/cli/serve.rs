//! `serve`: the mock server for people, other tools and other programs' tests.

mod plan;
mod signals;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use crate::net::{BindError, Listener};
use crate::pki::{CertificateKind, ca_pem};
use crate::registry::{CipherSuite, ProtocolVersion};
use crate::serve::{Limits, Line, Ready, Server, Stopped};

use super::complain;
use super::exit::Exit;
use super::floor::FloorOptions;
use super::open_files::room_for_connections;

/// Connections that may wait in the system's queue; the system may allow fewer.
const BACKLOG: u32 = 4096;
/// Lines that may wait for a slow reader. Then connections wait, too: none is lost.
const LINES: usize = 1024;
/// Between two looks for lines, once some have been written.
const BETWEEN_BATCHES: Duration = Duration::from_millis(1);
/// For the threads, once everything is told.
const LAST_WAIT: Duration = Duration::from_secs(2);
/// How long a reader of the last lines is waited for.
const UNREAD: Duration = Duration::from_secs(10);

/// Plays a server until it is stopped (SIGINT, SIGTERM), and tells of every connection on a line of JSON.
///
/// Every request gets a JSON page: what was negotiated, what the hello offered, what the floor says of it. SIGHUP reads
/// the policy again. The CA that clients have to trust is made anew at every start; the ready line names its file.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown serve --policy elb/ELBSecurityPolicy-2016-08
  shakedown serve --policy harness/static-rsa --listen localhost:4433 --ca-pem ca.pem
      curl --cacert ca.pem https://localhost:4433/           what a client without forward secrecy gets
  shakedown serve --policy mine/strict --policies policies --cert ecdsa256 --backend rustls
  shakedown serve --case 'client/cipher/static-rsa@TLSv1.2+TLS_RSA_WITH_AES_128_GCM_SHA256+natural'
  shakedown serve --force-version TLSv1.1 --force-suite TLS_RSA_WITH_AES_128_CBC_SHA

Exit codes: 0 stopped, 2 usage or an address that cannot be listened on, 3 a fault of the harness (also if a connection\n            was lost: outcome harness-panic or unserved), 130 stopped twice.")]
pub struct Serve {
    /// What the server accepts: an id of `shakedown policy list`
    #[arg(long, value_name = "ID", required_unless_present_any = ["case", "force_suite"])]
    policy: Option<String>,
    /// The server of a case: an id of `shakedown list cases`
    #[arg(long, value_name = "ID", conflicts_with = "policy")]
    case: Option<String>,
    /// With --force-suite: take this version, whatever the client offers
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["policy", "case"], requires = "force_suite")]
    force_version: Option<ProtocolVersion>,
    /// With --force-version: take this suite, whatever the client offers
    #[arg(long, value_name = "SUITE", conflicts_with_all = ["policy", "case"], requires = "force_version")]
    force_suite: Option<CipherSuite>,
    /// Policy files of yours, over the built-in ones: DIR/SERVICE/NAME.toml
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// The TLS stack: openssl, rustls, s2n
    #[arg(long, value_name = "NAME", default_value = "openssl")]
    backend: String,
    /// Certificates, each with another kind of key (default: what the policy needs); repeatable
    #[arg(long = "cert", value_name = "KIND", value_parser = plan::certificate)]
    certificates: Vec<CertificateKind>,
    /// Serve what the stack can play of the policy; the ready line names what is left out
    #[arg(long)]
    partial: bool,
    #[command(flatten)]
    floor: FloorOptions,
    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:4433")]
    listen: String,
    /// Listen on addresses that other machines can reach. The server is weak on purpose
    #[arg(long)]
    allow_remote: bool,
    /// Where to write the CA's certificate (default: a temporary file)
    #[arg(long, value_name = "FILE")]
    ca_pem: Option<PathBuf>,
    /// Put the decoded transcript into the lines
    #[arg(long)]
    transcript: bool,
    /// Stop when standard input ends, for programs that start this one
    #[arg(long)]
    stop_with_stdin: bool,
    /// Seconds from a connection's acceptance to the end of its handshake
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=3600))]
    handshake_timeout: u16,
    /// Seconds from there to the end of request and answer
    #[arg(long, value_name = "S", default_value_t = 60, value_parser = clap::value_parser!(u16).range(1..=3600))]
    request_timeout: u16,
    /// Seconds that open connections get when the server is stopped
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u16).range(0..=3600))]
    grace: u16,
    /// Connections open at the same time; more wait
    #[arg(long, value_name = "N", default_value_t = 16_384, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_connections: u32,
}

impl Serve {
    pub fn run(self) -> Result<u8, Exit> {
        let runtime = Runtime::new().map_err(|e| Exit::harness(e.to_string()))?;
        // On a worker: the loop that accepts would otherwise have a thread of its own, which every connection has to wake.
        let serving = runtime.spawn(self.serve());
        let result = runtime.block_on(serving).unwrap_or_else(|e| Err(Exit::harness(e.to_string())));
        // OpenSSL cleans up when the process exits, and again for every thread that ends: a worker that ended just then read
        // what was freed (a segmentation fault in `init_thread_stop`). Not for ever: a reader of the lines that has stopped
        // reading must not hold the process.
        runtime.shutdown_timeout(LAST_WAIT);
        result
    }

    async fn serve(self) -> Result<u8, Exit> {
        let plan = plan::Plan::new(&self)?;
        let (staged, told) = plan.stage()?;
        let listener = self.bind().await?;
        let address = listener.address().map_err(|e| Exit::harness(e.to_string()))?;
        let room = plan::temporary_folder()?;
        let ca_file = self.ca_pem.clone().unwrap_or_else(|| room.path().join("ca.pem"));
        std::fs::write(&ca_file, ca_pem(&plan.pki))
            .map_err(|e| Exit::usage(format!("cannot write {}: {e}", ca_file.display())))?;
        let ready = Ready {
            shakedown: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            address: address.to_string(),
            ca_pem: ca_file.display().to_string(),
            policy: staged.stage.policy.id.clone(),
            stand_in: told.stand_in,
            left_out: told.left_out,
            backend: plan.backend_name(),
            certificates: staged.certificates.iter().map(ToString::to_string).collect(),
            floor: staged.floor.id.clone(),
            source: format!("{}, {}", staged.floor.source.page, staged.floor.source.date),
        };
        let limits = Limits {
            handshake: Duration::from_secs(self.handshake_timeout.into()),
            request: Duration::from_secs(self.request_timeout.into()),
            grace: Duration::from_secs(self.grace.into()),
            connections: room_for_connections(self.max_connections),
        };
        let server = Server::new(listener, staged, limits, self.transcript);
        let (lines, receiver) = mpsc::channel(LINES);
        let writer = std::thread::spawn(move || write_lines(receiver));
        let mut signals = signals::Signals::listen(self.stop_with_stdin)?;
        signals.reload_with(plan, server.staged(), lines.clone());
        let _ = lines.send(Line::Ready(ready)).await;
        let running = server.run(signals.stop(), lines.clone());
        let served = tokio::select! {
            served = running => served,
            () = signals.second() => return Err(Exit::interrupted()),
        };
        signals.stop_reloading();
        let told = async {
            let _ = lines.send(Line::Stopped(Stopped::from(served))).await;
            drop(lines);
            // Ends once it has written everything: nobody is left who could send.
            let _ = tokio::task::spawn_blocking(move || writer.join()).await;
        };
        tokio::select! {
            () = told => {}
            () = signals.second() => return Err(Exit::interrupted()),
            () = tokio::time::sleep(UNREAD) => {
                return Err(Exit::harness("the last lines were not read"));
            }
        }
        if served.unserved > 0 || served.uncounted {
            return Err(Exit::harness(format!(
                "{}{} connections waited in vain: no descriptors were left; raise the limit (ulimit -n) or the --grace",
                if served.uncounted { "more than " } else { "" },
                served.unserved
            )));
        }
        Ok(if served.panicked > 0 { Exit::INCONCLUSIVE } else { Exit::GOOD })
    }

    async fn bind(&self) -> Result<Listener, Exit> {
        let addresses = resolve(&self.listen).await?;
        if !self.allow_remote {
            check_loopback(&addresses, "; listen on localhost, or say --allow-remote")?;
        }
        Listener::bind(&addresses, BACKLOG).map_err(|error| {
            let BindError { address, source } = &error;
            let next = match source.kind() {
                io::ErrorKind::AddrInUse => {
                    "; somebody listens there: choose another port, or 0 for a free one"
                }
                io::ErrorKind::PermissionDenied => "; choose a port above 1023, or 0 for a free one",
                _ => "",
            };
            Exit::usage(format!("cannot listen on {address}: {source}{next}"))
        })
    }
}

/// The addresses of a `--listen`, each once.
async fn resolve(listen: &str) -> Result<Vec<SocketAddr>, Exit> {
    let resolved = tokio::net::lookup_host(listen).await.map_err(|error| {
        Exit::usage(format!("cannot resolve --listen {listen:?}: {error}; allowed: HOST:PORT"))
    })?;
    let mut addresses: Vec<SocketAddr> = resolved.collect();
    addresses.sort();
    addresses.dedup();
    Ok(addresses)
}

fn check_loopback(addresses: &[SocketAddr], next: &str) -> Result<(), Exit> {
    match addresses.iter().find(|a| !a.ip().is_loopback()) {
        Some(remote) => Err(Exit::usage(format!(
            "{remote} can be reached from other machines, and this server is weak on purpose{next}"
        ))),
        None => Ok(()),
    }
}

/// The same where other machines are out of the question.
pub(super) async fn loopback(listen: &str) -> Result<Vec<SocketAddr>, Exit> {
    let addresses = resolve(listen).await?;
    check_loopback(&addresses, "; listen on localhost")?;
    Ok(addresses)
}

/// Writes lines until nobody can send any more. A closed pipe ends the writing, not the server.
fn write_lines(mut lines: mpsc::Receiver<Line>) {
    let mut is_read = true;
    let (mut batch, mut text) = (Vec::new(), Vec::new());
    while lines.blocking_recv_many(&mut batch, LINES) > 0 {
        text.clear();
        for line in batch.drain(..).filter(|_| is_read) {
            // Text and numbers only: there is nothing that could not be written.
            let _ = serde_json::to_writer(&mut text, &line);
            text.push(b'\n');
        }
        let mut out = io::stdout().lock();
        if let Err(error) = out.write_all(&text).and_then(|()| out.flush()) {
            is_read = false;
            complain(format!("the lines are not read any more ({error}); serving on without them"));
        }
        drop(out);
        // Under load a line would otherwise wake this thread, which takes longer than writing it.
        std::thread::sleep(BETWEEN_BATCHES);
    }
}

/// What is told of a plan beside what is played.
#[derive(Debug, Default)]
struct Told {
    stand_in: bool,
    left_out: Vec<String>,
}

type SharedStaged = Arc<std::sync::Mutex<Arc<crate::serve::Staged>>>;
