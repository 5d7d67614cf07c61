//! Everything that the data files say, loaded and checked together.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::client::{Adapter, AdapterError};
use crate::policy::{DataError, Floor, Service};
use crate::scenario::{
    Case, CheckTable, CheckTableError, LiveSuites, LiveSuitesError, Scenario, ScenarioError, embedded, expand,
};

/// The loaded data.
#[derive(Clone, Debug)]
pub struct Catalogue {
    pub scenarios: Vec<Arc<Scenario>>,
    pub cases: Vec<Case>,
    pub checks: CheckTable,
    pub live: LiveSuites,
    pub floors: Vec<Floor>,
    pub services: Vec<Service>,
    pub adapters: Vec<Adapter>,
}

#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    #[error(transparent)]
    Checks(#[from] CheckTableError),
    #[error(transparent)]
    Live(#[from] LiveSuitesError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Adapter(#[from] AdapterError),
    #[error("case {0} exists twice")]
    Duplicate(String),
    #[error("scenario {0} expands to no case")]
    Empty(String),
    #[error("{scenario}.toml: checks: unknown check {check:?}; near: {near}")]
    UnknownCheck { scenario: String, check: String, near: String },
    #[error("{0} is missing from the embedded data")]
    Missing(&'static str),
}

impl Catalogue {
    /// Loads the embedded data, and the scenarios of `overlay` files (path, text) beside them.
    pub fn load(overlay: &[(String, String)]) -> Result<Self, CatalogueError> {
        let text = |path: &'static str| embedded::file(path).ok_or(CatalogueError::Missing(path));
        let mut checks = CheckTable::default();
        checks.add("checks/client.csv", text("checks/client.csv")?, "server_does", "client_must")?;
        checks.add("checks/server.csv", text("checks/server.csv")?, "client_offers", "server_must")?;
        let live = LiveSuites::parse("live.txt", text("live.txt")?)?;
        let mut scenarios = Vec::new();
        let built_in = ["client", "server"].into_iter().flat_map(embedded::files_below);
        for (path, text) in built_in {
            scenarios.push(Arc::new(Scenario::parse(path, text)?));
        }
        for (path, text) in overlay {
            scenarios.push(Arc::new(Scenario::parse(path, text)?));
        }
        let cases = expand_all(&scenarios, &live, &checks)?;
        let floors = embedded::files_below("floors")
            .map(|(path, text)| Floor::parse(path, text))
            .collect::<Result<Vec<_>, _>>()?;
        let services = embedded::files_below("services")
            .map(|(path, text)| Service::parse(path, text, &floors))
            .collect::<Result<_, _>>()?;
        let adapters = embedded::files_below("adapters")
            .filter(|(path, _)| path.ends_with(".toml"))
            .map(|(path, text)| Adapter::parse(path, text))
            .collect::<Result<_, _>>()?;
        Ok(Self { scenarios, cases, checks, live, floors, services, adapters })
    }

    pub fn floor(&self, id: &str) -> Option<&Floor> {
        self.floors.iter().find(|floor| floor.id == id)
    }
}

/// Expands and lints: unique ids, nothing empty, no unknown check.
fn expand_all(
    scenarios: &[Arc<Scenario>],
    live: &LiveSuites,
    checks: &CheckTable,
) -> Result<Vec<Case>, CatalogueError> {
    let mut cases = Vec::new();
    let mut ids = BTreeSet::new();
    for scenario in scenarios {
        if let Some(check) = scenario.checks.iter().find(|id| checks.get(id).is_none()) {
            let (scenario, check) = (scenario.id.clone(), check.clone());
            let near = checks.nearest(&check).join(", ");
            return Err(CatalogueError::UnknownCheck { scenario, check, near });
        }
        let expanded = expand(scenario, live);
        if expanded.is_empty() {
            return Err(CatalogueError::Empty(scenario.id.clone()));
        }
        for case in expanded {
            if !ids.insert(case.id.clone()) {
                return Err(CatalogueError::Duplicate(case.id));
            }
            cases.push(case);
        }
    }
    Ok(cases)
}
