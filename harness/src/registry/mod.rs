//! Code points and the facts about them.
//!
//! The facts come from one place, the tables in `data/*.csv`, which are embedded and parsed once. What
//! the harness *concludes* from a fact (forward secrecy, authentication, strength) is derived by an
//! exhaustive match in [`SuiteFacts`], never read from a suite's name and never from the columns that
//! state the conclusion: those columns are the expectations of the tests.
//!
//! Unknown values are legal everywhere. [`suite`], [`group`] and [`scheme`] answer `None` for a value that
//! nobody registered, and `Display` prints such a value as hex.

mod alert;
mod codepoint;
mod group;
mod kinds;
mod names;
mod scheme;
mod suite;
mod table;

pub use alert::{AlertFacts, alert, alerts};
pub use codepoint::{
    AlertDescription, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme, UnknownVersion,
};
pub use group::{GroupFacts, GroupFamily, group, group_by_name, groups};
pub use kinds::{
    Authentication, Cipher, CipherMode, CipherStrength, ForwardSecrecy, KeyExchange, Mac, SuiteKind,
    UnknownValue,
};
pub use names::{
    UnknownGroup, UnknownScheme, UnknownSuite, nearest, nearest_group_names, nearest_scheme_names,
    nearest_suite_names, ranked, shortened, suggestion,
};
pub use scheme::{Hash, KeyAlgorithm, SchemeFacts, scheme, scheme_by_name, schemes};
pub use suite::{SuiteFacts, suite, suite_by_name, suite_by_openssl_name, suites};
pub use table::TableError;
