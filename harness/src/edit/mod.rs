//! A lie is an edit: one deviation from an honest flight. Scenarios name their edits in TOML; a saved finding is a
//! list of them.

mod apply;
mod toml;

use std::fmt;

use crate::registry::{CipherSuite, ProtocolVersion, SignatureScheme};
use crate::wire::ExtensionType;

pub use apply::Editor;
pub use toml::{EditError, parse_list, print_list};

/// The message that an edit applies to: the first of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// As the server gets it; the client does not know.
    ClientHello,
    /// As the client gets it; the server does not know.
    ServerHello,
}

impl Target {
    pub const ALL: [Self; 2] = [Self::ClientHello, Self::ServerHello];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientHello => "client-hello",
            Self::ServerHello => "server-hello",
        }
    }
}

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
    /// `legacy_version`, and `supported_versions` in step with it.
    SetVersion(ProtocolVersion),
    /// ServerHello: the suite.
    SetSuite(CipherSuite),
    /// ClientHello: those of the list that were offered; if none was, the whole list. The signal of RFC 5746 stays.
    OfferSuites(Vec<CipherSuite>),
    /// ClientHello: the list, if the hello offers none of its schemes.
    OfferSchemes(Vec<SignatureScheme>),
    /// ServerHello: the end of the random.
    SetSentinel(Sentinel),
    RemoveExtension(ExtensionType),
}

impl Change {
    /// The names that files use, with what each takes.
    pub const NAMES: [&'static str; 6] =
        ["set-version", "set-suite", "offer-suites", "set-sentinel", "remove-extension", "offer-schemes"];

    pub const fn name(&self) -> &'static str {
        match self {
            Self::SetVersion(_) => Self::NAMES[0],
            Self::SetSuite(_) => Self::NAMES[1],
            Self::OfferSuites(_) => Self::NAMES[2],
            Self::SetSentinel(_) => Self::NAMES[3],
            Self::RemoveExtension(_) => Self::NAMES[4],
            Self::OfferSchemes(_) => Self::NAMES[5],
        }
    }

    /// Whether the change means something at that message.
    pub const fn fits(&self, target: Target) -> bool {
        match self {
            Self::SetVersion(_) | Self::RemoveExtension(_) => true,
            Self::SetSuite(_) | Self::SetSentinel(_) => matches!(target, Target::ServerHello),
            Self::OfferSuites(_) | Self::OfferSchemes(_) => matches!(target, Target::ClientHello),
        }
    }
}

/// One deviation from an honest flight.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Edit {
    pub at: Target,
    pub change: Change,
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ", self.at.as_str(), self.change.name())?;
        match &self.change {
            Change::SetVersion(version) => write!(f, "{version}"),
            Change::SetSuite(suite) => write!(f, "{suite}"),
            Change::OfferSuites(suites) => {
                let names: Vec<String> = suites.iter().map(ToString::to_string).collect();
                f.write_str(&names.join(", "))
            }
            Change::OfferSchemes(schemes) => {
                let names: Vec<String> = schemes.iter().map(ToString::to_string).collect();
                f.write_str(&names.join(", "))
            }
            Change::SetSentinel(sentinel) => f.write_str(sentinel.as_str()),
            Change::RemoveExtension(extension) => write!(f, "{extension:?}"),
        }
    }
}
