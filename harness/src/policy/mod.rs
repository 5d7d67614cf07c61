//! What a server accepts ([`Policy`]) and what a client is held to ([`Floor`], or by the name of a [`Service`]).
//!
//! All are plain data with a TOML form. This module parses and checks them and decides nothing: what
//! follows from a policy is said by `oracle`. Texts come in as `&str` together with the file's name; every
//! error names the file, the line and what would have been allowed.

mod catalogue;
mod data_file;
mod floor;
mod lender;
mod provenance;
mod references;
mod resolve;
mod server;
mod service;

pub use catalogue::{Catalogue, LookupError, Origin};
pub use data_file::{DataError, Problem, Source};
pub use floor::{Edition, Floor, Treatment};
pub use lender::{Borrowed, Lender};
pub use provenance::{Certainty, Provenance, Statement, Status};
pub use references::{Reference, ReferenceKind, References};
pub use resolve::parse_policies;
pub use server::{NotPlayable, Order, Policy};
pub use service::{Service, ServiceEdition, ServiceError, ServiceName, floor_of};
