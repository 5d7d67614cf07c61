//! OpenSSL, vendored, with everything weak compiled in: the only stack here that plays SSL 3 to TLS 1.3.
//!
//! The library is set up so that it *can* do what no client should accept: the legacy provider (RC4), security
//! level 0, SHA-1 and DSA signatures. Nobody ships such a build; as a client it is labelled `(harness build)`.

mod context;
mod engine;
mod known;
mod params;
mod random;
mod session;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use openssl::provider::Provider;
use openssl::ssl::SslContext;

use crate::pki::Identity;

use super::{Backend, CannotPlay, EndpointSpec, Engine, Prepared, Role, Session};

const ID: &str = "openssl";

/// Contexts kept at most; a context holds keys and parsed certificates (some 100 KiB).
const CONTEXT_CACHE: usize = 256;

/// The OpenSSL backend. Contexts are built once per specification and kept.
#[derive(Default)]
pub struct OpenSsl {
    contexts: Mutex<HashMap<String, Cached>>,
}

/// A context, and what its key names by address: held, so that no address comes to mean something else.
struct Cached {
    context: SslContext,
    _held: (Vec<Arc<Identity>>, Option<Arc<Vec<u8>>>),
}

impl OpenSsl {
    pub fn new() -> Self {
        Self::default()
    }

    /// Handshakes whose randomness comes from the stream of [`super::seeded`] wherever there is one, for fuzzing.
    /// Holds for every OpenSSL engine of the process from then on; without a stream they draw from the system as ever.
    ///
    /// # Panics
    /// If the library does not take the stream for its generator.
    pub fn seeded() -> Self {
        random::install();
        Self::default()
    }

    fn context(&self, role: Role, spec: &EndpointSpec) -> Result<SslContext, CannotPlay> {
        load_providers()?;
        let key = context::cache_key(role, spec);
        let mut contexts = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(context) = contexts.get(&key) {
            return Ok(context.context.clone());
        }
        let context = context::build(role, spec)?;
        if contexts.len() >= CONTEXT_CACHE {
            contexts.clear();
        }
        let held = (spec.identities.clone(), spec.trust.clone());
        contexts.insert(key, Cached { context: context.clone(), _held: held });
        Ok(context)
    }
}

impl Backend for OpenSsl {
    fn id(&self) -> &'static str {
        ID
    }

    fn version(&self) -> String {
        let text = openssl::version::version();
        text.split_whitespace().nth(1).unwrap_or(text).to_owned()
    }

    fn prepare(&self, role: Role, spec: &EndpointSpec) -> Result<Box<dyn Prepared>, CannotPlay> {
        Ok(Box::new(Ready {
            role,
            context: self.context(role, spec)?,
            server_name: spec.server_name.clone(),
            session: spec.session.clone(),
        }))
    }
}

struct Ready {
    role: Role,
    context: SslContext,
    server_name: String,
    session: Option<Session>,
}

impl Prepared for Ready {
    fn open(&self) -> Result<Box<dyn Engine>, CannotPlay> {
        let kept = self.session.as_ref().map(|Session(any)| {
            let other = CannotPlay::Feature { backend: ID.to_owned(), what: "sessions of another stack" };
            any.downcast_ref::<session::Kept>().ok_or(other)
        });
        let engine =
            engine::OpenSslEngine::new(self.role, &self.context, &self.server_name, kept.transpose()?)
                .map_err(|stack| configuration(&stack))?;
        Ok(Box::new(engine))
    }
}

/// Loads the legacy provider *with fallbacks retained*, once and before the first context: otherwise either RC4 or
/// everything else is missing.
fn load_providers() -> Result<(), CannotPlay> {
    static LEGACY: OnceLock<Result<Provider, String>> = OnceLock::new();
    match LEGACY.get_or_init(|| Provider::try_load(None, "legacy", true).map_err(|stack| stack.to_string())) {
        Ok(_) => Ok(()),
        Err(text) => Err(CannotPlay::Configuration { backend: ID.to_owned(), text: text.clone() }),
    }
}

fn configuration(stack: &openssl::error::ErrorStack) -> CannotPlay {
    CannotPlay::Configuration { backend: ID.to_owned(), text: stack.to_string() }
}
