//! Writes `scenarios/policies/` from the data; the rules for what the data does not state are in `derive`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::data::{data, rows, suites, text, texts};
use crate::derive::Derived;

const HEAD: &str = "# Written by `make policies` from harness/data/aws-policies.json: change that.\n";

/// This note stands at every policy of s2n-tls and says what a list of groups is anyway.
const ORDER_OF_S2N: &str =
    "PQ key-exchange groups first (s2n prefers them in TLS 1.3), then curves in preference order.";

/// A line is broken behind this many characters.
const WIDTH: usize = 100;

/// Path below `scenarios/policies/` and text of every file.
pub fn files() -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> =
        rows().map(|row| (format!("{}.toml", text(row, "id")), policy(row))).collect();
    files.insert("sources.toml".to_owned(), sources());
    files
}

fn sources() -> String {
    let mut out = format!("{HEAD}# The texts that policies are taken from. Policies name the keys.\n");
    for (key, source) in data()["sources"].as_object().unwrap() {
        write!(out, "\n[{key}]\n").unwrap();
        for field in ["title", "where", "date", "kind"] {
            line(&mut out, 5, field, &quoted(text(source, field)));
        }
    }
    out
}

fn policy(row: &Value) -> String {
    let rest = Derived::of(row);
    let mut out = HEAD.to_owned();
    let width = if row["mock_suites_from"].is_null() { "versions".len() } else { "suites_from".len() };
    line(&mut out, width, "title", &quoted(&title(row)));
    list(&mut out, width, "versions", &texts(row, "protocols").unwrap_or_default());
    if let Some(order) = rest.order {
        line(&mut out, 8, "order", &quoted(order));
    }
    match suites(row) {
        Some(suites) => broken_list(&mut out, 8, "suites", &suites),
        None if !row["mock_suites_from"].is_null() => {
            line(&mut out, width, "suites_from", &quoted(text(row, "mock_suites_from")));
        }
        None => {}
    }
    list(&mut out, 8, "groups", &rest.groups.unwrap_or_default());
    list(&mut out, 8, "schemes", &rest.schemes.unwrap_or_default());
    if let Some(bits) = rest.dhe_bits {
        line(&mut out, 8, "dhe_bits", &bits.to_string());
    }

    out.push_str("\n[provenance]\n");
    line(&mut out, 12, "service", &quoted(text(row, "service")));
    list(&mut out, 12, "scope", &texts(row, "scope").unwrap());
    list(&mut out, 12, "aliases", &texts(row, "aliases").unwrap());
    list(&mut out, 12, "default_for", &texts(row, "default_for").unwrap());
    if let Some(name) = &rest.s2n {
        line(&mut out, 12, "s2n", &quoted(name));
    }
    for flag in ["fips", "post_quantum"] {
        if row[flag] == true {
            line(&mut out, 12, flag, "true");
        }
    }
    list(&mut out, 12, "states", &rest.states);
    line(&mut out, 12, "status", &quoted(text(row, "status")));
    line(&mut out, 12, "certainty", &quoted(text(row, "certainty")));
    list(&mut out, 12, "sources", &texts(row, "sources").unwrap());
    list(&mut out, 12, "conflicts", &texts(row, "conflicts").unwrap());
    list(&mut out, 12, "derived", &rest.derived);
    list(&mut out, 12, "unordered", &rest.unordered);
    let on_groups = Some(text(row, "groups_note")).filter(|note| !note.is_empty() && *note != ORDER_OF_S2N);
    let notes = texts(row, "notes").unwrap().into_iter().map(renamed);
    let notes = notes.chain(on_groups.map(|note| format!("On the groups: {note}"))).chain(rest.notes);
    list(&mut out, 12, "notes", &notes.collect::<Vec<_>>());
    out
}

/// What the policy is for, in one line: a name says that of guidelines, the scope of services.
fn title(row: &Value) -> String {
    let service = text(row, "service");
    let scope = texts(row, "scope").unwrap().join(", ");
    match (text(row, "kind"), scope.as_str()) {
        ("guideline", _) if !text(row, "name").starts_with(service) => {
            format!("{service}, {}", text(row, "name"))
        }
        ("guideline", _) => text(row, "name").to_owned(),
        (_, "") => service.to_owned(),
        (_, scope) => format!("{service}: {scope}"),
    }
}

/// The key has another name in the files.
fn renamed(note: &str) -> String {
    note.replace("mock_suites_from", "suites_from")
}

fn line(out: &mut String, width: usize, key: &str, value: &str) {
    writeln!(out, "{key:width$} = {value}").unwrap();
}

/// An empty list is none at all.
fn list<T: AsRef<str>>(out: &mut String, width: usize, key: &str, items: &[T]) {
    if items.is_empty() {
        return;
    }
    let all: Vec<String> = items.iter().map(|item| quoted(item.as_ref())).collect();
    let value = format!("[{}]", all.join(", "));
    if width + 3 + value.len() <= WIDTH || items.len() == 1 {
        line(out, width, key, &value);
    } else {
        broken_list(out, width, key, items);
    }
}

fn broken_list<T: AsRef<str>>(out: &mut String, width: usize, key: &str, items: &[T]) {
    let lines: String = items.iter().map(|item| format!("  {},\n", quoted(item.as_ref()))).collect();
    line(out, width, key, &format!("[\n{lines}]"));
}

/// JSON's escapes are TOML's, too.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
