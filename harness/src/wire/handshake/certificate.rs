//! Certificate, CertificateRequest and CompressedCertificate (RFC 8446 4.3.2 and 4.4.2, RFC 5246 7.4.2 and
//! 7.4.4, RFC 8879 4). Certificates themselves are bytes here.

use crate::registry::{ProtocolVersion, SignatureScheme};
use crate::wire::bounds;
use crate::wire::codec::{Decode, DecodeError, Encode, Reader, put_bytes, put_list, put_nested, put_u24};
use crate::wire::extension::{Extension, ExtensionContext, decode_extensions, encode_extensions};

/// A chain, end entity first; empty from a client that has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certificate {
    /// Up to TLS 1.2: certificates in DER.
    Legacy(Vec<Vec<u8>>),
    Tls13 {
        context: Vec<u8>,
        entries: Vec<CertificateEntry>,
    },
}

/// One certificate of TLS 1.3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateEntry {
    /// DER, or a raw public key where that was negotiated.
    pub data: Vec<u8>,
    pub extensions: Vec<Extension>,
}

impl Certificate {
    /// The certificates without what surrounds them.
    pub fn chain(&self) -> Vec<&[u8]> {
        match self {
            Self::Legacy(chain) => chain.iter().map(Vec::as_slice).collect(),
            Self::Tls13 { entries, .. } => entries.iter().map(|entry| entry.data.as_slice()).collect(),
        }
    }

    pub(super) fn decode(r: &mut Reader<'_>, version: ProtocolVersion) -> Result<Self, DecodeError> {
        Ok(if version < ProtocolVersion::TLS1_3 {
            Self::Legacy(r.list_with(&bounds::CERTIFICATE_LIST, |r| r.bytes(&bounds::CERTIFICATE))?)
        } else {
            Self::Tls13 {
                context: r.bytes(&bounds::CERTIFICATE_CONTEXT)?,
                entries: r.list(&bounds::CERTIFICATE_LIST)?,
            }
        })
    }
}

impl Encode for Certificate {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Legacy(chain) => put_nested(out, &bounds::CERTIFICATE_LIST, &bounds::CERTIFICATE, chain),
            Self::Tls13 { context, entries } => {
                put_bytes(out, &bounds::CERTIFICATE_CONTEXT, context);
                put_list(out, &bounds::CERTIFICATE_LIST, entries);
            }
        }
    }
}

impl Encode for CertificateEntry {
    fn encode(&self, out: &mut Vec<u8>) {
        put_bytes(out, &bounds::CERTIFICATE, &self.data);
        encode_extensions(&self.extensions, out);
    }
}

impl Decode for CertificateEntry {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            data: r.bytes(&bounds::CERTIFICATE)?,
            extensions: decode_extensions(r, ExtensionContext::Certificate)?,
        })
    }
}

/// The server wants the client's certificate too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateRequest {
    /// Up to TLS 1.2, which added the schemes.
    Legacy {
        certificate_types: Vec<u8>,
        schemes: Option<Vec<SignatureScheme>>,
        authorities: Vec<Vec<u8>>,
    },
    Tls13 {
        context: Vec<u8>,
        extensions: Vec<Extension>,
    },
}

impl CertificateRequest {
    pub(super) fn decode(r: &mut Reader<'_>, version: ProtocolVersion) -> Result<Self, DecodeError> {
        Ok(if version < ProtocolVersion::TLS1_3 {
            let names_schemes = version >= ProtocolVersion::TLS1_2;
            Self::Legacy {
                certificate_types: r.bytes(&bounds::CERTIFICATE_TYPES)?,
                schemes: if names_schemes { Some(r.list(&bounds::SCHEMES)?) } else { None },
                authorities: r.list_with(&bounds::AUTHORITIES, |r| r.bytes(&bounds::DISTINGUISHED_NAME))?,
            }
        } else {
            Self::Tls13 {
                context: r.bytes(&bounds::CERTIFICATE_CONTEXT)?,
                extensions: decode_extensions(r, ExtensionContext::CertificateRequest)?,
            }
        })
    }
}

impl Encode for CertificateRequest {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Legacy { certificate_types, schemes, authorities } => {
                put_bytes(out, &bounds::CERTIFICATE_TYPES, certificate_types);
                if let Some(schemes) = schemes {
                    put_list(out, &bounds::SCHEMES, schemes);
                }
                put_nested(out, &bounds::AUTHORITIES, &bounds::DISTINGUISHED_NAME, authorities);
            }
            Self::Tls13 { context, extensions } => {
                put_bytes(out, &bounds::CERTIFICATE_CONTEXT, context);
                encode_extensions(extensions, out);
            }
        }
    }
}

/// A Certificate message of TLS 1.3 in compressed form. Nothing is unpacked here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompressedCertificate {
    pub algorithm: u16,
    pub uncompressed_length: u32,
    pub compressed: Vec<u8>,
}

impl Encode for CompressedCertificate {
    fn encode(&self, out: &mut Vec<u8>) {
        self.algorithm.encode(out);
        put_u24(out, self.uncompressed_length);
        put_bytes(out, &bounds::COMPRESSED_CERTIFICATE, &self.compressed);
    }
}

impl Decode for CompressedCertificate {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            algorithm: r.u16("compressed_certificate.algorithm")?,
            uncompressed_length: r.u24("compressed_certificate.uncompressed_length")?,
            compressed: r.bytes(&bounds::COMPRESSED_CERTIFICATE)?,
        })
    }
}
