//! Values on the command line of `load`.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::load::Rate;
use crate::registry::ProtocolVersion;

use super::super::exit::Exit;

/// Starts per second at most; no machine makes more.
const HIGHEST_RATE: f64 = 1e6;
const LONGEST: f64 = 3600.0;
/// Nobody's certificates are larger.
const LARGEST_FILE: u64 = 1 << 20;

pub fn rate(text: &str) -> Result<Rate, String> {
    if text == "max" {
        return Ok(Rate::Max);
    }
    let number: Option<f64> = text.parse().ok();
    let number = number.filter(|rate| (0.01..=HIGHEST_RATE).contains(rate));
    number.map(Rate::Fixed).ok_or_else(|| "allowed: 0.01 to 1000000 starts per second, or max".to_owned())
}

pub fn time(text: &str) -> Result<Duration, String> {
    let seconds: Option<f64> = text.parse().ok();
    let seconds = seconds.filter(|seconds| (0.1..=LONGEST).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "allowed: 0.1 to 3600 seconds".to_owned())
}

/// `1.3`, or the name that data files use.
pub fn version(text: &str) -> Result<ProtocolVersion, String> {
    let known = ProtocolVersion::ALL.into_iter().filter(|version| *version > ProtocolVersion::SSL3);
    let is_named = |version: &ProtocolVersion| {
        version.name().is_some_and(|name| name == text || name.strip_prefix("TLSv") == Some(text))
    };
    known.clone().find(is_named).ok_or_else(|| "allowed: 1.0, 1.1, 1.2, 1.3".to_owned())
}

/// `--max-errors`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MostErrors {
    Count(u64),
    /// In percent of the starts that were scheduled.
    Share(f64),
}

impl FromStr for MostErrors {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = match text.strip_suffix('%') {
            Some(share) => share.parse().ok().filter(|share| (0.0..=100.0).contains(share)).map(Self::Share),
            None => text.parse().ok().map(Self::Count),
        };
        parsed.ok_or_else(|| "allowed: a number such as 10, or a share such as 0.1%".to_owned())
    }
}

impl MostErrors {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn allows(self, errors: u64, scheduled: u64) -> bool {
        match self {
            Self::Count(most) => errors <= most,
            Self::Share(percent) => errors as f64 * 100.0 <= percent * scheduled as f64,
        }
    }
}

/// The one certificate of a PEM file, DER.
pub fn certificate(path: &Path) -> Result<Arc<Vec<u8>>, Exit> {
    let bad = |text: String| Exit::usage(format!("--ca-pem {}: {text}", path.display()));
    let size = std::fs::metadata(path).map_err(|e| bad(e.to_string()))?;
    // Opening a pipe waits for a writer, for good if there is none.
    if !size.is_file() || size.len() > LARGEST_FILE {
        return Err(bad("no regular file, or larger than 1 MiB".to_owned()));
    }
    let text = std::fs::read(path).map_err(|e| bad(e.to_string()))?;
    let mut found: Vec<Vec<u8>> = pem::parse_many(&text)
        .map_err(|e| bad(format!("no PEM: {e}")))?
        .into_iter()
        .filter(|block| block.tag() == "CERTIFICATE")
        .map(pem::Pem::into_contents)
        .collect();
    match (found.pop(), found.len()) {
        (Some(only), 0) => Ok(Arc::new(only)),
        (Some(_), others) => Err(bad(format!("{} certificates; allowed is one, the CA's", others + 1))),
        (None, _) => Err(bad("no certificate in it (-----BEGIN CERTIFICATE-----)".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_outside_their_bounds_are_refused_with_what_is_allowed() {
        for bad in ["0", "-1", "nan", "inf", "1e7", "Max", "", "10/s"] {
            assert!(rate(bad).is_err_and(|text| text.contains("max")), "{bad}");
        }
        for bad in ["0", "3601", "nan", "10s", ""] {
            assert!(time(bad).is_err_and(|text| text.contains("3600")), "{bad}");
        }
        for bad in ["1.4", "SSLv3", "3.0", "TLSv", ""] {
            assert!(version(bad).is_err_and(|text| text.contains("1.3")), "{bad}");
        }
        for bad in ["-1", "101%", "nan%", "%", "few"] {
            assert!(bad.parse::<MostErrors>().is_err(), "{bad}");
        }
        assert_eq!((rate("max"), rate("2.5")), (Ok(Rate::Max), Ok(Rate::Fixed(2.5))));
        assert_eq!(
            (version("1.2"), version("TLSv1.3")),
            (Ok(ProtocolVersion::TLS1_2), Ok(ProtocolVersion::TLS1_3))
        );
    }

    #[test]
    fn errors_are_allowed_up_to_a_number_or_a_share() {
        let allows = |text: &str, errors| text.parse::<MostErrors>().unwrap().allows(errors, 200);
        assert_eq!((allows("3", 3), allows("3", 4)), (true, false));
        assert_eq!(
            (allows("1%", 2), allows("1%", 3), allows("0%", 1), allows("0", 0)),
            (true, false, false, true)
        );
    }
}
