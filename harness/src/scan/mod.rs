//! Enumerates what a TLS server accepts.
//!
//! Hellos are written by `wire`, and of most answers no more than the first flight is read. Everything but [`Remote`]
//! works on [`Server`], which can be a socket or an engine in memory. A refusal has an author: an alert of the
//! server's, or its closing the connection twice while it still answers another hello. All else is a [`Trouble`].

mod ask;
mod crew;
mod dial;
mod found;
mod greet;
mod peer;
mod plan;
mod question;
mod suites;
mod trouble;

pub use ask::{Patience, Refusal};
pub use dial::{Remote, find};
pub use found::{Cost, Found};
pub use peer::{End, Peer, Server};
pub use plan::{Options, scan};
pub use question::Size;
pub use suites::{Accepted, Ended, Preference};
pub use trouble::Trouble;
