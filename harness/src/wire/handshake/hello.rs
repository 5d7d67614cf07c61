//! ClientHello and ServerHello (RFC 8446 4.1, RFC 5246 7.4.1, RFC 6101 5.6.1).

use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::wire::bounds::{self, RANDOM_LEN};
use crate::wire::codec::{Decode, DecodeError, Encode, Reader, put_bytes, put_list};
use crate::wire::extension::{
    Extension, ExtensionContext, ExtensionType, KeyShareEntry, ServerName, decode_extensions,
    encode_extensions, first_duplicate,
};

/// The random that makes a ServerHello a HelloRetryRequest: SHA-256 of "HelloRetryRequest" (RFC 8446 4.1.3).
pub const HELLO_RETRY_REQUEST_RANDOM: [u8; RANDOM_LEN] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2,
    0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
];

/// The end of a ServerHello's random by which a server of TLS 1.3 says that it was talked down to TLS 1.2
/// (RFC 8446 4.1.3).
pub const DOWNGRADE_TO_TLS12: [u8; 8] = *b"DOWNGRD\x01";
/// The same for TLS 1.1 and below.
pub const DOWNGRADE_TO_TLS11: [u8; 8] = *b"DOWNGRD\x00";

/// The first message of every handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientHello {
    /// The highest version that the client has below TLS 1.3; see [`supported_versions`](Self::supported_versions).
    pub legacy_version: ProtocolVersion,
    pub random: [u8; RANDOM_LEN],
    pub session_id: Vec<u8>,
    pub cipher_suites: Vec<CipherSuite>,
    pub compression_methods: Vec<u8>,
    /// `None` if the message ends before the block, as in SSL 3; an empty block is `Some`.
    pub extensions: Option<Vec<Extension>>,
}

/// The first extension that `$pattern` matches, as `$value`.
macro_rules! find {
    ($self:ident, $pattern:pat => $value:expr) => {
        $self.extensions().iter().find_map(|extension| match extension {
            $pattern => Some($value),
            _ => None,
        })
    };
}

/// In all of these an absent extension is `None`, and of duplicates the first one counts.
impl ClientHello {
    /// The extensions, none if the block is absent.
    pub fn extensions(&self) -> &[Extension] {
        self.extensions.as_deref().unwrap_or_default()
    }

    pub fn has(&self, typ: ExtensionType) -> bool {
        self.extensions().iter().any(|extension| extension.typ() == typ)
    }

    pub fn first_duplicate(&self) -> Option<ExtensionType> {
        first_duplicate(self.extensions())
    }

    /// The versions in the client's order. Without the extension, [`legacy_version`](Self::legacy_version) is a
    /// maximum and says nothing about the minimum.
    pub fn supported_versions(&self) -> Option<&[ProtocolVersion]> {
        find!(self, Extension::SupportedVersions(versions) => versions.as_slice())
    }

    pub fn groups(&self) -> Option<&[NamedGroup]> {
        find!(self, Extension::SupportedGroups(groups) => groups.as_slice())
    }

    pub fn signature_schemes(&self) -> Option<&[SignatureScheme]> {
        find!(self, Extension::SignatureAlgorithms(schemes) => schemes.as_slice())
    }

    pub fn certificate_signature_schemes(&self) -> Option<&[SignatureScheme]> {
        find!(self, Extension::SignatureAlgorithmsCert(schemes) => schemes.as_slice())
    }

    pub fn point_formats(&self) -> Option<&[u8]> {
        find!(self, Extension::EcPointFormats(formats) => formats.as_slice())
    }

    pub fn key_shares(&self) -> Option<&[KeyShareEntry]> {
        find!(self, Extension::KeyShareOffer(entries) => entries.as_slice())
    }

    /// The groups that the client sent a key for. An empty list asks for a HelloRetryRequest.
    pub fn key_share_groups(&self) -> Option<Vec<NamedGroup>> {
        self.key_shares().map(|entries| entries.iter().map(|entry| entry.group).collect())
    }

    pub fn alpn(&self) -> Option<&[Vec<u8>]> {
        find!(self, Extension::Alpn(protocols) => protocols.as_slice())
    }

    /// The first host name in `server_name`, as bytes: nothing guarantees that it is text.
    pub fn server_name(&self) -> Option<&[u8]> {
        let names = find!(self, Extension::ServerName(names) => names)?;
        names.iter().find(|name| name.name_type == ServerName::HOST_NAME).map(|name| name.name.as_slice())
    }

    pub fn psk_modes(&self) -> Option<&[u8]> {
        find!(self, Extension::PskKeyExchangeModes(modes) => modes.as_slice())
    }

    pub fn extended_master_secret(&self) -> bool {
        self.has(ExtensionType::EXTENDED_MASTER_SECRET)
    }

    /// Whether the client knows secure renegotiation, by extension or signalling suite (RFC 5746 3.3).
    pub fn renegotiation_info(&self) -> bool {
        self.has(ExtensionType::RENEGOTIATION_INFO)
            || self.cipher_suites.contains(&CipherSuite::EMPTY_RENEGOTIATION_INFO_SCSV)
    }

    /// The content of `renegotiation_info`, empty in a first handshake (RFC 5746 3.2).
    pub fn renegotiated_connection(&self) -> Option<&[u8]> {
        find!(self, Extension::RenegotiationInfo(verify_data) => verify_data.as_slice())
    }
}

impl Encode for ClientHello {
    fn encode(&self, out: &mut Vec<u8>) {
        self.legacy_version.encode(out);
        out.extend_from_slice(&self.random);
        put_bytes(out, &bounds::SESSION_ID, &self.session_id);
        put_list(out, &bounds::CIPHER_SUITES, &self.cipher_suites);
        put_bytes(out, &bounds::COMPRESSION_METHODS, &self.compression_methods);
        if let Some(extensions) = &self.extensions {
            encode_extensions(extensions, out);
        }
    }
}

impl Decode for ClientHello {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            legacy_version: ProtocolVersion::decode(r)?,
            random: r.array("client_hello.random")?,
            session_id: r.bytes(&bounds::SESSION_ID)?,
            cipher_suites: r.list(&bounds::CIPHER_SUITES)?,
            compression_methods: r.bytes(&bounds::COMPRESSION_METHODS)?,
            extensions: optional_extensions(r, ExtensionContext::ClientHello)?,
        })
    }
}

/// The server's choice, or in the same form its wish for another ClientHello.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerHello {
    pub legacy_version: ProtocolVersion,
    pub random: [u8; RANDOM_LEN],
    pub session_id: Vec<u8>,
    pub cipher_suite: CipherSuite,
    pub compression_method: u8,
    /// `None` if the message ends before the block; an empty block is `Some`.
    pub extensions: Option<Vec<Extension>>,
}

impl ServerHello {
    /// The extensions, none if the block is absent.
    pub fn extensions(&self) -> &[Extension] {
        self.extensions.as_deref().unwrap_or_default()
    }

    pub fn has(&self, typ: ExtensionType) -> bool {
        self.extensions().iter().any(|extension| extension.typ() == typ)
    }

    pub fn first_duplicate(&self) -> Option<ExtensionType> {
        first_duplicate(self.extensions())
    }

    pub fn is_hello_retry_request(&self) -> bool {
        self.random == HELLO_RETRY_REQUEST_RANDOM
    }

    /// The version of the connection: `supported_versions` if present, else the old field (RFC 8446 4.2.1).
    pub fn negotiated_version(&self) -> ProtocolVersion {
        find!(self, Extension::SelectedVersion(version) => *version).unwrap_or(self.legacy_version)
    }

    /// The group of the server's key share, or the one that a HelloRetryRequest asks for.
    pub fn key_share_group(&self) -> Option<NamedGroup> {
        find!(self, Extension::KeyShareServer(KeyShareEntry { group, .. }) | Extension::KeyShareRetry(group) => *group)
    }

    /// The index of the pre-shared key that the server took.
    pub fn selected_psk(&self) -> Option<u16> {
        find!(self, Extension::PreSharedKeySelected(index) => *index)
    }

    /// The one protocol of an answer up to TLS 1.2.
    pub fn alpn(&self) -> Option<&[u8]> {
        find!(self, Extension::Alpn(protocols) => protocols.first()?.as_slice())
    }

    /// Whether the random ends in one of the two warnings of RFC 8446 4.1.3.
    pub fn has_downgrade_sentinel(&self) -> bool {
        self.random.ends_with(&DOWNGRADE_TO_TLS12) || self.random.ends_with(&DOWNGRADE_TO_TLS11)
    }
}

impl Encode for ServerHello {
    fn encode(&self, out: &mut Vec<u8>) {
        self.legacy_version.encode(out);
        out.extend_from_slice(&self.random);
        put_bytes(out, &bounds::SESSION_ID, &self.session_id);
        self.cipher_suite.encode(out);
        out.push(self.compression_method);
        if let Some(extensions) = &self.extensions {
            encode_extensions(extensions, out);
        }
    }
}

impl Decode for ServerHello {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut hello = Self {
            legacy_version: ProtocolVersion::decode(r)?,
            random: r.array("server_hello.random")?,
            session_id: r.bytes(&bounds::SESSION_ID)?,
            cipher_suite: CipherSuite::decode(r)?,
            compression_method: r.u8("server_hello.compression_method")?,
            extensions: None,
        };
        hello.extensions = optional_extensions(
            r,
            if hello.is_hello_retry_request() {
                ExtensionContext::HelloRetryRequest
            } else {
                ExtensionContext::ServerHello
            },
        )?;
        Ok(hello)
    }
}

/// Hellos up to TLS 1.2 may end before the block (RFC 5246 7.4.1.2).
fn optional_extensions(
    r: &mut Reader<'_>,
    context: ExtensionContext,
) -> Result<Option<Vec<Extension>>, DecodeError> {
    if r.is_empty() { Ok(None) } else { decode_extensions(r, context).map(Some) }
}
