//! `replay`: a saved edit list between a real client and an honest server.

mod listen;
mod show;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::sync::watch;

use crate::edit::{Edit, Saved};
use crate::engine::CannotPlay;
use crate::judge::ClientEnded;
use crate::net::Setup;
use crate::observe::{Ending, Observation};
use crate::replay::{Outcome, Play, Seen};
use crate::run::catalogue::Catalogue;
use crate::run::client::Client;
use crate::run::play::{self, Ground, Played};
use crate::run::stage::Stage;
use crate::serve::{CertificateChoice, for_policy, policy_stage};

use super::check::{Laid, runtime, unless};
use super::exit::Exit;
use super::options::open_bounded;
use super::signals::signals;
use super::{clients, policy};

/// A list of all edits that there may be, with the longest values, is smaller.
const LONGEST_FILE: u64 = 8 * 1024 * 1024;

/// Plays a saved edit list between a client and an honest server, on the loopback interface.
///
/// Without keys only what crosses in the clear can be edited by message; edits that would need keys are named as skipped.
/// A client that is a program first has to complete the same handshake unedited.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown replay finding.toml --client curl
  shakedown replay finding.toml --policy harness/strong --json -- my-client --ca {ca_pem} {url}
  shakedown replay finding.toml --listen localhost:4433 --ca-pem ca.pem
      curl --cacert ca.pem https://localhost:4433/

FILE, all but the edits may be left out:
  client = \"curl\"
  server = \"openssl\"
  policy = \"harness/strong\"
  oracle = \"agreement\"
  [[edit]]
  at     = \"client-hello\"            a message, #2 for the second of its kind, record:client:N, record:server:N
  change = \"remove-extension\"
  value  = \"supported_versions\"

Exit codes: 0 an end refused it, or the edits changed nothing that a handshake protects; 1 the client sent data in a
handshake that was not the server's; 2 usage; 3 inconclusive: nobody refused it, nothing was applied, the client crashed
or ran out of time, a connection was not answered, it does not complete the unedited handshake either, or with --listen there was only a refusal; 130
interrupted. A client that had sent its key exchange before the server refused is exit 0, too: the text names it.")]
pub struct Replay {
    /// The saved edit list
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// rustls, openssl (harness build), the name of an adapter, or an adapter file of yours (default: the file's)
    #[arg(long, value_name = "NAME", conflicts_with_all = ["listen", "command"])]
    client: Option<String>,
    /// Wait there for one connection of any client
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "command")]
    listen: Option<String>,
    /// With --listen: where to write the CA's certificate (default: a temporary file)
    #[arg(long, value_name = "FILE")]
    ca_pem: Option<PathBuf>,
    /// With --listen: seconds to wait for the connection
    #[arg(long, value_name = "S", default_value_t = 60, value_parser = clap::value_parser!(u16).range(1..=3600))]
    wait: u16,
    /// What the server accepts: an id of `shakedown policy list` (default: the file's)
    #[arg(long, value_name = "ID")]
    policy: Option<String>,
    /// Policy files of yours, over the built-in ones: DIR/SERVICE/NAME.toml
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// The TLS stack that plays the server: openssl, rustls, s2n (default: the file's, or openssl)
    #[arg(long, value_name = "NAME")]
    backend: Option<String>,
    /// Play what the stack can of the policy; what is left out is named
    #[arg(long)]
    partial: bool,
    /// Seconds from a connection's first byte to its end
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=3600))]
    timeout: u16,
    /// Run the client with this shell's environment
    #[arg(long)]
    inherit_env: bool,
    /// One JSON object instead of text, with the keys of schema/replay-1.json
    #[arg(long)]
    json: bool,
    /// A program of yours
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Who connects.
enum Who {
    Client(Arc<Client>),
    Anybody,
}

/// All that is told.
struct Told {
    file: String,
    saved: Saved,
    server: String,
    policy: String,
    /// What the stack cannot play of it.
    left_out: Vec<String>,
    client: Option<String>,
    /// Of a program, whether it completes the unedited handshake; else why not.
    control: Option<Result<(), String>>,
    /// Of a program, how it ended in the edited handshake.
    ended: Option<ClientEnded>,
    connections: Vec<(Observation, Seen)>,
    /// Connections that nobody answered: what the client would have done there is not known.
    unserved: usize,
    /// The end of the program's output.
    output: String,
}

impl Told {
    /// How whoever comes to `--listen` ends is not known; there a refusal decides nothing anyway.
    fn outcome(&self, (observation, seen): &(Observation, Seen)) -> Outcome {
        let is_own_end = self.ended.as_ref().is_none_or(|ended| *ended == ClientEnded::Itself);
        Outcome::of(observation, seen, is_own_end)
    }

    fn outcomes(&self) -> Vec<Outcome> {
        self.connections.iter().map(|connection| self.outcome(connection)).collect()
    }

    /// The worst connection counts.
    fn exit(&self) -> u8 {
        let outcomes = self.outcomes();
        if outcomes.contains(&Outcome::Survived) {
            return 1;
        }
        let is_decided = |outcome: &Outcome| match self.control {
            Some(Ok(())) => *outcome != Outcome::Undecided,
            Some(Err(_)) => false,
            // Who refuses everything refuses this, too.
            None => *outcome == Outcome::Unchanged,
        };
        let is_all = !outcomes.is_empty() && self.unserved == 0;
        if is_all && outcomes.iter().all(is_decided) { Exit::GOOD } else { Exit::INCONCLUSIVE }
    }
}

impl Replay {
    pub fn run(self) -> Result<u8, Exit> {
        let runtime = runtime()?;
        let told = runtime.block_on(self.play());
        // As in `serve`: threads that end while OpenSSL cleans up read what was freed.
        runtime.shutdown_timeout(Duration::from_secs(2));
        let told = told?;
        if self.json {
            show::json(&told)?
        } else {
            show::text(&told)?
        }
        Ok(told.exit())
    }

    async fn play(&self) -> Result<Told, Exit> {
        if self.ca_pem.is_some() && self.listen.is_none() {
            return Err(Exit::usage("--ca-pem goes with --listen: a client that is started is told its CA"));
        }
        let file = self.file.display().to_string();
        let saved = read(&self.file)?;
        let backend_name =
            self.backend.clone().or_else(|| saved.server.clone()).unwrap_or_else(|| "openssl".to_owned());
        let Some(id) = self.policy.as_ref().or(saved.policy.as_ref()) else {
            return Err(Exit::usage(format!(
                "{file} names no policy for the server: give --policy ID, see `shakedown policy list`"
            )));
        };
        let asked = self.client.as_ref().or(saved.client.as_ref().filter(|_| self.is_free()));
        if self.is_free() && asked.is_none() {
            return Err(Exit::usage(format!(
                "{file} names no client: give --client NAME, a command behind --, or --listen HOST:PORT"
            )));
        }
        let catalogue = Catalogue::load(&[]).map_err(|e| Exit::usage(e.to_string()))?;
        let policies = policy::catalogue(self.policies.as_deref())?;
        let policy = policies.find(id).map_err(|e| Exit::usage(crate::report::printable(&e.to_string())))?;
        let laid = Laid::new(&backend_name, self.inherit_env)?;
        let backend = &laid.backends[backend_name.as_str()];
        let needed = for_policy(&policy);
        let shown = CertificateChoice::Needed(&needed);
        let (stage, left_out) =
            policy_stage(&policy, &laid.backends, backend, shown, &laid.pki, self.partial)
                .map_err(|e| Exit::usage(e.to_string()))?;
        let stage = Arc::new(stage);
        let interrupted = signals();
        let who = match asked {
            Some(name) => {
                Who::Client(Arc::new(unless(&interrupted, laid.makers.named(name, &catalogue)).await??))
            }
            None if !self.command.is_empty() => Who::Client(Arc::new(clients::command(&self.command)?)),
            None => Who::Anybody,
        };
        let server = format!("{} {}", backend.id(), backend.version());
        let mut told = Told {
            file,
            saved,
            server,
            policy: policy.id.clone(),
            left_out: left_out.iter().map(|item| format!("{} {item}", item.kind())).collect(),
            client: None,
            control: None,
            ended: None,
            connections: Vec::new(),
            unserved: 0,
            output: String::new(),
        };
        let timeout = Duration::from_secs(self.timeout.into());
        match who {
            Who::Client(client) => {
                let version = client.version.as_deref().map(|v| format!(" {v}")).unwrap_or_default();
                told.client = Some(format!("{}{version}", client.name));
                let ground = Arc::new(Ground::new(laid.room, timeout, interrupted.clone()));
                with_client(&ground, &client, &stage, &mut told).await?;
            }
            Who::Anybody => {
                let edits = told.saved.edits.clone();
                told.connections =
                    unless(&interrupted, listen::one(self, &laid.pki, &stage, &edits)).await??;
            }
        }
        Ok(told)
    }

    /// Whether the command line names nobody who connects.
    const fn is_free(&self) -> bool {
        self.client.is_none() && self.listen.is_none() && self.command.is_empty()
    }
}

/// First without edits, which the client has to complete, or its refusal proves nothing; then with them.
async fn with_client(
    ground: &Arc<Ground>,
    client: &Arc<Client>,
    stage: &Arc<Stage>,
    told: &mut Told,
) -> Result<(), Exit> {
    let (honest, _) = played(ground, client, stage, &[]).await?;
    let is_completed = honest.connections.iter().any(|o| o.ending == Ending::Completed);
    let ended = show::ended(&honest.said.ended);
    told.control = Some(match honest.connections.first() {
        _ if is_completed && honest.said.ended == ClientEnded::Itself => Ok(()),
        _ if is_completed => Err(format!("request and answer were exchanged, but then {ended}")),
        Some(observation) => Err(show::ending(observation)),
        None => Err(format!("it did not connect: {ended}")),
    });
    let (edited, seen) = played(ground, client, stage, &told.saved.edits).await?;
    told.ended = Some(edited.said.ended);
    told.unserved = edited.unserved;
    told.connections = edited.connections.into_iter().zip(seen).collect();
    told.output = edited.output;
    Ok(())
}

async fn played(
    ground: &Arc<Ground>,
    client: &Arc<Client>,
    stage: &Arc<Stage>,
    edits: &[Edit],
) -> Result<(Played, Vec<Seen>), Exit> {
    let play = Play::default();
    let open = opener(&play, stage, edits);
    let played = play::play(ground, client, "replay", open, None).await;
    if ground.is_interrupted() {
        return Err(Exit::interrupted());
    }
    if played.panicked {
        return Err(Exit::harness("a task of the harness panicked"));
    }
    Ok((played, play.seen()))
}

type Opener = Arc<dyn Fn() -> Result<Setup, CannotPlay> + Send + Sync>;

/// A fresh server end with the edits before it, for every connection.
fn opener(play: &Play, stage: &Arc<Stage>, edits: &[Edit]) -> Opener {
    let (play, stage, edits) = (play.clone(), Arc::clone(stage), edits.to_vec());
    Arc::new(move || {
        let setup = stage.open()?;
        let engine = Box::new(play.open(setup.engine, &edits));
        Ok(Setup { engine, edits: setup.edits })
    })
}

fn read(path: &Path) -> Result<Saved, Exit> {
    let name = path.display().to_string();
    let mut text = String::new();
    open_bounded(path, LONGEST_FILE, "no edit list is")?
        .read_to_string(&mut text)
        .map_err(|error| Exit::usage(format!("cannot read {name}: {error}")))?;
    Saved::parse(&name, &text).map_err(|e| Exit::usage(e.to_string()))
}

/// Whether what is waited for has come, or the sender is gone.
async fn turned(mut watched: watch::Receiver<bool>) -> bool {
    watched.wait_for(|set| *set).await.is_ok()
}
