//! The files that users write.

use crate::client::Adapter;
use crate::edit;
use crate::policy::{Floor, parse_policies};
use crate::registry::{CipherSuite, ProtocolVersion, suite_by_name};
use crate::scenario::Scenario;

use super::Seen;

/// The first byte says what kind of file the rest is.
pub(super) fn parse(input: &[u8]) -> Seen {
    let Some((kind, rest)) = input.split_first() else { return Seen::new("empty") };
    let Ok(text) = std::str::from_utf8(rest) else { return Seen::new("not UTF-8") };
    match kind % 6 {
        0 => policy(text),
        1 => Seen::new(format_args!("floor {}", Floor::parse("floors/fuzz.toml", text).is_ok())),
        2 => Seen::new(format_args!("scenario {}", Scenario::parse("client/fuzz/fuzz.toml", text).is_ok())),
        3 => edits(text),
        4 => Seen::new(format_args!("adapter {}", Adapter::parse("adapters/fuzz.toml", text).is_ok())),
        _ => code_points(text),
    }
}

/// Every suite of the file stands in the policy, and nothing else: a name that is not understood must not leave the
/// default behind.
fn policy(text: &str) -> Seen {
    let Ok(policies) = parse_policies([("policies/fuzz.toml", text)]) else {
        return Seen::new("policy refused");
    };
    let Some(policy) = policies.first() else { return Seen::new("no policy") };
    let Ok(table) = text.parse::<toml::Table>() else {
        panic!("ORACLE parse: a policy out of what is not TOML");
    };
    if policy.suites_from.is_none() {
        let stated = table.get("suites").and_then(toml::Value::as_array).map_or(0, Vec::len);
        assert_eq!(
            policy.suites.len(),
            stated,
            "ORACLE parse: suites of the file and of the policy in {text:?}"
        );
        let listed = table.get("suites").and_then(toml::Value::as_array).into_iter().flatten();
        for (suite, name) in policy.suites.iter().zip(listed) {
            let name = name.as_str().unwrap_or_default();
            assert!(
                suite_by_name(name).is_some_and(|facts| facts.suite == *suite) || name.parse() == Ok(*suite),
                "ORACLE parse: {name:?} was read as {suite}"
            );
        }
    }
    let stated = table.get("versions").and_then(toml::Value::as_array).map_or(0, Vec::len);
    if policy.suites_from.is_none() {
        assert_eq!(
            policy.versions.len(),
            stated,
            "ORACLE parse: versions of the file and of the policy in {text:?}"
        );
    }
    Seen::new(format_args!("policy {}", policy.suites.len().min(9)))
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
