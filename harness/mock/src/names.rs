//! The names that a check may be asked about. A name that nobody knows is never offered, so a typing error would be a
//! check that cannot fail.

/// The harness's own tables, code and IANA's name in each row.
const SUITES: &str = include_str!("../../src/registry/data/cipher-suites.csv");
const GROUPS: &str = include_str!("../../src/registry/data/supported-groups.csv");
const SCHEMES: &str = include_str!("../../src/registry/data/signature-schemes.csv");

const VERSIONS: [&str; 5] = ["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Version,
    Suite,
    Group,
    Scheme,
}

/// `None` for a name that no hello can show.
pub fn kind(name: &str) -> Option<Kind> {
    if VERSIONS.contains(&name) {
        return Some(Kind::Version);
    }
    // Columns by naive commas; the second one of the suites is `"0x00,0x01"`.
    [(Kind::Suite, SUITES, 3), (Kind::Group, GROUPS, 2), (Kind::Scheme, SCHEMES, 1)]
        .into_iter()
        .find(|(_, table, column)| names(table, *column).any(|known| known == name))
        .map(|(kind, ..)| kind)
}

/// GREASE is left out of what a client is said to offer.
fn names(table: &'static str, column: usize) -> impl Iterator<Item = &'static str> {
    let name = move |row: &'static str| row.split(',').nth(column);
    table.lines().skip(1).filter_map(name).filter(|name| !name.is_empty() && !name.contains("GREASE"))
}

/// A version that may lie below the highest one of a hello without `supported_versions`.
pub fn is_at_most(version: &str, highest: &str) -> bool {
    let place = |name| VERSIONS.iter().position(|known| *known == name);
    match (place(version), place(highest)) {
        (Some(version), Some(highest)) => version <= highest,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_four_kinds_are_known_and_others_are_not() {
        assert_eq!(kind("TLSv1.0"), Some(Kind::Version));
        assert_eq!(kind("TLS_RSA_WITH_AES_128_CBC_SHA"), Some(Kind::Suite));
        assert_eq!(kind("TLS_AES_128_GCM_SHA256"), Some(Kind::Suite));
        assert_eq!(kind("x25519"), Some(Kind::Group));
        assert_eq!(kind("secp256r1"), Some(Kind::Group));
        assert_eq!(kind("rsa_pkcs1_sha1"), Some(Kind::Scheme));
        for unknown in
            ["", "TLSv1", "TLS 1.2", "AES128-SHA", "NULL", "TLS_RSA_WITH_AES_128", "iana_name", "GREASE_0A0A"]
        {
            assert_eq!(kind(unknown), None, "{unknown:?}");
        }
    }

    /// Counted by hand in the tables: 369 suites, two signalling values.
    #[test]
    fn the_columns_are_those_of_the_names() {
        let suites: Vec<_> = names(SUITES, 3).collect();
        assert_eq!(suites.len(), 371);
        assert!(suites.iter().all(|name| name.starts_with("TLS_")), "{suites:?}");
        let is_code = |name: &str| name.starts_with("0x") || name.parse::<u32>().is_ok();
        assert!(!names(GROUPS, 2).chain(names(SCHEMES, 1)).any(is_code));
    }

    #[test]
    fn an_older_version_is_at_most_a_newer_one() {
        assert!(is_at_most("SSLv3", "TLSv1.2") && is_at_most("TLSv1.2", "TLSv1.2"));
        assert!(!is_at_most("TLSv1.3", "TLSv1.2"));
        assert!(is_at_most("TLSv1.3", "0x7F1C"));
    }
}
