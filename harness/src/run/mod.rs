//! Running cases: controls, schedule, events.

pub mod baseline;
pub mod catalogue;
pub mod client;
pub mod controls;
mod course;
pub mod events;
mod evidence;
pub mod known;
pub mod lint;
pub mod live;
pub mod one;
pub mod play;
pub mod runner;
#[cfg(test)]
mod samples;
pub mod scope;
pub mod stage;
mod tally;
