//! What a scan has learned.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::registry::ProtocolVersion;

use super::suites::{Accepted, Preference};
use super::trouble::Trouble;

/// Everything that a scan has learned of a server.
#[derive(Debug, Clone)]
pub struct Found {
    /// Every version, oldest first; fewer if the scan could not begin or was interrupted.
    pub versions: BTreeMap<ProtocolVersion, (Accepted, Preference)>,
    /// Why the scan could not even begin.
    pub trouble: Option<Trouble>,
    pub cost: Cost,
}

/// What it took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    pub connections: u32,
    /// Connections because an earlier one had no clear answer.
    pub retries: u32,
    pub time: Duration,
}

impl Found {
    /// The versions in which the server accepts a suite, oldest first.
    pub fn accepted(&self) -> impl DoubleEndedIterator<Item = &Accepted> {
        self.versions.values().map(|(accepted, _)| accepted).filter(|accepted| !accepted.suites.is_empty())
    }
}
