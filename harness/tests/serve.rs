//! `serve` from outside: its lines, its page, its limits, and how it stops.

#[path = "serve/client.rs"]
mod client;
#[path = "serve/faults.rs"]
mod faults;
#[path = "serve/limits.rs"]
mod limits;
#[path = "serve/lines.rs"]
mod lines;
#[path = "serve/scanned.rs"]
mod scanned;
#[path = "serve/server.rs"]
mod server;
#[path = "serve/soak.rs"]
mod soak;
#[path = "serve/stopping.rs"]
mod stopping;
#[path = "serve/usage.rs"]
mod usage;
