//! Policies as JSON: the keys of `schema/policies-1.json`, all of them, `null` for what is not known.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use crate::policy::{Catalogue, Order, Origin, Policy};

use super::breaks::Breaking;

/// One object, one line.
pub fn line(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{value}")
}

pub fn policy(policy: &Policy, breaking: Option<&Breaking>, catalogue: &Catalogue) -> Value {
    let known = policy.provenance.as_ref();
    json!({
        "type": "policy",
        "schema": 1,
        "id": policy.id,
        "file": file(policy, catalogue),
        "title": policy.title,
        "service": policy.service(),
        "service_name": known.and_then(|known| known.service.as_deref()),
        "scope": known.map(|known| &known.scope),
        "aliases": known.map(|known| &known.aliases),
        "default_for": known.map(|known| &known.default_for),
        "status": known.map(|known| known.status.as_str()),
        "certainty": known.map(|known| known.certainty.as_str()),
        "versions": list(policy, &policy.versions),
        "order": order(policy),
        "suites": list(policy, &policy.suites),
        "suites_from": policy.lender(),
        "borrowed": policy.borrowed(),
        "groups": list(policy, &policy.groups),
        "schemes": list(policy, &policy.schemes),
        "dhe_bits": policy.dhe_bits,
        "s2n": policy.s2n_name(),
        "fips": known.map(|known| known.fips),
        "post_quantum": known.map(|known| known.post_quantum),
        "states": known.map(|known| known.states.iter().map(|statement| statement.as_str()).collect::<Vec<_>>()),
        "derived": of_sources(policy, policy.derived()),
        "unordered": of_sources(policy, policy.unordered()),
        "conflicts": known.map(|known| &known.conflicts),
        "notes": known.map(|known| &known.notes),
        "sources": known.map(|known| &known.sources),
        "breaks": breaking.map(breaks),
    })
}

/// The user's file; `null` of what is built in.
pub fn file<'c>(policy: &Policy, catalogue: &'c Catalogue) -> Option<&'c str> {
    match catalogue.origin(&policy.id) {
        Origin::BuiltIn => None,
        Origin::Yours { file, .. } => Some(file),
    }
}

/// What is said of the sources, its own or the lender's; `null` if there are none.
pub fn of_sources(policy: &Policy, fields: Vec<&'static str>) -> Option<Vec<&'static str>> {
    (policy.provenance.is_some() || policy.is_stand_in()).then_some(fields)
}

fn breaks(breaking: &Breaking) -> Value {
    let rules: Map<String, Value> = breaking
        .rules
        .iter()
        .map(|(code, answer)| (code.as_str().to_owned(), answer.as_str().into()))
        .collect();
    json!({ "floor": breaking.floor, "answer": breaking.answer().as_str(), "rules": rules })
}

/// `server` or `client`; a policy without suites has no preference.
pub fn order(policy: &Policy) -> Option<&'static str> {
    (!policy.suites.is_empty()).then_some(match policy.order {
        Order::Server => "server",
        Order::Client => "client",
    })
}

/// A list of the policy, if it is known: of one that can be played, an empty list is known to be empty.
pub fn known<'p, T>(policy: &Policy, items: &'p [T]) -> Option<&'p [T]> {
    (!items.is_empty() || policy.playable().is_ok()).then_some(items)
}

/// Names; `null` for a list that is not known.
fn list<T: ToString>(policy: &Policy, items: &[T]) -> Option<Vec<String>> {
    known(policy, items).map(|items| items.iter().map(ToString::to_string).collect())
}
