//! Connections: one listener per case, an engine over a socket, deadlines and limits.

mod answer;
mod listener;
mod memory;
mod session;
mod socket;
mod stream;
mod tapped;

pub use listener::{BindError, Listener, PortBook};
pub use memory::{InMemory, run_in_memory};
pub use session::Session;
pub use socket::{Limits, Served, serve};
pub use stream::TappedStream;
pub use tapped::{ClientEnd, Setup, Tapped};
