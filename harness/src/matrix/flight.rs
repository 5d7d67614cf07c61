//! What a server's first flight says.

use crate::oracle::Proposal;
use crate::probe::{Flight, FlightReader};
use crate::registry::{self, AlertDescription, NamedGroup, ProtocolVersion, SignatureScheme, SuiteFacts};
use crate::wire::ExtensionType;

/// What a server answered to a ClientHello, as far as it can be read without keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A ServerHello or a HelloRetryRequest.
    Proposed(Shown),
    /// A ServerHello, behind which the server gave up: in TLS 1.3 its alert is encrypted.
    Abandoned(Shown),
    /// An alert before any ServerHello, as the last word of a server that gave up.
    Alert(AlertDescription),
    /// It gave up and sent nothing.
    Silence,
    /// No first flight: other bytes, or a server that neither answers nor gives up.
    Unreadable(String),
}

/// A first flight, read from the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub version: ProtocolVersion,
    pub suite: registry::CipherSuite,
    /// Of the ServerKeyExchange, of the key share, or the one that a HelloRetryRequest asks for.
    pub group: Option<NamedGroup>,
    /// Size of the prime in a ServerKeyExchange.
    pub dh_bits: Option<u16>,
    /// Of the ServerKeyExchange in TLS 1.2; in TLS 1.3 it is encrypted.
    pub scheme: Option<SignatureScheme>,
    pub hello_retry: bool,
    pub renegotiation_info: bool,
    pub compression: u8,
}

impl Shown {
    fn of(flight: &Flight) -> Self {
        let (hello, exchange) = (&flight.hello, flight.key_exchange.as_ref());
        let signature = exchange.and_then(|exchange| exchange.signature());
        let bits = exchange.and_then(|exchange| exchange.dh_bits());
        Self {
            version: flight.version(),
            suite: hello.cipher_suite,
            group: exchange.map_or_else(|| hello.key_share_group(), |exchange| exchange.group()),
            dh_bits: bits.and_then(|bits| u16::try_from(bits).ok()),
            scheme: signature.and_then(|signature| signature.scheme),
            hello_retry: hello.is_hello_retry_request(),
            renegotiation_info: hello.has(ExtensionType::RENEGOTIATION_INFO),
            compression: hello.compression_method,
        }
    }

    /// The first parameter in which a flight differs from what was expected, in words.
    ///
    /// What cannot be seen is not compared: in TLS 1.3 the signature and the certificate are encrypted.
    pub fn differs_from(&self, expected: &Proposal) -> Option<String> {
        let differs = |what: &str, seen: &dyn std::fmt::Debug, wanted: &dyn std::fmt::Debug| {
            Some(format!("{what} {seen:?} instead of {wanted:?}"))
        };
        if self.version != expected.version {
            return differs("version", &self.version, &expected.version);
        }
        if self.suite != expected.suite {
            return differs("suite", &self.suite, &expected.suite);
        }
        if self.hello_retry != expected.hello_retry {
            return differs("hello_retry", &self.hello_retry, &expected.hello_retry);
        }
        // A finite-field ServerKeyExchange carries a prime and no name: its size is what can be seen.
        if registry::suite(self.suite).is_some_and(SuiteFacts::is_ephemeral_finite_field) {
            if expected.dh_bits.is_some() && self.dh_bits != expected.dh_bits {
                return differs("dh_bits", &self.dh_bits, &expected.dh_bits);
            }
        } else if self.group != expected.group {
            return differs("group", &self.group, &expected.group);
        }
        if self.version < ProtocolVersion::TLS1_3 && self.scheme != expected.scheme {
            return differs("scheme", &self.scheme, &expected.scheme);
        }
        if self.renegotiation_info != expected.renegotiation_info {
            return differs("renegotiation_info", &self.renegotiation_info, &expected.renegotiation_info);
        }
        // RFC 8446 4.1.3: zero; up to TLS 1.2 no server of the harness has compression.
        if self.compression != 0 {
            return differs("compression", &self.compression, &0);
        }
        None
    }
}

/// Reads all that a server sent after one ClientHello. `has_failed`: it says of itself that it gave up.
pub fn read(bytes: &[u8], has_failed: bool) -> Answer {
    match read_flight(bytes) {
        Answer::Proposed(shown) if has_failed => Answer::Abandoned(shown),
        Answer::Alert(_) | Answer::Silence | Answer::Abandoned(_) if !has_failed => {
            Answer::Unreadable("no ServerHello, and the server still waits".to_owned())
        }
        answer => answer,
    }
}

fn read_flight(bytes: &[u8]) -> Answer {
    let mut reader = FlightReader::new();
    reader.push(bytes);
    if let Some(error) = reader.error() {
        return Answer::Unreadable(error.to_string());
    }
    let alert = reader.alert().map(|alert| alert.description);
    if let (Some(alert), true) = (alert, reader.went_on()) {
        return Answer::Unreadable(format!("more behind the alert {alert}"));
    }
    if reader.is_cut() {
        return Answer::Unreadable("the flight ends inside a record or message".to_owned());
    }
    match (reader.flight().map(Shown::of), alert) {
        (Some(shown), None) => Answer::Proposed(shown),
        (Some(shown), Some(_)) => Answer::Abandoned(shown),
        (None, Some(alert)) => Answer::Alert(alert),
        (None, None) => Answer::Silence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FATAL: &[u8] = &[21, 3, 1, 0, 2, 2, 40];

    fn answer(parts: &[&[u8]], has_failed: bool) -> Answer {
        read(&parts.concat(), has_failed)
    }

    #[test]
    fn only_a_server_that_gave_up_has_refused() {
        assert_eq!(answer(&[FATAL], true), Answer::Alert(AlertDescription::HANDSHAKE_FAILURE));
        assert_eq!(answer(&[], true), Answer::Silence);
        for waiting in [answer(&[FATAL], false), answer(&[], false)] {
            assert!(
                matches!(&waiting, Answer::Unreadable(text) if text.contains("still waits")),
                "{waiting:?}"
            );
        }
    }

    #[test]
    fn an_alert_is_the_last_word() {
        let warning = [21, 3, 1, 0, 2, 1, 112].as_slice();
        let found = answer(&[warning, FATAL], true);
        assert!(matches!(&found, Answer::Unreadable(text) if text.contains("behind the alert")), "{found:?}");
    }

    #[test]
    fn compression_is_never_as_expected() {
        let suite = registry::CipherSuite(0xC02F);
        let expected = Proposal::new(ProtocolVersion::TLS1_2, suite);
        let shown = |compression| Shown {
            version: ProtocolVersion::TLS1_2,
            suite,
            group: None,
            dh_bits: None,
            scheme: None,
            hello_retry: false,
            renegotiation_info: false,
            compression,
        };
        assert_eq!(shown(0).differs_from(&expected), None);
        assert_eq!(shown(1).differs_from(&expected).as_deref(), Some("compression 1 instead of 0"));
    }

    #[test]
    fn what_is_cut_off_is_no_answer() {
        for bytes in [&FATAL[..6], &[22, 3, 3, 0, 4, 2, 0, 0, 9], &[22, 3]] {
            let found = answer(&[bytes], true);
            assert!(matches!(found, Answer::Unreadable(_)), "{bytes:?}: {found:?}");
        }
    }
}
