//! The program from outside: exit codes, messages, reports, and clients that must not fool it.

#[path = "cli/bad_clients.rs"]
mod bad_clients;
#[path = "cli/baseline.rs"]
mod baseline;
#[path = "cli/canary.rs"]
mod canary;
#[path = "cli/clean_room.rs"]
mod clean_room;
#[path = "cli/http2.rs"]
mod http2;
#[path = "cli/interrupt.rs"]
mod interrupt;
#[path = "cli/known.rs"]
mod known;
#[path = "cli/pipes.rs"]
mod pipes;
#[path = "cli/replay.rs"]
mod replay;
#[path = "cli/reports.rs"]
mod reports;
#[path = "cli/services.rs"]
mod services;
#[path = "cli/skips.rs"]
mod skips;
#[path = "cli/support.rs"]
mod support;
#[path = "cli/usage.rs"]
mod usage;
