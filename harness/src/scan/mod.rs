//! Enumerates what a TLS server accepts.
//!
//! Hellos are written by `wire`, and of most answers no more than the first flight is read. Everything but [`Remote`]
//! works on [`Server`], which can be a socket or an engine in memory. A refusal has an author: an alert of the
//! server's, or its closing the connection twice while it still answers another hello. All else is a [`Trouble`].

mod ask;
mod certificate;
mod compare;
mod crew;
mod dial;
mod floor;
mod found;
mod greet;
mod known;
mod lists;
mod peer;
mod plan;
mod proposed;
mod question;
mod sessions;
mod signals;
mod suites;
mod trouble;

pub use ask::{Patience, Refusal};
pub use certificate::Chain;
pub use compare::{Comparison, Difference, Source};
pub use dial::{Deadlines, Remote, find};
pub use floor::{Broken, broken};
pub use found::{Cost, Found, Resumed};
pub use known::Known;
pub use lists::Listed;
pub use peer::{End, Peer, Server};
pub use plan::{Options, scan};
pub use proposed::Proposed;
pub use question::Size;
pub use suites::{Accepted, Ended, Preference};
pub use trouble::Trouble;
