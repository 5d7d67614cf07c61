//! The server's side of a case or control: policy, backend, edits.

use std::sync::Arc;

use crate::edit::{Change, Edit, Place};
use crate::engine::scripted::StaticRsaFlight;
use crate::engine::{Backend, CannotPlay, EndpointSpec, ExternalPsk, Role};
use crate::net::Setup;
use crate::oracle::{KeyType, Proposal};
use crate::pki::{CertificateKind, Identity, KeyKind, MintError, Pki};
use crate::policy::{Floor, Order, Policy};
use crate::registry::{
    self, Authentication, CipherSuite, KeyExchange, NamedGroup, ProtocolVersion, SignatureScheme,
};
use crate::scenario::{Case, Pick, Subject};

/// The external PSK of the `psk_ke` scenario. A test value: it protects nothing.
const PSK_KEY: [u8; 32] = *b"shakedown test-only external psk";
const PSK_IDENTITY: &str = "shakedown";

/// What every server of a case speaks behind the handshake (RFC 7301), most wanted first: HTTP/2 only with clients that
/// have nothing else.
const ALPN: [&[u8]; 2] = [b"http/1.1", b"h2"];

/// What the mock server speaks to people and programs.
pub const ALPN_FOR_PEOPLE: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The finite field of a forced session: that its size is the weakness says nobody who asks for version and suite.
const FORCED_BITS: u16 = 2048;

/// The groups that every server of the harness has: those that every backend can play.
const GROUPS: [NamedGroup; 3] = [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1];

/// The signature schemes that every server of the harness has: no SHA-1 (design 1, rule 9), and none that a backend
/// lacks. No key here is one for Ed25519, which s2n lacks, or on another curve than P-256, to which rustls binds ECDSA.
const SCHEMES: [SignatureScheme; 7] = [
    SignatureScheme::ECDSA_SECP256R1_SHA256,
    SignatureScheme::RSA_PSS_RSAE_SHA256,
    SignatureScheme(0x0805),
    SignatureScheme(0x0806),
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme(0x0501),
    SignatureScheme(0x0601),
];

/// A server that can be opened any number of times, once per connection.
pub struct Stage {
    pub policy: Policy,
    pub key: Option<KeyType>,
    pub certificate: Option<CertificateKind>,
    /// What the events call the server.
    pub server: &'static str,
    pub forced: bool,
    source: Source,
}

/// Where the server end of a connection comes from.
enum Source {
    Engine { backend: Arc<dyn Backend>, spec: Box<EndpointSpec>, edits: Vec<Edit> },
    StaticRsa { version: ProtocolVersion, suites: Vec<CipherSuite>, identity: Arc<Identity> },
}

/// The one session that a server has.
struct OnlySession<'a> {
    id: &'a str,
    version: ProtocolVersion,
    suites: &'a [CipherSuite],
    dh_bits: u16,
    psk: Option<ExternalPsk>,
    /// It takes it whether it was offered or not.
    forced: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum StageError {
    #[error(transparent)]
    Mint(#[from] MintError),
    #[error(transparent)]
    Cannot(#[from] CannotPlay),
}

impl Stage {
    /// The server of a case.
    pub fn of(case: &Case, backend: &Arc<dyn Backend>, pki: &Pki) -> Result<Self, StageError> {
        if case.scenario.subject == Subject::Server {
            // The server is strong; the weak side is the client's offer.
            return Self::control(KeyKind::Rsa2048, ProtocolVersion::TLS1_2, backend, pki);
        }
        Self::of_session(
            OnlySession {
                id: &case.id,
                version: case.version,
                suites: &case.suites,
                dh_bits: case.dh_bits,
                psk: pre_shared(case),
                forced: case.pick == Pick::Forced,
            },
            case.certificate,
            backend,
            pki,
        )
    }

    /// A server that takes this version and suite, offered or not.
    pub fn forced(
        version: ProtocolVersion,
        suite: CipherSuite,
        certificate: Option<CertificateKind>,
        backend: &Arc<dyn Backend>,
        pki: &Pki,
    ) -> Result<Self, StageError> {
        let session = OnlySession {
            id: "forced",
            version,
            suites: &[suite],
            dh_bits: FORCED_BITS,
            psk: None,
            forced: true,
        };
        Self::of_session(session, certificate, backend, pki)
    }

    fn of_session(
        session: OnlySession<'_>,
        certificate: Option<CertificateKind>,
        backend: &Arc<dyn Backend>,
        pki: &Pki,
    ) -> Result<Self, StageError> {
        let OnlySession { id, version, suites, dh_bits, psk, forced } = session;
        let identity = certificate.map(|kind| pki.identity(kind)).transpose()?;
        let facts = suites.first().and_then(|suite| registry::suite(*suite));
        let is_static_rsa = facts.is_some_and(|facts| facts.key_exchange == KeyExchange::Rsa);
        let source = match (&identity, forced && is_static_rsa) {
            (Some(identity), true) => {
                Source::StaticRsa { version, suites: suites.to_vec(), identity: Arc::clone(identity) }
            }
            _ => {
                let spec = EndpointSpec {
                    versions: vec![version],
                    suites: suites.to_vec(),
                    dh_bits,
                    psk,
                    identities: identity.into_iter().collect(),
                    ..server_spec()
                };
                let edits = if forced { forcing(version, suites) } else { Vec::new() };
                Source::Engine { backend: Arc::clone(backend), spec: Box::new(spec), edits }
            }
        };
        let server = if matches!(source, Source::StaticRsa { .. }) { "scripted" } else { backend.id() };
        let policy = policy(id, &[version], suites, dh_bits);
        let key = certificate.and_then(|kind| key_type(kind.key()));
        let stage = Self { policy, key, certificate, server, forced, source };
        // Tried, not looked up.
        stage.open()?;
        Ok(stage)
    }

    /// The positive control under a floor: its server has the oldest version that the floor allows, too, so that a
    /// client that has nothing newer can show that it connects. The nearest strong handshake is then that one.
    pub fn positive(
        key: KeyKind,
        floor: &Floor,
        backend: &Arc<dyn Backend>,
        pki: &Pki,
    ) -> Result<Self, StageError> {
        // No suite of SSL 3 is strong.
        let oldest = floor.min_version.clamp(ProtocolVersion::TLS1_0, ProtocolVersion::TLS1_2);
        match Self::control(key, oldest, backend, pki) {
            // A backend that lacks it (rustls) plays what it has: then an old client has no control, and no pass.
            Err(StageError::Cannot(_)) if oldest < ProtocolVersion::TLS1_2 => {
                Self::control(key, ProtocolVersion::TLS1_2, backend, pki)
            }
            made => made,
        }
    }

    /// A strong server with a key: from `oldest` to TLS 1.3, ECDHE, with AEAD from TLS 1.2 on.
    pub fn control(
        key: KeyKind,
        oldest: ProtocolVersion,
        backend: &Arc<dyn Backend>,
        pki: &Pki,
    ) -> Result<Self, StageError> {
        let versions: Vec<ProtocolVersion> =
            ProtocolVersion::ALL.into_iter().filter(|version| *version >= oldest).collect();
        Self::strong(key, versions, Case::strong_suites(key, oldest), backend, pki)
    }

    /// The strong server of one version alone, so that what a handshake costs is that version's.
    pub fn control_of(
        version: ProtocolVersion,
        key: KeyKind,
        backend: &Arc<dyn Backend>,
        pki: &Pki,
    ) -> Result<Self, StageError> {
        let mut suites = Case::strong_suites(key, version);
        suites.retain(|suite| registry::suite(*suite).is_some_and(|facts| facts.usable_in(version)));
        Self::strong(key, vec![version], suites, backend, pki)
    }

    fn strong(
        key: KeyKind,
        versions: Vec<ProtocolVersion>,
        suites: Vec<CipherSuite>,
        backend: &Arc<dyn Backend>,
        pki: &Pki,
    ) -> Result<Self, StageError> {
        let certificate = match key {
            KeyKind::Rsa2048 => CertificateKind::Rsa2048,
            KeyKind::Rsa3072 => CertificateKind::Rsa3072,
            KeyKind::Rsa4096 => CertificateKind::Rsa4096,
            KeyKind::EcdsaP256 => CertificateKind::EcdsaP256,
            KeyKind::EcdsaP384 => CertificateKind::EcdsaP384,
            KeyKind::Ed25519 => CertificateKind::Ed25519,
            KeyKind::Dsa2048 => CertificateKind::Dsa2048,
        };
        let policy = policy("control", &versions, &suites, 0);
        let spec =
            EndpointSpec { versions, suites, identities: vec![pki.identity(certificate)?], ..server_spec() };
        let stage = Self {
            policy,
            key: key_type(key),
            certificate: Some(certificate),
            server: backend.id(),
            forced: false,
            source: Source::Engine { backend: Arc::clone(backend), spec: Box::new(spec), edits: Vec::new() },
        };
        stage.open()?;
        Ok(stage)
    }

    /// The server of a policy, as a stack can play it.
    pub fn of_policy(
        policy: Policy,
        spec: EndpointSpec,
        certificate: Option<CertificateKind>,
        backend: &Arc<dyn Backend>,
    ) -> Result<Self, StageError> {
        let key = certificate.and_then(|kind| key_type(kind.key()));
        let source = Source::Engine { backend: Arc::clone(backend), spec: Box::new(spec), edits: Vec::new() };
        let stage = Self { policy, key, certificate, server: backend.id(), forced: false, source };
        stage.open()?;
        Ok(stage)
    }

    /// A server that takes the weak offer of a server case: the proof that the offer is real.
    pub fn permissive(case: &Case, backend: &Arc<dyn Backend>, pki: &Pki) -> Result<Self, StageError> {
        let spec = EndpointSpec {
            versions: vec![case.version],
            suites: case.suites.clone(),
            dh_bits: case.dh_bits,
            identities: case.certificate.map(|kind| pki.identity(kind)).transpose()?.into_iter().collect(),
            ..server_spec()
        };
        let stage = Self {
            policy: policy(&case.id, &[case.version], &case.suites, case.dh_bits),
            key: case.certificate.and_then(|kind| key_type(kind.key())),
            certificate: case.certificate,
            server: backend.id(),
            forced: false,
            source: Source::Engine { backend: Arc::clone(backend), spec: Box::new(spec), edits: Vec::new() },
        };
        stage.open()?;
        Ok(stage)
    }

    /// A fresh server end.
    pub fn open(&self) -> Result<Setup, CannotPlay> {
        match &self.source {
            Source::Engine { backend, spec, edits } => {
                Ok(Setup { engine: backend.open(Role::Server, spec)?, edits: edits.clone() })
            }
            Source::StaticRsa { version, suites, identity } => {
                let mut random = [0; 32];
                getrandom::fill(&mut random).map_err(|error| CannotPlay::Configuration {
                    backend: "scripted".to_owned(),
                    text: error.to_string(),
                })?;
                let flight = StaticRsaFlight {
                    version: *version,
                    suites: suites.clone(),
                    identity: Arc::clone(identity),
                    alpn: ALPN.map(<[u8]>::to_vec).to_vec(),
                    random,
                };
                Ok(Setup { engine: flight.open(), edits: Vec::new() })
            }
        }
    }
}

/// The session that a case proposes, for its classes and its duty.
pub fn proposal(case: &Case) -> Option<Proposal> {
    let suite = *case.suites.first()?;
    let dh_bits = (case.dh_bits > 0).then_some(case.dh_bits);
    let certificate_bits = case.certificate.and_then(|kind| kind.key().rsa_bits());
    let psk_ke = case.scenario.psk_ke;
    Some(Proposal { dh_bits, psk_ke, certificate_bits, ..Proposal::new(case.version, suite) })
}

/// The key that a case's server has, for `psk_ke` and for the PSK suites up to TLS 1.2.
fn pre_shared(case: &Case) -> Option<ExternalPsk> {
    let is_psk_suite = case
        .suite()
        .is_some_and(|facts| matches!(facts.authentication, Authentication::Psk | Authentication::RsaPsk));
    (case.scenario.psk_ke || is_psk_suite).then(psk)
}

pub fn psk() -> ExternalPsk {
    ExternalPsk { identity: PSK_IDENTITY.to_owned(), key: PSK_KEY.to_vec(), without_dhe: true }
}

fn server_spec() -> EndpointSpec {
    EndpointSpec {
        groups: GROUPS.to_vec(),
        schemes: SCHEMES.to_vec(),
        server_order: true,
        alpn: ALPN.map(<[u8]>::to_vec).to_vec(),
        ..EndpointSpec::default()
    }
}

/// The honest engine gets a hello that leaves it no other choice; the client does not know.
fn forcing(version: ProtocolVersion, suites: &[CipherSuite]) -> Vec<Edit> {
    // A client that has nothing newer than TLS 1.1 names no schemes, and TLS 1.2 cannot be signed without.
    let schemes = (version == ProtocolVersion::TLS1_2).then(|| Change::OfferSchemes(SCHEMES.to_vec()));
    [Change::SetVersion(version), Change::OfferSuites(suites.to_vec())]
        .into_iter()
        .chain(schemes)
        .map(|change| Edit { at: Place::CLIENT_HELLO, change })
        .collect()
}

fn policy(id: &str, versions: &[ProtocolVersion], suites: &[CipherSuite], dh_bits: u16) -> Policy {
    Policy {
        id: id.to_owned(),
        title: String::new(),
        versions: versions.to_vec(),
        order: Order::Server,
        suites: suites.to_vec(),
        groups: GROUPS.to_vec(),
        schemes: SCHEMES.to_vec(),
        dhe_bits: (dh_bits > 0).then_some(dh_bits),
        suites_from: None,
        provenance: None,
    }
}

/// The oracle knows no DSS: whatever it predicts of such a server is that nothing fits.
const fn key_type(key: KeyKind) -> Option<KeyType> {
    match key {
        KeyKind::Rsa2048 => Some(KeyType::Rsa { bits: 2048 }),
        KeyKind::Rsa3072 => Some(KeyType::Rsa { bits: 3072 }),
        KeyKind::Rsa4096 => Some(KeyType::Rsa { bits: 4096 }),
        KeyKind::EcdsaP256 => Some(KeyType::Ecdsa { group: NamedGroup::SECP256R1 }),
        KeyKind::EcdsaP384 => Some(KeyType::Ecdsa { group: NamedGroup::SECP384R1 }),
        KeyKind::Ed25519 => Some(KeyType::Ed25519),
        KeyKind::Dsa2048 => None,
    }
}
