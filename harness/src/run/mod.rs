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
pub mod stage;
mod tally;
