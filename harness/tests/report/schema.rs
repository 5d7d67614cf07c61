//! `schema/events-1.json` and the events agree: samples and serialized events validate, broken lines do not,
//! and whatever is listed in both is the same in both.

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde::Serialize;
use serde_json::{Value, json};
use shakedown::judge::{FindingCode, Level, Verdict};
use shakedown::observe::Reach;
use shakedown::report::JsonLines;
use shakedown::run::events::{
    Canary, CaseFinished, ClientKind, ClientStatus, EntryStatus, Event, Expected, SCHEMA, Setting, Side,
};

use crate::sample::*;

const TEXT: &str = include_str!("../../../schema/events-1.json");

/// The lines of formats section 6, with the keys that have been added since.
const SAMPLES: &str = include_str!("events-1.jsonl");

fn schema() -> Value {
    serde_json::from_str(TEXT).unwrap()
}

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn assert_all_valid(lines: &[Value]) {
    let validator = validator();
    for line in lines {
        assert!(validator.is_valid(line), "{line}");
    }
}

#[test]
fn the_schema_is_itself_a_valid_schema() {
    assert!(jsonschema::meta::is_valid(&schema()));
}

#[test]
fn the_samples_of_the_formats_are_valid() {
    let samples = lines(SAMPLES);
    assert_eq!(samples.len(), 7);
    assert_all_valid(&samples);
}

#[test]
fn every_event_of_a_run_is_valid_as_it_is_written() {
    assert_all_valid(&lines(&written(JsonLines::new, &six_clients())));
}

#[test]
fn events_in_which_everything_is_unknown_are_valid() {
    let mut case = refused("x", "a@b", &[]);
    (case.reach, case.version, case.suite, case.alert, case.alert_by) = (None, None, None, None, None);
    (case.verdict, case.checks) = (Verdict::Skipped, Vec::new());
    let mut events = vec![Event::Client(absent("x", "apt-get install x"))];
    // Before the case is known, so that the client has no verdict.
    events.push(finished(&[Event::Client(ready("x", None))], true, 0.0));
    events.push(Event::CaseFinished(Box::new(case)));
    let lines = lines(&written(JsonLines::new, &events));
    assert_eq!(lines[1]["clients"]["x"]["verdict"], Value::Null);
    assert_all_valid(&lines);
}

/// A sample line with one change.
fn changed(event: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut line = lines(SAMPLES).into_iter().rfind(|line| line["type"] == event).unwrap();
    change(&mut line);
    line
}

fn set(event: &str, pointer: &str, value: Value) -> (String, Value) {
    let line = changed(event, |line| *line.pointer_mut(pointer).expect(pointer) = value.clone());
    (format!("{event} with {pointer} = {value}"), line)
}

fn added(event: &str, pointer: &str, key: &str) -> (String, Value) {
    let line = changed(event, |line| {
        line.pointer_mut(pointer).unwrap().as_object_mut().unwrap().insert(key.to_owned(), json!(1));
    });
    (format!("{event} with {pointer}/{key} added"), line)
}

#[test]
fn each_broken_line_is_rejected() {
    let broken = [
        set("run-started", "/type", json!("run-begun")),
        set("run-started", "/schema", json!(2)),
        set("run-started", "/schema", json!("1")),
        set("run-started", "/started", json!("2026-11-22 09:30:00")),
        set("run-started", "/started", json!("2026-11-22T09:30:00.123Z")),
        set("run-started", "/tier", json!("quick")),
        set("run-started", "/seed", json!(-1)),
        set("run-started", "/planned", json!(48.5)),
        set("run-started", "/planned", json!(null)),
        set("run-started", "/servers/openssl", json!(3)),
        set("run-started", "/floor", json!("")),
        added("run-started", "", "hostname"),
        added("run-started", "", "source"),
        added("run-started", "", "service"),
        set("client", "/kind", json!("browser")),
        set("client", "/status", json!("missing")),
        set("client", "/version", json!(2.0)),
        set("client", "/controls/rsa2048", json!("failed")),
        set("client", "/controls", json!(null)),
        set("client", "/offers", json!([])),
        set("client", "/offers/versions/0", json!(772)),
        set("client", "/findings", json!(null)),
        added("client", "", "label"),
        added("client", "/offers", "alpn"),
        set("case-finished", "/canary", json!("alive")),
        set("case-finished", "/expected", json!("must-fail")),
        set("case-finished", "/reach", json!("half-way")),
        set("case-finished", "/verdict", json!("FAIL")),
        set("case-finished", "/verdict", json!(null)),
        set("case-finished", "/alert_by", json!("proxy")),
        set("case-finished", "/checks", json!("C-CIP-06")),
        set("case-finished", "/case", json!(null)),
        set("case-finished", "/ms", json!(-0.1)),
        set("case-finished", "/ms", json!("12")),
        set("case-finished", "/findings/0/code", json!("no-such-code")),
        set("case-finished", "/findings/0/level", json!("fatal")),
        set("case-finished", "/findings/0/detail", json!(null)),
        added("case-finished", "", "classes"),
        added("case-finished", "/findings/0", "reference"),
        set("run-finished", "/interrupted", json!("no")),
        set("run-finished", "/exit", json!(5)),
        set("run-finished", "/ms", json!(-1)),
        set("run-finished", "/cpu_ms", json!(null)),
        set("run-finished", "/peak_rss_mib", json!(-1)),
        set("run-finished", "/clients/curl/pass", json!(-1)),
        set("run-finished", "/clients/curl/verdict", json!("good")),
        set("run-finished", "/clients/curl/findings", json!([{}])),
        set("run-finished", "/findings/no-forward-secrecy", json!(1.5)),
        added("run-finished", "", "total"),
        added("run-finished", "/clients/curl", "error"),
        added("run-finished", "/findings", "unknown-code"),
        ("an array".to_owned(), json!([])),
        ("an empty object".to_owned(), json!({})),
        ("nothing".to_owned(), json!(null)),
    ];
    let validator = validator();
    for (what, line) in broken {
        assert!(!validator.is_valid(&line), "{what} is accepted");
    }
}

/// Every object inside a value, the value itself included, as JSON pointers.
fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => {
            found.push(at.to_owned());
            map.iter().map(|(key, child)| (key.clone(), child)).collect()
        }
        Value::Array(list) => list.iter().enumerate().map(|(i, child)| (i.to_string(), child)).collect(),
        _ => Vec::new(),
    };
    for (key, child) in children {
        objects(child, &format!("{at}/{key}"), found);
    }
}

#[test]
fn no_key_may_be_missing() {
    // Maps: their keys are data, so one less is another valid map.
    let maps = ["/servers", "/controls", "/clients", "/findings"];
    let validator = validator();
    let mut removed = 0;
    for line in lines(SAMPLES) {
        let mut found = Vec::new();
        objects(&line, "", &mut found);
        for pointer in found.iter().filter(|pointer| !maps.contains(&pointer.as_str())) {
            let keys: Vec<String> =
                line.pointer(pointer).unwrap().as_object().unwrap().keys().cloned().collect();
            for key in keys {
                let mut line = line.clone();
                line.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(&key);
                assert!(!validator.is_valid(&line), "valid without {pointer}/{key}: {line}");
                removed += 1;
            }
        }
    }
    // 9 + 2 * (10 + 3) + 3 * 17 + 2 * 4 + 8 + 2 * 7 + 4: else the loop has not seen every object.
    assert_eq!(removed, 121);
}

/// The names as JSON writes them, quotes included: `null` is no string.
fn names<T: Serialize>(all: &[T]) -> BTreeSet<String> {
    let names: BTreeSet<String> = all.iter().map(|one| serde_json::to_string(one).unwrap()).collect();
    assert_eq!(names.len(), all.len(), "two variants share a name");
    names
}

/// The variants of an enum without a list of its own. The match fails to compile when one is added, which is
/// the moment to add it to the list, too.
macro_rules! variants {
    ($of:ident: $($variant:ident)*) => {{
        let _complete = |one: &$of| match one { $($of::$variant => (),)* };
        names(&[$($of::$variant,)*])
    }};
}

#[test]
fn every_enum_of_the_schema_lists_what_the_code_lists() {
    let with_null = |mut names: BTreeSet<String>| {
        names.insert("null".to_owned());
        names
    };
    let case = "/$defs/case-finished/properties";
    let client = "/$defs/client/properties";
    let lists = [
        ("/$defs/code".to_owned(), names(FindingCode::ALL)),
        ("/$defs/verdict".to_owned(), names(&Verdict::ALL)),
        ("/$defs/level".to_owned(), variants!(Level: Skipped Note Warn Inconclusive Fail)),
        (
            format!("{case}/reach"),
            with_null(variants!(Reach: Connected Offered Proposed Committed Finished Data)),
        ),
        (format!("{case}/alert_by"), with_null(variants!(Side: Client Server))),
        (format!("{case}/canary"), variants!(Canary: Caught Missed NotNeeded)),
        (format!("{case}/expected"), variants!(Expected: MustRefuse MayComplete MustComplete)),
        (
            "/$defs/known-entry/properties/status".to_owned(),
            variants!(EntryStatus: Used NotSelected NotChecked Stale Expired Unmatched),
        ),
        (
            "/$defs/differs/properties/what".to_owned(),
            variants!(Setting: Floor Service Tier Filter Shard Environment Shakedown Backend Server Client),
        ),
        (format!("{client}/kind"), variants!(ClientKind: InProcess Closure Command Worker)),
        (format!("{client}/status"), variants!(ClientStatus: Ready NotInstalled)),
    ];
    let schema = schema();
    for (pointer, expected) in lists {
        let list = schema.pointer(&format!("{pointer}/enum")).and_then(Value::as_array).expect(&pointer);
        let listed: BTreeSet<String> = list.iter().map(Value::to_string).collect();
        assert_eq!(list.len(), listed.len(), "{pointer} lists something twice");
        assert_eq!(listed, expected, "{pointer}");
    }
    assert_eq!(schema.pointer("/$defs/run-started/properties/schema/const"), Some(&json!(SCHEMA)));
}

/// Keys that came after version 1 of the schema was agreed: always written, and missing in older files.
const ADDED: [(&str, &[&str]); 4] = [
    ("run-started", &["source", "service", "backend", "filter", "shard"]),
    ("case-finished", &["known"]),
    ("run-finished", &["known_failures", "baseline"]),
    ("totals", &["known"]),
];

#[test]
fn every_object_of_the_schema_is_closed_and_requires_every_key_but_those_added_since() {
    let schema = schema();
    let defs = schema["$defs"].as_object().unwrap();
    let mut closed = 0;
    for (name, def) in defs {
        let Some(properties) = def.get("properties") else { continue };
        closed += 1;
        assert_eq!(def["additionalProperties"], json!(false), "{name} is open");
        let keys: BTreeSet<&str> = properties.as_object().unwrap().keys().map(String::as_str).collect();
        let mut required: BTreeSet<&str> =
            def["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        for key in ADDED.iter().filter(|(of, _)| of == name).flat_map(|(_, keys)| *keys) {
            assert!(required.insert(key), "{name}: {key} is required, so older files are not valid any more");
        }
        assert_eq!(keys, required, "{name}");
    }
    assert_eq!(
        closed, 17,
        "run-started, source, service, client, case-finished, run-finished, totals, offers, finding, three of \
         known failures, and five of the baseline"
    );
}

#[test]
fn the_schema_names_the_keys_that_are_written() {
    let schema = schema();
    let of_schema = |name: &str| -> BTreeSet<String> {
        schema["$defs"][name]["properties"].as_object().unwrap().keys().cloned().collect()
    };
    let of_line = |line: &Value| -> BTreeSet<String> { line.as_object().unwrap().keys().cloned().collect() };
    let written = lines(&written(JsonLines::new, &six_clients()));
    for name in ["run-started", "client", "case-finished", "run-finished"] {
        let line = written.iter().find(|line| line["type"] == name).unwrap();
        assert_eq!(of_line(line), of_schema(name), "{name}");
    }
    let end = written.last().unwrap();
    assert_eq!(of_line(&end["clients"]["curl"]), of_schema("totals"));
    let client = written.iter().find(|line| line["type"] == "client").unwrap();
    assert_eq!(of_line(&client["offers"]), of_schema("offers"));
}

#[test]
fn only_the_agreed_keys_of_a_case_are_written() {
    // Written out by hand: the schema could drift together with the code.
    let case: CaseFinished = refused("x", "a@b", &[]);
    let value = serde_json::to_value(Event::CaseFinished(Box::new(case))).unwrap();
    let keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    let mut agreed = vec![
        "type", "client", "case", "scenario", "checks", "server", "canary", "expected", "reach", "version",
        "suite", "group", "alert", "alert_by", "verdict", "findings", "ms", "known",
    ];
    agreed.sort_unstable();
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, agreed);
}
