//! NewSessionTicket (RFC 5077 3.3, RFC 8446 4.6.1).

use crate::registry::ProtocolVersion;
use crate::wire::bounds;
use crate::wire::codec::{DecodeError, Encode, Reader, put_bytes};
use crate::wire::extension::{Extension, ExtensionContext, decode_extensions, encode_extensions};

/// What a client may resume with later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewSessionTicket {
    /// Up to TLS 1.2, before the server's Finished.
    Legacy { lifetime_hint: u32, ticket: Vec<u8> },
    /// TLS 1.3, after the handshake.
    Tls13 { lifetime: u32, age_add: u32, nonce: Vec<u8>, ticket: Vec<u8>, extensions: Vec<Extension> },
}

impl NewSessionTicket {
    pub(super) fn decode(r: &mut Reader<'_>, version: ProtocolVersion) -> Result<Self, DecodeError> {
        let lifetime = r.u32("new_session_ticket.lifetime")?;
        Ok(if version < ProtocolVersion::TLS1_3 {
            Self::Legacy { lifetime_hint: lifetime, ticket: r.bytes(&bounds::TICKET_TLS12)? }
        } else {
            Self::Tls13 {
                lifetime,
                age_add: r.u32("new_session_ticket.age_add")?,
                nonce: r.bytes(&bounds::TICKET_NONCE)?,
                ticket: r.bytes(&bounds::TICKET_TLS13)?,
                extensions: decode_extensions(r, ExtensionContext::NewSessionTicket)?,
            }
        })
    }
}

impl Encode for NewSessionTicket {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Legacy { lifetime_hint, ticket } => {
                out.extend_from_slice(&lifetime_hint.to_be_bytes());
                put_bytes(out, &bounds::TICKET_TLS12, ticket);
            }
            Self::Tls13 { lifetime, age_add, nonce, ticket, extensions } => {
                out.extend_from_slice(&lifetime.to_be_bytes());
                out.extend_from_slice(&age_add.to_be_bytes());
                put_bytes(out, &bounds::TICKET_NONCE, nonce);
                put_bytes(out, &bounds::TICKET_TLS13, ticket);
                encode_extensions(extensions, out);
            }
        }
    }
}
