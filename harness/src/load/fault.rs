//! Why a start did not come to a handshake that counts.

use std::fmt;
use std::io::{self, ErrorKind};

use crate::engine::EngineFailure;
use crate::registry::{self, ProtocolVersion};

/// Most characters of a stack's own words that are kept.
const WORDS: usize = 120;

/// Each has a stable code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Nobody listens at the port.
    Refused,
    ConnectTimeout,
    /// No connection, for another reason.
    Unreachable(String),
    /// This machine has no descriptor or port left for a connection: says nothing of the server.
    NoResources(String),
    /// The server reset the connection during the handshake.
    Reset,
    /// The server closed the connection during the handshake, without an alert.
    Closed,
    /// The handshake was not done at the deadline.
    Timeout,
    /// An alert of the server's by name, or why the client's own stack gave up.
    Tls(String),
    WrongVersion(ProtocolVersion),
    /// A full handshake where an abbreviated one was asked for.
    NotResumed,
    /// The client's end was done, and then nothing of the server's showed that its own was.
    Unconfirmed(&'static str),
    /// There was no room for the connection until its deadline, or until the run was interrupted.
    NotStarted(&'static str),
    /// The run was interrupted meanwhile.
    Interrupted,
    /// The client could not be set up: a fault of this program.
    Client(String),
}

impl Fault {
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused => "connect-refused",
            Self::ConnectTimeout => "connect-timeout",
            Self::Unreachable(_) => "connect-failed",
            Self::NoResources(_) => "no-resources",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::Timeout => "timeout",
            Self::Tls(_) => "tls-failed",
            Self::WrongVersion(_) => "wrong-version",
            Self::NotResumed => "not-resumed",
            Self::Unconfirmed(_) => "unconfirmed",
            Self::NotStarted(_) => "not-started",
            Self::Interrupted => "interrupted",
            Self::Client(_) => "client-failed",
        }
    }

    /// More than the code says; empty if there is no more.
    pub fn detail(&self) -> String {
        match self {
            Self::Unreachable(text) | Self::NoResources(text) | Self::Tls(text) | Self::Client(text) => {
                text.clone()
            }
            Self::WrongVersion(version) => version.to_string(),
            Self::Unconfirmed(what) | Self::NotStarted(what) => (*what).to_owned(),
            _ => String::new(),
        }
    }

    pub(super) fn connecting(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::Refused,
            ErrorKind::TimedOut => Self::ConnectTimeout,
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => Self::Reset,
            // EADDRNOTAVAIL: all ports towards this address are taken; EMFILE and ENFILE have no kind.
            ErrorKind::AddrNotAvailable | ErrorKind::OutOfMemory => Self::NoResources(words(error)),
            _ if error.raw_os_error().is_some_and(is_descriptors) => Self::NoResources(words(error)),
            _ => Self::Unreachable(words(error)),
        }
    }

    pub(super) fn of(failure: &EngineFailure) -> Self {
        Self::Tls(match failure.alert_received {
            Some(alert) => match registry::alert(alert) {
                Some(facts) => format!("alert {}", facts.name),
                None => format!("alert {alert}"),
            },
            None => words(&failure.text),
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let detail = self.detail();
        if detail.is_empty() { f.write_str(self.code()) } else { write!(f, "{} ({detail})", self.code()) }
    }
}

fn is_descriptors(number: i32) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE, Errno::NOBUFS].iter().any(|errno| errno.raw_os_error() == number)
}

/// On one line and not too long: what is different each time would make a kind of its own of every error.
fn words(text: impl fmt::Display) -> String {
    let text = text.to_string();
    let text = text.lines().next().unwrap_or_default().trim();
    match text.char_indices().nth(WORDS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn what_this_machine_lacks_is_not_blamed_on_the_server() {
        let of = |errno: Errno| Fault::connecting(&io::Error::from(errno)).code();
        for (errno, code) in [
            (Errno::CONNREFUSED, "connect-refused"),
            (Errno::TIMEDOUT, "connect-timeout"),
            (Errno::CONNRESET, "reset"),
            (Errno::HOSTUNREACH, "connect-failed"),
            (Errno::ADDRNOTAVAIL, "no-resources"),
            (Errno::MFILE, "no-resources"),
            (Errno::NFILE, "no-resources"),
        ] {
            assert_eq!(of(errno), code, "{errno}");
        }
    }

    #[test]
    fn words_are_cut_to_one_short_line() {
        assert_eq!(words("one\ntwo"), "one");
        assert_eq!(words("\u{e9}".repeat(200)).chars().count(), WORDS + 3);
    }
}
