//! What can go wrong with the server itself. What the client did wrong is an [`Unmet`](crate::Unmet).

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The server did not come up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    #[error(
        "the program {program:?} was not found: run `cargo install --path .` in a checkout of shakedown, or name the \
         built program with the variable SHAKEDOWN or with MockServer::builder().program(path)"
    )]
    ProgramMissing { program: PathBuf },
    #[error("the program {program:?} could not be started: {source}")]
    CannotRun {
        program: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the server ended before it was ready ({status}){}", Said(.said))]
    Ended { status: String, said: String },
    #[error(
        "the server was not ready after {} s; MockServer::builder().start_timeout(...) gives it longer{}",
        .after.as_secs_f64(),
        Said(.said)
    )]
    NotReady { after: Duration, said: String },
    #[error("the server's output is not that of `shakedown serve`: {what}{}", Said(.said))]
    NotUnderstood { what: String, said: String },
    #[error(
        "the program {program:?} is shakedown {found}, and this crate needs {needed}: install the program from the same \
         checkout as the crate"
    )]
    OtherVersion { program: PathBuf, found: String, needed: &'static str },
    #[error("the server's CA {path:?} could not be read: {source}")]
    NoCa {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

/// The server did not stop in good order, so what it saw is not complete.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FinishError {
    #[error("the server ended by itself or in disorder ({status}){}", Said(.said))]
    Died { status: String, said: String },
    #[error(
        "the server had not stopped after {} s and was killed; MockServer::builder().finish_timeout(...) gives it longer{}",
        .after.as_secs_f64(),
        Said(.said)
    )]
    NotStopped { after: Duration, said: String },
    #[error("the server's output is not that of `shakedown serve`: {what}{}", Said(.said))]
    NotUnderstood { what: String, said: String },
    #[error("the server counts {counted} connections and reported {reported}")]
    LinesMissing { counted: usize, reported: usize },
}

/// What the program wrote to standard error, if anything.
struct Said<'a>(&'a str);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = self.0.trim();
        if said.is_empty() { Ok(()) } else { write!(f, "; it said: {said}") }
    }
}
