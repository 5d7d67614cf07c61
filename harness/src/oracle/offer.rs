//! What a ClientHello offers.

use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

/// What a ClientHello offers, in its own order; unknown values and GREASE included.
///
/// `None` means that the extension is absent, which is not the same as an empty list.
///
/// `signature_algorithms_cert` is not here: it speaks of the signatures in a chain, and what a server has is
/// described by its own key alone ([`KeyType`](super::KeyType)). Nor would it decide anything: a server that has
/// no better chain sends the one it has (RFC 8446 4.4.2.2; RFC 5246 7.4.2 wants more, of servers with a choice),
/// and the harness's chains are signed with SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The version field of the message.
    pub legacy_version: ProtocolVersion,
    /// `supported_versions` (RFC 8446 4.2.1).
    pub supported_versions: Option<Vec<ProtocolVersion>>,
    /// Suites and signals.
    pub suites: Vec<CipherSuite>,
    /// Compression methods; 0 is none.
    pub compressions: Vec<u8>,
    /// `supported_groups` (RFC 8422 5.1.1, RFC 8446 4.2.7).
    pub groups: Option<Vec<NamedGroup>>,
    /// `signature_algorithms` (RFC 5246 7.4.1.4.1, RFC 8446 4.2.3).
    pub schemes: Option<Vec<SignatureScheme>>,
    /// `ec_point_formats` (RFC 8422 5.1.2); 0 is the uncompressed one.
    pub point_formats: Option<Vec<u8>>,
    /// The groups of `key_share` (RFC 8446 4.2.8).
    pub key_shares: Option<Vec<NamedGroup>>,
    /// `psk_key_exchange_modes` (RFC 8446 4.2.9): 0 is `psk_ke`, 1 is `psk_dhe_ke`.
    pub psk_modes: Option<Vec<u8>>,
    /// Has `pre_shared_key` (RFC 8446 4.2.11).
    pub offers_psk: bool,
    /// The host name of `server_name` (RFC 6066 3).
    pub server_name: Option<String>,
    /// The protocols of ALPN (RFC 7301).
    pub alpn: Vec<Vec<u8>>,
    /// Has `extended_master_secret` (RFC 7627).
    pub extended_master_secret: bool,
    /// Has `renegotiation_info` or its signal (RFC 5746).
    pub renegotiation_info: bool,
    /// Its `renegotiation_info` is not empty: it claims to go on with another connection (RFC 5746 3.6).
    pub renegotiates: bool,
    /// Has `session_ticket` (RFC 5077).
    pub session_ticket: bool,
    /// Has `TLS_FALLBACK_SCSV` among its suites (RFC 7507).
    pub fallback_scsv: bool,
}

/// Whether a hello says that its client would speak a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stated {
    /// It says yes.
    Yes,
    /// It says no.
    No,
    /// It does not say: only a proposal can find out.
    NotStated,
}

impl Offer {
    /// A hello with this version field, without compression, suites and extensions.
    pub const fn new(legacy_version: ProtocolVersion) -> Self {
        Self {
            legacy_version,
            supported_versions: None,
            suites: Vec::new(),
            compressions: Vec::new(),
            groups: None,
            schemes: None,
            point_formats: None,
            key_shares: None,
            psk_modes: None,
            offers_psk: false,
            server_name: None,
            alpn: Vec::new(),
            extended_master_secret: false,
            renegotiation_info: false,
            renegotiates: false,
            session_ticket: false,
            fallback_scsv: false,
        }
    }

    /// The highest version that a server may negotiate from this hello, or `None` if `supported_versions`
    /// names none that exists.
    ///
    /// With `supported_versions` the version field means nothing (RFC 8446 4.2.1). Without it TLS 1.3 is
    /// out of reach, whatever the field says (same section: "MUST negotiate TLS 1.2 or prior").
    pub fn max_version(&self) -> Option<ProtocolVersion> {
        match &self.supported_versions {
            Some(versions) => {
                versions.iter().copied().filter(|version| ProtocolVersion::ALL.contains(version)).max()
            }
            None => Some(self.legacy_version.min(ProtocolVersion::TLS1_2)),
        }
    }

    /// Whether the client says that it would speak this version.
    ///
    /// `supported_versions` is exact. An older hello names its maximum and nothing below (RFC 5246 E.1).
    pub fn states_version(&self, version: ProtocolVersion) -> Stated {
        match &self.supported_versions {
            Some(versions) if versions.contains(&version) => Stated::Yes,
            Some(_) => Stated::No,
            // TLS 1.3 is negotiated by `supported_versions` only.
            None if version >= ProtocolVersion::TLS1_3 || version > self.legacy_version => Stated::No,
            None if version == self.legacy_version => Stated::Yes,
            None => Stated::NotStated,
        }
    }

    /// Whether the suite stands in the hello.
    pub fn offers_suite(&self, suite: CipherSuite) -> bool {
        self.suites.contains(&suite)
    }

    /// Whether the client can read uncompressed points, the only ones that servers send (RFC 8422 5.1.2:
    /// without the extension it can).
    pub fn takes_uncompressed_points(&self) -> bool {
        self.point_formats.as_ref().is_none_or(|formats| formats.contains(&0))
    }

    /// The same hello without GREASE (RFC 8701), which differs from one hello of a client to the next.
    #[must_use]
    pub fn normalised(&self) -> Self {
        let mut plain = self.clone();
        plain.suites.retain(|suite| !suite.is_grease());
        if let Some(versions) = &mut plain.supported_versions {
            versions.retain(|version| !version.is_grease());
        }
        for groups in [&mut plain.groups, &mut plain.key_shares].into_iter().flatten() {
            groups.retain(|group| !group.is_grease());
        }
        if let Some(schemes) = &mut plain.schemes {
            schemes.retain(|scheme| !scheme.is_grease());
        }
        if let Some(modes) = &mut plain.psk_modes {
            modes.retain(|mode| !is_grease_mode(*mode));
        }
        plain.alpn.retain(|protocol| !is_grease_protocol(protocol));
        plain
    }
}

/// The eight one-byte values of RFC 8701 2: 0x0B, 0x2A, and so on in steps of 0x1F.
fn is_grease_mode(mode: u8) -> bool {
    mode >= 0x0B && (mode - 0x0B).is_multiple_of(0x1F)
}

/// The sixteen two-byte values of RFC 8701 2 as an ALPN protocol.
fn is_grease_protocol(protocol: &[u8]) -> bool {
    matches!(protocol, [a, b] if a == b && a & 0x0F == 0x0A)
}
