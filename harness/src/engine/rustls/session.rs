//! Coming back with an earlier session.
//!
//! rustls takes a ticket of TLS 1.3 once and gives no copy of it (RFC 8446 C.4 has clients do so). So a session is a
//! pool: who comes back takes a ticket out of it, and puts in what the server gives for the next time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::client::{
    ClientSessionStore, Resumption as Library, Tls12ClientSessionValue, Tls12Resumption,
    Tls13ClientSessionValue,
};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, NamedGroup};

use super::super::{CannotPlay, Resumption};
use super::feature;

/// Tickets of TLS 1.3 kept at most.
const TICKETS: usize = 8;

/// A session with the configuration that it was made in: rustls resumes in no other, since another one might trust
/// other certificates.
#[derive(Clone)]
pub(super) struct Kept {
    config: Arc<ClientConfig>,
    pool: Arc<Pool>,
    server_name: Arc<str>,
}

impl Kept {
    /// For a first connection. The copy shares all but the pool.
    pub(super) fn new(config: &ClientConfig, resumption: Resumption, server_name: &Arc<str>) -> Self {
        let pool = Arc::new(Pool { tickets: resumption.tickets, given: Mutex::default() });
        let mut config = config.clone();
        // With tickets it takes session ids, too: rustls knows no tickets alone.
        let tls12 = if resumption.tickets {
            Tls12Resumption::SessionIdOrTickets
        } else {
            Tls12Resumption::SessionIdOnly
        };
        config.resumption = Library::store(Arc::<Pool>::clone(&pool)).tls12_resumption(tls12);
        Self { config: Arc::new(config), pool, server_name: Arc::clone(server_name) }
    }

    pub(super) fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }

    /// Something to come back with is there.
    pub(super) fn is_there(&self) -> bool {
        let given = self.pool.given();
        given.tls12.is_some() || !given.tls13.is_empty()
    }

    /// The same, for one who comes back. A resumed handshake looks at no certificate, so the name has to be the same.
    pub(super) fn resuming(&self, server_name: &str) -> Result<Self, CannotPlay> {
        if *self.server_name != *server_name {
            return Err(feature("a session of another server name"));
        }
        if !self.is_there() {
            return Err(feature("a session whose tickets are spent"));
        }
        Ok(self.clone())
    }
}

#[derive(Debug)]
struct Pool {
    /// Tickets of TLS 1.3 are taken.
    tickets: bool,
    given: Mutex<Given>,
}

#[derive(Debug, Default)]
struct Given {
    tls12: Option<Tls12ClientSessionValue>,
    /// Oldest first.
    tls13: VecDeque<Tls13ClientSessionValue>,
}

impl Pool {
    fn given(&self) -> MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All that is in it is of one server.
impl ClientSessionStore for Pool {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, session: Tls12ClientSessionValue) {
        self.given().tls12 = Some(session);
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.given().tls12.clone()
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {
        self.given().tls12 = None;
    }

    fn insert_tls13_ticket(&self, _: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        if !self.tickets {
            return;
        }
        let mut given = self.given();
        if given.tls13.len() == TICKETS {
            given.tls13.pop_front();
        }
        given.tls13.push_back(ticket);
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.given().tls13.pop_back()
    }
}
