//! The mock server for people and their programs: plays a policy, a case or a forced session until it is told to stop,
//! answers every request with a page that says what was negotiated, and tells of every connection on a line of JSON.
//!
//! It uses the same listener, engines, edits and tap as `check`. It judges single connections, and says no more of them
//! than one connection can show: whether a client *refuses* takes the controls of `check`.

mod certificates;
mod connection;
mod judged;
mod line;
mod page;
mod play;
mod server;

pub use certificates::for_policy;
pub use judged::Judged;
pub use line::{ConnectionLine, Line, Offers, Outcome, Ready, Reloaded, Stopped};
pub use play::{CertificateChoice, PlayError, policy_stage};
pub use server::{Limits, Served, Server, Staged};
