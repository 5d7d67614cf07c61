//! `--floor` and `--service`: what clients are held to.

use clap::Args;

use crate::policy::{Floor, floor_of};
use crate::run::catalogue::Catalogue;

use super::exit::Exit;

/// Names a floor, by itself or through a service; flattened into every command that judges.
#[derive(Clone, Debug, Args)]
pub struct FloorOptions {
    /// What clients are held to, see `shakedown list floors` [default: aws]
    #[arg(long, value_name = "ID", conflicts_with = "service")]
    floor: Option<String>,
    /// The same by a service: what its guide asks, now or in an older edition; see `shakedown list services`
    #[arg(long, value_name = "NAME[@EDITION]")]
    service: Option<String>,
}

impl FloorOptions {
    const DEFAULT: &str = "aws";

    /// For a command that judges only if one of them is named.
    pub fn given(floor: Option<String>, service: Option<String>) -> Option<Self> {
        (floor.is_some() || service.is_some()).then_some(Self { floor, service })
    }

    /// The floor that is meant. With `--service` it has the service's title and the page and date of its edition.
    pub fn resolve(&self, catalogue: &Catalogue) -> Result<Floor, Exit> {
        if let Some(service) = &self.service {
            return floor_of(service, &catalogue.services, &catalogue.floors)
                .map_err(|error| Exit::usage(error.to_string()));
        }
        by_id(self.floor.as_deref().unwrap_or(Self::DEFAULT), catalogue)
    }
}

/// A floor by its id; the error names the known ones.
pub fn by_id(id: &str, catalogue: &Catalogue) -> Result<Floor, Exit> {
    catalogue.floor(id).cloned().ok_or_else(|| {
        let known: Vec<&str> = catalogue.floors.iter().map(|f| f.id.as_str()).collect();
        Exit::usage(format!("unknown floor {id:?}; known: {}", known.join(", ")))
    })
}
