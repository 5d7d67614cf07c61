//! Alert descriptions by name.

use std::fmt;
use std::sync::OnceLock;

use super::AlertDescription;
use super::table::{self, Row, TableError};

/// What the table says about one alert.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AlertFacts {
    /// The value on the wire.
    pub alert: AlertDescription,
    /// The IANA name; withdrawn ones end in `_RESERVED`.
    pub name: &'static str,
    /// Still defined in TLS 1.3.
    pub tls13: bool,
}

impl AlertFacts {
    fn parse(row: &Row<'_>) -> Result<Self, TableError> {
        Ok(Self {
            alert: AlertDescription(row.number("code")?),
            name: row.name("name")?,
            tls13: row.flag("tls13")?,
        })
    }
}

fn load() -> Result<Vec<AlertFacts>, TableError> {
    let text = include_str!("data/alerts.csv");
    table::read("alerts.csv", text, |facts: &AlertFacts| u16::from(facts.alert.0), AlertFacts::parse)
}

/// Every row of the table by ascending value.
#[expect(clippy::expect_used, reason = "embedded; `the_table_parses` reads this very text")]
pub fn alerts() -> &'static [AlertFacts] {
    static TABLE: OnceLock<Vec<AlertFacts>> = OnceLock::new();
    TABLE.get_or_init(|| load().expect("embedded table"))
}

/// The facts of an alert, or `None` for a value that the table does not have.
pub fn alert(alert: AlertDescription) -> Option<&'static AlertFacts> {
    alerts().iter().find(|facts| facts.alert == alert)
}

impl AlertDescription {
    /// The IANA name (`handshake_failure`), or `None` for a value nobody assigned.
    pub fn name(self) -> Option<&'static str> {
        alert(self).map(|facts| facts.name)
    }

    /// The alert with this IANA name, exactly.
    pub fn by_name(name: &str) -> Option<Self> {
        alerts().iter().find(|facts| facts.name == name).map(|facts| facts.alert)
    }
}

/// The name, or the number of an unknown alert.
impl fmt::Display for AlertDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => fmt::Display::fmt(&self.0, f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_parses() {
        assert_eq!(load().map(|rows| rows.len()), Ok(36));
    }

    #[test]
    fn constants_have_the_names_that_rfc_8446_gives() {
        let expected = [
            (AlertDescription::CLOSE_NOTIFY, "close_notify"),
            (AlertDescription::UNEXPECTED_MESSAGE, "unexpected_message"),
            (AlertDescription::HANDSHAKE_FAILURE, "handshake_failure"),
            (AlertDescription::BAD_CERTIFICATE, "bad_certificate"),
            (AlertDescription::UNSUPPORTED_CERTIFICATE, "unsupported_certificate"),
            (AlertDescription::CERTIFICATE_EXPIRED, "certificate_expired"),
            (AlertDescription::CERTIFICATE_UNKNOWN, "certificate_unknown"),
            (AlertDescription::ILLEGAL_PARAMETER, "illegal_parameter"),
            (AlertDescription::UNKNOWN_CA, "unknown_ca"),
            (AlertDescription::DECODE_ERROR, "decode_error"),
            (AlertDescription::PROTOCOL_VERSION, "protocol_version"),
            (AlertDescription::INSUFFICIENT_SECURITY, "insufficient_security"),
            (AlertDescription::INTERNAL_ERROR, "internal_error"),
            (AlertDescription::INAPPROPRIATE_FALLBACK, "inappropriate_fallback"),
            (AlertDescription::MISSING_EXTENSION, "missing_extension"),
        ];
        for (alert, name) in expected {
            assert_eq!(alert.to_string(), name);
            assert_eq!(AlertDescription::by_name(name), Some(alert));
        }
    }

    #[test]
    fn an_unknown_alert_prints_as_its_number() {
        assert_eq!(AlertDescription(200).to_string(), "200");
        assert_eq!(AlertDescription(200).name(), None);
    }
}
