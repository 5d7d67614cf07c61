//! `bench`: what a handshake costs a client, and whether it costs more than it did.

mod show;

use std::cell::Cell;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tokio::sync::watch;

use crate::bench::Keys;
use crate::registry::ProtocolVersion;
use crate::regress::{
    Comparison, Conditions, IN_PROCESS_FACTOR, InProcess, MOST_HANDSHAKES, MOST_ROUNDS, NoRound, Origin,
    Outcome, Program, Record, RecordKind, Round, Row, SCHEMA, Spread, VERSIONS, compare,
};
use crate::run::catalogue::Catalogue;
use crate::run::client::{Client, Play};
use crate::run::play::Ground;

use super::check::{Laid, runtime, unless};
use super::clients;
use super::complain;
use super::exit::Exit;
use super::signals::signals;

const EXAMPLES: &str = "\
Examples:
  shakedown bench                                        the stacks that are built in
  shakedown bench --client curl --client openssl
  shakedown bench --client curl --json > curl.json       a baseline
  shakedown bench --baseline curl.json --fail-over 10%   its clients again, and what has changed
  shakedown bench -- my-client --ca {ca_pem} {url}       a program of yours

A client that is a program is started once per handshake, against a TLS 1.3 and a TLS 1.2 server, and
the processor time that the system accounts to it (user and system, with its own children) is
divided by the handshakes. What starting it costs without a handshake is told beside it. Of openssl,
rustls and s2n, which are built in, both ends run in memory: each end's time, and what is exact:
flights, records, bytes. A handshake counts only if the server saw it completed, with data both
ways, and the client does not say otherwise; a client that fails one has no time, but an error.

Who starts its work elsewhere (docker run, ssh, a daemon) or does not wait for its children leaves
that work out of the account.

Beside a baseline, exact figures must be equal. A time, the client's or the server's, is worse if the
rounds' median is more than --fail-over above, and the quartiles do not overlap; if they do, the run
is inconclusive. Times are compared on the same processor only, of the stacks that are built in only
with the same compilers, of programs only with as many handshakes a round. A warning says so; then
exit 0 is about the exact figures alone, and a client that has none leaves the run inconclusive.

Exit codes: 0 measured, and nothing is worse; 1 worse, or a client failed; 2 usage, or a file that is no
baseline; 3 inconclusive, or a fault of the harness; 130 interrupted.";

/// Worse than the baseline, or a handshake that was not completed.
const FAIL: u8 = 1;
/// The backend of the server that programs are played against.
const SERVER: &str = "openssl";

/// Measure the processor time of a client's handshakes, and compare it with an earlier run
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Bench {
    /// openssl, rustls or s2n (built in), the name of an adapter, or an adapter file of yours; repeatable
    /// (default: the baseline's clients, or what is built in)
    #[arg(long = "client", value_name = "NAME")]
    clients: Vec<String>,
    /// Handshakes of a round; of a stack that is built in 25 times as many (default: the baseline's, or 20)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_HANDSHAKES)))]
    handshakes: Option<u32>,
    /// Rounds, in which all clients take turns (default: the baseline's, or 7)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=i64::from(MOST_ROUNDS)))]
    rounds: Option<u16>,
    /// What an earlier run printed with --json
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// How much more time than in the baseline is a failure
    #[arg(long, value_name = "P%", default_value = "10%", value_parser = percent, requires = "baseline")]
    fail_over: f64,
    /// Seconds that a client may take for one handshake
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=600))]
    timeout: u16,
    /// Keep this shell's environment for the clients
    #[arg(long)]
    inherit_env: bool,
    /// One JSON object, schema/bench-1.json, which --baseline reads
    #[arg(long)]
    json: bool,
    /// A program of yours, started once per handshake
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// `10%`, or `10`.
fn percent(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.strip_suffix('%').unwrap_or(text).parse().ok();
    let number = number.filter(|percent| (0.0..=1000.0).contains(percent));
    number.ok_or_else(|| "allowed: 0% to 1000%".to_owned())
}

/// What is printed.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    record: &'a Record,
    baseline: Option<Compared<'a>>,
    exit: u8,
}

#[derive(Serialize)]
struct Compared<'a> {
    file: String,
    #[serde(flatten)]
    comparison: &'a Comparison,
}

const HANDSHAKES: u32 = 20;
const ROUNDS: u16 = 7;

/// How much is measured.
struct Pace {
    handshakes: u32,
    rounds: u16,
}

/// A client and a version, ready to be measured.
enum Measured {
    InProcess(InProcess),
    Program(Program),
}

/// A row that grows.
struct Growing {
    row: Row,
    /// `None` once it has failed.
    measured: Option<Measured>,
    rounds: Vec<Round>,
}

impl Bench {
    pub fn run(self) -> Result<u8, Exit> {
        let baseline = self.baseline.as_deref().map(|path| {
            Record::read(path).map_err(|error| Exit::usage(format!("--baseline {}: {error}", path.display())))
        });
        let baseline = baseline.transpose()?;
        let names = self.names(baseline.as_ref())?;
        let of_baseline = baseline.as_ref().map(|record| (record.handshakes, record.rounds));
        let (handshakes, rounds) = of_baseline.unwrap_or((HANDSHAKES, ROUNDS));
        let pace =
            Pace { handshakes: self.handshakes.unwrap_or(handshakes), rounds: self.rounds.unwrap_or(rounds) };
        let runtime = runtime()?;
        runtime.block_on(async {
            let catalogue = Catalogue::load(&[]).map_err(|e| Exit::usage(e.to_string()))?;
            let interrupted = signals();
            let laid = Laid::new(SERVER, self.inherit_env)?;
            let mut rows = unless(&interrupted, self.rows(&names, &catalogue, &laid)).await??;
            let asked: Vec<String> = rows.iter().map(|row| row.row.client.clone()).collect();
            if let Some(twice) = twice(&rows) {
                return Err(Exit::usage(format!("client {twice} is named twice")));
            }
            let server = format!("{SERVER} {}", laid.backends[SERVER].version());
            let time = Duration::from_secs(self.timeout.into());
            let ground = Arc::new(Ground::new(laid.room, time, interrupted.clone()));
            let started = jiff::Timestamp::now();
            pace.measure(&mut rows, &ground, &interrupted).await?;
            let record = Record {
                kind: RecordKind::Bench,
                schema: SCHEMA,
                shakedown: env!("CARGO_PKG_VERSION").to_owned(),
                started: started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                interrupted: *interrupted.borrow(),
                conditions: Conditions::here(),
                server,
                handshakes: pace.handshakes,
                rounds: pace.rounds,
                rows: rows.into_iter().filter_map(Growing::finish).collect(),
            };
            self.tell(&record, baseline.as_ref(), &asked)
        })
    }

    /// `--client`, or the clients of the baseline, or what is built in.
    fn names(&self, baseline: Option<&Record>) -> Result<Vec<String>, Exit> {
        if !self.clients.is_empty() {
            return Ok(self.clients.clone());
        }
        let Some(baseline) = baseline else {
            let built_in = || crate::engine::backends().keys().map(|id| (*id).to_owned()).collect();
            return Ok(if self.command.is_empty() { built_in() } else { Vec::new() });
        };
        let own = self.command.first().and_then(|program| Path::new(program).file_stem()?.to_str());
        let mut names = Vec::new();
        for row in &baseline.rows {
            let name = &row.client;
            match row.origin {
                Origin::BuiltIn | Origin::Adapter if !names.contains(name) => names.push(name.clone()),
                Origin::BuiltIn | Origin::Adapter => {}
                Origin::Command if own == Some(name) => {}
                Origin::Command => {
                    return Err(Exit::usage(format!(
                        "{name} of the baseline is a command of yours: give it again behind --, or name with --client what is \
                         to be measured"
                    )));
                }
                Origin::File => {
                    return Err(Exit::usage(format!(
                        "{name} of the baseline is from an adapter file of yours: give the file again, and all that is to be \
                         measured, with --client"
                    )));
                }
            }
        }
        if names.is_empty() && self.command.is_empty() {
            return Err(Exit::usage("the baseline has no rows: name a --client"));
        }
        Ok(names)
    }

    async fn rows(&self, names: &[String], catalogue: &Catalogue, laid: &Laid) -> Result<Vec<Growing>, Exit> {
        let mut rows = Vec::new();
        let keys = Keys::fixed();
        for name in names {
            if let Some(backend) = laid.backends.get(name.as_str()) {
                for version in VERSIONS {
                    let ready = InProcess::prepare(&**backend, &*laid.backends["openssl"], version, &keys);
                    let row = empty(name, Some(backend.version()), version, Origin::BuiltIn);
                    rows.push(Growing::new(row, ready.map(Measured::InProcess)));
                }
            } else {
                let client = laid.makers.named(name, catalogue).await?;
                let is_file = Path::new(name).extension().is_some_and(|extension| extension == "toml");
                let origin = if is_file { Origin::File } else { Origin::Adapter };
                rows.extend(programs(client, origin, laid));
            }
        }
        if !self.command.is_empty() {
            rows.extend(programs(clients::command(&self.command)?, Origin::Command, laid));
        }
        Ok(rows)
    }

    fn tell(&self, record: &Record, baseline: Option<&Record>, asked: &[String]) -> Result<u8, Exit> {
        let comparison = baseline.map(|before| compare(before, record, asked, self.fail_over));
        let exit = exit(record, comparison.as_ref());
        let file = self.baseline.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        for warning in comparison.iter().flat_map(|comparison| &comparison.warnings) {
            complain(format!("--baseline: {warning}"));
        }
        let mut out = io::stdout().lock();
        let written = if self.json {
            let baseline = comparison.as_ref().map(|comparison| Compared { file, comparison });
            let told = Told { record, baseline, exit };
            serde_json::to_string(&told).map_err(io::Error::from).and_then(|text| writeln!(out, "{text}"))
        } else {
            show::print(record, comparison.as_ref(), &mut out)
        };
        match written.and_then(|()| out.flush()) {
            // A closed pipe ends the report, not the gate.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(exit),
        }
    }
}

impl Pace {
    /// Round by round, so that a busy moment meets all rows alike.
    async fn measure(
        &self,
        rows: &mut [Growing],
        ground: &Arc<Ground>,
        interrupted: &watch::Receiver<bool>,
    ) -> Result<(), Exit> {
        let is_interrupted = || *interrupted.borrow();
        let bar = self.progress(rows.len());
        // A row that has failed needs no more turns.
        'rounds: for _ in 0..self.rounds {
            for growing in &mut *rows {
                let Some(measured) = &growing.measured else { continue };
                bar.set_message(format!("{} {}", growing.row.client, growing.row.tls));
                let done = || bar.inc(1);
                let round = match measured {
                    Measured::Program(program) => program.round(ground, self.handshakes, &done).await,
                    Measured::InProcess(stack) => {
                        let count = Cell::new(0_u32);
                        let one_in_factor = || {
                            count.set(count.get() + 1);
                            if count.get().is_multiple_of(IN_PROCESS_FACTOR) {
                                bar.inc(1);
                            }
                        };
                        stack.round(self.handshakes * IN_PROCESS_FACTOR, &is_interrupted, &one_in_factor)
                    }
                };
                match round {
                    Ok(round) => growing.rounds.push(round),
                    Err(NoRound::Interrupted) => break 'rounds,
                    Err(NoRound::Failed(why)) => {
                        // Its processes would otherwise end, and be accounted for, in another client's round.
                        if let Measured::Program(program) = measured {
                            program.stop().await;
                        }
                        growing.fail(why);
                    }
                    Err(NoRound::Harness(why)) => return Err(Exit::harness(why)),
                }
            }
        }
        for growing in &mut *rows {
            if let Some(Measured::Program(program)) = &growing.measured {
                program.stop().await;
            }
        }
        bar.finish_and_clear();
        Ok(())
    }

    fn progress(&self, rows: usize) -> ProgressBar {
        if !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(u64::from(self.handshakes) * u64::from(self.rounds) * rows as u64);
        // Only a template with a mistake in it is refused; the bar's own style will do then.
        if let Ok(style) = ProgressStyle::with_template("{pos:>7}/{len} {bar:40} {elapsed} {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar
    }
}

/// A client of which there are two.
fn twice(rows: &[Growing]) -> Option<&str> {
    let rows = rows.iter().map(|growing| &growing.row);
    let same = |a: &Row, b: &Row| (&a.client, &a.tls) == (&b.client, &b.tls);
    let found =
        rows.clone().enumerate().find(|(at, row)| rows.clone().take(*at).any(|other| same(other, row)));
    found.map(|(_, row)| row.client.as_str())
}

/// The first that fits.
fn exit(record: &Record, comparison: Option<&Comparison>) -> u8 {
    if record.interrupted {
        return Exit::INTERRUPTED;
    }
    let is_worse = |found: &Comparison| found.has(Outcome::Worse) || found.has(Outcome::Gone);
    if record.rows.iter().any(|row| row.error.is_some()) || comparison.is_some_and(is_worse) {
        return FAIL;
    }
    let is_unknown = |found: &Comparison| found.has(Outcome::Unsteady) || found.is_silent();
    if comparison.is_some_and(is_unknown) { Exit::INCONCLUSIVE } else { Exit::GOOD }
}

fn programs(client: Client, origin: Origin, laid: &Laid) -> Vec<Growing> {
    let worker = matches!(client.play, Play::Worker { .. });
    let client = Arc::new(client);
    let ready = |version: ProtocolVersion| {
        let backend = &laid.backends[SERVER];
        let program = Program::prepare(Arc::clone(&client), version, backend, &laid.pki);
        let row = Row { worker, ..empty(&client.name, client.version.clone(), version, origin) };
        Growing::new(row, program.map(Measured::Program))
    };
    VERSIONS.map(ready).into()
}

fn empty(client: &str, version: Option<String>, tls: ProtocolVersion, origin: Origin) -> Row {
    Row {
        client: client.to_owned(),
        version,
        tls: tls.to_string(),
        origin,
        worker: false,
        cpu_us: None,
        server_cpu_us: None,
        start_cpu_us: None,
        figures: None,
        error: None,
    }
}

impl Growing {
    fn new(row: Row, measured: Result<Measured, String>) -> Self {
        let mut growing = Self { row, measured: None, rounds: Vec::new() };
        match measured {
            Ok(measured) => growing.measured = Some(measured),
            Err(why) => growing.fail(why),
        }
        growing
    }

    fn fail(&mut self, why: String) {
        self.row.error = Some(why);
        self.measured = None;
    }

    /// `None` of a row that was not measured and has not failed: the run was interrupted.
    fn finish(mut self) -> Option<Row> {
        if self.row.error.is_none() {
            let of = |figure: fn(&Round) -> Option<f64>| {
                Spread::of(&self.rounds.iter().filter_map(figure).collect::<Vec<f64>>())
            };
            self.row.cpu_us = Some(of(|round| Some(round.client))?);
            self.row.server_cpu_us = of(|round| round.server);
            self.row.start_cpu_us = of(|round| round.start);
            if let Some(Measured::InProcess(stack)) = &self.measured {
                self.row.figures = Some(stack.figures);
            }
        }
        Some(self.row)
    }
}
