//! The structures inside extension bodies.

use crate::registry::NamedGroup;
use crate::wire::bounds;
use crate::wire::codec::{Decode, DecodeError, Encode, Reader, put_bytes, put_list, put_nested};

/// One name of `server_name` (RFC 6066 3). Other types than `host_name` keep the same shape there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerName {
    pub name_type: u8,
    pub name: Vec<u8>,
}

impl ServerName {
    pub const HOST_NAME: u8 = 0;

    pub fn host(name: &str) -> Self {
        Self { name_type: Self::HOST_NAME, name: name.as_bytes().to_vec() }
    }
}

impl Encode for ServerName {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.name_type);
        put_bytes(out, &bounds::SERVER_NAME, &self.name);
    }
}

impl Decode for ServerName {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { name_type: r.u8("server_name.name_type")?, name: r.bytes(&bounds::SERVER_NAME)? })
    }
}

/// `status_type` of OCSP (RFC 6066 8).
pub const STATUS_TYPE_OCSP: u8 = 1;

/// What a client wants to know about the certificate's status (RFC 6066 8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateStatusRequest {
    Ocsp { responder_ids: Vec<Vec<u8>>, request_extensions: Vec<u8> },
    Other { status_type: u8, request: Vec<u8> },
}

impl Encode for CertificateStatusRequest {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Ocsp { responder_ids, request_extensions } => {
                out.push(STATUS_TYPE_OCSP);
                put_nested(out, &bounds::RESPONDER_IDS, &bounds::RESPONDER_ID, responder_ids);
                put_bytes(out, &bounds::OCSP_EXTENSIONS, request_extensions);
            }
            Self::Other { status_type, request } => {
                out.push(*status_type);
                out.extend_from_slice(request);
            }
        }
    }
}

impl Decode for CertificateStatusRequest {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match r.u8("status_request.status_type")? {
            STATUS_TYPE_OCSP => Self::Ocsp {
                responder_ids: r.list_with(&bounds::RESPONDER_IDS, |r| r.bytes(&bounds::RESPONDER_ID))?,
                request_extensions: r.bytes(&bounds::OCSP_EXTENSIONS)?,
            },
            status_type => Self::Other { status_type, request: r.rest().to_vec() },
        })
    }
}

/// The certificate's status: a message of its own up to TLS 1.2 (RFC 6066 8), an extension of the certificate
/// in TLS 1.3 (RFC 8446 4.4.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateStatus {
    /// The response in DER, which may also say that the certificate is revoked.
    Ocsp(Vec<u8>),
    Other {
        status_type: u8,
        response: Vec<u8>,
    },
}

impl Encode for CertificateStatus {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Ocsp(response) => {
                out.push(STATUS_TYPE_OCSP);
                put_bytes(out, &bounds::OCSP_RESPONSE, response);
            }
            Self::Other { status_type, response } => {
                out.push(*status_type);
                out.extend_from_slice(response);
            }
        }
    }
}

impl Decode for CertificateStatus {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match r.u8("certificate_status.status_type")? {
            STATUS_TYPE_OCSP => Self::Ocsp(r.bytes(&bounds::OCSP_RESPONSE)?),
            status_type => Self::Other { status_type, response: r.rest().to_vec() },
        })
    }
}

/// A public key for one group (RFC 8446 4.2.8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyShareEntry {
    pub group: NamedGroup,
    pub key_exchange: Vec<u8>,
}

impl Encode for KeyShareEntry {
    fn encode(&self, out: &mut Vec<u8>) {
        self.group.encode(out);
        put_bytes(out, &bounds::KEY_EXCHANGE, &self.key_exchange);
    }
}

impl Decode for KeyShareEntry {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { group: NamedGroup::decode(r)?, key_exchange: r.bytes(&bounds::KEY_EXCHANGE)? })
    }
}

/// A pre-shared key by name (RFC 8446 4.2.11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PskIdentity {
    pub identity: Vec<u8>,
    pub obfuscated_ticket_age: u32,
}

impl Encode for PskIdentity {
    fn encode(&self, out: &mut Vec<u8>) {
        put_bytes(out, &bounds::PSK_IDENTITY, &self.identity);
        out.extend_from_slice(&self.obfuscated_ticket_age.to_be_bytes());
    }
}

impl Decode for PskIdentity {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            identity: r.bytes(&bounds::PSK_IDENTITY)?,
            obfuscated_ticket_age: r.u32("psk identity.obfuscated_ticket_age")?,
        })
    }
}

/// The pre-shared keys that a client offers, and the proofs that it has them (RFC 8446 4.2.11). That both lists
/// are equally long is for the server to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedPsks {
    pub identities: Vec<PskIdentity>,
    pub binders: Vec<Vec<u8>>,
}

impl Encode for OfferedPsks {
    fn encode(&self, out: &mut Vec<u8>) {
        put_list(out, &bounds::PSK_IDENTITIES, &self.identities);
        put_nested(out, &bounds::PSK_BINDERS, &bounds::PSK_BINDER, &self.binders);
    }
}

impl Decode for OfferedPsks {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            identities: r.list(&bounds::PSK_IDENTITIES)?,
            binders: r.list_with(&bounds::PSK_BINDERS, |r| r.bytes(&bounds::PSK_BINDER))?,
        })
    }
}
