//! Why nothing can be said: every way in which a server fails to answer, with its stable code.

use std::fmt;

/// No answer. None of these is a refusal: nobody said no.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// No address for the host.
    Unresolvable,
    /// Nobody said in time which address the host has.
    ResolveTimeout,
    /// Nobody listens at the port.
    PortRefused,
    /// The network has no way to the address.
    Unreachable,
    /// The connection was not established in time.
    ConnectTimeout,
    /// Connected, and not one byte came in time.
    Silent,
    /// Bytes came, and the flight was not whole in time.
    Slow,
    /// The connection was reset.
    Reset,
    /// The connection was closed without a word, to every hello.
    Closed,
    /// What came is not TLS; how it begins.
    NotTls(String),
    /// What came is TLS that breaks its own rules; how.
    Malformed(String),
    /// It answered before and does so no more: the rest was not asked.
    StoppedAnswering,
    /// The scan was interrupted: the rest was not asked.
    Interrupted,
    /// The time for the whole scan ran out: the rest was not asked.
    OutOfTime,
    /// It accepts more suites than any hello holds that it answers: their order cannot be asked for.
    TooManySuites,
}

impl Trouble {
    /// The codes, in the order of the variants.
    pub const CODES: [&'static str; 15] = [
        "unresolvable",
        "resolve-timeout",
        "port-refused",
        "unreachable",
        "connect-timeout",
        "silent",
        "slow",
        "reset",
        "closed",
        "not-tls",
        "malformed",
        "stopped-answering",
        "interrupted",
        "out-of-time",
        "too-many-suites",
    ];

    /// As JSON has it.
    pub const fn code(&self) -> &'static str {
        Self::CODES[match self {
            Self::Unresolvable => 0,
            Self::ResolveTimeout => 1,
            Self::PortRefused => 2,
            Self::Unreachable => 3,
            Self::ConnectTimeout => 4,
            Self::Silent => 5,
            Self::Slow => 6,
            Self::Reset => 7,
            Self::Closed => 8,
            Self::NotTls(_) => 9,
            Self::Malformed(_) => 10,
            Self::StoppedAnswering => 11,
            Self::Interrupted => 12,
            Self::OutOfTime => 13,
            Self::TooManySuites => 14,
        }]
    }

    /// Whether asking once more could help.
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::PortRefused
            | Self::Unreachable
            | Self::ConnectTimeout
            | Self::Silent
            | Self::Slow
            | Self::Reset
            | Self::Closed => true,
            Self::Unresolvable
            | Self::ResolveTimeout
            | Self::NotTls(_)
            | Self::Malformed(_)
            | Self::StoppedAnswering
            | Self::Interrupted
            | Self::OutOfTime
            | Self::TooManySuites => false,
        }
    }

    /// Whether it is this side that asks no more: nothing can be asked after it.
    pub const fn ends_the_scan(&self) -> bool {
        matches!(self, Self::Interrupted | Self::OutOfTime)
    }
}

/// For people, as the end of a sentence about the server.
impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unresolvable => f.write_str("the host name has no address"),
            Self::ResolveTimeout => f.write_str("its host name was not resolved in time"),
            Self::PortRefused => f.write_str("nobody listens at this port"),
            Self::Unreachable => f.write_str("the network has no way to the address"),
            Self::ConnectTimeout => f.write_str("no connection was established in time"),
            Self::Silent => f.write_str("it took the hello and said nothing in time"),
            Self::Slow => f.write_str("its answer was not complete in time"),
            Self::Reset => f.write_str("it reset the connection"),
            Self::Closed => f.write_str("it closed the connection without a word"),
            Self::NotTls(start) => write!(f, "what it says is not TLS: {start}"),
            Self::Malformed(what) => write!(f, "its answer breaks the rules of TLS: {what}"),
            Self::StoppedAnswering => f.write_str("it stopped answering"),
            Self::Interrupted => f.write_str("the scan was interrupted"),
            Self::OutOfTime => f.write_str("not asked to the end: the time for the scan ran out"),
            Self::TooManySuites => f.write_str("it accepts more suites than any hello holds that it answers"),
        }
    }
}
