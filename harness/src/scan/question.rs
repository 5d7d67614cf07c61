//! The hellos of a scan.

use crate::probe::key_share;
use crate::registry::{
    self, CipherSuite, GroupFamily, NamedGroup, ProtocolVersion, SignatureScheme, SuiteKind,
};
use crate::wire::extension::ServerName;
use crate::wire::{ClientHello, Extension};

/// How much a hello holds: some servers reset, or say nothing, when it is too long for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// All suites in one.
    Whole,
    /// At most 120 suites: some servers keep no more than 128.
    Chunks,
    /// At most 40 suites and few groups and schemes: below 512 bytes, and without TLS 1.3 below 256.
    Slim,
}

impl Size {
    /// Suites in one hello at most.
    pub const fn most_suites(self) -> usize {
        match self {
            Self::Whole => usize::MAX,
            Self::Chunks => 120,
            Self::Slim => 40,
        }
    }

    pub const fn smaller(self) -> Option<Self> {
        match self {
            Self::Whole => Some(Self::Chunks),
            Self::Chunks => Some(Self::Slim),
            Self::Slim => None,
        }
    }
}

/// What a ClientHello is to offer.
#[derive(Debug, Clone)]
pub struct Question {
    /// Alone, or in a hello without `supported_versions` as the maximum (RFC 5246 E.1).
    pub version: ProtocolVersion,
    pub suites: Vec<CipherSuite>,
    pub groups: Vec<NamedGroup>,
    pub schemes: Vec<SignatureScheme>,
    /// TLS 1.3: groups with a key. Without any, a server that accepts answers with a HelloRetryRequest.
    pub shares: Vec<NamedGroup>,
    pub compression: Vec<u8>,
    /// Signals among the suites, such as TLS_FALLBACK_SCSV.
    pub signals: Vec<CipherSuite>,
    /// The name for `server_name`; none for an address.
    pub server_name: Option<String>,
}

const SHARES: [NamedGroup; 3] = [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1];
const FEW_GROUPS: [NamedGroup; 4] =
    [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1, NamedGroup::SECP521R1];

impl Question {
    pub fn new(
        version: ProtocolVersion,
        suites: Vec<CipherSuite>,
        size: Size,
        server_name: Option<&str>,
    ) -> Self {
        let is_slim = size == Size::Slim;
        let shares = if is_slim { SHARES[..2].to_vec() } else { SHARES.to_vec() };
        Self {
            version,
            suites,
            groups: if is_slim { FEW_GROUPS.to_vec() } else { groups(version) },
            schemes: if is_slim { few_schemes() } else { schemes(version) },
            shares: if version >= ProtocolVersion::TLS1_3 { shares } else { Vec::new() },
            compression: vec![0],
            signals: Vec::new(),
            server_name: server_name.map(ToOwned::to_owned),
        }
    }

    pub fn hello(&self) -> ClientHello {
        let mut random = [0; 32];
        fastrand::fill(&mut random);
        let mut cipher_suites = self.suites.clone();
        cipher_suites.extend(&self.signals);
        let extensions = if self.version > ProtocolVersion::SSL3 {
            Some(self.extensions())
        } else {
            // SSL 3 has no extensions (RFC 6101 5.6.1.2); the signal stands for the one that matters (RFC 5746 3.3).
            cipher_suites.push(CipherSuite::EMPTY_RENEGOTIATION_INFO_SCSV);
            None
        };
        ClientHello {
            legacy_version: self.version.min(ProtocolVersion::TLS1_2),
            random,
            session_id: Vec::new(),
            cipher_suites,
            compression_methods: self.compression.clone(),
            extensions,
        }
    }

    fn extensions(&self) -> Vec<Extension> {
        let is_tls13 = self.version >= ProtocolVersion::TLS1_3;
        let mut extensions = Vec::new();
        if let Some(name) = &self.server_name {
            extensions.push(Extension::ServerName(vec![ServerName::host(name)]));
        }
        if !self.groups.is_empty() {
            extensions.push(Extension::SupportedGroups(self.groups.clone()));
        }
        if self.version >= ProtocolVersion::TLS1_2 && !self.schemes.is_empty() {
            extensions.push(Extension::SignatureAlgorithms(self.schemes.clone()));
            // What the chain may be signed with is no part of any question.
            extensions.push(Extension::SignatureAlgorithmsCert(chain_schemes()));
        }
        if is_tls13 {
            extensions.push(Extension::SupportedVersions(vec![self.version]));
            let shares = self.shares.iter().filter_map(|group| key_share(*group)).collect();
            extensions.push(Extension::KeyShareOffer(shares));
        } else {
            extensions.push(Extension::EcPointFormats(vec![0]));
            extensions.push(Extension::RenegotiationInfo(Vec::new()));
            extensions.push(Extension::ExtendedMasterSecret);
            extensions.push(Extension::SessionTicket(Vec::new()));
        }
        extensions
    }
}

/// All suites of the registry, by ascending value.
pub fn all_suites() -> Vec<CipherSuite> {
    let suites = registry::suites().iter().filter(|facts| facts.kind == SuiteKind::Suite);
    suites.map(|facts| facts.suite).collect()
}

/// Every group that the version can use. Up to TLS 1.2 without the finite fields of RFC 7919: a server that has
/// another field than those must not choose DHE when the client names them (RFC 7919 4).
pub fn groups(version: ProtocolVersion) -> Vec<NamedGroup> {
    let is_tls13 = version >= ProtocolVersion::TLS1_3;
    let groups = registry::groups().iter().filter(|facts| match facts.family {
        GroupFamily::Grease | GroupFamily::Explicit => false,
        GroupFamily::Ffdhe => is_tls13,
        GroupFamily::Ecdhe | GroupFamily::PqKem | GroupFamily::HybridPq => {
            if is_tls13 {
                facts.tls13
            } else {
                facts.tls12
            }
        }
    });
    groups.map(|facts| facts.group).collect()
}

/// Every scheme with which a server can sign the version's handshake.
pub fn schemes(version: ProtocolVersion) -> Vec<SignatureScheme> {
    let is_tls13 = version >= ProtocolVersion::TLS1_3;
    let usable = |facts: &&registry::SchemeFacts| if is_tls13 { facts.tls13_handshake } else { facts.tls12 };
    registry::schemes().iter().filter(usable).map(|facts| facts.scheme).collect()
}

/// Every scheme that can have signed a certificate.
fn chain_schemes() -> Vec<SignatureScheme> {
    let signs = |facts: &&registry::SchemeFacts| facts.tls12 || facts.tls13_handshake || facts.tls13_chain;
    registry::schemes().iter().filter(signs).map(|facts| facts.scheme).collect()
}

/// The schemes of today's certificates: RSA, ECDSA and Ed25519.
fn few_schemes() -> Vec<SignatureScheme> {
    [0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0807, 0x0201, 0x0203]
        .map(SignatureScheme)
        .to_vec()
}
