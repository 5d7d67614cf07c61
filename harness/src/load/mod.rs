//! Load on a TLS server of one's own: new handshakes at a fixed rate, and what each of them took.
//!
//! The loop is open: starts are scheduled at fixed instants ([`Pace`]), whatever became of the ones before, and a latency
//! runs from the scheduled instant. A generator that waits for an answer before it starts the next handshake asks a stalled
//! server once and not a thousand times ("coordinated omission"), so its percentiles hide the stall.
//!
//! A client's handshake is done before the server has seen its Finished (RFC 8446 2, and RFC 5246 7.3 for an abbreviated
//! one), so it counts only once the server has confirmed it: see [`Confirmation`].

mod client;
mod fault;
mod pace;
mod processor;
mod run;
mod tally;
mod visit;

pub use client::{Client, NoSession};
pub use fault::Fault;
pub use pace::{LATE, Pace, Rate, Start};
pub use processor::{Processor, Unreadable, own_time};
pub use run::{Live, Load, Report, run};
pub use tally::{Latencies, Tally};
pub use visit::{Confirmation, Handshake, Setup, Visit};
