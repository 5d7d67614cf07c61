//! `scan`: what a server accepts.

mod json;
mod show;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use tokio::runtime::Runtime;

use crate::engine::openssl::OpenSsl;
use crate::policy::{Floor, Treatment};
use crate::registry::ProtocolVersion;
use crate::report::printable;
use crate::run::catalogue::Catalogue;
use crate::scan::{
    Accepted, Broken, Comparison, Deadlines, Found, Options, Patience, Trouble, broken, find, scan,
};

use super::exit::Exit;
use super::floor::FloorOptions;
use super::policy;
use super::signals::signals;
use super::target::{Target, server_name};

const EXAMPLES: &str = "\
Examples:
  shakedown scan localhost:4433                   what the server accepts
  shakedown scan '[::1]:4433' --server-name a.example
  shakedown scan localhost:4433 --policy TLSv1.2_2021   whether it keeps a policy
  shakedown scan localhost:4433 --floor aws             what it accepts that breaks a floor
  shakedown scan localhost:4433 --json --confirm

Exit codes: 0 scanned, and no difference; 1 it differs from the policy, or accepts what the floor lets fail; 2 usage,
or no address for the host; 3 nobody can tell: no or no clear answer, no time left, or a difference only in what no source states;
130 interrupted; what was learned is printed. Without --policy, --floor and --service nothing is judged.";

/// Enumerate what a TLS server accepts: versions, suites, groups, signature schemes and more
///
/// Hellos of our own offer every registered suite in SSL 3 to TLS 1.3; what the server picks is taken out until it
/// refuses. A refusal is an alert, or the end of the connection twice: a server that does not answer is reported as
/// such, never as one that refuses.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Scan {
    /// Host and port; an IPv6 address stands in brackets
    #[arg(value_name = "HOST:PORT")]
    target: Target,
    /// The name for server_name (default: the host, if it is a name)
    #[arg(long, value_name = "NAME", value_parser = server_name)]
    server_name: Option<String>,
    /// Connections at the same time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// Seconds for one connection
    #[arg(long, value_name = "S", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=600))]
    timeout: u16,
    /// Seconds for the whole scan; what was not asked by then is reported, and exit is 3
    #[arg(long, value_name = "S", default_value_t = 900, value_parser = clap::value_parser!(u32).range(1..=86400))]
    max_time: u32,
    /// Complete every version and suite that is found with the built-in OpenSSL, and say where that fails
    #[arg(long)]
    confirm: bool,
    /// Ask for versions, suites and their order only
    #[arg(long, conflicts_with_all = ["policy", "floor", "service"])]
    suites_only: bool,
    /// Say what differs from this policy, see `shakedown policy list`: exit 1 if anything does
    #[arg(long, value_name = "ID")]
    policy: Option<String>,
    /// Policy files of yours over the built-in ones
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Say what it accepts and this floor forbids, see `shakedown list floors`; without one nothing is judged
    #[arg(long, value_name = "ID", conflicts_with = "service")]
    floor: Option<String>,
    /// The same by a service: what its guide asks, now or in an older edition; see `shakedown list services`
    #[arg(long, value_name = "NAME[@EDITION]")]
    service: Option<String>,
    /// One JSON object, schema/scan-1.json
    #[arg(long)]
    json: bool,
}

/// A runtime that is left without waiting: a resolver that does not answer would hold the program.
struct Background(Option<Runtime>);

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// What was learned and what it means.
struct Judged<'a> {
    target: String,
    /// None if no address took a connection.
    address: Option<SocketAddr>,
    suites_only: bool,
    found: &'a Found,
    comparison: Option<Comparison>,
    floor: Option<(Floor, Vec<Broken>)>,
    exit: u8,
}

/// A difference, or a breach that fails.
const FAIL: u8 = 1;

impl Scan {
    pub fn run(self) -> Result<u8, Exit> {
        let policy = match &self.policy {
            Some(id) => Some(policy::find(&policy::catalogue(self.policies.as_deref())?, id)?),
            None => None,
        };
        let catalogue = Catalogue::load(&[]).map_err(|error| Exit::usage(error.to_string()))?;
        let floor = FloorOptions::given(self.floor.clone(), self.service.clone());
        let floor = floor.map(|floor| floor.resolve(&catalogue)).transpose()?;
        let runtime = Runtime::new().map_err(|e| Exit::harness(format!("cannot start: {e}")))?;
        let interrupted = runtime.block_on(async { signals() });
        let deadlines = Deadlines {
            timeout: Duration::from_secs(self.timeout.into()),
            until: Instant::now() + Duration::from_secs(self.max_time.into()),
            interrupted,
        };
        let target = &self.target;
        let remote = runtime.block_on(find(&target.host, target.port, deadlines));
        let _runtime = Background(Some(runtime));
        let (address, found) = match &remote {
            Err(Trouble::Unresolvable) => {
                let text = format!("{target}: {} (unresolvable)", Trouble::Unresolvable);
                return Err(Exit::usage(printable(&text)));
            }
            Err(trouble) => (None, Found::of_trouble(trouble.clone())),
            Ok(remote) => (Some(remote.address), scan(remote, &self.options())),
        };
        let mut judged = Judged {
            target: target.to_string(),
            address,
            suites_only: self.suites_only,
            found: &found,
            comparison: policy.map(|policy| Comparison::of(&policy, &found)),
            floor: floor.map(|floor| {
                let broken = broken(&floor, &found);
                (floor, broken)
            }),
            exit: Exit::GOOD,
        };
        judged.exit = judged.verdict();
        let mut out = io::stdout().lock();
        let written = if self.json {
            writeln!(out, "{}", json::object(&judged))
        } else {
            show::print(&judged, &mut out)
        };
        // A closed pipe ends the report, not the gate.
        match written.and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(judged.exit),
        }
    }

    fn options(&self) -> Options {
        Options {
            server_name: self.server_name.clone().or_else(|| self.target.server_name()),
            jobs: self.jobs.into(),
            patience: Patience::default(),
            client: Arc::new(OpenSsl::new()),
            confirm: self.confirm,
            suites_only: self.suites_only,
        }
    }
}

impl Judged<'_> {
    /// Whether a floor has nothing to judge, or not all that it should.
    fn is_unjudged(&self) -> bool {
        self.has_nothing() || !self.found.unseen.is_empty()
    }

    /// No version was accepted at all (by another name the server may answer), or no certificate of TLS 1.3, which are
    /// encrypted, was seen.
    pub(super) fn has_nothing(&self) -> bool {
        let accepts = |(accepted, _): &(Accepted, _)| !accepted.suites.is_empty();
        let tls13 = self.found.versions.get(&ProtocolVersion::TLS1_3);
        !self.found.versions.values().any(accepts)
            || (!self.suites_only && self.found.certificates.is_empty() && tls13.is_some_and(accepts))
    }

    /// The first that fits: interrupted, a difference or breach, something that nobody can tell.
    fn verdict(&self) -> u8 {
        let troubles = self.found.troubles();
        let fails = self
            .floor
            .iter()
            .flat_map(|(_, broken)| broken)
            .any(|broken| broken.treatment == Treatment::Fail);
        let compared = self.comparison.as_ref();
        if troubles.iter().any(|(_, trouble)| **trouble == Trouble::Interrupted) {
            Exit::INTERRUPTED
        } else if fails || compared.is_some_and(Comparison::has_stated) {
            FAIL
        } else if !troubles.is_empty()
            || (self.floor.is_some() && self.is_unjudged())
            || compared.is_some_and(|found| found.is_empty || !found.differences.is_empty())
        {
            Exit::INCONCLUSIVE
        } else {
            Exit::GOOD
        }
    }
}
