//! AWS services as names for floors: what the guide of a service asks of its clients, by edition.

use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use super::data_file::{DataError, Problem, Source};
use super::floor::{Edition, Floor, RawEdition, is_date};
use crate::registry::{nearest, shortened, suggestion};

/// A service, and what its guide asked at different times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The path below `services/`, without the ending.
    pub id: String,
    /// Its name at AWS.
    pub title: String,
    /// Newest first, never empty. The first is the one that is meant where none is named.
    pub editions: Vec<ServiceEdition>,
}

/// One dated wording of a service's guide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceEdition {
    /// What stands behind the `@`.
    pub name: String,
    /// The id of the floor that says the same.
    pub floor: String,
    /// The text.
    pub source: Edition,
}

/// `cloudhsm@2023`: a service and its edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceName {
    /// The id of the service.
    pub service: String,
    /// The name of the edition.
    pub edition: String,
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.service, self.edition)
    }
}

/// A service or an edition that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// No such service.
    #[error("unknown service {name:?}{}; known: {}", suggestion(.nearest), .known.join(", "))]
    Service {
        /// What was asked for.
        name: String,
        /// All services.
        known: Vec<String>,
        /// Those that are most alike.
        nearest: Vec<String>,
    },
    /// The service has no such edition.
    #[error("unknown edition {name:?} of service {service}{}; known, newest first: {}",
        suggestion(.nearest), .known.join(", "))]
    Edition {
        /// The service.
        service: String,
        /// What was asked for.
        name: String,
        /// All editions of the service.
        known: Vec<String>,
        /// Those that are most alike.
        nearest: Vec<String>,
    },
    /// Nothing stands behind the `@`.
    #[error("the edition behind {service}@ is missing; known, newest first: {}; {service} alone means the newest",
        .known.join(", "))]
    NoEdition {
        /// The service.
        service: String,
        /// All its editions, as `--service` takes them.
        known: Vec<String>,
    },
    /// An edition follows a floor that is not among those given.
    #[error("service {0} follows a floor that does not exist")]
    Floor(ServiceName),
}

/// What `NAME[@EDITION]` asks of clients: a floor of `floors` under its own id, with the service's title, and with the
/// text of the edition as its source. Without an edition the newest is meant.
///
/// # Errors
///
/// [`ServiceError`] if there is no such service or edition.
pub fn floor_of(wanted: &str, services: &[Service], floors: &[Floor]) -> Result<Floor, ServiceError> {
    let (name, edition) = match wanted.split_once('@') {
        Some((name, edition)) => (name, Some(edition)),
        None => (wanted, None),
    };
    let service = services.iter().find(|service| service.id == name).ok_or_else(|| {
        let known = || services.iter().map(|service| service.id.as_str());
        ServiceError::Service { name: shortened(name), known: owned(known()), nearest: near(name, known()) }
    })?;
    let edition = match edition {
        None => service.editions.first(),
        Some(wanted) => service.editions.iter().find(|edition| edition.name == wanted),
    };
    let edition = edition.ok_or_else(|| {
        let name = wanted.split_once('@').map_or("", |(_, edition)| edition);
        if name.is_empty() {
            let known = service.editions.iter().map(|edition| format!("{}@{}", service.id, edition.name));
            return ServiceError::NoEdition { service: service.id.clone(), known: known.collect() };
        }
        let known = || service.editions.iter().map(|edition| edition.name.as_str());
        ServiceError::Edition {
            service: service.id.clone(),
            name: shortened(name),
            known: owned(known()),
            nearest: near(name, known()),
        }
    })?;
    let name = ServiceName { service: service.id.clone(), edition: edition.name.clone() };
    let Some(floor) = floors.iter().find(|floor| floor.id == edition.floor) else {
        return Err(ServiceError::Floor(name));
    };
    // "AWS guides: TLS 1.2 required": what is asked for stands behind whose guides they are.
    let asked = floor.title.split_once(": ").map_or(floor.title.as_str(), |(_, asked)| asked);
    Ok(Floor {
        title: format!("{}: {asked}", service.title),
        source: edition.source.clone(),
        service: Some(name),
        ..floor.clone()
    })
}

fn owned<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    names.map(str::to_owned).collect()
}

fn near<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Vec<String> {
    owned(nearest(name, known).into_iter())
}

impl Service {
    /// The folder of this kind of file.
    pub const FOLDER: &'static str = "services";

    /// Parses a service. `floors` are the floors that its editions may name.
    pub fn parse(file: &str, text: &str, floors: &[Floor]) -> Result<Self, DataError> {
        let source = Source { file, text };
        let raw: RawService = source.read()?;
        let mut editions: Vec<ServiceEdition> = Vec::with_capacity(raw.edition.get_ref().len());
        if raw.edition.get_ref().is_empty() {
            return Err(source.error(raw.edition.span(), Problem::Empty { key: "edition" }));
        }
        for edition in raw.edition.get_ref() {
            let name = source.filled("name", &edition.name)?;
            // Dates, so that the newest can be told from the others.
            if !is_date(&name) {
                return Err(source.error(edition.name.span(), Problem::Date(shortened(&name))));
            }
            if editions.iter().any(|other| other.name == name) {
                let problem = Problem::Repeated { key: "edition", name: shortened(&name) };
                return Err(source.error(edition.name.span(), problem));
            }
            let floor = source.filled("floor", &edition.floor)?;
            if !floors.iter().any(|known| known.id == floor) {
                let known = floors.iter().map(|floor| floor.id.clone()).collect();
                let problem = Problem::UnknownFloor { id: shortened(&floor), known };
                return Err(source.error(edition.floor.span(), problem));
            }
            if let Some(newer) = editions.last().filter(|newer| newer.name <= name) {
                let problem = Problem::NotNewestFirst { newer: name, older: newer.name.clone() };
                return Err(source.error(edition.name.span(), problem));
            }
            editions.push(ServiceEdition { name, floor, source: edition.source.checked(&source)? });
        }
        let id = source.id(Self::FOLDER)?.to_owned();
        Ok(Self { id, title: source.filled("title", &raw.title)?, editions })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawService {
    title: Spanned<String>,
    edition: Spanned<Vec<RawServiceEdition>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawServiceEdition {
    name: Spanned<String>,
    floor: Spanned<String>,
    source: RawEdition,
}

#[cfg(test)]
mod tests;
