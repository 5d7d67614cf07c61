//! Alerts (RFC 8446 6, RFC 5246 7.2).

use std::fmt;

use super::codec::{Decode, DecodeError, Encode, Reader, code_point_codec};
use crate::registry::AlertDescription;

/// How bad an alert says it is. TLS 1.3 ignores this field.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertLevel(pub u8);

impl AlertLevel {
    pub const WARNING: Self = Self(1);
    pub const FATAL: Self = Self(2);
}

impl fmt::Display for AlertLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::WARNING => f.write_str("warning"),
            Self::FATAL => f.write_str("fatal"),
            Self(other) => write!(f, "{other:#04X}"),
        }
    }
}

impl fmt::Debug for AlertLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

code_point_codec! { AlertLevel(u8) "alert level", }

/// The whole payload of an alert record in the clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Alert {
    pub level: AlertLevel,
    pub description: AlertDescription,
}

impl Alert {
    pub const fn fatal(description: AlertDescription) -> Self {
        Self { level: AlertLevel::FATAL, description }
    }

    pub const fn warning(description: AlertDescription) -> Self {
        Self { level: AlertLevel::WARNING, description }
    }

    /// Reads the payload of an alert record. An encrypted one is longer and gives an error.
    pub fn parse(payload: &[u8]) -> Result<Self, DecodeError> {
        Self::decode_all(payload, "alert")
    }
}

impl Encode for Alert {
    fn encode(&self, out: &mut Vec<u8>) {
        self.level.encode(out);
        self.description.encode(out);
    }
}

impl Decode for Alert {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { level: AlertLevel::decode(r)?, description: AlertDescription::decode(r)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_bytes_is_an_alert_and_comes_back() {
        for pair in 0..=u16::MAX {
            let bytes = pair.to_be_bytes();
            let alert = Alert::parse(&bytes).unwrap();
            assert_eq!((alert.level.0, alert.description.0), (bytes[0], bytes[1]));
            assert_eq!(alert.to_bytes(), bytes);
        }
    }

    #[test]
    fn an_alert_is_exactly_two_bytes() {
        assert_eq!(Alert::parse(&[]), Err(DecodeError::Truncated { what: "alert level", missing: 1 }));
        assert_eq!(Alert::parse(&[2]), Err(DecodeError::Truncated { what: "alert description", missing: 1 }));
        assert_eq!(Alert::parse(&[2, 40, 0]), Err(DecodeError::Trailing { what: "alert", extra: 1 }));
    }

    #[test]
    fn a_fatal_handshake_failure_is_2_40() {
        assert_eq!(Alert::fatal(AlertDescription::HANDSHAKE_FAILURE).to_bytes(), [2, 40]);
        assert_eq!(Alert::warning(AlertDescription::CLOSE_NOTIFY).to_bytes(), [1, 0]);
    }
}
