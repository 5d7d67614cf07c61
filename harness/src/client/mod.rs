//! Clients under test: engines in this process, closures, command lines and worker programs.

pub mod adapter;
mod command;
pub mod detect;
pub mod placeholder;
mod process;
mod report;
mod room;
pub mod worker;

pub use adapter::{Adapter, AdapterError};
pub use command::CommandClient;
pub use detect::{Detected, detect};
pub use process::end_all_orphans;
pub use report::{ClientReport, Ended};
pub use room::{CaseAddress, Room, RoomError};
pub use worker::{WorkerClient, WorkerFailure};
