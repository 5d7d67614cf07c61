//! Connections: one listener per case, an engine over a socket, deadlines and limits.

mod listener;
mod memory;
mod session;
mod socket;

pub use listener::{CaseListener, PortBook};
pub use memory::{InMemory, run_in_memory};
pub use session::{ClientEnd, Session, Setup};
pub use socket::{Limits, Served, serve};
