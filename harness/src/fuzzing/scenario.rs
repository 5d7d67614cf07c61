//! The files that users write.

use std::fmt;

use crate::client::Adapter;
use crate::edit;
use crate::policy::{Floor, Policy, parse_policies};
use crate::registry::{CipherSuite, ProtocolVersion, suite_by_name};
use crate::scenario::Scenario;

use super::Seen;

/// The first byte says what kind of file the rest is.
pub(super) fn parse(input: &[u8]) -> Seen {
    let Some((kind, rest)) = input.split_first() else { return Seen::new("empty") };
    let Ok(text) = std::str::from_utf8(rest) else { return Seen::new("not UTF-8") };
    match kind % 7 {
        0 => policy(text),
        1 => Seen::new(format_args!("floor {}", Floor::parse("floors/fuzz.toml", text).is_ok())),
        2 => Seen::new(format_args!("scenario {}", Scenario::parse("client/fuzz/fuzz.toml", text).is_ok())),
        3 => edits(text),
        4 => Seen::new(format_args!("adapter {}", Adapter::parse("adapters/fuzz.toml", text).is_ok())),
        5 => code_points(text),
        _ => saved(text),
    }
}

fn policy(text: &str) -> Seen {
    let Ok(policies) = parse_policies([("policies/fuzz.toml", text)]) else {
        return Seen::new("policy refused");
    };
    let Some(policy) = policies.first() else { return Seen::new("no policy") };
    let Ok(table) = text.parse::<toml::Table>() else {
        panic!("ORACLE parse: a policy out of what is not TOML");
    };
    states(&table, policy);
    Seen::new(format_args!("policy {}", policy.suites.len().min(9)))
}

/// Everything in the file's lists stands in the policy's, and nothing else: a name that is not understood must not leave
/// the default behind. A policy that borrows its lists says so.
fn states(table: &toml::Table, policy: &Policy) {
    if policy.suites_from.is_some() {
        return;
    }
    let suite = |name: &str| suite_by_name(name).map(|facts| facts.suite).or_else(|| name.parse().ok());
    same_list(table, "versions", &policy.versions, |name| name.parse().ok());
    same_list(table, "suites", &policy.suites, suite);
    same_list(table, "groups", &policy.groups, |name| name.parse().ok());
    same_list(table, "schemes", &policy.schemes, |name| name.parse().ok());
}

fn same_list<T: PartialEq + Copy + fmt::Debug>(
    table: &toml::Table,
    field: &str,
    read: &[T],
    meant: impl Fn(&str) -> Option<T>,
) {
    let listed = table.get(field).and_then(toml::Value::as_array).into_iter().flatten();
    let listed: Vec<&str> = listed.map(|name| name.as_str().unwrap_or_default()).collect();
    let wanted: Vec<Option<T>> = listed.iter().map(|name| meant(name)).collect();
    let is_same = read.len() == wanted.len()
        && match field {
            // Oldest first, however the file has them.
            "versions" => wanted.iter().all(|one| one.is_some_and(|version| read.contains(&version))),
            _ => read.iter().zip(&wanted).all(|(read, wanted)| Some(*read) == *wanted),
        };
    assert!(is_same, "ORACLE parse: {field} {listed:?} were read as {read:?}");
}

/// A saved edit list, with what it was found on.
fn saved(text: &str) -> Seen {
    let Ok(list) = edit::Saved::parse("fuzz.toml", text) else { return Seen::new("saved refused") };
    let printed = list.print();
    assert_eq!(
        edit::Saved::parse("fuzz.toml", &printed),
        Ok(list.clone()),
        "ORACLE round-trip: a saved list prints as {printed:?}"
    );
    Seen::new(format_args!("saved {}", list.edits.len().min(9)))
}

fn edits(text: &str) -> Seen {
    let Ok(list) = edit::parse_list(text) else { return Seen::new("edits refused") };
    let printed = edit::print_list(&list);
    assert_eq!(edit::parse_list(&printed), Ok(list.clone()), "ORACLE round-trip: edits print as {printed:?}");
    Seen::new(format_args!("edits {}", list.len().min(9)))
}

/// What can be read as a code point prints as a name that means the same.
fn code_points(text: &str) -> Seen {
    // Not by parsing: an unknown name costs the search for near ones.
    if let Some(facts) = suite_by_name(text) {
        let suite: CipherSuite = facts.suite;
        assert_eq!(suite.to_string().parse(), Ok(suite), "ORACLE round-trip: suite {text:?}");
    }
    if let Ok(version) = text.parse::<ProtocolVersion>() {
        assert_eq!(version.to_string().parse(), Ok(version), "ORACLE round-trip: version {text:?}");
        return Seen::new("version");
    }
    Seen::new("no version")
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    const FILE: &str = "title = \"t\"\nversions = [\"TLSv1.2\"]\norder = \"server\"\n\
        suites = [\"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\"]\ngroups = [\"x25519\", \"secp256r1\"]\n\
        schemes = [\"rsa_pss_rsae_sha256\", \"rsa_pkcs1_sha256\"]\n";

    /// A parser that loses one name, or reads another one for it, is found in each list.
    #[test]
    fn a_name_that_is_lost_or_read_as_another_is_found_in_every_list() {
        let policy = || parse_policies([("policies/fuzz.toml", FILE)]).expect("reads").remove(0);
        let table: toml::Table = FILE.parse().expect("TOML");
        let is_found = |spoil: fn(&mut Policy)| {
            let mut policy = policy();
            spoil(&mut policy);
            catch_unwind(AssertUnwindSafe(|| states(&table, &policy))).is_err()
        };
        assert!(!is_found(|_| {}));
        let lost: [fn(&mut Policy); 4] = [
            |policy| policy.versions.truncate(0),
            |policy| policy.suites.truncate(0),
            |policy| policy.groups.truncate(1),
            |policy| policy.schemes.truncate(1),
        ];
        let other: [fn(&mut Policy); 5] = [
            |policy| policy.groups.reverse(),
            |policy| policy.versions[0] = ProtocolVersion::TLS1_0,
            |policy| policy.suites[0] = CipherSuite(0x002F),
            |policy| policy.groups[1] = crate::registry::NamedGroup::SECP384R1,
            |policy| policy.schemes[1] = crate::registry::SignatureScheme::ED25519,
        ];
        for spoil in lost.into_iter().chain(other) {
            assert!(is_found(spoil));
        }
    }

    #[test]
    fn each_kind_of_file_is_read() {
        let printed = "oracle = \"forged\"\n\n[[edit]]\nat = \"record:client:1\"\nchange = \"drop\"\n";
        let seen = |kind: u8, text: &str| parse(&[&[kind], text.as_bytes()].concat()).summary;
        assert_eq!(seen(0, FILE), "policy 1");
        assert_eq!(seen(5, "TLSv1.2"), "version");
        assert_eq!(seen(6, printed), "saved 1");
        assert_eq!(seen(6, "client = 5"), "saved refused");
    }
}
