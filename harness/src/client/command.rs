//! A client that is started once per case.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tokio::process::Command;

use super::placeholder::{self, PlaceholderError};
use super::process::{Process, ended};
use super::report::{ClientReport, Ended};
use super::room::{CaseAddress, Room};

/// The exit code that says "I cannot run this case" (after BoringSSL's shim contract).
pub const UNSUPPORTED_EXIT: i32 = 89;

/// A command line with placeholders.
#[derive(Clone, Debug)]
pub struct CommandClient {
    /// The program, resolved; `argv[0]` of the adapter stands for it.
    pub program: PathBuf,
    /// The arguments behind the program.
    pub arguments: Vec<String>,
    pub env: BTreeMap<String, String>,
    /// Whether exit status 0 means "connected".
    pub exit_tells: bool,
    pub fix: Vec<String>,
    /// The folder of the adapter's own files.
    pub adapter_folder: PathBuf,
}

impl CommandClient {
    fn expand(&self, address: &CaseAddress) -> Result<Vec<String>, PlaceholderError> {
        let mut values = address.values();
        values.insert("adapter", self.adapter_folder.display().to_string());
        values.insert("fix", String::new());
        placeholder::expand(&self.arguments, &values, &self.fix)
    }

    /// Runs the program for one case until it ends or `stop` does.
    pub async fn run(
        &self,
        room: &Room,
        address: &CaseAddress,
        stop: impl Future<Output = Ended>,
    ) -> ClientReport {
        let arguments = match self.expand(address) {
            Ok(arguments) => arguments,
            Err(error) => return ClientReport::ended(Ended::NotStarted(error.to_string())),
        };
        if self.arguments.iter().any(|a| a.contains("{ca_p12}")) && !room.write_p12() {
            return ClientReport::ended(Ended::NotStarted(
                "cannot write the PKCS #12 trust store".to_owned(),
            ));
        }
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(&address.workdir).env_clear();
        let mark = address.workdir.display().to_string();
        command.envs(room.environment(&address.workdir, &mark, &self.env));
        let mut process = match Process::start(command, &mark, true) {
            Ok(process) => process,
            Err(error) => {
                return ClientReport::ended(Ended::NotStarted(format!(
                    "{}: {error}",
                    self.program.display()
                )));
            }
        };
        let ended = tokio::select! {
            status = process.wait() => match status {
                Ok(status) => ended(status),
                Err(error) => Ended::NotStarted(error.to_string()),
            },
            ended = stop => ended,
        };
        let (output, outlived) = process.finish().await;
        // Its sockets were closed by our killing it, not by its own decision.
        let ended = match ended {
            Ended::Exited(_) if outlived => {
                Ended::Died("processes of the client outlived it and had to be ended".to_owned())
            }
            ended => ended,
        };
        let connected = match ended {
            Ended::Exited(code) if self.exit_tells => Some(code == 0),
            _ => None,
        };
        let unsupported =
            (ended == Ended::Exited(UNSUPPORTED_EXIT)).then(|| last_line(&output, "exit code 89"));
        ClientReport { ended, connected, unsupported, output }
    }
}

fn last_line(output: &str, otherwise: &str) -> String {
    output.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or(otherwise).trim().to_owned()
}
