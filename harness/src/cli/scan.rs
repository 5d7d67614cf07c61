//! `scan`: what a server accepts.

mod show;

use std::io::{self, Write};
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use tokio::runtime::Runtime;

use crate::report::printable;
use crate::scan::{Options, Patience, Trouble, find, scan};

use super::exit::Exit;
use super::signals::signals;

const EXAMPLES: &str = "\
Examples:
  shakedown scan localhost:4433                   what the server accepts
  shakedown scan '[::1]:4433' --server-name a.example
  shakedown scan localhost:4433 --json            one JSON object, schema/scan-1.json

Exit codes: 0 scanned, 2 usage or no address for the host, 3 a server that cannot be judged, 130 interrupted.";

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
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// Connections at the same time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// Seconds for one connection
    #[arg(long, value_name = "S", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=600))]
    timeout: u16,
}

/// `HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    host: String,
    port: u16,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || "allowed: HOST:PORT, such as localhost:4433 or [::1]:4433".to_owned();
        let (host, port) = text.rsplit_once(':').ok_or_else(bad)?;
        let port: u16 = port.parse().ok().filter(|port| *port != 0).ok_or_else(bad)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match bare {
            Some(address) if address.parse::<std::net::Ipv6Addr>().is_ok() => address,
            Some(_) => return Err(bad()),
            // An IPv6 address without brackets swallows the port.
            None if host.is_empty() || host.contains(':') => return Err(bad()),
            None => host,
        };
        Ok(Self { host: host.to_owned(), port })
    }
}

impl Target {
    /// RFC 6066 3: no addresses.
    fn server_name(&self) -> Option<String> {
        let is_address = self.host.parse::<IpAddr>().is_ok();
        (!is_address).then(|| self.host.trim_end_matches('.').to_owned()).filter(|name| !name.is_empty())
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl Scan {
    pub fn run(self) -> Result<u8, Exit> {
        let runtime = Runtime::new().map_err(|e| Exit::harness(format!("cannot start: {e}")))?;
        let interrupted = runtime.block_on(async { signals() });
        let timeout = Duration::from_secs(self.timeout.into());
        let target = &self.target;
        let remote = match runtime.block_on(find(&target.host, target.port, timeout, interrupted)) {
            Ok(remote) => remote,
            Err(trouble) => return Err(unreachable(target, &trouble)),
        };
        let options = Options {
            server_name: self.server_name.clone().or_else(|| target.server_name()),
            jobs: self.jobs.into(),
            patience: Patience::default(),
        };
        let found = scan(&remote, &options);
        let mut out = io::stdout().lock();
        show::print(&target.to_string(), remote.address, &found, &mut out)?;
        out.flush()?;
        Ok(match found.trouble {
            None => Exit::GOOD,
            Some(Trouble::Interrupted) => Exit::INTERRUPTED,
            Some(_) => Exit::INCONCLUSIVE,
        })
    }
}

fn unreachable(target: &Target, trouble: &Trouble) -> Exit {
    let text = printable(&format!("{target}: {trouble} ({})", trouble.code()));
    match trouble {
        Trouble::Unresolvable => Exit::usage(text),
        Trouble::Interrupted => Exit::interrupted(),
        _ => Exit::harness(text),
    }
}
