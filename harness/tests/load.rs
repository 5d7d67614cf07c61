//! `load` from outside: what it counts, what it measures, and what it does not let itself be told.

#[path = "load/bounds.rs"]
mod bounds;
#[path = "load/errors.rs"]
mod errors;
#[path = "load/page.rs"]
mod page;
#[path = "support/programs.rs"]
mod programs;
#[path = "load/resume.rs"]
mod resume;
#[path = "load/run.rs"]
mod run;
#[path = "load/server.rs"]
mod server;
#[path = "load/servers.rs"]
mod servers;
#[path = "load/stalls.rs"]
mod stalls;
