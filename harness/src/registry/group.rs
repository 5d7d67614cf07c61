//! Key-exchange groups.

use std::sync::OnceLock;

use super::NamedGroup;
use super::kinds::{UnknownValue, vocabulary};
use super::table::{self, Row, TableError};
use std::fmt;
use std::str::FromStr;

vocabulary! {
    /// What kind of exchange a group is for.
    GroupFamily, "group family" {
        /// An elliptic curve.
        Ecdhe = "ecdhe",
        /// A finite field (RFC 7919).
        Ffdhe = "ffdhe",
        /// A post-quantum key encapsulation alone.
        PqKem = "pq-kem",
        /// A post-quantum key encapsulation beside a curve.
        HybridPq = "hybrid-pq",
        /// A reserved value that no server may choose (RFC 8701).
        Grease = "grease",
        /// "Any curve, described in full" (RFC 8422 withdrew it).
        Explicit = "explicit",
    }
}

/// What the table says about one group.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupFacts {
    /// The value on the wire.
    pub group: NamedGroup,
    /// The IANA name.
    pub name: &'static str,
    /// A name that OpenSSL understands.
    pub openssl_name: Option<&'static str>,
    /// The kind of exchange.
    pub family: GroupFamily,
    /// Approximate strength; `None` where the group is not one group.
    pub security_bits: Option<u16>,
    /// May be used in TLS 1.2 and below.
    pub tls12: bool,
    /// May be used in TLS 1.3.
    pub tls13: bool,
    /// Holds against a quantum computer.
    pub post_quantum: bool,
    /// Size of the client's share in TLS 1.3, in bytes.
    pub client_share_bytes: Option<u16>,
    /// Size of the server's share in TLS 1.3, in bytes.
    pub server_share_bytes: Option<u16>,
}

impl GroupFacts {
    /// The size of a finite-field group's prime: a share is as long as the prime (RFC 8446 4.2.8.1).
    pub fn dh_bits(&self) -> Option<u16> {
        match self.family {
            GroupFamily::Ffdhe => self.client_share_bytes.and_then(|bytes| bytes.checked_mul(8)),
            GroupFamily::Ecdhe
            | GroupFamily::PqKem
            | GroupFamily::HybridPq
            | GroupFamily::Grease
            | GroupFamily::Explicit => None,
        }
    }

    fn parse(row: &Row<'_>) -> Result<Self, TableError> {
        Ok(Self {
            group: NamedGroup(row.number("code")?),
            name: row.name("iana_name")?,
            // Some cells hold two spellings, "P-256 / prime256v1": the first is the one to print.
            openssl_name: row
                .optional_name("openssl_name")?
                .map(|names| names.split_once(" / ").map_or(names, |(first, _)| first)),
            family: row.word("family")?,
            security_bits: row.optional_number("security_bits")?,
            tls12: row.flag("tls12")?,
            tls13: row.flag("tls13")?,
            post_quantum: row.flag("post_quantum")?,
            client_share_bytes: row.optional_number("client_share_bytes")?,
            server_share_bytes: row.optional_number("server_share_bytes")?,
        })
    }
}

fn load() -> Result<Vec<GroupFacts>, TableError> {
    let text = include_str!("data/supported-groups.csv");
    table::read("supported-groups.csv", text, |facts: &GroupFacts| facts.group.0, GroupFacts::parse)
}

/// Every row of the table by ascending value.
#[expect(clippy::expect_used, reason = "embedded; `the_table_parses` reads this very text")]
pub fn groups() -> &'static [GroupFacts] {
    static TABLE: OnceLock<Vec<GroupFacts>> = OnceLock::new();
    TABLE.get_or_init(|| load().expect("embedded table"))
}

/// The facts of a group, or `None` for a value that the table does not have.
pub fn group(group: NamedGroup) -> Option<&'static GroupFacts> {
    let table = groups();
    table.binary_search_by_key(&group, |facts| facts.group).ok().map(|at| &table[at])
}

/// The group with this IANA name, exactly.
pub fn group_by_name(name: &str) -> Option<&'static GroupFacts> {
    groups().iter().find(|facts| facts.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_parses() {
        assert_eq!(load().map(|rows| rows.len()), Ok(73));
    }

    #[test]
    fn constants_have_the_names_that_their_specifications_give() {
        let expected = [
            (NamedGroup::SECP256R1, "secp256r1", Some("P-256"), GroupFamily::Ecdhe, true, true, None),
            (NamedGroup::SECP384R1, "secp384r1", Some("P-384"), GroupFamily::Ecdhe, true, true, None),
            (NamedGroup::SECP521R1, "secp521r1", Some("P-521"), GroupFamily::Ecdhe, true, true, None),
            (NamedGroup::X25519, "x25519", Some("X25519"), GroupFamily::Ecdhe, true, true, None),
            (NamedGroup::X448, "x448", Some("X448"), GroupFamily::Ecdhe, true, true, None),
            (
                NamedGroup::FFDHE2048,
                "ffdhe2048",
                Some("ffdhe2048"),
                GroupFamily::Ffdhe,
                true,
                true,
                Some(2048),
            ),
            (
                NamedGroup::X25519MLKEM768,
                "X25519MLKEM768",
                Some("X25519MLKEM768"),
                GroupFamily::HybridPq,
                false,
                true,
                None,
            ),
        ];
        for (value, name, openssl, family, tls12, tls13, dh_bits) in expected {
            let facts = group(value).expect("known");
            assert_eq!((facts.name, facts.openssl_name), (name, openssl));
            assert_eq!((facts.family, facts.tls12, facts.tls13), (family, tls12, tls13), "{name}");
            assert_eq!(facts.dh_bits(), dh_bits, "{name}");
            assert_eq!(group_by_name(name), Some(facts));
        }
    }

    #[test]
    fn finite_field_groups_have_the_size_in_their_name() {
        for (code, bits) in [(0x0100, 2048), (0x0101, 3072), (0x0102, 4096), (0x0103, 6144), (0x0104, 8192)] {
            assert_eq!(group(NamedGroup(code)).and_then(GroupFacts::dh_bits), Some(bits));
        }
    }

    #[test]
    fn exactly_the_sixteen_reserved_values_are_grease() {
        for facts in groups() {
            assert_eq!(facts.family == GroupFamily::Grease, facts.group.is_grease(), "{}", facts.name);
        }
        assert_eq!(groups().iter().filter(|facts| facts.group.is_grease()).count(), 16);
    }
}
