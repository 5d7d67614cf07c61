//! Names in and out: `Display`, `FromStr`, and suggestions for a name that does not exist.

use std::fmt;
use std::str::FromStr;

use super::{CipherSuite, NamedGroup, SignatureScheme};
use super::{group, group_by_name, groups, scheme, scheme_by_name, schemes};
use super::{suite, suite_by_name, suite_by_openssl_name, suites};

/// How many suggestions an error carries.
const SUGGESTIONS: usize = 3;

/// A longer name is no slip of the pen, and a comparison costs the product of both lengths.
const LONGEST: usize = 256;

/// How much of a name that is too long an error repeats.
const ECHO: usize = 60;

macro_rules! named {
    ($type:ident, $lookup:path, $by_name:path, $nearest:path, $(#[$doc:meta])* $error:ident, $what:literal) => {
        /// The IANA name, or hex for a value that the table does not have.
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match $lookup(*self) {
                    Some(facts) => f.pad(facts.name),
                    None => write!(f, "{:#06X}", self.0),
                }
            }
        }

        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        #[error("unknown {} {name:?}{}", $what, suggestion(.nearest))]
        pub struct $error {
            /// What was asked for.
            pub name: String,
            /// Names that exist, most alike first.
            pub nearest: Vec<&'static str>,
        }

        /// By IANA name, exactly.
        impl FromStr for $type {
            type Err = $error;

            fn from_str(name: &str) -> Result<Self, $error> {
                match $by_name(name) {
                    Some(facts) => Ok($type::from(facts)),
                    None => Err($error { name: shortened(name), nearest: $nearest(name) }),
                }
            }
        }
    };
}

impl From<&super::SuiteFacts> for CipherSuite {
    fn from(facts: &super::SuiteFacts) -> Self {
        facts.suite
    }
}

impl From<&super::GroupFacts> for NamedGroup {
    fn from(facts: &super::GroupFacts) -> Self {
        facts.group
    }
}

impl From<&super::SchemeFacts> for SignatureScheme {
    fn from(facts: &super::SchemeFacts) -> Self {
        facts.scheme
    }
}

named!(CipherSuite, suite, suite_by_name, nearest_suite_names,
    /// A suite name that the table does not have.
    UnknownSuite, "cipher suite");
named!(NamedGroup, group, group_by_name, nearest_group_names,
    /// A group name that the table does not have.
    UnknownGroup, "group");
named!(SignatureScheme, scheme, scheme_by_name, nearest_scheme_names,
    /// A scheme name that the table does not have.
    UnknownScheme, "signature scheme");

/// Suite names most like `name`. OpenSSL's name of a suite finds that suite.
pub fn nearest_suite_names(name: &str) -> Vec<&'static str> {
    let translated = suite_by_openssl_name(name).map(|facts| facts.name);
    let others = nearest(name, suites().iter().map(|facts| facts.name)).into_iter();
    let mut names: Vec<_> = translated.into_iter().collect();
    names.extend(others.filter(|other| Some(*other) != translated));
    names.truncate(SUGGESTIONS);
    names
}

/// Group names most like `name`.
pub fn nearest_group_names(name: &str) -> Vec<&'static str> {
    nearest(name, groups().iter().map(|facts| facts.name))
}

/// Scheme names most like `name`.
pub fn nearest_scheme_names(name: &str) -> Vec<&'static str> {
    nearest(name, schemes().iter().map(|facts| facts.name))
}

/// The known names with the fewest edits from `name`, upper and lower case being the same, most alike first. None for
/// a name that is longer than any.
pub fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let ranked = ranked(name, known.map(|known| (known, known)));
    ranked.into_iter().map(|(_, known)| known).take(SUGGESTIONS).collect()
}

/// What is known by names, each with the number of edits from `name` to its own; as [`nearest`] orders them.
pub fn ranked<'n, T: Ord>(name: &str, known: impl Iterator<Item = (&'n str, T)>) -> Vec<(usize, T)> {
    let is_long = |name: &str| name.chars().count() > LONGEST;
    if is_long(name) {
        return Vec::new();
    }
    let wanted = name.to_ascii_lowercase();
    let mut ranked: Vec<_> = known
        .filter(|(known, _)| !is_long(known))
        .map(|(known, item)| (strsim::osa_distance(&wanted, &known.to_ascii_lowercase()), item))
        .collect();
    ranked.sort_unstable();
    ranked
}

/// `; nearest: a, b`, or nothing: the end of an error.
pub fn suggestion<T: AsRef<str>>(nearest: &[T]) -> String {
    if nearest.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = nearest.iter().map(AsRef::as_ref).collect();
    format!("; nearest: {}", names.join(", "))
}

/// A name as errors repeat it: a long one loses its end.
pub fn shortened(name: &str) -> String {
    match name.chars().count() {
        ..=LONGEST => name.to_owned(),
        count => format!("{}... ({count} characters)", name.chars().take(ECHO).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_print_their_name_and_unknown_ones_their_hex() {
        assert_eq!(CipherSuite(0x1301).to_string(), "TLS_AES_128_GCM_SHA256");
        assert_eq!(CipherSuite(0xBEEF).to_string(), "0xBEEF");
        assert_eq!(CipherSuite(0x00EE).to_string(), "0x00EE");
        assert_eq!(NamedGroup::X25519.to_string(), "x25519");
        assert_eq!(NamedGroup(0x7777).to_string(), "0x7777");
        assert_eq!(SignatureScheme::ED25519.to_string(), "ed25519");
        assert_eq!(format!("{:?}", SignatureScheme(0x0001)), "0x0001");
    }

    #[test]
    fn every_name_reads_back_as_its_value() {
        for facts in suites() {
            assert_eq!(facts.name.parse(), Ok(facts.suite));
        }
        for facts in groups() {
            assert_eq!(facts.name.parse(), Ok(facts.group));
        }
        for facts in schemes() {
            assert_eq!(facts.name.parse(), Ok(facts.scheme));
        }
    }

    #[test]
    fn a_misspelt_name_is_an_error_that_suggests_the_right_one() {
        let error = "TLS_RSA_WITH_AES_128_GCM_SHA265".parse::<CipherSuite>().expect_err("misspelt");
        assert_eq!(error.nearest.first(), Some(&"TLS_RSA_WITH_AES_128_GCM_SHA256"));
        let error = "sec256r1".parse::<NamedGroup>().expect_err("misspelt");
        assert_eq!(error.nearest.first(), Some(&"secp256r1"));
        let error = "rsa_pkcs_sha256".parse::<SignatureScheme>().expect_err("misspelt");
        assert_eq!(error.nearest.first(), Some(&"rsa_pkcs1_sha256"));
    }

    #[test]
    fn the_openssl_name_of_a_suite_suggests_that_suite() {
        let first = |name| nearest_suite_names(name).first().copied();
        assert_eq!(first("ECDHE-RSA-AES128-GCM-SHA256"), Some("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"));
        assert_eq!(first("DES-CBC3-SHA"), Some("TLS_RSA_WITH_3DES_EDE_CBC_SHA"));
        assert_eq!(first("DHE-RSA-DES-CBC3-SHA"), Some("TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"));
    }

    #[test]
    fn case_is_no_difference_and_length_has_an_end() {
        let known = || ["Alpha", "alphabet", "Beta", "Gamma"].into_iter();
        assert_eq!(nearest("ALPHA", known()), ["Alpha", "alphabet", "Beta"]);
        assert_eq!(ranked("BETA", known().zip(0..))[0], (0, 2));
        let (long, longer) = ("x".repeat(256), "\u{e9}".repeat(257));
        assert_eq!(nearest(&long, known()).len(), 3);
        assert_eq!(nearest(&longer, known()), [""; 0]);
        assert_eq!(nearest("x", [longer.as_str(), "y"].into_iter()), ["y"]);
        assert_eq!(shortened(&long), long);
        assert_eq!(shortened(&longer), format!("{}... (257 characters)", "\u{e9}".repeat(60)));
    }

    #[test]
    fn an_error_about_a_long_name_is_short() {
        let name = "TLS_".repeat(16_384);
        let table = [
            ("cipher suite", name.parse::<CipherSuite>().expect_err("long").to_string()),
            ("group", name.parse::<NamedGroup>().expect_err("long").to_string()),
            ("signature scheme", name.parse::<SignatureScheme>().expect_err("long").to_string()),
        ];
        let start = "TLS_".repeat(15);
        for (what, said) in table {
            assert_eq!(said, format!("unknown {what} \"{start}... (65536 characters)\""));
        }
    }
}
