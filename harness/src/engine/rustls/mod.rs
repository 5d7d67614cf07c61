//! rustls 0.23 with aws-lc-rs: TLS 1.2 and 1.3, forward-secret AEAD suites only.
//!
//! As a client under test it is opened with an [`EndpointSpec`] whose lists are empty: the library's own defaults.

mod config;
mod engine;
mod peers;
mod seeded;
mod session;
mod signer;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::pki::Identity;

use super::{Backend, CannotPlay, EndpointSpec, Engine, Prepared, Resumption, Role, Session};

const ID: &str = "rustls";

/// Configurations kept at most.
const CONFIG_CACHE: usize = 256;

/// The rustls backend. Configurations are built once per specification and kept.
#[derive(Default)]
pub struct Rustls {
    configs: Mutex<HashMap<String, Cached>>,
    is_seeded: bool,
}

/// A configuration, and what its key names by address: held, so that no address comes to mean something else.
struct Cached {
    config: config::Config,
    _held: (Vec<Arc<Identity>>, Option<Arc<Vec<u8>>>),
}

impl Rustls {
    pub fn new() -> Self {
        Self::default()
    }

    /// Handshakes whose randomness comes from the stream of [`super::seeded`], for fuzzing: never for others.
    pub fn seeded() -> Self {
        Self { is_seeded: true, ..Self::default() }
    }

    fn config(&self, role: Role, spec: &EndpointSpec) -> Result<config::Config, CannotPlay> {
        let key = config::cache_key(role, spec);
        let mut configs = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = configs.get(&key) {
            return Ok(config.config.clone());
        }
        let config = config::build(role, spec, self.is_seeded)?;
        if configs.len() >= CONFIG_CACHE {
            configs.clear();
        }
        let held = (spec.identities.clone(), spec.trust.clone());
        configs.insert(key, Cached { config: config.clone(), _held: held });
        Ok(config)
    }
}

impl Backend for Rustls {
    fn id(&self) -> &'static str {
        ID
    }

    fn version(&self) -> String {
        env!("SHAKEDOWN_RUSTLS_VERSION").to_owned()
    }

    fn prepare(&self, role: Role, spec: &EndpointSpec) -> Result<Box<dyn Prepared>, CannotPlay> {
        Ok(Box::new(Ready {
            config: self.config(role, spec)?,
            server_name: spec.server_name.as_str().into(),
            resumption: spec.resumption,
            session: spec.session.clone(),
        }))
    }
}

struct Ready {
    config: config::Config,
    server_name: Arc<str>,
    resumption: Resumption,
    session: Option<Session>,
}

impl Ready {
    /// What a client comes back with, or is to be resumed by.
    fn kept(&self) -> Result<Option<session::Kept>, CannotPlay> {
        let config::Config::Client(config) = &self.config else { return Ok(None) };
        if let Some(Session(any)) = &self.session {
            let kept = any.downcast_ref::<session::Kept>().ok_or(feature("sessions of another stack"))?;
            return kept.resuming(&self.server_name).map(Some);
        }
        let is_asked = self.resumption != Resumption::default();
        Ok(is_asked.then(|| session::Kept::new(config, self.resumption, &self.server_name)))
    }
}

impl Prepared for Ready {
    fn open(&self) -> Result<Box<dyn Engine>, CannotPlay> {
        let kept = self.kept()?;
        let connection = match &kept {
            Some(kept) => config::connect(kept.config(), &self.server_name)?,
            None => self.config.connect(&self.server_name)?,
        };
        Ok(Box::new(engine::RustlsEngine::new(connection, kept)))
    }
}

fn configuration(error: impl std::fmt::Display) -> CannotPlay {
    CannotPlay::Configuration { backend: ID.to_owned(), text: error.to_string() }
}

fn feature(what: &'static str) -> CannotPlay {
    CannotPlay::Feature { backend: ID.to_owned(), what }
}
