//! What a client is held to, and its TOML form.

use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use super::data_file::{DataError, Problem, Source};
use super::service::ServiceName;
use crate::registry::{ProtocolVersion, shortened};

/// What a broken rule means for the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Treatment {
    /// Nothing.
    Allow,
    /// A warning.
    Warn,
    /// The client has to refuse.
    Fail,
}

impl fmt::Display for Treatment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Fail => "fail",
        })
    }
}

/// The text that a floor follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edition {
    /// The page or document.
    pub page: String,
    /// Its date, as exact as it is known: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    pub date: String,
    /// Where it can be read.
    pub url: Option<String>,
    /// What is the harness's reading rather than the text's words.
    pub note: Option<String>,
}

/// `Infrastructure security in AWS CloudHSM, user guide (2023)`.
impl fmt::Display for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.page, self.date)
    }
}

/// What a client is held to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Floor {
    /// The path below `floors/`, without the ending.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// Negotiating less is a breach.
    pub min_version: ProtocolVersion,
    /// Not offering it is a warning.
    pub recommended_version: Option<ProtocolVersion>,
    /// A session without forward secrecy.
    pub no_forward_secrecy: Treatment,
    /// A session with a server for whom nobody vouches.
    pub unauthenticated: Treatment,
    /// A session without encryption.
    pub unencrypted: Treatment,
    /// Finite-field Diffie-Hellman in TLS 1.2 and below.
    pub finite_field_dhe: Treatment,
    /// RC4, DES, RC2, IDEA. EXPORT suites fail whatever this says.
    pub weak_cipher: Treatment,
    /// 3DES; a warning unless the file says otherwise.
    pub triple_des: Treatment,
    /// A smaller finite-field group fails. 0 allows every size.
    pub min_dhe_bits: u16,
    /// A smaller RSA key of a certificate fails. 0 allows every size.
    pub min_rsa_bits: u32,
    /// SHA-1 or MD5 in the handshake or the chain.
    pub weak_signature: Treatment,
    /// The text that this floor follows.
    pub source: Edition,
    /// The service whose guide named this floor ([`Service`](super::Service)).
    pub service: Option<ServiceName>,
}

impl Floor {
    /// The folder of this kind of file.
    pub const FOLDER: &'static str = "floors";

    /// Parses a floor.
    pub fn parse(file: &str, text: &str) -> Result<Self, DataError> {
        let source = Source { file, text };
        let raw: RawFloor = source.read()?;
        let min_version = source.name(&raw.min_version)?;
        let recommended_version = match &raw.recommended_version {
            None => None,
            Some(written) => {
                let recommended: ProtocolVersion = source.name(written)?;
                if recommended < min_version {
                    let problem = Problem::BelowMinimum { recommended, min: min_version };
                    return Err(source.error(written.span(), problem));
                }
                Some(recommended)
            }
        };
        Ok(Self {
            id: source.id(Self::FOLDER)?.to_owned(),
            title: source.filled("title", &raw.title)?,
            min_version,
            recommended_version,
            no_forward_secrecy: raw.no_forward_secrecy,
            unauthenticated: raw.unauthenticated,
            unencrypted: raw.unencrypted,
            finite_field_dhe: raw.finite_field_dhe,
            weak_cipher: raw.weak_cipher,
            triple_des: raw.triple_des.unwrap_or(Treatment::Warn),
            min_dhe_bits: raw.min_dhe_bits,
            min_rsa_bits: raw.min_rsa_bits,
            weak_signature: raw.weak_signature,
            source: raw.source.checked(&source)?,
            service: None,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFloor {
    title: Spanned<String>,
    min_version: Spanned<String>,
    recommended_version: Option<Spanned<String>>,
    no_forward_secrecy: Treatment,
    unauthenticated: Treatment,
    unencrypted: Treatment,
    finite_field_dhe: Treatment,
    weak_cipher: Treatment,
    triple_des: Option<Treatment>,
    min_dhe_bits: u16,
    min_rsa_bits: u32,
    weak_signature: Treatment,
    source: RawEdition,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEdition {
    page: Spanned<String>,
    date: Spanned<String>,
    url: Option<Spanned<String>>,
    note: Option<Spanned<String>>,
}

impl RawEdition {
    pub(super) fn checked(&self, source: &Source<'_>) -> Result<Edition, DataError> {
        let date = source.filled("date", &self.date)?;
        if !is_date(&date) {
            return Err(source.error(self.date.span(), Problem::Date(shortened(&date))));
        }
        let optional = |key, text: &Option<Spanned<String>>| {
            text.as_ref().map(|text| source.filled(key, text)).transpose()
        };
        Ok(Edition {
            page: source.filled("page", &self.page)?,
            date,
            url: optional("url", &self.url)?,
            note: optional("note", &self.note)?,
        })
    }
}

/// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, with a month and a day that a calendar could have.
pub(super) fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let number = |part: &str, digits: usize, most: u16| {
        part.len() == digits
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && part.parse().is_ok_and(|n: u16| (1..=most).contains(&n))
    };
    match parts[..] {
        [year] => number(year, 4, 9999),
        [year, month] => number(year, 4, 9999) && number(month, 2, 12),
        [year, month, day] => number(year, 4, 9999) && number(month, 2, 12) && number(day, 2, 31),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
