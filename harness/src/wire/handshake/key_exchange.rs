//! ServerKeyExchange, ClientKeyExchange and signatures (RFC 5246 7.4.3, 7.4.7 and 4.7, RFC 8422 5.4).

use super::Context;
use crate::registry::{KeyExchange, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::wire::bounds;
use crate::wire::codec::{Decode, DecodeError, Encode, Reader, put_bytes};

/// What the suite's key exchange makes of the two key-exchange messages, which do not say it themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyExchangeShape {
    /// The client encrypts the secret; the server sends no key exchange.
    Rsa,
    /// Finite-field parameters, with a signature or anonymous.
    Dhe { signed: bool },
    /// A point on a curve, with a signature or anonymous.
    Ecdhe { signed: bool },
    /// PSK, SRP, export RSA, static DH, or not known: both messages stay bytes.
    Other,
}

impl KeyExchangeShape {
    /// The shape that goes with a suite's key exchange.
    pub const fn of(key_exchange: KeyExchange) -> Self {
        match key_exchange {
            KeyExchange::Rsa => Self::Rsa,
            KeyExchange::Dhe => Self::Dhe { signed: true },
            KeyExchange::DhAnon => Self::Dhe { signed: false },
            KeyExchange::Ecdhe => Self::Ecdhe { signed: true },
            KeyExchange::EcdhAnon => Self::Ecdhe { signed: false },
            KeyExchange::Null
            | KeyExchange::Dh
            | KeyExchange::Ecdh
            | KeyExchange::Krb5
            | KeyExchange::Psk
            | KeyExchange::DhePsk
            | KeyExchange::RsaPsk
            | KeyExchange::EcdhePsk
            | KeyExchange::Gost
            | KeyExchange::Srp
            | KeyExchange::Cecpq1
            | KeyExchange::Eccpwd
            | KeyExchange::Tls13
            | KeyExchange::None => Self::Other,
        }
    }
}

/// A signature and, from TLS 1.2 on, how it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigitallySigned {
    pub scheme: Option<SignatureScheme>,
    pub signature: Vec<u8>,
}

impl DigitallySigned {
    pub(super) fn decode(r: &mut Reader<'_>, version: ProtocolVersion) -> Result<Self, DecodeError> {
        let names_scheme = version >= ProtocolVersion::TLS1_2;
        Ok(Self {
            scheme: if names_scheme { Some(SignatureScheme::decode(r)?) } else { None },
            signature: r.bytes(&bounds::SIGNATURE)?,
        })
    }
}

impl Encode for DigitallySigned {
    fn encode(&self, out: &mut Vec<u8>) {
        if let Some(scheme) = self.scheme {
            scheme.encode(out);
        }
        put_bytes(out, &bounds::SIGNATURE, &self.signature);
    }
}

/// `curve_type` of a group by name (RFC 8422 5.4). The explicit curves of RFC 4492 stay bytes.
const NAMED_CURVE: u8 = 3;

/// The server's ephemeral public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerKeyExchange {
    Dhe { p: Vec<u8>, g: Vec<u8>, ys: Vec<u8>, signature: Option<DigitallySigned> },
    Ecdhe { group: NamedGroup, point: Vec<u8>, signature: Option<DigitallySigned> },
    Opaque(Vec<u8>),
}

impl ServerKeyExchange {
    /// The size of a finite-field prime: its bits without leading zeros, whatever its length on the wire.
    pub fn dh_bits(&self) -> Option<usize> {
        match self {
            Self::Dhe { p, .. } => Some(bit_length(p)),
            Self::Ecdhe { .. } | Self::Opaque(_) => None,
        }
    }

    pub fn group(&self) -> Option<NamedGroup> {
        match self {
            Self::Ecdhe { group, .. } => Some(*group),
            Self::Dhe { .. } | Self::Opaque(_) => None,
        }
    }

    pub fn signature(&self) -> Option<&DigitallySigned> {
        match self {
            Self::Dhe { signature, .. } | Self::Ecdhe { signature, .. } => signature.as_ref(),
            Self::Opaque(_) => None,
        }
    }

    pub(super) fn decode(r: &mut Reader<'_>, context: &Context) -> Result<Self, DecodeError> {
        let signature = |r: &mut Reader<'_>, signed: bool| {
            if signed { DigitallySigned::decode(r, context.version).map(Some) } else { Ok(None) }
        };
        match context.key_exchange {
            KeyExchangeShape::Dhe { signed } => Ok(Self::Dhe {
                p: r.bytes(&bounds::DH_P)?,
                g: r.bytes(&bounds::DH_G)?,
                ys: r.bytes(&bounds::DH_YS)?,
                signature: signature(r, signed)?,
            }),
            KeyExchangeShape::Ecdhe { signed } => {
                let whole = r.clone();
                if r.u8("curve_type")? == NAMED_CURVE {
                    Ok(Self::Ecdhe {
                        group: NamedGroup::decode(r)?,
                        point: r.bytes(&bounds::EC_POINT)?,
                        signature: signature(r, signed)?,
                    })
                } else {
                    *r = whole;
                    Ok(Self::Opaque(r.rest().to_vec()))
                }
            }
            KeyExchangeShape::Rsa | KeyExchangeShape::Other => Ok(Self::Opaque(r.rest().to_vec())),
        }
    }
}

impl Encode for ServerKeyExchange {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Dhe { p, g, ys, .. } => {
                put_bytes(out, &bounds::DH_P, p);
                put_bytes(out, &bounds::DH_G, g);
                put_bytes(out, &bounds::DH_YS, ys);
            }
            Self::Ecdhe { group, point, .. } => {
                out.push(NAMED_CURVE);
                group.encode(out);
                put_bytes(out, &bounds::EC_POINT, point);
            }
            Self::Opaque(body) => out.extend_from_slice(body),
        }
        if let Some(signature) = self.signature() {
            signature.encode(out);
        }
    }
}

fn bit_length(big_endian: &[u8]) -> usize {
    match big_endian.iter().position(|byte| *byte != 0) {
        Some(first) => {
            let below = 8 * (big_endian.len() - first - 1);
            below + (u8::BITS - big_endian[first].leading_zeros()) as usize
        }
        None => 0,
    }
}

/// The client's half of the key exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientKeyExchange {
    /// RFC 5246 7.4.7.1.
    Rsa {
        encrypted_premaster: Vec<u8>,
    },
    /// In SSL 3 the same without a length (RFC 6101 5.6.7.1).
    RsaSsl3 {
        encrypted_premaster: Vec<u8>,
    },
    /// RFC 5246 7.4.7.2.
    Dhe {
        yc: Vec<u8>,
    },
    /// RFC 8422 5.7.
    Ecdhe {
        point: Vec<u8>,
    },
    Opaque(Vec<u8>),
}

impl ClientKeyExchange {
    pub(super) fn decode(r: &mut Reader<'_>, context: &Context) -> Result<Self, DecodeError> {
        Ok(match context.key_exchange {
            KeyExchangeShape::Rsa if context.version <= ProtocolVersion::SSL3 => {
                Self::RsaSsl3 { encrypted_premaster: r.rest().to_vec() }
            }
            KeyExchangeShape::Rsa => {
                Self::Rsa { encrypted_premaster: r.bytes(&bounds::ENCRYPTED_PREMASTER)? }
            }
            KeyExchangeShape::Dhe { .. } => Self::Dhe { yc: r.bytes(&bounds::DH_YC)? },
            KeyExchangeShape::Ecdhe { .. } => Self::Ecdhe { point: r.bytes(&bounds::EC_POINT)? },
            KeyExchangeShape::Other => Self::Opaque(r.rest().to_vec()),
        })
    }
}

impl Encode for ClientKeyExchange {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Rsa { encrypted_premaster } => {
                put_bytes(out, &bounds::ENCRYPTED_PREMASTER, encrypted_premaster);
            }
            Self::Dhe { yc } => put_bytes(out, &bounds::DH_YC, yc),
            Self::Ecdhe { point } => put_bytes(out, &bounds::EC_POINT, point),
            Self::RsaSsl3 { encrypted_premaster: body } | Self::Opaque(body) => out.extend_from_slice(body),
        }
    }
}
