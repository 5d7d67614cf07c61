//! Coming back with an earlier session.

use std::sync::Arc;

use super::super::CannotPlay;
use super::feature;
use super::handle::Config;

/// Where a session is made and belongs.
#[derive(Clone)]
pub(super) struct Place {
    config: Arc<Config>,
    server_name: Arc<str>,
}

/// A session with its place.
pub(super) struct Kept {
    place: Place,
    session: Vec<u8>,
}

impl Place {
    pub(super) fn new(config: Arc<Config>, server_name: &str) -> Self {
        Self { config, server_name: server_name.into() }
    }

    pub(super) fn keep(&self, session: Vec<u8>) -> Kept {
        Kept { place: self.clone(), session }
    }

    pub(super) fn config(&self) -> &Arc<Config> {
        &self.config
    }
}

impl Kept {
    /// For one who comes back. A resumed handshake looks at no certificate, so the name has to be the same.
    pub(super) fn resuming(&self, server_name: &str) -> Result<(&Place, &[u8]), CannotPlay> {
        if *self.place.server_name == *server_name {
            Ok((&self.place, &self.session))
        } else {
            Err(feature("a session of another server name"))
        }
    }
}
