//! Extensions (RFC 8446 4.2, RFC 6066 and others), decoded by the message they stand in.
//!
//! One type has up to three forms: `key_share` is a list in a ClientHello, one entry in a ServerHello and a
//! group in a HelloRetryRequest. Each form is a variant of [`Extension`], so encoding needs no context. A type
//! that has no form in a message stays [`Extension::Unknown`] there, with its bytes.

mod parts;
mod types;

pub use parts::{
    CertificateStatus, CertificateStatusRequest, KeyShareEntry, OfferedPsks, PskIdentity, STATUS_TYPE_OCSP,
    ServerName,
};
pub use types::ExtensionType;

use std::collections::BTreeSet;

use super::bounds;
use super::codec::{Decode, DecodeError, Encode, Reader, put_bytes, put_list, put_nested, put_vector};
use crate::registry::{NamedGroup, ProtocolVersion, SignatureScheme};

/// `psk_ke`: no key share, so no forward secrecy (RFC 8446 4.2.9).
pub const PSK_KE: u8 = 0;
/// `psk_dhe_ke`: with a key share (RFC 8446 4.2.9).
pub const PSK_DHE_KE: u8 = 1;

/// The message, or the part of one, that an extension stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExtensionContext {
    ClientHello,
    ServerHello,
    HelloRetryRequest,
    EncryptedExtensions,
    Certificate,
    CertificateRequest,
    NewSessionTicket,
}

impl ExtensionContext {
    pub const ALL: [Self; 7] = [
        Self::ClientHello,
        Self::ServerHello,
        Self::HelloRetryRequest,
        Self::EncryptedExtensions,
        Self::Certificate,
        Self::CertificateRequest,
        Self::NewSessionTicket,
    ];
}

/// One extension.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Extension {
    /// RFC 6066 3, in a ClientHello.
    ServerName(Vec<ServerName>),
    /// RFC 6066 3: the server used the name.
    ServerNameAck,
    /// RFC 6066 4.
    MaxFragmentLength(u8),
    /// RFC 6066 8, in a ClientHello.
    StatusRequest(CertificateStatusRequest),
    /// RFC 6066 8: a status follows. In a CertificateRequest: one is wanted (RFC 8446 4.4.2.1).
    StatusRequestAck,
    /// RFC 8446 4.4.2.1: the status itself, at a certificate.
    CertificateStatus(CertificateStatus),
    /// RFC 8446 4.2.7, RFC 8422 5.1.1.
    SupportedGroups(Vec<NamedGroup>),
    /// RFC 8422 5.1.2.
    EcPointFormats(Vec<u8>),
    /// RFC 8446 4.2.3, RFC 5246 7.4.1.4.1.
    SignatureAlgorithms(Vec<SignatureScheme>),
    /// RFC 8446 4.2.3.
    SignatureAlgorithmsCert(Vec<SignatureScheme>),
    /// RFC 7301 3.1. That a server names exactly one protocol is not checked here.
    Alpn(Vec<Vec<u8>>),
    /// RFC 6962 3.3.1: timestamps are wanted.
    SignedCertificateTimestampRequest,
    /// RFC 6962 3.3: the timestamps.
    SignedCertificateTimestamps(Vec<Vec<u8>>),
    /// RFC 7366 2.
    EncryptThenMac,
    /// RFC 7627 5.1.
    ExtendedMasterSecret,
    /// RFC 8879 3: algorithms by IANA number.
    CompressCertificate(Vec<u16>),
    /// RFC 8449 4.
    RecordSizeLimit(u16),
    /// RFC 5077 3.2: a ticket, or nothing to ask for one or to announce one.
    SessionTicket(Vec<u8>),
    /// RFC 8446 4.2.11, in a ClientHello.
    PreSharedKeyOffer(OfferedPsks),
    /// RFC 8446 4.2.11: the index of the key that the server took.
    PreSharedKeySelected(u16),
    /// RFC 8446 4.2.10: early data is sent, or accepted.
    EarlyData,
    /// RFC 8446 4.2.10: how much a ticket allows.
    EarlyDataLimit(u32),
    /// RFC 8446 4.2.1, in a ClientHello.
    SupportedVersions(Vec<ProtocolVersion>),
    /// RFC 8446 4.2.1: the version that the server took.
    SelectedVersion(ProtocolVersion),
    /// RFC 8446 4.2.2.
    Cookie(Vec<u8>),
    /// RFC 8446 4.2.9: [`PSK_KE`], [`PSK_DHE_KE`] and others.
    PskKeyExchangeModes(Vec<u8>),
    /// RFC 8446 4.2.4: names in DER.
    CertificateAuthorities(Vec<Vec<u8>>),
    /// RFC 8446 4.2.6.
    PostHandshakeAuth,
    /// RFC 8446 4.2.8, in a ClientHello.
    KeyShareOffer(Vec<KeyShareEntry>),
    /// RFC 8446 4.2.8, in a ServerHello.
    KeyShareServer(KeyShareEntry),
    /// RFC 8446 4.2.8: the group that a HelloRetryRequest wants.
    KeyShareRetry(NamedGroup),
    /// RFC 5746 3.2.
    RenegotiationInfo(Vec<u8>),
    /// Everything else, GREASE included.
    Unknown { typ: ExtensionType, body: Vec<u8> },
}

impl Extension {
    /// Reads one extension's body, which must have the form that `typ` has in `context`.
    pub fn decode_body(
        typ: ExtensionType,
        body: &[u8],
        context: ExtensionContext,
    ) -> Result<Self, DecodeError> {
        let mut r = Reader::new(body);
        let extension = Self::read(typ, &mut r, context)?;
        r.finish(typ.name().unwrap_or("extension"))?;
        Ok(extension)
    }

    fn read(typ: ExtensionType, r: &mut Reader<'_>, context: ExtensionContext) -> Result<Self, DecodeError> {
        use ExtensionContext as In;
        use ExtensionType as T;
        Ok(match (typ, context) {
            (T::SERVER_NAME, In::ClientHello) => Self::ServerName(r.list(&bounds::SERVER_NAMES)?),
            (T::SERVER_NAME, In::ServerHello | In::EncryptedExtensions) => Self::ServerNameAck,
            (T::MAX_FRAGMENT_LENGTH, In::ClientHello | In::ServerHello | In::EncryptedExtensions) => {
                Self::MaxFragmentLength(r.u8("max_fragment_length")?)
            }
            (T::STATUS_REQUEST, In::ClientHello) => Self::StatusRequest(Decode::decode(r)?),
            (T::STATUS_REQUEST, In::ServerHello | In::CertificateRequest) => Self::StatusRequestAck,
            (T::STATUS_REQUEST, In::Certificate) => Self::CertificateStatus(Decode::decode(r)?),
            (T::SUPPORTED_GROUPS, In::ClientHello | In::EncryptedExtensions) => {
                Self::SupportedGroups(r.list(&bounds::GROUPS)?)
            }
            (T::EC_POINT_FORMATS, In::ClientHello | In::ServerHello) => {
                Self::EcPointFormats(r.bytes(&bounds::POINT_FORMATS)?)
            }
            (T::SIGNATURE_ALGORITHMS, In::ClientHello | In::CertificateRequest) => {
                Self::SignatureAlgorithms(r.list(&bounds::SCHEMES)?)
            }
            (T::SIGNATURE_ALGORITHMS_CERT, In::ClientHello | In::CertificateRequest) => {
                Self::SignatureAlgorithmsCert(r.list(&bounds::SCHEMES)?)
            }
            (T::ALPN, In::ClientHello | In::ServerHello | In::EncryptedExtensions) => {
                Self::Alpn(r.list_with(&bounds::PROTOCOLS, |r| r.bytes(&bounds::PROTOCOL))?)
            }
            (T::SIGNED_CERTIFICATE_TIMESTAMP, In::ClientHello | In::CertificateRequest) => {
                Self::SignedCertificateTimestampRequest
            }
            (T::SIGNED_CERTIFICATE_TIMESTAMP, In::ServerHello | In::Certificate) => {
                Self::SignedCertificateTimestamps(r.list_with(&bounds::SCTS, |r| r.bytes(&bounds::SCT))?)
            }
            (T::ENCRYPT_THEN_MAC, In::ClientHello | In::ServerHello) => Self::EncryptThenMac,
            (T::EXTENDED_MASTER_SECRET, In::ClientHello | In::ServerHello) => Self::ExtendedMasterSecret,
            (T::COMPRESS_CERTIFICATE, In::ClientHello | In::CertificateRequest) => {
                Self::CompressCertificate(r.list(&bounds::COMPRESSION_ALGORITHMS)?)
            }
            (T::RECORD_SIZE_LIMIT, In::ClientHello | In::ServerHello | In::EncryptedExtensions) => {
                Self::RecordSizeLimit(r.u16("record_size_limit")?)
            }
            (T::SESSION_TICKET, In::ClientHello) => Self::SessionTicket(r.rest().to_vec()),
            (T::SESSION_TICKET, In::ServerHello) => Self::SessionTicket(Vec::new()),
            (T::PRE_SHARED_KEY, In::ClientHello) => Self::PreSharedKeyOffer(Decode::decode(r)?),
            (T::PRE_SHARED_KEY, In::ServerHello) => Self::PreSharedKeySelected(r.u16("pre_shared_key")?),
            (T::EARLY_DATA, In::ClientHello | In::EncryptedExtensions) => Self::EarlyData,
            (T::EARLY_DATA, In::NewSessionTicket) => Self::EarlyDataLimit(r.u32("early_data")?),
            (T::SUPPORTED_VERSIONS, In::ClientHello) => Self::SupportedVersions(r.list(&bounds::VERSIONS)?),
            (T::SUPPORTED_VERSIONS, In::ServerHello | In::HelloRetryRequest) => {
                Self::SelectedVersion(Decode::decode(r)?)
            }
            (T::COOKIE, In::ClientHello | In::HelloRetryRequest) => Self::Cookie(r.bytes(&bounds::COOKIE)?),
            (T::PSK_KEY_EXCHANGE_MODES, In::ClientHello) => {
                Self::PskKeyExchangeModes(r.bytes(&bounds::PSK_MODES)?)
            }
            (T::CERTIFICATE_AUTHORITIES, In::ClientHello | In::CertificateRequest) => {
                Self::CertificateAuthorities(
                    r.list_with(&bounds::EXTENSION_AUTHORITIES, |r| r.bytes(&bounds::DISTINGUISHED_NAME))?,
                )
            }
            (T::POST_HANDSHAKE_AUTH, In::ClientHello) => Self::PostHandshakeAuth,
            (T::KEY_SHARE, In::ClientHello) => Self::KeyShareOffer(r.list(&bounds::KEY_SHARES)?),
            (T::KEY_SHARE, In::ServerHello) => Self::KeyShareServer(Decode::decode(r)?),
            (T::KEY_SHARE, In::HelloRetryRequest) => Self::KeyShareRetry(Decode::decode(r)?),
            (T::RENEGOTIATION_INFO, In::ClientHello | In::ServerHello) => {
                Self::RenegotiationInfo(r.bytes(&bounds::RENEGOTIATED_CONNECTION)?)
            }
            _ => Self::Unknown { typ, body: r.rest().to_vec() },
        })
    }

    /// The type on the wire.
    pub fn typ(&self) -> ExtensionType {
        use ExtensionType as T;
        match self {
            Self::ServerName(_) | Self::ServerNameAck => T::SERVER_NAME,
            Self::MaxFragmentLength(_) => T::MAX_FRAGMENT_LENGTH,
            Self::StatusRequest(_) | Self::StatusRequestAck | Self::CertificateStatus(_) => T::STATUS_REQUEST,
            Self::SupportedGroups(_) => T::SUPPORTED_GROUPS,
            Self::EcPointFormats(_) => T::EC_POINT_FORMATS,
            Self::SignatureAlgorithms(_) => T::SIGNATURE_ALGORITHMS,
            Self::SignatureAlgorithmsCert(_) => T::SIGNATURE_ALGORITHMS_CERT,
            Self::Alpn(_) => T::ALPN,
            Self::SignedCertificateTimestampRequest | Self::SignedCertificateTimestamps(_) => {
                T::SIGNED_CERTIFICATE_TIMESTAMP
            }
            Self::EncryptThenMac => T::ENCRYPT_THEN_MAC,
            Self::ExtendedMasterSecret => T::EXTENDED_MASTER_SECRET,
            Self::CompressCertificate(_) => T::COMPRESS_CERTIFICATE,
            Self::RecordSizeLimit(_) => T::RECORD_SIZE_LIMIT,
            Self::SessionTicket(_) => T::SESSION_TICKET,
            Self::PreSharedKeyOffer(_) | Self::PreSharedKeySelected(_) => T::PRE_SHARED_KEY,
            Self::EarlyData | Self::EarlyDataLimit(_) => T::EARLY_DATA,
            Self::SupportedVersions(_) | Self::SelectedVersion(_) => T::SUPPORTED_VERSIONS,
            Self::Cookie(_) => T::COOKIE,
            Self::PskKeyExchangeModes(_) => T::PSK_KEY_EXCHANGE_MODES,
            Self::CertificateAuthorities(_) => T::CERTIFICATE_AUTHORITIES,
            Self::PostHandshakeAuth => T::POST_HANDSHAKE_AUTH,
            Self::KeyShareOffer(_) | Self::KeyShareServer(_) | Self::KeyShareRetry(_) => T::KEY_SHARE,
            Self::RenegotiationInfo(_) => T::RENEGOTIATION_INFO,
            Self::Unknown { typ, .. } => *typ,
        }
    }

    /// Appends the body without type and length.
    pub fn encode_body(&self, out: &mut Vec<u8>) {
        match self {
            Self::ServerNameAck
            | Self::StatusRequestAck
            | Self::SignedCertificateTimestampRequest
            | Self::EncryptThenMac
            | Self::ExtendedMasterSecret
            | Self::EarlyData
            | Self::PostHandshakeAuth => {}
            Self::ServerName(names) => put_list(out, &bounds::SERVER_NAMES, names),
            Self::MaxFragmentLength(code) => out.push(*code),
            Self::StatusRequest(request) => request.encode(out),
            Self::CertificateStatus(status) => status.encode(out),
            Self::SupportedGroups(groups) => put_list(out, &bounds::GROUPS, groups),
            Self::EcPointFormats(formats) => put_bytes(out, &bounds::POINT_FORMATS, formats),
            Self::SignatureAlgorithms(schemes) | Self::SignatureAlgorithmsCert(schemes) => {
                put_list(out, &bounds::SCHEMES, schemes);
            }
            Self::Alpn(names) => put_nested(out, &bounds::PROTOCOLS, &bounds::PROTOCOL, names),
            Self::SignedCertificateTimestamps(scts) => put_nested(out, &bounds::SCTS, &bounds::SCT, scts),
            Self::CompressCertificate(algorithms) => {
                put_list(out, &bounds::COMPRESSION_ALGORITHMS, algorithms);
            }
            Self::RecordSizeLimit(number) | Self::PreSharedKeySelected(number) => number.encode(out),
            Self::SessionTicket(body) | Self::Unknown { body, .. } => out.extend_from_slice(body),
            Self::PreSharedKeyOffer(psks) => psks.encode(out),
            Self::EarlyDataLimit(limit) => out.extend_from_slice(&limit.to_be_bytes()),
            Self::SupportedVersions(versions) => put_list(out, &bounds::VERSIONS, versions),
            Self::SelectedVersion(version) => version.encode(out),
            Self::Cookie(cookie) => put_bytes(out, &bounds::COOKIE, cookie),
            Self::PskKeyExchangeModes(modes) => put_bytes(out, &bounds::PSK_MODES, modes),
            Self::CertificateAuthorities(names) => {
                put_nested(out, &bounds::EXTENSION_AUTHORITIES, &bounds::DISTINGUISHED_NAME, names);
            }
            Self::KeyShareOffer(entries) => put_list(out, &bounds::KEY_SHARES, entries),
            Self::KeyShareServer(entry) => entry.encode(out),
            Self::KeyShareRetry(group) => group.encode(out),
            Self::RenegotiationInfo(verify_data) => {
                put_bytes(out, &bounds::RENEGOTIATED_CONNECTION, verify_data);
            }
        }
    }
}

impl Encode for Extension {
    fn encode(&self, out: &mut Vec<u8>) {
        self.typ().encode(out);
        put_vector(out, &bounds::EXTENSION_BODY, |out| self.encode_body(out));
    }
}

/// Reads a block of extensions with its length. Duplicates are kept; [`first_duplicate`] finds them.
pub fn decode_extensions(
    r: &mut Reader<'_>,
    context: ExtensionContext,
) -> Result<Vec<Extension>, DecodeError> {
    r.list_with(&bounds::EXTENSIONS, |r| {
        let typ = ExtensionType::decode(r)?;
        Extension::decode_body(typ, r.vector(&bounds::EXTENSION_BODY)?, context)
    })
}

/// Appends a block of extensions with its length.
pub fn encode_extensions(extensions: &[Extension], out: &mut Vec<u8>) {
    put_list(out, &bounds::EXTENSIONS, extensions);
}

/// The first type that occurs a second time, which no block of extensions may (RFC 8446 4.2).
pub fn first_duplicate(extensions: &[Extension]) -> Option<ExtensionType> {
    let mut seen = BTreeSet::new();
    extensions.iter().map(Extension::typ).find(|typ| !seen.insert(*typ))
}
