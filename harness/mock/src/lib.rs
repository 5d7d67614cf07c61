#![doc = include_str!("../README.md")]
// An `expect` states its invariant as the reason of its attribute.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::exit)]

mod builder;
mod child;
mod error;
mod finished;
mod implied;
mod lines;
mod names;
mod policy;
mod refusal;
mod server;
mod server_line;
#[cfg(test)]
mod tests;
mod trial;
mod unmet;

pub use builder::{Backend, Certificate, MockServerBuilder};
pub use error::{FinishError, StartError};
pub use finished::Finished;
pub use lines::{Connection, Offers, Outcome, Reach, Side, Verdict};
pub use server::MockServer;
pub use unmet::{Reason, Unmet};

/// Compiles what the README of the whole project shows.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct ReadmeOfTheProject;
