//! What a handshake costs a client, for whoever ships one: measured, written down, and compared with an earlier run.
//!
//! Of a program it is the processor time that the system accounts to it ([`usage`]) while it plays handshakes against the
//! strong server of one version; a handshake counts only if both the server and the client say that it was completed. Of
//! the stacks that are built in it is the time of each end's thread, and what does not wobble: flights, records, bytes.

mod compare;
mod in_process;
mod program;
mod record;
pub mod usage;

#[cfg(test)]
mod tests;

pub use compare::{Comparison, Finding, Outcome, compare};
pub use in_process::InProcess;
pub use program::Program;
pub use record::{
    Conditions, Figures, LARGEST_FILE, MOST_HANDSHAKES, MOST_ROUNDS, Origin, Record, RecordKind, Row, SCHEMA,
    Spread, Unreadable,
};

use crate::registry::ProtocolVersion;

/// What is measured of every client, a row each.
pub const VERSIONS: [ProtocolVersion; 2] = [ProtocolVersion::TLS1_3, ProtocolVersion::TLS1_2];

/// A handshake in memory takes so little that a round has this many times as many.
pub const IN_PROCESS_FACTOR: u32 = 25;

/// What one round of a row came to, in microseconds of processor time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Round {
    /// Per handshake.
    pub client: f64,
    /// Per handshake, where the server is measured, too.
    pub server: Option<f64>,
    /// Of starting the client once, without a handshake.
    pub start: Option<f64>,
}

/// Why a round has no number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoRound {
    Interrupted,
    /// The client did not complete a handshake, or its time cannot be told.
    Failed(String),
    /// This program is at fault.
    Harness(String),
}
