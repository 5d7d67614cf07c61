//! The bodies of all fuzz targets: ordinary functions from bytes to what was seen.
//!
//! The crate `fuzz/` hands them libFuzzer's inputs, a few lines per target; plain `cargo test` replays corpora, regressions
//! and seeds through the same functions on stable Rust. A target that finds something panics, and its message begins with
//! `ORACLE` and the label of the rule that was broken, by which findings are told apart. `fuzz/README.md` says how to run
//! a campaign.
//!
//! Each target is a constant, and a binary names its own alone, so that it is linked with nothing else: libFuzzer looks at
//! every edge of the binary after each input, and a target that needs no TLS stack is several times faster without.

mod cell;
mod codec;
mod crash;
mod dictionary;
pub mod draw;
mod hello;
mod lab;
mod mitm;
mod mutate;
mod negotiate;
#[cfg(feature = "faults")]
mod planted;
mod policy;
mod scenario;
mod seeds;
pub mod semantic;
mod session;
mod verdict;
mod wary;

use std::fmt;

use crate::edit::Saved;

pub use dictionary::dictionary;
pub use mutate::{Plain, mutate};
pub use seeds::Seed;

/// A target: [`Target::run`] is what libFuzzer calls.
#[derive(Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    /// What it asserts, in one line.
    pub about: &'static str,
    /// Longest input in bytes: beyond it nothing new can be said.
    pub max_len: usize,
    /// Whether the words of `fuzz/tls.dict` are of use: the input, or a part of it, is the wire's own bytes.
    pub dictionary: bool,
    /// What a clean run means.
    pub purpose: Purpose,
    prepare: fn(),
    body: fn(&[u8]) -> Seen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Nothing was found.
    Search,
    /// The net itself is torn: this one has to crash.
    SelfTest,
}

/// What came of one input. Equal inputs give equal ones, which the tests hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// In words, and short: it tells kinds of behaviour apart, not inputs.
    pub summary: String,
    /// A handshake was completed.
    pub completed: bool,
}

impl Seen {
    fn new(summary: impl fmt::Display) -> Self {
        Self { summary: summary.to_string(), completed: false }
    }
}

impl Target {
    /// Inputs to begin with, the same in every build.
    ///
    /// Not in the table: a binary that plays one target would be linked with what records the seeds of all.
    pub fn seeds(&self) -> Vec<Seed> {
        match self.name {
            "codec_bytes" => seeds::wire(),
            "server_bytes" => session::client_flights(),
            "client_bytes" => session::server_flights(),
            "mitm" => mitm::seeds(),
            "scenario_parse" => seeds::files(),
            // A typed target draws a whole value out of no bytes at all.
            _ => Vec::new(),
        }
    }

    /// Builds what the target needs before its first input, so that none of it counts as the input's coverage; and refuses a
    /// build in which nothing could be found.
    ///
    /// # Panics
    /// In such a build.
    pub fn prepare(&self) {
        (self.prepare)();
    }

    /// Plays one input. Longer ones than [`Target::max_len`] are cut.
    ///
    /// # Panics
    /// If something was found: the message begins with `ORACLE`.
    pub fn run(&self, input: &[u8]) -> Seen {
        (self.body)(&input[..input.len().min(self.max_len)])
    }
}

impl Target {
    /// The same work without what is asserted, for a measure of what asserting costs; `None` where there is no such thing.
    pub fn bare(&self) -> Option<fn(&[u8])> {
        match self.name {
            "server_bytes" => Some(session::bare_server),
            "client_bytes" => Some(session::bare_client),
            "server_select" => Some(negotiate::bare_select),
            "diff_negotiate" => Some(negotiate::bare_compare),
            // Without edits: a like measure for inputs that complete alone.
            "mitm" => Some(mitm::bare),
            _ => None,
        }
    }
}

/// All targets, in the order in which `make fuzz-all` plays them.
pub const TARGETS: &[Target] = &[
    CODEC_BYTES,
    CODEC_STRUCT,
    POLICY_MODEL,
    SERVER_SELECT,
    DIFF_NEGOTIATE,
    SERVER_BYTES,
    CLIENT_BYTES,
    MITM,
    SCENARIO_PARSE,
    VERDICT,
    MUST_CRASH,
];

pub const CODEC_BYTES: Target = Target {
    name: "codec_bytes",
    about: "what decodes encodes to the same bytes, is within its bounds, and nothing panics",
    max_len: 4096,
    dictionary: true,
    purpose: Purpose::Search,
    prepare: nothing,
    body: codec::bytes,
};

pub const CODEC_STRUCT: Target = Target {
    name: "codec_struct",
    about: "what is encoded decodes to the same, however the records are cut",
    max_len: 1024,
    dictionary: false,
    purpose: Purpose::Search,
    prepare: nothing,
    body: codec::structs,
};

pub const POLICY_MODEL: Target = Target {
    name: "policy_model",
    about: "the oracle and the naive model give one answer, and it obeys the policy",
    max_len: 256,
    dictionary: false,
    purpose: Purpose::Search,
    prepare: nothing,
    body: policy::model,
};

pub const SERVER_SELECT: Target = Target {
    name: "server_select",
    about: "no first flight of a stack breaks its server's policy",
    max_len: 512,
    dictionary: false,
    purpose: Purpose::Search,
    prepare: lab::prepare,
    body: negotiate::select,
};

pub const DIFF_NEGOTIATE: Target = Target {
    name: "diff_negotiate",
    about: "oracle, OpenSSL, rustls and s2n give one answer to a hello, but for documented quirks",
    max_len: 512,
    dictionary: false,
    purpose: Purpose::Search,
    prepare: lab::prepare,
    body: negotiate::compare,
};

pub const SERVER_BYTES: Target = Target {
    name: "server_bytes",
    about: "a server completes a handshake only with the transcript and the Finished that its client sent",
    max_len: 8192,
    dictionary: true,
    purpose: Purpose::Search,
    prepare: session::prepare,
    body: session::server_bytes,
};

pub const CLIENT_BYTES: Target = Target {
    name: "client_bytes",
    about: "a client completes a handshake only with the transcript and the Finished that its server sent",
    max_len: 8192,
    dictionary: true,
    purpose: Purpose::Search,
    prepare: session::prepare,
    body: session::client_bytes,
};

pub const MITM: Target = Target {
    name: "mitm",
    about: "whoever edits what crosses without keys changes nothing that both ends complete",
    max_len: 256,
    dictionary: false,
    purpose: Purpose::Search,
    prepare: mitm::prepare,
    body: mitm::mitm,
};

pub const SCENARIO_PARSE: Target = Target {
    name: "scenario_parse",
    about: "files of users are read or refused; a policy has what its file states; edit lists print and read again as the same",
    max_len: 4096,
    dictionary: false,
    purpose: Purpose::Search,
    prepare: nothing,
    body: scenario::parse,
};

pub const VERDICT: Target = Target {
    name: "verdict",
    about: "no trace of a weak or unproven session is a pass",
    max_len: 256,
    dictionary: false,
    purpose: Purpose::Search,
    prepare: lab::prepare_floor,
    body: verdict::judge_traces,
};

pub const MUST_CRASH: Target = Target {
    name: "must_crash",
    about: "the self-test: a campaign that finds nothing here finds nothing anywhere",
    max_len: 64,
    dictionary: false,
    purpose: Purpose::SelfTest,
    prepare: nothing,
    body: crash::must_crash,
};

const fn nothing() {}

/// The target of that name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Plays a saved edit list of the target `mitm` on the pair in memory that it names.
///
/// # Errors
/// The names of the pairs, if it names none of them.
///
/// # Panics
/// If the oracle is broken, as in the target.
pub fn replay_edits(saved: &Saved) -> Result<Seen, UnknownCell> {
    mitm::replay(saved).ok_or_else(|| UnknownCell { named: saved.cell.clone(), known: mitm::names() })
}

/// A saved edit list that names no pair in memory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no cell {named:?}; known: {}", known.join(", "))]
pub struct UnknownCell {
    pub named: Option<String>,
    pub known: Vec<String>,
}
