//! From an [`EndpointSpec`] to a rustls configuration. A version, suite, group or key exchange that
//! rustls does not have is said. A server's signature schemes are those of its key, or fewer; a client's are the
//! library's. It has no finite-field groups of its own.

use std::fmt::Write as _;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, ServerSessionMemoryCache};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection, SupportedCipherSuite,
    SupportedProtocolVersion,
};

use crate::pki::Identity;
use crate::registry::ProtocolVersion;

use super::super::{CannotPlay, EndpointSpec, Resumption, Role};
use super::{ID, configuration, feature, peers, seeded, signer};

/// Sessions that a server keeps at most for clients that come back with a session id.
const SESSIONS: usize = 1024;

#[derive(Clone)]
pub(super) enum Config {
    Client(Arc<ClientConfig>),
    Server(Arc<ServerConfig>),
}

impl Config {
    pub(super) fn connect(&self, server_name: &str) -> Result<Connection, CannotPlay> {
        match self {
            Self::Client(config) => connect(config, server_name),
            Self::Server(config) => {
                ServerConnection::new(Arc::clone(config)).map(Connection::from).map_err(configuration)
            }
        }
    }
}

pub(super) fn connect(config: &Arc<ClientConfig>, server_name: &str) -> Result<Connection, CannotPlay> {
    let name = ServerName::try_from(server_name.to_owned()).map_err(configuration)?;
    ClientConnection::new(Arc::clone(config), name).map(Connection::from).map_err(configuration)
}

/// Everything that the configuration depends on, as text.
pub(super) fn cache_key(role: Role, spec: &EndpointSpec) -> String {
    let mut key = format!(
        "{role:?} {:?} {:?} {:?} {:?} {} {} {:?} {:?} ",
        spec.versions,
        spec.suites,
        spec.groups,
        spec.schemes,
        spec.server_order,
        spec.asks_client,
        spec.alpn,
        spec.resumption
    );
    // Identities are shared, and held by the cache, so their address names them.
    let _ = write!(key, "{:?} ", spec.identities.iter().map(Arc::as_ptr).collect::<Vec<_>>());
    let _ = write!(key, "{:?}", spec.trust.as_ref().map(Arc::as_ptr));
    key
}

pub(super) fn build(role: Role, spec: &EndpointSpec, is_seeded: bool) -> Result<Config, CannotPlay> {
    if spec.psk.is_some() {
        return Err(feature("external pre-shared keys"));
    }
    if is_seeded && spec.resumption.tickets {
        // The key of its tickets is the library's own affair.
        return Err(feature("tickets with known random numbers"));
    }
    let provider = Arc::new(if is_seeded { seeded::provider(provider(spec)?)? } else { provider(spec)? });
    let versions = versions(spec)?;
    match role {
        Role::Client => client(provider, &versions, spec),
        Role::Server => server(provider, &versions, spec),
    }
}

fn provider(spec: &EndpointSpec) -> Result<CryptoProvider, CannotPlay> {
    let mut provider = aws_lc_rs::default_provider();
    if !spec.suites.is_empty() {
        let all = aws_lc_rs::ALL_CIPHER_SUITES;
        provider.cipher_suites = spec
            .suites
            .iter()
            .map(|&suite| {
                let found = all.iter().find(|s| u16::from(s.suite()) == suite.0).copied();
                found.ok_or(CannotPlay::Suite { backend: ID.to_owned(), suite })
            })
            .collect::<Result<_, _>>()?;
    }
    if !spec.groups.is_empty() {
        let all = aws_lc_rs::ALL_KX_GROUPS;
        provider.kx_groups = spec
            .groups
            .iter()
            .map(|&group| {
                let found = all.iter().find(|g| u16::from(g.name()) == group.0).copied();
                found.ok_or(CannotPlay::Group { backend: ID.to_owned(), group })
            })
            .collect::<Result<_, _>>()?;
    }
    Ok(provider)
}

fn versions(spec: &EndpointSpec) -> Result<Vec<&'static SupportedProtocolVersion>, CannotPlay> {
    if spec.versions.is_empty() {
        return Ok(rustls::DEFAULT_VERSIONS.to_vec());
    }
    spec.versions
        .iter()
        .map(|&version| match version {
            ProtocolVersion::TLS1_2 => Ok(&TLS12),
            ProtocolVersion::TLS1_3 => Ok(&TLS13),
            _ => Err(CannotPlay::Version { backend: ID.to_owned(), version }),
        })
        .collect()
}

fn client(
    provider: Arc<CryptoProvider>,
    versions: &[&'static SupportedProtocolVersion],
    spec: &EndpointSpec,
) -> Result<Config, CannotPlay> {
    let algorithms = provider.signature_verification_algorithms;
    let shown = spec.identities.iter().map(|identity| Ok(certified(identity, signing(identity)?)));
    let shown = peers::Shown(shown.collect::<Result<_, _>>()?);
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(configuration)?;
    let builder = match &spec.trust {
        Some(ca) => builder.with_root_certificates(peers::roots(ca)?),
        None => {
            let anybody = Arc::new(peers::TrustAnybody(algorithms));
            builder.dangerous().with_custom_certificate_verifier(anybody)
        }
    };
    let mut config = if spec.identities.is_empty() {
        builder.with_no_client_auth()
    } else {
        builder.with_client_cert_resolver(Arc::new(shown))
    };
    // A connection that is to resume gets its own place for sessions: see `session`.
    config.resumption = rustls::client::Resumption::disabled();
    config.alpn_protocols.clone_from(&spec.alpn);
    Ok(Config::Client(Arc::new(config)))
}

fn server(
    provider: Arc<CryptoProvider>,
    versions: &[&'static SupportedProtocolVersion],
    spec: &EndpointSpec,
) -> Result<Config, CannotPlay> {
    if spec.identities.is_empty() {
        return Err(feature("anonymous key exchange"));
    }
    let mut keys = Vec::new();
    for identity in &spec.identities {
        let signer = signer::restricted(signing(identity)?, &spec.schemes, versions)?;
        keys.push(certified(identity, signer));
    }
    let suites =
        provider.cipher_suites.iter().copied().filter(|suite| versions.contains(&suite.version())).collect();
    let certificates = Certificates { keys, suites, server_order: spec.server_order };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .map_err(configuration)?;
    let builder = if spec.asks_client {
        builder.with_client_cert_verifier(peers::of_clients(&provider, spec.trust.as_ref())?)
    } else {
        builder.with_no_client_auth()
    };
    let mut config = builder.with_cert_resolver(Arc::new(certificates));
    config.ignore_client_order = spec.server_order;
    set_resumption(&mut config, spec.resumption)?;
    config.alpn_protocols.clone_from(&spec.alpn);
    Ok(Config::Server(Arc::new(config)))
}

fn signing(identity: &Identity) -> Result<Arc<dyn SigningKey>, CannotPlay> {
    let key = PrivatePkcs8KeyDer::from(identity.key.clone()).into();
    any_supported_type(&key).map_err(configuration)
}

fn certified(identity: &Identity, key: Arc<dyn SigningKey>) -> Arc<CertifiedKey> {
    let chain = identity.chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
    Arc::new(CertifiedKey::new(chain, key))
}

/// Tickets hold the session themselves: the cache is for session ids alone.
fn set_resumption(config: &mut ServerConfig, resumption: Resumption) -> Result<(), CannotPlay> {
    config.session_storage = if resumption.ids {
        ServerSessionMemoryCache::new(SESSIONS)
    } else {
        Arc::new(NoServerSessionStorage {})
    };
    if resumption.tickets {
        config.ticketer = aws_lc_rs::Ticketer::new().map_err(configuration)?;
    }
    config.send_tls13_tickets = usize::from(resumption.tickets);
    Ok(())
}

/// The certificate for the TLS 1.2 suite that rustls will want most, since rustls settles on the certificate first; in
/// TLS 1.3 any will do that can sign.
#[derive(Debug)]
struct Certificates {
    keys: Vec<Arc<CertifiedKey>>,
    /// Of the configuration's versions, most wanted first.
    suites: Vec<SupportedCipherSuite>,
    server_order: bool,
}

impl Certificates {
    /// The suites of TLS 1.2 that both sides have, most wanted first.
    fn in_common(&self, hello: &ClientHello<'_>) -> Vec<SupportedCipherSuite> {
        let ours = self.suites.iter().copied().filter(|suite| suite.version() == &TLS12);
        let mut common: Vec<SupportedCipherSuite> =
            ours.filter(|suite| hello.cipher_suites().contains(&suite.suite())).collect();
        if !self.server_order {
            common.sort_by_key(|suite| hello.cipher_suites().iter().position(|one| *one == suite.suite()));
        }
        common
    }
}

impl ResolvesServerCert for Certificates {
    /// Where none serves, the first: it is for rustls to say why.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let signs = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(hello.signature_schemes()).is_some();
        let able: Vec<&Arc<CertifiedKey>> = self.keys.iter().filter(signs).collect();
        let wanted = self.in_common(&hello).into_iter().find_map(|suite| {
            able.iter().find(|key| suite.usable_for_signature_algorithm(key.key.algorithm())).copied()
        });
        wanted.or(able.first().copied()).or(self.keys.first()).cloned()
    }
}
