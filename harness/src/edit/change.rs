//! What an edit does.

use std::fmt;

use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::wire::{Alert, ContentType, ExtensionType, HandshakeType};

use super::Place;

/// The last eight bytes of ServerHello.random that tell a client of a downgrade (RFC 8446 4.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sentinel {
    /// `DOWNGRD` 01: TLS 1.2 was negotiated by a server that has 1.3.
    Tls12,
    /// `DOWNGRD` 00: TLS 1.1 or older was negotiated by a server that has more.
    Tls11,
    /// Neither.
    Absent,
}

impl Sentinel {
    pub const ALL: [Self; 3] = [Self::Tls12, Self::Tls11, Self::Absent];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tls12 => "tls12",
            Self::Tls11 => "tls11",
            Self::Absent => "absent",
        }
    }
}

/// What is changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// A hello: `legacy_version`, and `supported_versions` in step with it. A record: the version in its header.
    SetVersion(ProtocolVersion),
    /// ServerHello: the suite.
    SetSuite(CipherSuite),
    /// ServerHello: the end of the random.
    SetSentinel(Sentinel),
    /// ClientHello: those of the list that were offered; if none was, the whole list. The signal of RFC 5746 stays.
    OfferSuites(Vec<CipherSuite>),
    /// ClientHello: the list, if the hello offers none of its schemes.
    OfferSchemes(Vec<SignatureScheme>),
    /// ClientHello: the list as `supported_groups`; key shares of other groups go (RFC 8446 4.2.8).
    OfferGroups(Vec<NamedGroup>),
    RemoveExtension(ExtensionType),
    /// A hello: one more extension, behind the others.
    InsertExtension(ExtensionType, Vec<u8>),
    /// The whole message in place of this one, its header included: one of another handshake, say.
    Replay(Vec<u8>),

    /// A message or a record: it does not arrive.
    Drop,
    /// It arrives twice.
    Duplicate,
    /// It arrives behind the one that follows it in its direction, and waits for that.
    Swap,

    /// A record: two, the first with so many bytes.
    Split(u16),
    /// A record: one with the record that follows in its direction, and waits for that. Only of one content type.
    Merge,
    /// A record: only its first bytes.
    Truncate(u16),
    /// A record: zeros behind its payload, up to so many bytes.
    Oversize(u16),
    /// A record: another content type.
    Retype(ContentType),
    /// A record: one byte of its payload.
    Xor {
        offset: u16,
        mask: u8,
    },
    /// Before a record: a ChangeCipherSpec.
    InjectChangeCipherSpec,
    /// Before a record: an alert in the clear.
    InjectAlert(Alert),
    /// Before a record: bytes as the payload of a handshake record in the clear.
    InjectHandshake(Vec<u8>),
}

impl Change {
    /// The names that files use.
    pub const NAMES: [&'static str; 21] = [
        "set-version",
        "set-suite",
        "offer-suites",
        "set-sentinel",
        "remove-extension",
        "offer-schemes",
        "offer-groups",
        "insert-extension",
        "replay",
        "drop",
        "duplicate",
        "swap",
        "split",
        "merge",
        "truncate",
        "oversize",
        "retype",
        "xor",
        "inject-change-cipher-spec",
        "inject-alert",
        "inject-handshake",
    ];

    pub const fn name(&self) -> &'static str {
        match self {
            Self::SetVersion(_) => "set-version",
            Self::SetSuite(_) => "set-suite",
            Self::SetSentinel(_) => "set-sentinel",
            Self::OfferSuites(_) => "offer-suites",
            Self::OfferSchemes(_) => "offer-schemes",
            Self::OfferGroups(_) => "offer-groups",
            Self::RemoveExtension(_) => "remove-extension",
            Self::InsertExtension(..) => "insert-extension",
            Self::Replay(_) => "replay",
            Self::Drop => "drop",
            Self::Duplicate => "duplicate",
            Self::Swap => "swap",
            Self::Split(_) => "split",
            Self::Merge => "merge",
            Self::Truncate(_) => "truncate",
            Self::Oversize(_) => "oversize",
            Self::Retype(_) => "retype",
            Self::Xor { .. } => "xor",
            Self::InjectChangeCipherSpec => "inject-change-cipher-spec",
            Self::InjectAlert(_) => "inject-alert",
            Self::InjectHandshake(_) => "inject-handshake",
        }
    }

    /// Whether the change means something there.
    pub const fn fits(&self, place: Place) -> bool {
        let (is_client_hello, is_server_hello, is_record) = match place {
            Place::Message { typ: HandshakeType::CLIENT_HELLO, .. } => (true, false, false),
            Place::Message { typ: HandshakeType::SERVER_HELLO, .. } => (false, true, false),
            Place::Message { .. } => (false, false, false),
            Place::Record { .. } => (false, false, true),
        };
        match self {
            Self::Drop | Self::Duplicate | Self::Swap => true,
            Self::Replay(_) => !is_record,
            Self::SetVersion(_) => is_client_hello || is_server_hello || is_record,
            Self::RemoveExtension(_) | Self::InsertExtension(..) => is_client_hello || is_server_hello,
            Self::SetSuite(_) | Self::SetSentinel(_) => is_server_hello,
            Self::OfferSuites(_) | Self::OfferSchemes(_) | Self::OfferGroups(_) => is_client_hello,
            Self::Split(_)
            | Self::Merge
            | Self::Truncate(_)
            | Self::Oversize(_)
            | Self::Retype(_)
            | Self::Xor { .. }
            | Self::InjectChangeCipherSpec
            | Self::InjectAlert(_)
            | Self::InjectHandshake(_) => is_record,
        }
    }

    /// Where the change means something, for messages.
    pub(super) const fn fitting(&self) -> &'static str {
        match self {
            Self::SetVersion(_) => "client-hello, server-hello and records",
            Self::RemoveExtension(_) | Self::InsertExtension(..) => "client-hello and server-hello",
            Self::SetSuite(_) | Self::SetSentinel(_) => "server-hello",
            Self::OfferSuites(_) | Self::OfferSchemes(_) | Self::OfferGroups(_) => "client-hello",
            Self::Replay(_) => "messages",
            _ => "records",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: &[T]) -> fmt::Result {
            let names: Vec<String> = items.iter().map(ToString::to_string).collect();
            write!(f, " {}", names.join(", "))
        }
        f.write_str(self.name())?;
        match self {
            Self::SetVersion(version) => write!(f, " {version}"),
            Self::SetSuite(suite) => write!(f, " {suite}"),
            Self::SetSentinel(sentinel) => write!(f, " {}", sentinel.as_str()),
            Self::OfferSuites(suites) => list(f, suites),
            Self::OfferSchemes(schemes) => list(f, schemes),
            Self::OfferGroups(groups) => list(f, groups),
            Self::RemoveExtension(typ) => write!(f, " {typ}"),
            Self::InsertExtension(typ, body) => write!(f, " {typ} ({} bytes)", body.len()),
            Self::Replay(bytes) | Self::InjectHandshake(bytes) => write!(f, " {} bytes", bytes.len()),
            Self::Split(bytes) | Self::Truncate(bytes) | Self::Oversize(bytes) => write!(f, " {bytes}"),
            Self::Retype(typ) => write!(f, " {typ}"),
            Self::Xor { offset, mask } => write!(f, " {mask:#04x} at {offset}"),
            Self::InjectAlert(alert) => write!(f, " {} {}", alert.level, alert.description),
            Self::Drop | Self::Duplicate | Self::Swap | Self::Merge | Self::InjectChangeCipherSpec => Ok(()),
        }
    }
}
