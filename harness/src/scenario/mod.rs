//! Scenarios: TOML files that say what the server does, expanded to cases with stable ids (formats, section 4).

mod checks;
pub mod embedded;
mod expand;
mod live;
mod schema;

pub use checks::{Check, CheckTable, CheckTableError};
pub use expand::{Case, Suites, expand};
pub use live::{LiveSuites, LiveSuitesError};
pub use schema::{Axis, Control, Line, Pick, Scenario, ScenarioError, Subject, Tier};
