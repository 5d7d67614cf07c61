//! The scanner, against servers of which everything is known: engines in memory, liars, real programs.

#[path = "scan/compare.rs"]
mod compare;
#[path = "scan/doubts.rs"]
mod doubts;
#[path = "scan/fields.rs"]
mod fields;
#[path = "scan/hostile.rs"]
mod hostile;
#[path = "scan/memory.rs"]
mod memory;
#[path = "scan/page.rs"]
mod page;
#[path = "scan/policies.rs"]
mod policies;
#[path = "scan/port.rs"]
mod port;
#[path = "support/programs.rs"]
mod programs;
#[path = "scan/run.rs"]
mod run;
#[path = "scan/servers.rs"]
mod servers;
#[path = "scan/sessions.rs"]
mod sessions;
#[path = "scan/troubles.rs"]
mod troubles;
