//! Reporters: each consumes the events of a run and writes one format.
//!
//! A reporter cannot influence a run. It knows events ([`crate::run::events`]) and the words that stand in
//! them, nothing else of this crate; the caller gives it a writer, and learns of a broken pipe through the
//! `io::Error` of [`Reporter::event`].
//!
//! | reporter | writes | when |
//! | --- | --- | --- |
//! | [`JsonLines`] | one JSON object per event, `schema/events-1.json` | at once, flushed |
//! | [`Human`] | the table and its paragraphs | when the run has finished |
//! | [`Junit`] | one JUnit file | when the run has finished |
//! | [`Progress`] | a bar on a terminal's standard error | at once |
//!
//! Where a bar and a table share a terminal, the bar has to hear of each event first, so that it is gone
//! before the table is printed.

mod human;
mod json_lines;
mod junit;
mod progress;
mod text;

use std::io;

use crate::run::events::Event;

pub use human::{Human, HumanOptions};
pub use json_lines::JsonLines;
pub use junit::Junit;
pub use progress::Progress;
pub use text::{fold, printable};

/// Something that wants to hear what a run does.
pub trait Reporter {
    /// Takes note of one event. Events of one run come in order: `run-started`, then clients and their
    /// cases, then `run-finished`, also when the run was interrupted.
    ///
    /// # Errors
    ///
    /// Whatever writing came to. After an error the report is incomplete and further events are pointless.
    fn event(&mut self, event: &Event) -> io::Result<()>;
}
