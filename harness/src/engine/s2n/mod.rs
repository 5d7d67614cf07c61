//! s2n-tls, AWS's own stack: SSL 3 to TLS 1.3 as AWS's endpoints speak it, by our policy or by one of the library's.
//!
//! It differs from the other stacks in what it lets one choose:
//!
//! * A server always chooses in its own order: [`EndpointSpec::server_order`] changes nothing.
//! * Versions are a minimum; the maximum is TLS 1.3 or, without a suite for it, TLS 1.2.
//! * Hybrid and post-quantum groups come before curves.
//! * After most faults its last word is a close_notify and not a fatal alert; an unsupported version gets one.

mod cache;
mod engine;
mod handle;
mod policy;
mod session;
mod sys;

use std::collections::HashMap;
use std::ffi::CString;
use std::sync::{Arc, Mutex, PoisonError};

use crate::pki::Identity;

use super::{Backend, CannotPlay, EndpointSpec, Engine, Prepared, Resumption, Role, Session, dh};
use handle::{Config, Connection, Fault, Parts, Policy};
use sys::Built;

pub use policy::NamedPolicy;

const ID: &str = "s2n";

/// Configurations kept at most.
const CONFIG_CACHE: usize = 256;

/// The s2n backend. Configurations are built once per identity and trust, and kept; a policy lives as long as what was
/// prepared with it. To open a connection, feed it a hello and have it refuse takes some 30 µs and 25 KiB.
#[derive(Default)]
pub struct S2n {
    configs: Mutex<HashMap<String, Cached>>,
}

/// A configuration, and what its key names by address: held, so that no address comes to mean something else.
struct Cached {
    config: Arc<Config>,
    _held: (Vec<Arc<Identity>>, Option<Arc<Vec<u8>>>),
}

impl S2n {
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens one end of a handshake by the library's policy of that name ([`NamedPolicy::all`]), which states the
    /// versions, suites, groups and schemes: the specification must not.
    pub fn open_named(
        &self,
        role: Role,
        name: &str,
        spec: &EndpointSpec,
    ) -> Result<Box<dyn Engine>, CannotPlay> {
        let is_stated = !(spec.versions.is_empty()
            && spec.suites.is_empty()
            && spec.groups.is_empty()
            && spec.schemes.is_empty());
        if is_stated {
            return Err(feature("a named policy and lists of our own"));
        }
        let policy = sys::SecurityPolicy::find(name).ok_or_else(|| CannotPlay::Configuration {
            backend: ID.to_owned(),
            text: format!("it has no policy {name:?}"),
        })?;
        check_authentication(role, spec)?;
        End::new(role, spec).connect(self.config(role, spec)?, Policy::Named(policy))
    }

    fn config(&self, role: Role, spec: &EndpointSpec) -> Result<Arc<Config>, CannotPlay> {
        // Identities are shared, and held by the cache, so their address names them.
        let identities: Vec<_> = spec.identities.iter().map(Arc::as_ptr).collect();
        let trust = spec.trust.as_ref().map(Arc::as_ptr);
        let key = format!(
            "{role:?} {identities:?} {trust:?} {} {} {:?} {:?}",
            spec.asks_client, spec.dh_bits, spec.alpn, spec.resumption
        );
        let mut configs = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = configs.get(&key) {
            return Ok(Arc::clone(&cached.config));
        }
        let config = Arc::new(Config::new(&parts(role, spec)?).map_err(configuration)?);
        if configs.len() >= CONFIG_CACHE {
            configs.clear();
        }
        let held = (spec.identities.clone(), spec.trust.clone());
        configs.insert(key, Cached { config: Arc::clone(&config), _held: held });
        Ok(config)
    }
}

impl Backend for S2n {
    fn id(&self) -> &'static str {
        ID
    }

    fn version(&self) -> String {
        env!("SHAKEDOWN_S2N_VERSION").to_owned()
    }

    fn knows_client_order(&self) -> bool {
        false
    }

    fn prepare(&self, role: Role, spec: &EndpointSpec) -> Result<Box<dyn Prepared>, CannotPlay> {
        check_authentication(role, spec)?;
        // Once: to build it takes 3 µs, a twentieth of what a server does in a handshake.
        let policy = Arc::new(policy::build(spec)?);
        Ok(Box::new(Ready { config: self.config(role, spec)?, policy, end: End::new(role, spec) }))
    }
}

struct Ready {
    config: Arc<Config>,
    policy: Arc<Built>,
    end: End,
}

/// What a connection needs to know beside configuration and policy.
struct End {
    role: Role,
    server_name: String,
    resumption: Resumption,
    session: Option<Session>,
}

impl End {
    fn new(role: Role, spec: &EndpointSpec) -> Self {
        let (server_name, session) = (spec.server_name.clone(), spec.session.clone());
        Self { role, server_name, resumption: spec.resumption, session }
    }

    fn connect(&self, config: Arc<Config>, policy: Policy) -> Result<Box<dyn Engine>, CannotPlay> {
        let name = &self.server_name;
        let is_asked = self.resumption != Resumption::default();
        // A session belongs to the configuration that it was made in.
        let (place, session) = match &self.session {
            _ if self.role == Role::Server => (None, None),
            Some(Session(any)) => {
                let kept = any.downcast_ref::<session::Kept>().ok_or(feature("sessions of another stack"))?;
                let (place, session) = kept.resuming(name)?;
                (Some(place.clone()), Some(session))
            }
            None => (is_asked.then(|| session::Place::new(Arc::clone(&config), name)), None),
        };
        let config = place.as_ref().map_or(config, |place| Arc::clone(place.config()));
        let connection = Connection::new(self.role, config, policy, name, session).map_err(configuration)?;
        Ok(Box::new(engine::S2nEngine::new(self.role, connection, place)))
    }
}

impl Prepared for Ready {
    fn open(&self) -> Result<Box<dyn Engine>, CannotPlay> {
        self.end.connect(Arc::clone(&self.config), Policy::Built(Arc::clone(&self.policy)))
    }
}

fn check_authentication(role: Role, spec: &EndpointSpec) -> Result<(), CannotPlay> {
    if spec.psk.is_some() {
        return Err(feature("external pre-shared keys here"));
    }
    if role == Role::Client && spec.identities.len() > 1 {
        // Of two it shows neither, and fails when it is asked.
        return Err(feature("a choice of client certificates"));
    }
    if role == Role::Server && spec.asks_client && spec.resumption != Resumption::default() {
        // It does not keep their certificates, so it gives no sessions.
        return Err(feature("resumption of clients that are asked for a certificate"));
    }
    if role == Role::Server && spec.identities.is_empty() {
        return Err(feature("anonymous key exchange"));
    }
    Ok(())
}

fn parts(role: Role, spec: &EndpointSpec) -> Result<Parts, CannotPlay> {
    let (alpn, tickets) = (spec.alpn.clone(), spec.resumption.tickets);
    let identities = spec
        .identities
        .iter()
        .map(|identity| Ok((chain(identity)?, pem("PRIVATE KEY", &identity.key)?)))
        .collect::<Result<_, _>>()?;
    let trust = spec.trust.as_ref().filter(|_| role == Role::Client || spec.asks_client);
    let trust = trust.map(|ca| pem("CERTIFICATE", ca)).transpose()?;
    if role == Role::Client {
        return Ok(Parts { identities, alpn, tickets, trust, ..Parts::default() });
    }
    let dh = match spec.dh_bits {
        0 => None,
        2048 => Some(pem("DH PARAMETERS", &dh::ffdhe2048_der())?),
        // The library takes no smaller group, and the harness knows no larger one.
        bits => return Err(CannotPlay::FiniteField { backend: ID.to_owned(), bits }),
    };
    let ids = spec.resumption.ids;
    let key = (ids || tickets).then(session_key).transpose()?;
    let asks_client = spec.asks_client;
    Ok(Parts { identities, dh, alpn, ids, tickets, session_key: key, trust, asks_client })
}

fn session_key() -> Result<[u8; 32], CannotPlay> {
    let mut key = [0; 32];
    let text = |error: getrandom::Error| error.to_string();
    match getrandom::fill(&mut key).map_err(text) {
        Ok(()) => Ok(key),
        Err(text) => Err(CannotPlay::Configuration { backend: ID.to_owned(), text }),
    }
}

fn chain(identity: &Identity) -> Result<CString, CannotPlay> {
    let blocks: Vec<pem::Pem> =
        identity.chain.iter().map(|der| pem::Pem::new("CERTIFICATE", der.as_slice())).collect();
    c_string(pem::encode_many(&blocks))
}

fn pem(tag: &str, der: &[u8]) -> Result<CString, CannotPlay> {
    c_string(pem::encode(&pem::Pem::new(tag, der)))
}

fn c_string(text: String) -> Result<CString, CannotPlay> {
    CString::new(text)
        .map_err(|error| CannotPlay::Configuration { backend: ID.to_owned(), text: error.to_string() })
}

fn configuration(fault: Fault) -> CannotPlay {
    CannotPlay::Configuration { backend: ID.to_owned(), text: fault.text }
}

fn feature(what: &'static str) -> CannotPlay {
    CannotPlay::Feature { backend: ID.to_owned(), what }
}
