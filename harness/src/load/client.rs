//! The client of a run: an engine that is ready to be opened, and the session that it comes back with.

use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::{Backend, CannotPlay, EndpointSpec, Prepared, Resumption, Role};

use super::fault::Fault;
use super::visit::{Setup, visit};

/// Why there is nothing to come back with.
#[derive(Debug, thiserror::Error)]
pub enum NoSession {
    #[error("{0}")]
    Fault(Fault),
    #[error("the server gave none")]
    NotGiven,
    #[error(transparent)]
    CannotPlay(#[from] CannotPlay),
}

/// Built once; connections only open it.
pub struct Client {
    backend: Arc<dyn Backend>,
    spec: EndpointSpec,
    /// Without a session.
    first: Box<dyn Prepared>,
    /// What connections open.
    current: Mutex<Arc<dyn Prepared>>,
}

impl Client {
    /// # Errors
    /// If the stack does not have what the specification asks for.
    pub fn new(backend: Arc<dyn Backend>, spec: EndpointSpec) -> Result<Self, CannotPlay> {
        let first = backend.prepare(Role::Client, &spec)?;
        // Opened once: some stacks say only then what they do not take.
        first.open()?;
        let current = Mutex::new(Arc::from(backend.prepare(Role::Client, &spec)?));
        Ok(Self { backend, spec, first, current })
    }

    pub fn must_resume(&self) -> bool {
        self.spec.resumption != Resumption::default()
    }

    pub(super) fn current(&self) -> Arc<dyn Prepared> {
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A full handshake, which does not count, for a session that all connections after it come back with.
    ///
    /// # Errors
    /// If the handshake fails, or gives no session.
    pub async fn take_session(&self, setup: &Setup) -> Result<(), NoSession> {
        let full = Setup { must_resume: false, ..setup.clone() };
        let done = visit(&full, &*self.first, true).await;
        done.result.map_err(NoSession::Fault)?;
        let session = Some(done.session.ok_or(NoSession::NotGiven)?);
        let spec = EndpointSpec { session, ..self.spec.clone() };
        let prepared = Arc::from(self.backend.prepare(Role::Client, &spec)?);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = prepared;
        Ok(())
    }
}
