//! Connections: one listener per case, an engine over a socket, deadlines and limits.

mod answer;
mod case_connection;
mod ending;
mod listener;
mod memory;
mod socket;
mod stream;
mod tapped;

pub use case_connection::CaseConnection;
pub use ending::ClientEnd;
pub use listener::{BindError, Listener, PortBook};
pub use memory::{InMemory, run_in_memory};
pub use socket::{Limits, Served, serve};
pub use stream::TappedStream;
pub use tapped::{Setup, Tapped};
