//! What is asked, and in which order.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::registry::ProtocolVersion;

use super::ask::{Counters, Patience};
use super::crew::{Crew, Task};
use super::found::{Cost, Found};
use super::greet::greet;
use super::peer::Server;
use super::suites::{Preference, preference, suites};
use super::trouble::Trouble;

/// How a scan goes about it.
#[derive(Debug, Clone)]
pub struct Options {
    /// For `server_name`; none for an address.
    pub server_name: Option<String>,
    /// Connections at the same time.
    pub jobs: usize,
    pub patience: Patience,
}

/// Those with the most suites first: they take longest.
const ORDER: [ProtocolVersion; 5] = [
    ProtocolVersion::TLS1_2,
    ProtocolVersion::TLS1_1,
    ProtocolVersion::TLS1_0,
    ProtocolVersion::TLS1_3,
    ProtocolVersion::SSL3,
];

/// Asks a server everything.
pub fn scan(server: &dyn Server, options: &Options) -> Found {
    let started = Instant::now();
    let counters = Counters::default();
    let crew = Crew { server, jobs: options.jobs, counters: &counters, patience: options.patience };
    let mut found = Found { versions: BTreeMap::new(), trouble: None, cost: Cost::default() };
    if let Err(trouble) = fill(&crew, options, &mut found) {
        found.trouble = Some(trouble);
    }
    found.cost = Cost {
        connections: counters.connections.load(Ordering::Relaxed),
        retries: counters.retries.load(Ordering::Relaxed),
        time: started.elapsed(),
    };
    found
}

fn fill(crew: &Crew<'_>, options: &Options, found: &mut Found) -> Result<(), Trouble> {
    let name = options.server_name.as_deref();
    let greeting: Vec<Task<'_, _>> = vec![Box::new(move |asker| greet(asker, name))];
    crew.all(greeting)?.into_iter().collect::<Result<(), _>>()?;

    let enumerations =
        ORDER.map(|version| -> Task<'_, _> { Box::new(move |asker| suites(asker, version, name)) });
    let accepted = crew.all(enumerations.into())?;
    let preferences = accepted
        .iter()
        .map(|accepted| -> Task<'_, Preference> { Box::new(move |asker| preference(asker, accepted, name)) });
    let preferences = crew.all(preferences.collect())?;
    found.versions =
        accepted.into_iter().zip(preferences).map(|(found, order)| (found.version, (found, order))).collect();
    Ok(())
}
