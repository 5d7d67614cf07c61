//! Both directions of a connection as a list of messages: the evidence behind a verdict.

use std::fmt;

use crate::registry::ProtocolVersion;
use crate::wire::{
    Alert, ClientHello, ContentType, Context, Extension, Handshake, HandshakeType, KeyExchangeShape,
    ServerHello,
};

/// Entries kept at most; a handshake has about ten.
const ENTRIES: usize = 128;
/// Bytes of an undecodable start that are kept.
const RAW_KEPT: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Client,
    Server,
}

/// One thing that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Handshake {
        kind: HandshakeType,
        body: Vec<u8>,
    },
    ChangeCipherSpec,
    Alert(Alert),
    /// A record whose content is protected.
    Protected {
        content_type: ContentType,
        length: usize,
    },
    /// Bytes that are not TLS.
    NotTls(Vec<u8>),
    /// Something that TLS framing allows and its grammar does not.
    Malformed(String),
    /// The orderly end of the byte stream.
    Fin,
    /// The abrupt end.
    Reset,
    /// Decrypted application data, as the engine gave it.
    ApplicationData(usize),
}

/// The messages of a connection in the order in which the server side saw and sent them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    entries: Vec<(Side, Seen)>,
    dropped: usize,
}

impl Transcript {
    pub fn push(&mut self, side: Side, seen: Seen) {
        let seen = match seen {
            Seen::NotTls(mut bytes) => {
                bytes.truncate(RAW_KEPT);
                Seen::NotTls(bytes)
            }
            other => other,
        };
        if self.entries.len() < ENTRIES {
            self.entries.push((side, seen));
        } else {
            self.dropped += 1;
        }
    }

    /// The client's first hello, if there is one that can be read.
    pub fn client_hello(&self) -> Option<ClientHello> {
        let context = Context { version: ProtocolVersion::TLS1_2, key_exchange: KeyExchangeShape::Other };
        self.entries.iter().find_map(|(side, seen)| match seen {
            Seen::Handshake { kind: kind @ HandshakeType::CLIENT_HELLO, body } if *side == Side::Client => {
                match Handshake::decode(*kind, body, &context) {
                    Ok(Handshake::ClientHello(hello)) => Some(hello),
                    _ => None,
                }
            }
            _ => None,
        })
    }

    pub fn entries(&self) -> &[(Side, Seen)] {
        &self.entries
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut version = ProtocolVersion::TLS1_2;
        for (side, seen) in &self.entries {
            let arrow = match side {
                Side::Client => "client ->",
                Side::Server => "       <- server",
            };
            write!(f, "{arrow:<17} ")?;
            match seen {
                Seen::Handshake { kind, body } => {
                    let context = Context { version, key_exchange: KeyExchangeShape::Other };
                    match Handshake::decode(*kind, body, &context) {
                        Ok(Handshake::ClientHello(hello)) => client_hello(f, &hello)?,
                        Ok(Handshake::ServerHello(hello)) => {
                            version = hello.negotiated_version();
                            server_hello(f, &hello)?;
                        }
                        Ok(Handshake::Certificate(certificate)) => {
                            let sizes: Vec<usize> = certificate.chain().iter().map(|der| der.len()).collect();
                            writeln!(f, "Certificate, DER sizes {sizes:?}")?;
                        }
                        Ok(message) => writeln!(f, "{message:?}")?,
                        Err(error) => writeln!(f, "{kind:?}, {} bytes, {error}", body.len())?,
                    }
                }
                Seen::ChangeCipherSpec => writeln!(f, "ChangeCipherSpec")?,
                Seen::Alert(alert) => writeln!(f, "{alert:?}")?,
                Seen::Protected { content_type, length } => {
                    writeln!(f, "protected record, outer type {}, {length} bytes", content_type.0)?;
                }
                Seen::NotTls(bytes) => writeln!(f, "not TLS: {:?}", String::from_utf8_lossy(bytes))?,
                Seen::Malformed(what) => writeln!(f, "malformed: {what}")?,
                Seen::Fin => writeln!(f, "FIN")?,
                Seen::Reset => writeln!(f, "RST")?,
                Seen::ApplicationData(length) => writeln!(f, "application data, {length} bytes decrypted")?,
            }
        }
        if self.dropped > 0 {
            writeln!(f, "({} more)", self.dropped)?;
        }
        Ok(())
    }
}

/// The indent below an arrow.
const INDENT: &str = "                    ";

fn client_hello(f: &mut fmt::Formatter<'_>, hello: &ClientHello) -> fmt::Result {
    writeln!(f, "ClientHello {}", hello.legacy_version)?;
    writeln!(f, "{INDENT}random      {}", hex(&hello.random))?;
    writeln!(f, "{INDENT}session id  {}", hex(&hello.session_id))?;
    for suite in &hello.cipher_suites {
        writeln!(f, "{INDENT}suite       {suite}")?;
    }
    writeln!(f, "{INDENT}compression {:?}", hello.compression_methods)?;
    extensions(f, hello.extensions())
}

fn server_hello(f: &mut fmt::Formatter<'_>, hello: &ServerHello) -> fmt::Result {
    let kind = if hello.is_hello_retry_request() { "HelloRetryRequest" } else { "ServerHello" };
    writeln!(f, "{kind} {} with {}", hello.negotiated_version(), hello.cipher_suite)?;
    writeln!(f, "{INDENT}random      {}", hex(&hello.random))?;
    writeln!(f, "{INDENT}session id  {}", hex(&hello.session_id))?;
    extensions(f, hello.extensions())
}

fn extensions(f: &mut fmt::Formatter<'_>, list: &[Extension]) -> fmt::Result {
    list.iter().try_for_each(|extension| writeln!(f, "{INDENT}extension   {extension:?}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
