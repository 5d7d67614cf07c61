//! ClientHellos written by `wire`, and the first flights that servers answer, read without keys.

mod flight;
mod hello;

pub use flight::{Flight, FlightError, FlightReader};
pub use hello::{key_share, records};
