//! The command line: one file per command.

mod bench;
mod check;
mod clients;
mod exit;
mod explain;
mod floor;
mod list;
mod load;
mod matrix;
mod open_files;
mod options;
mod page;
mod policy;
mod replay;
mod scan;
mod serve;
mod signals;
mod sinks;
mod target;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::report::printable;

pub use exit::Exit;

const EXAMPLES: &str = "\
Examples:
  shakedown survey                                       judge every TLS client found on this machine
  shakedown check --client curl                          gate one of them: exit 1 on findings
  shakedown check -- my-client --ca {ca_pem} {url}       gate a program of yours
  shakedown check --client java --report junit:out.xml   and tell CI about it
  shakedown explain no-forward-secrecy                   what a finding means
  shakedown scan localhost:4433                          what a TLS server accepts
  shakedown load localhost:4433 --rate 100 --time 10 --insecure   new handshakes at a fixed rate
  shakedown bench --baseline last.json --fail-over 10%   whether a client's handshakes cost more
  shakedown serve --policy elb/ELBSecurityPolicy-2016-08   play a server by hand
  shakedown replay finding.toml --client curl            play a saved list of edits against a client
  shakedown policy list --breaks aws                     which AWS policies allow what the floor forbids

Exit codes: 0 pass or warn, 1 fail, 2 usage, 3 inconclusive, 4 nothing was run, 130 interrupted.";

/// Plays an AWS-style TLS server and says whether TLS clients refuse what they must refuse: anything below TLS 1.2,
/// anything without forward secrecy.
#[derive(Debug, Parser)]
#[command(name = "shakedown", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge every TLS client found on this machine; findings are its result, so it exits 0
    Survey(check::Survey),
    /// Gate clients that you name: exit 1 when one of them accepts what it must refuse
    Check(check::Check),
    /// Measure the processor time of a client's handshakes, and compare it with an earlier run
    Bench(bench::Bench),
    /// List scenarios, cases, suites, clients, floors or services
    List(list::List),
    /// Open connections to a server of yours at a fixed rate, and measure their handshakes
    Load(Box<load::Load>),
    /// Explain a finding, a scenario or a case
    Explain(explain::Explain),
    /// Play every policy on every built-in stack and compare with what the texts ask for
    Matrix(matrix::MatrixCommand),
    /// Play a server for other programs until it is stopped, and tell of every connection
    Serve(serve::Serve),
    /// List, show and compare what servers accept: the policies of AWS services, s2n-tls and guidelines
    Policy(policy::PolicyArgs),
    /// Play a saved edit list between a client and an honest server
    Replay(replay::Replay),
    /// Enumerate what a TLS server accepts
    Scan(Box<scan::Scan>),
}

/// Parses the command line and runs it.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output; a closed pipe there is no error.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { Exit::USAGE } else { Exit::GOOD });
        }
    };
    let result = match cli.command {
        Command::Survey(survey) => survey.run(),
        Command::Bench(bench) => bench.run(),
        Command::Check(check) => check.run(),
        Command::List(list) => list.run(),
        Command::Explain(explain) => explain.run(),
        Command::Load(load) => load.run(),
        Command::Matrix(matrix) => matrix.run(),
        Command::Policy(policy) => policy.run(),
        Command::Replay(replay) => replay.run(),
        Command::Scan(scan) => scan.run(),
        Command::Serve(serve) => serve.run(),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(exit) => {
            if let Some(message) = exit.message() {
                // A message has lines of its own; what it quotes may hold anything else.
                let lines: Vec<String> = message.lines().map(printable).collect();
                eprintln!("shakedown: {}", lines.join("\n"));
            }
            ExitCode::from(exit.code())
        }
    }
}

/// Says something on standard error, if anybody listens.
fn complain(text: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "shakedown: {}", printable(&text.to_string()));
}
