//! A lie is an edit: one deviation from an honest flight. Scenarios name their edits in TOML, fuzz targets draw them, a
//! saved finding is a list of them.

mod change;
mod editor;
mod hello;
mod lane;
mod messages;
mod place;
mod records;
mod saved;
#[cfg(test)]
mod tests;
mod toml;

use std::fmt;

pub use change::{Change, Sentinel};
pub use editor::{Editor, Fate};
pub use place::{Place, Sender, UnknownPlace};
pub use records::without_record_versions;
pub use saved::{Saved, SavedError};
pub use toml::{EditError, MAX_EDITS, parse_list, print_list};

/// One deviation from an honest flight.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Edit {
    pub at: Place,
    pub change: Change,
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.change)
    }
}
