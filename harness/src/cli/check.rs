//! `survey` and `check`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::client::Room;
use crate::engine::{Backend, backends};
use crate::pki::Pki;
use crate::run::baseline::Baseline;
use crate::run::catalogue::Catalogue;
use crate::run::client::Client;
use crate::run::controls::Canaries;
use crate::run::known::KnownFailures;
use crate::run::play::Ground;
use crate::run::runner::{self, Finished, Plan};
use crate::scenario::embedded;

use super::clients::{self, Found, Makers};
use super::exit::Exit;
use super::options::RunOptions;
use super::signals::signals;
use super::sinks::Sinks;

/// Judges rustls in this process and every client program found, and prints the table. Findings are the result, so
/// it exits 0 (3 if the harness itself fails, 4 if no case was selected).
#[derive(Debug, Args)]
pub struct Survey {
    #[command(flatten)]
    options: RunOptions,
}

/// Judges the named clients and gates: exit 1 on findings, 3 if something stayed inconclusive.
///
/// In the command behind `--` these stand for the case: {host} {port} {url} {ca_pem} {ca_p12} {workdir}.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown check --client curl
  shakedown check --client curl --client ./my-adapter.toml --tier default
  shakedown check --client curl --filter 'client/cipher/static-rsa@*' --evidence out/
  shakedown check --client curl --service cloudhsm@2023
  shakedown check --client curl --known-failures known-failures.toml --baseline last.jsonl
  shakedown check -- my-client --ca {ca_pem} {url}")]
pub struct Check {
    /// rustls, openssl (harness build), the name of an adapter, or an adapter file of yours; repeatable
    #[arg(long = "client", value_name = "NAME")]
    clients: Vec<String>,
    /// A skipped client or case, or a known failure that was selected and not checked, is exit 3, not silence
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    options: RunOptions,
    /// A program of yours, started once per case
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

impl Survey {
    pub fn run(self) -> Result<u8, Exit> {
        let runtime = runtime()?;
        runtime.block_on(async {
            let catalogue = self.options.catalogue()?;
            let files = read_files(&self.options)?;
            let ground = Laid::new(&self.options.backend, self.options.inherit_env)?;
            let interrupted = signals();
            let found = unless(&interrupted, Found::look(&catalogue.adapters)).await?;
            let clients = ground.makers.all(&found);
            let finished =
                ground.play(&self.options, &catalogue, clients, files, (false, false), interrupted).await?;
            Ok(survey_exit(&finished))
        })
    }
}

impl Check {
    pub fn run(self) -> Result<u8, Exit> {
        let runtime = runtime()?;
        runtime.block_on(async {
            let catalogue = self.options.catalogue()?;
            if self.clients.is_empty() && self.command.is_empty() {
                let found = Found::look(&catalogue.adapters).await;
                return Err(Exit::usage(format!(
                    "check needs a client: --client NAME, or a command behind --\nfound on this machine: {}\n\
                     to look at all of them: shakedown survey",
                    found.names().join(", ")
                )));
            }
            self.options.select(&catalogue, &self.options.floor.resolve(&catalogue)?)?;
            let files = read_files(&self.options)?;
            let ground = Laid::new(&self.options.backend, self.options.inherit_env)?;
            let mut clients = Vec::new();
            let interrupted = signals();
            for name in &self.clients {
                clients.push(unless(&interrupted, ground.makers.named(name, &catalogue)).await??);
            }
            if !self.command.is_empty() {
                clients.push(clients::command(&self.command)?);
            }
            let mut names: Vec<&str> = clients.iter().map(|c| c.name.as_str()).collect();
            names.sort_unstable();
            if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
                return Err(Exit::usage(format!("client {} is named twice", twice[0])));
            }
            let finished = ground
                .play(&self.options, &catalogue, clients, files, (true, self.strict), interrupted)
                .await?;
            Ok(finished.exit)
        })
    }
}

/// Known failures and baseline.
type Files = (Option<KnownFailures>, Option<Baseline>);

/// Before keys are made: a fault in a file is said at once. Before the reports are opened, too: one of them may take the baseline's place.
fn read_files(options: &RunOptions) -> Result<Files, Exit> {
    Ok((options.known_failures()?, options.baseline()?))
}

pub(super) fn runtime() -> Result<Runtime, Exit> {
    Runtime::new().map_err(|e| Exit::harness(format!("cannot start: {e}")))
}

/// `survey` looks: verdicts are its result.
fn survey_exit(finished: &Finished) -> u8 {
    match finished.exit {
        130 => 130,
        Exit::NOTHING => Exit::NOTHING,
        _ if finished.panicked => Exit::INCONCLUSIVE,
        _ => Exit::GOOD,
    }
}

/// Keys, folders and signals of a run.
pub(super) struct Laid {
    pub pki: Arc<Pki>,
    pub room: Room,
    pub makers: Makers,
    pub backends: BTreeMap<&'static str, Arc<dyn Backend>>,
}

impl Laid {
    pub fn new(backend: &str, inherit_env: bool) -> Result<Self, Exit> {
        let backends = backends();
        if !backends.contains_key(backend) {
            let known: Vec<&str> = backends.keys().copied().collect();
            return Err(Exit::usage(format!("unknown backend {backend:?}; known: {}", known.join(", "))));
        }
        let pki = Arc::new(Pki::mint().map_err(|e| Exit::harness(e.to_string()))?);
        let room = Room::new(&pki, inherit_env).map_err(|e| Exit::harness(e.to_string()))?;
        let files = embedded::files_below("adapters").map(|(path, text)| (&path["adapters/".len()..], text));
        let adapter_folder = room.extract_adapters(files).map_err(|e| Exit::harness(e.to_string()))?;
        let makers = Makers {
            rustls: Arc::clone(&backends["rustls"]),
            openssl: Arc::clone(&backends["openssl"]),
            ca: Arc::new(pki.ca_der().to_vec()),
            adapter_folder,
        };
        Ok(Self { pki, room, makers, backends })
    }

    async fn play(
        self,
        options: &RunOptions,
        catalogue: &Catalogue,
        clients: Vec<Client>,
        files: Files,
        (gates, strict): (bool, bool),
        interrupted: watch::Receiver<bool>,
    ) -> Result<Finished, Exit> {
        let mut floor = options.floor.resolve(catalogue)?;
        let cases = options.select(catalogue, &floor)?;
        let all = options.cases_with_tier(catalogue, &floor);
        let (known, baseline) = files;
        if options.inherit_env {
            floor.title.push_str(" (with this shell's environment)");
        }
        if let Some(folder) = &options.evidence {
            std::fs::create_dir_all(folder)
                .map_err(|e| Exit::usage(format!("cannot write evidence to {}: {e}", folder.display())))?;
        }
        let Self { pki, room, makers, backends } = self;
        let ground = Arc::new(Ground::new(room, Duration::from_secs(options.timeout.into()), interrupted));
        let canaries =
            Canaries::new(Arc::clone(&makers.openssl), Arc::clone(&makers.rustls), Arc::clone(&makers.ca));
        let plan = Plan {
            clients,
            cases,
            floor,
            checks: catalogue.checks.clone(),
            backend: Arc::clone(&backends[options.backend.as_str()]),
            jobs: options.jobs(),
            seed: options.seed,
            tier: options.tier.tier().as_str().to_owned(),
            gates,
            filter: options.filter.clone(),
            shard: options.shard.map(|shard| shard.to_string()),
            strict,
            evidence: options.evidence.clone(),
            known,
            baseline,
            catalogue: all,
            versions: backends.values().map(|b| (b.id().to_owned(), b.version())).collect(),
        };
        let mut sinks = Sinks::open(options, gates)?;
        Ok(runner::run(plan, ground, pki, Arc::new(canaries), &mut sinks).await?)
    }
}

/// Does something that has nothing to tell yet, unless the run is interrupted.
pub(super) async fn unless<T>(
    interrupted: &watch::Receiver<bool>,
    work: impl Future<Output = T>,
) -> Result<T, Exit> {
    let mut interrupted = interrupted.clone();
    let interruption = async {
        // The guard that this gives must not live on across an await.
        let is_gone = interrupted.wait_for(|set| *set).await.is_err();
        if is_gone {
            std::future::pending::<()>().await; // nobody is left who could interrupt
        }
    };
    tokio::select! {
        done = work => Ok(done),
        () = interruption => Err(Exit::interrupted()),
    }
}
