//! The clients of a run: what `--client` names, and how each is put to a case.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::client::{Adapter, ClientReport, CommandClient, WorkerClient, adapter, worker};
use crate::engine::{Backend, EndpointSpec};
use crate::judge::{ClientEnded, ClientSaid, FindingCode};
use crate::registry::ProtocolVersion;
use crate::scenario::{Case, Subject};

use super::events::ClientKind;
use super::stage;

/// A client under test.
pub struct Client {
    pub name: String,
    pub version: Option<String>,
    pub path: Option<PathBuf>,
    /// What the table prints after the name.
    pub label: Option<String>,
    /// Finding code to program and arguments that mend it.
    pub fixes: std::collections::BTreeMap<FindingCode, Vec<String>>,
    /// The command that its adapter finds the version with: the program's start without a handshake.
    pub detect: Option<CommandClient>,
    pub play: Play,
}

/// How a client is put to a case.
pub enum Play {
    InProcess {
        backend: Arc<dyn Backend>,
        spec: Box<EndpointSpec>,
    },
    Command(CommandClient),
    Worker {
        client: WorkerClient,
        idle: Mutex<Vec<worker::Worker>>,
    },
    /// A function of the caller's, run on a thread of its own: the face for tests.
    Closure(Arc<Closure>),
    /// Named, and not on this machine.
    NotInstalled {
        kind: ClientKind,
        hint: String,
    },
}

/// A client as a function: gets the address, says whether it connected.
pub type Closure = dyn Fn(&crate::client::CaseAddress) -> bool + Send + Sync;

impl Client {
    /// The library's defaults, in this process. Trusts the harness's CA.
    pub fn rustls(backend: Arc<dyn Backend>, ca: Arc<Vec<u8>>) -> Self {
        let spec = EndpointSpec {
            trust: Some(ca),
            server_name: "localhost".to_owned(),
            alpn: vec![b"http/1.1".to_vec()],
            ..EndpointSpec::default()
        };
        Self::in_process("rustls", None, backend, spec)
    }

    /// Our own OpenSSL with everything weak switched on and nothing verified: the canary.
    pub fn canary(backend: Arc<dyn Backend>) -> Self {
        Self::in_process("openssl", Some("(harness build)"), backend, canary_spec())
    }

    fn in_process(name: &str, label: Option<&str>, backend: Arc<dyn Backend>, spec: EndpointSpec) -> Self {
        Self {
            name: name.to_owned(),
            version: Some(backend.version()),
            path: None,
            label: label.map(str::to_owned),
            fixes: std::collections::BTreeMap::new(),
            detect: None,
            play: Play::InProcess { backend, spec: Box::new(spec) },
        }
    }

    /// A command line of the user's.
    pub fn command(program: PathBuf, arguments: Vec<String>) -> Self {
        let name =
            program.file_stem().map_or_else(|| "command".to_owned(), |s| s.to_string_lossy().into_owned());
        let command = CommandClient {
            program: program.clone(),
            arguments,
            env: std::collections::BTreeMap::new(),
            exit_tells: true,
            fix: Vec::new(),
            adapter_folder: PathBuf::new(),
        };
        Self {
            name,
            version: None,
            path: Some(program),
            label: None,
            fixes: std::collections::BTreeMap::new(),
            detect: None,
            play: Play::Command(command),
        }
    }

    /// A function, for tests and for whoever drives a client library from Rust.
    pub fn closure(name: &str, closure: Arc<Closure>) -> Self {
        Self {
            name: name.to_owned(),
            version: None,
            path: None,
            label: None,
            fixes: std::collections::BTreeMap::new(),
            detect: None,
            play: Play::Closure(closure),
        }
    }

    /// A client that an adapter describes and that was found. `fix` goes in the place of `{fix}`.
    pub fn adapted(
        adapter: &Adapter,
        found: &crate::client::Detected,
        adapter_folder: &Path,
        fix: Vec<String>,
    ) -> Self {
        let own = adapter.detect.first().cloned().unwrap_or_default();
        let shown = |fix: &Vec<String>| {
            // `openssl s_client`, also where a shell stands before it; options and placeholders are left out.
            let program = found.program.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let behind = adapter.start.argv().iter().skip_while(|word| **word != own).skip(1);
            let subcommands = behind
                .take_while(|word| *word != "{fix}")
                .filter(|w| !w.starts_with('-') && !w.contains('{'));
            std::iter::once(program).chain(subcommands.cloned()).chain(fix.iter().cloned()).collect()
        };
        // The adapter's own word for the program stands for what was found, wherever it stands.
        let argv: Vec<String> = adapter
            .start
            .argv()
            .iter()
            .map(|a| if *a == own { found.program.display().to_string() } else { a.clone() })
            .collect();
        let program = argv.first().map(PathBuf::from).unwrap_or_default();
        let program = crate::client::detect::on_path(&program.to_string_lossy()).unwrap_or(program);
        let arguments = argv.into_iter().skip(1).collect();
        let adapter_folder = adapter_folder.to_owned();
        let (adapter::Start::Command { env, .. } | adapter::Start::Worker { env, .. }) = &adapter.start;
        let detect = CommandClient {
            program: found.program.clone(),
            arguments: adapter.detect.iter().skip(1).cloned().collect(),
            env: env.clone(),
            exit_tells: true,
            fix: Vec::new(),
            adapter_folder: adapter_folder.clone(),
        };
        let play = match &adapter.start {
            adapter::Start::Command { env, exit_tells, .. } => Play::Command(CommandClient {
                program,
                arguments,
                env: env.clone(),
                exit_tells: *exit_tells,
                fix,
                adapter_folder,
            }),
            adapter::Start::Worker { env, ready_seconds, .. } => Play::Worker {
                client: WorkerClient {
                    program,
                    arguments,
                    env: env.clone(),
                    ready: std::time::Duration::from_secs(*ready_seconds),
                    fix,
                    adapter_folder,
                },
                idle: Mutex::new(Vec::new()),
            },
        };
        Self {
            name: found.name.clone(),
            version: found.version.clone(),
            path: Some(found.program.clone()),
            label: None,
            fixes: adapter.fixes.iter().map(|(code, fix)| (*code, shown(fix))).collect(),
            detect: Some(detect),
            play,
        }
    }

    /// An adapter's client that is not on this machine.
    pub fn not_installed(adapter: &Adapter) -> Self {
        let kind = match adapter.start {
            adapter::Start::Command { .. } => ClientKind::Command,
            adapter::Start::Worker { .. } => ClientKind::Worker,
        };
        Self {
            name: adapter.name.clone(),
            version: None,
            path: None,
            label: None,
            fixes: std::collections::BTreeMap::new(),
            detect: None,
            play: Play::NotInstalled { kind, hint: adapter.install.clone() },
        }
    }

    pub const fn kind(&self) -> ClientKind {
        match &self.play {
            Play::InProcess { .. } => ClientKind::InProcess,
            Play::Command(_) => ClientKind::Command,
            Play::Worker { .. } => ClientKind::Worker,
            Play::Closure(_) => ClientKind::Closure,
            Play::NotInstalled { kind, .. } => *kind,
        }
    }

    /// Whether server cases (a weak offer to a strong server) can be played with this client.
    pub fn makes_weak_offers(&self) -> bool {
        matches!(&self.play, Play::InProcess { backend, .. } if backend.id() == "openssl")
    }

    /// Whether a run puts this client to the case: server cases need one that can make weak offers.
    pub fn is_put_to(&self, case: &Case) -> bool {
        case.scenario.subject == Subject::Client || self.makes_weak_offers()
    }

    /// The process of a worker that waits for its next case.
    pub async fn idle_worker(&self) -> Option<u32> {
        let Play::Worker { idle, .. } = &self.play else { return None };
        idle.lock().await.last().and_then(worker::Worker::pid)
    }

    /// Ends the processes of a worker that wait for their next case.
    pub async fn stop_workers(&self) {
        if let Play::Worker { idle, .. } = &self.play {
            for worker in idle.lock().await.drain(..) {
                worker.stop().await;
            }
        }
    }
}

/// Everything on, nobody distrusted.
pub fn canary_spec() -> EndpointSpec {
    EndpointSpec {
        versions: ProtocolVersion::ALL.to_vec(),
        server_name: "localhost".to_owned(),
        alpn: vec![b"http/1.1".to_vec()],
        psk: Some(stage::psk()),
        ..EndpointSpec::default()
    }
}

/// A program's report in the judge's words.
pub fn said(report: &ClientReport) -> ClientSaid {
    use crate::client::Ended;
    let ended = match &report.ended {
        // `timeout` and shells put the end of what they run into their own exit status.
        Ended::Exited(code @ (124 | 137 | 129..=159)) => {
            ClientEnded::Crashed(format!("exit status {code}: a wrapper reports a time-out or a signal"))
        }
        Ended::Exited(_) | Ended::Answered { .. } => ClientEnded::Itself,
        Ended::Signalled(signal) => ClientEnded::Crashed(format!("ended by signal {signal}")),
        Ended::Died(how) => ClientEnded::Crashed(how.clone()),
        Ended::TimedOut => ClientEnded::AtDeadline,
        Ended::Interrupted => ClientEnded::Interrupted,
        Ended::NotStarted(why) => ClientEnded::NotStarted(why.clone()),
    };
    ClientSaid { ended, connected: report.connected, unsupported: report.unsupported.clone() }
}
