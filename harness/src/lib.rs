//! shakedown: a test harness for TLS handshakes.
//!
//! It plays an AWS-style TLS server whose policy you choose (or that lies on purpose), lets a client connect, and
//! says whether the client refused what it must refuse: anything below TLS 1.2, anything without forward secrecy.
//! The map of the modules is in `harness/ARCHITECTURE.md`.

// An `expect` states its invariant as the reason of its attribute. Output goes through a writer, so that a closed
// pipe is no panic. Only `main` ends the process.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::exit)]

pub mod bench;
pub mod cli;
pub mod client;
pub mod edit;
pub mod engine;
pub mod faults;
pub mod fit;
pub mod fuzzing;
pub mod judge;
pub mod load;
pub mod matrix;
pub mod net;
pub mod observe;
pub mod oracle;
pub mod pki;
pub mod policy;
pub mod probe;
pub mod registry;
pub mod regress;
pub mod replay;
pub mod report;
pub mod run;
pub mod scan;
pub mod scenario;
pub mod serve;
pub mod wire;
