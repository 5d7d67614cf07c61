//! A client that is started once and then told its cases, a JSON line each (formats, section 2).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::placeholder;
use super::process::{Process, ended};
use super::report::{ClientReport, Ended};
use super::room::{CaseAddress, Room};

/// A worker's line at most; longer ones end it.
const LINE_LIMIT: u64 = 64 * 1024;
/// Lines of log between two answers at most.
const LOG_LINES: usize = 1000;

/// How to start a worker.
#[derive(Clone, Debug)]
pub struct WorkerClient {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub env: BTreeMap<String, String>,
    pub ready: Duration,
    pub fix: Vec<String>,
    pub adapter_folder: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum WorkerFailure {
    #[error("{0}")]
    Arguments(#[from] placeholder::PlaceholderError),
    #[error("cannot write the PKCS #12 trust store")]
    TrustStore,
    #[error("cannot start {program}: {source}")]
    Start { program: PathBuf, source: std::io::Error },
    #[error("no ready line within {seconds} s; its output ended with: {output}")]
    NotReady { seconds: u64, output: String },
}

#[derive(Serialize)]
struct Request<'a> {
    case: &'a str,
    host: &'a str,
    port: u16,
    url: &'a str,
    ca_pem: &'a str,
    ca_p12: &'a str,
}

#[derive(Deserialize)]
struct Line {
    ready: Option<bool>,
    case: Option<String>,
    connected: Option<bool>,
    error: Option<String>,
    unsupported: Option<String>,
}

/// A running worker.
pub struct Worker {
    process: Process,
    stdin: ChildStdin,
    lines: BufReader<ChildStdout>,
}

impl WorkerClient {
    /// Starts the worker and waits for its ready line. `workdir` is its folder for as long as it lives.
    pub async fn start(&self, room: &Room, address: &CaseAddress) -> Result<Worker, WorkerFailure> {
        let mut values = address.values();
        values.insert("adapter", self.adapter_folder.display().to_string());
        values.insert("fix", String::new());
        let arguments = placeholder::expand(&self.arguments, &values, &self.fix)?;
        // Every request names it.
        if !room.write_p12() {
            return Err(WorkerFailure::TrustStore);
        }
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(&address.workdir).env_clear();
        let mark = address.workdir.display().to_string();
        command.envs(room.environment(&address.workdir, &mark, &self.env));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let start = |source| WorkerFailure::Start { program: self.program.clone(), source };
        let mut process = Process::start(command, &mark, false).map_err(start)?;
        let (Some(stdin), Some(stdout)) = (process.child().stdin.take(), process.child().stdout.take())
        else {
            return Err(start(std::io::ErrorKind::BrokenPipe.into()));
        };
        let mut worker = Worker { process, stdin, lines: BufReader::new(stdout) };
        match timeout(self.ready, worker.next_line(|line| line.ready == Some(true))).await {
            Ok(Some(_)) => Ok(worker),
            _ => Err(WorkerFailure::NotReady {
                seconds: self.ready.as_secs(),
                output: worker.stop().await.trim().to_owned(),
            }),
        }
    }
}

impl Worker {
    /// Of its process; `None` once that has ended.
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// Tells one case. `None` for the worker when it must be replaced before the next case.
    pub async fn run(
        mut self,
        address: &CaseAddress,
        stop: impl Future<Output = Ended>,
    ) -> (ClientReport, Option<Self>) {
        let request = Request {
            case: &address.case,
            host: &address.host,
            port: address.port,
            url: &address.url,
            ca_pem: &address.ca_pem.display().to_string(),
            ca_p12: &address.ca_p12.display().to_string(),
        };
        let Ok(mut line) = serde_json::to_string(&request) else {
            return (ClientReport::ended(Ended::NotStarted("a path is not text".to_owned())), Some(self));
        };
        line.push('\n');
        let case = address.case.clone();
        let answer = async {
            self.stdin.write_all(line.as_bytes()).await.ok()?;
            self.stdin.flush().await.ok()?;
            self.next_line(|line| line.case.as_deref() == Some(&case)).await
        };
        let answer = tokio::select! {
            answer = answer => Ok(answer),
            ended = stop => Err(ended),
        };
        match answer {
            Ok(Some(line)) => {
                let connected = line.connected.unwrap_or(false);
                let report = ClientReport {
                    ended: Ended::Answered { connected },
                    connected: line.connected,
                    unsupported: line.unsupported,
                    output: line.error.unwrap_or_default(),
                };
                (report, Some(self))
            }
            // It closed its output: it died, or is about to.
            Ok(None) => {
                let status = timeout(Duration::from_secs(1), self.process.wait()).await;
                // An exit status is no answer: a crash must not be taken for a refusal.
                let ended = match status.map(|status| status.map(ended)) {
                    Ok(Ok(Ended::Exited(code))) => {
                        Ended::Died(format!("the worker ended with status {code}, without an answer"))
                    }
                    Ok(Ok(ended)) => ended,
                    _ => Ended::Died("the worker closed its output without an answer".to_owned()),
                };
                (ClientReport { output: self.stop().await, ..ClientReport::ended(ended) }, None)
            }
            Err(ended) => (ClientReport { output: self.stop().await, ..ClientReport::ended(ended) }, None),
        }
    }

    /// The next line that is meant for us; other lines are log. `None` at the end of its output.
    async fn next_line(&mut self, wanted: impl Fn(&Line) -> bool) -> Option<Line> {
        for _ in 0..LOG_LINES {
            let mut bytes = Vec::new();
            let mut limited = tokio::io::AsyncReadExt::take(&mut self.lines, LINE_LIMIT);
            if limited.read_until(b'\n', &mut bytes).await.ok()? == 0 || bytes.last() != Some(&b'\n') {
                return None;
            }
            if let Ok(line) = serde_json::from_slice::<Line>(&bytes)
                && wanted(&line)
            {
                return Some(line);
            }
        }
        None
    }

    /// End of input, then the end of the process. Gives the end of its log.
    pub async fn stop(self) -> String {
        let Self { mut process, stdin, lines, .. } = self;
        drop((stdin, lines));
        let _ = timeout(Duration::from_millis(300), process.wait()).await;
        process.finish().await.0
    }
}
