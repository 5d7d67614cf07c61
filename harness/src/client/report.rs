//! What a client program itself said of a case.

/// How the program, or its answer to a case, ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Exit status.
    Exited(i32),
    /// Signal number.
    Signalled(i32),
    /// A worker's or closure's answer.
    Answered { connected: bool },
    /// Ended by us at the deadline.
    TimedOut,
    /// The run was interrupted.
    Interrupted,
    /// Gone without the answer that it owed: a worker that died, a closure that panicked.
    Died(String),
    /// Could not be started.
    NotStarted(String),
}

/// A client's own account of a case. The wire decides; this is compared with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientReport {
    pub ended: Ended,
    /// Whether the program says that it connected; `None` where it says nothing.
    pub connected: Option<bool>,
    /// Why it cannot run the case (exit code 89, or a worker's `unsupported`).
    pub unsupported: Option<String>,
    /// The end of what it printed, for people.
    pub output: String,
}

impl ClientReport {
    pub fn ended(ended: Ended) -> Self {
        Self { ended, connected: None, unsupported: None, output: String::new() }
    }
}
