//! What is no baseline, and with which line that is said.

use std::collections::BTreeSet;

use super::*;
use crate::judge::{FindingCode, Verdict};
use crate::run::events::Setting;

const STARTED: &str = r#"{"type":"run-started","schema":1,"shakedown":"0.1.0","started":"2026-11-22T09:30:00Z","floor":"aws","tier":"core","environment":"clean","servers":{"openssl":"3.6.3"}}"#;
const CLIENT: &str = r#"{"type":"client","client":"curl","version":"7.88.1","status":"ready"}"#;
const CASE: &str = r#"{"type":"case-finished","client":"curl","case":"a@b","verdict":"fail","findings":[{"code":"no-forward-secrecy","level":"fail"},{"code":"weak-cipher","level":"warn"}]}"#;
const END: &str = r#"{"type":"run-finished","interrupted":false,"clients":{}}"#;

fn read(lines: &[&str]) -> Result<Baseline, BaselineError> {
    Baseline::read("run.jsonl", format!("{}\n", lines.join("\n")).as_bytes())
}

#[test]
fn a_whole_run_is_read() {
    let end = r#"{"type":"run-finished","interrupted":true,"clients":{"curl":{"verdict":"fail","findings":[{"code":"class-unproven","detail":"version: none"}]},"wget":{"verdict":"skipped"},"git":{"verdict":null}}}"#;
    let baseline = read(&[STARTED, CLIENT, CASE, end]).unwrap();
    let case = &baseline.cases[&("curl".to_owned(), "a@b".to_owned())];
    assert_eq!(case.verdict, Verdict::Fail);
    assert_eq!(case.failing, BTreeSet::from([FindingCode::NoForwardSecrecy]), "a warning fails nothing");
    let value = |what, of: Option<&str>| baseline.settings[&(what, of.map(str::to_owned))].as_deref();
    assert_eq!(value(Setting::Floor, None), Some("aws"));
    assert_eq!(value(Setting::Server, Some("openssl")), Some("3.6.3"));
    assert_eq!(value(Setting::Client, Some("curl")), Some("7.88.1"));
    assert!(baseline.interrupted);
    assert_eq!(baseline.unproven.len(), 1, "of whom nothing was played nothing is said");
    assert_eq!(baseline.unproven["curl"], BTreeSet::from(["version: none".to_owned()]));
}

#[test]
fn a_setting_that_an_older_program_did_not_write_is_unknown_and_null_is_none() {
    let late = [Setting::Backend, Setting::Filter, Setting::Shard, Setting::Service];
    let older = read(&[STARTED, END]).unwrap();
    assert!(late.iter().all(|what| !older.settings.contains_key(&(*what, None))));
    let with = |keys: &str| STARTED.replace("\"floor\"", &format!("{keys},\"floor\""));
    let none = read(&[&with(r#""backend":"s2n","filter":null,"shard":null,"service":null"#), END]).unwrap();
    let value = |baseline: &Baseline, what| baseline.settings[&(what, None)].clone();
    assert_eq!(late.map(|what| value(&none, what)), [Some("s2n".to_owned()), None, None, None]);
    let some =
        with(r#""backend":"s2n","filter":"a*","shard":"1/2","service":{"name":"swf","edition":"2023"}"#);
    let some = read(&[&some, END]).unwrap();
    assert_eq!(
        late.map(|what| value(&some, what).unwrap()),
        ["s2n", "a*", "1/2", "swf@2023"].map(str::to_owned)
    );
}

#[test]
fn a_known_failure_counts_as_one_that_fails() {
    let known = CASE.replace("\"verdict\":\"fail\"", "\"verdict\":\"warn\",\"known\":[{}]");
    let baseline = read(&[STARTED, &known, END]).unwrap();
    assert_eq!(baseline.cases.values().map(|case| case.verdict).collect::<Vec<_>>(), [Verdict::Fail]);
}

#[test]
fn what_is_no_baseline_is_named_with_its_line_and_what_to_do() {
    let (schema, long) =
        (STARTED.replace("\"schema\":1", "\"schema\":2"), format!("\"{}\"", "x".repeat(2 << 20)));
    let odd_verdict = CASE.replace("\"verdict\":\"fail\"", "\"verdict\":\"good\"");
    let odd_code = CASE.replace("no-forward-secrecy", "no-backward-secrecy");
    let no_findings = CASE.replace("findings", "found");
    let long_name = CASE.replace("curl", &"x".repeat(8_193));
    let long_type = format!("{{\"type\":\"{}\"}}", "x".repeat(100_000));
    let no_clients = END.replace("clients", "people");
    let no_verdict = CASE.replace("verdict", "result");
    let no_servers = STARTED.replace("servers", "waiters");
    let table: [(&[&str], usize, &str); 17] = [
        (&[""], 1, "no line of JSON"),
        (&["hello"], 1, "no line of JSON"),
        (&[CASE, END], 1, "no run-started"),
        (&[&schema, END], 1, "schema 2, and this program reads 1"),
        (&[STARTED, CASE], 3, "without run-finished"),
        (&[STARTED, &CASE[..40]], 2, "no line of JSON"),
        (&[STARTED, CASE, CASE, END], 3, "twice"),
        (&[STARTED, CASE, END, CASE], 4, "behind run-finished"),
        (&[STARTED, &odd_verdict, END], 2, "unknown verdict \"good\"; allowed: skipped, pass"),
        (&[STARTED, &no_verdict, END], 2, "verdict is missing"),
        (&[STARTED, &odd_code, END], 2, "unknown finding code \"no-backward-secrecy\""),
        (&[STARTED, &no_findings, END], 2, "findings is missing or no list"),
        (&[STARTED, &long_name, END], 2, "client has 8193 bytes; at most 8192 are read"),
        (&[STARTED, &long_type, END], 2, "(100002 characters)"),
        (&[STARTED, &no_clients], 2, "clients is missing or no object"),
        (&[&no_servers, END], 1, "servers is missing or no object"),
        (&[STARTED, r#"{"type":"other"}"#, END], 2, "unknown type of event \"other\""),
    ];
    for (lines, line, words) in table {
        let error = read(lines).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        for word in [words, "run.jsonl:", "--report json:RUN.jsonl"] {
            assert!(error.to_string().contains(word), "{word:?} is missing in: {error}");
        }
    }
    assert!(read(&[STARTED, &long]).unwrap_err().to_string().contains("longer than"));
    assert_eq!(Baseline::read("run.jsonl", &b""[..]).unwrap_err().line, 1);
}

/// One that lets the longest through and one that does not, for each bound.
#[test]
fn the_longest_line_and_text_and_the_most_lines_are_read_and_one_more_is_not() {
    // 1 MiB with its line feed.
    let padded = |length: usize| format!("{CASE}{}", " ".repeat(length - CASE.len()));
    assert!(read(&[STARTED, &padded((1 << 20) - 1), END]).is_ok());
    let error = read(&[STARTED, &padded(1 << 20), END]).unwrap_err();
    assert_eq!((error.line, error.problem.to_string()), (2, "longer than 1048576 bytes".to_owned()));

    let named = |length: usize| CASE.replace("curl", &"x".repeat(length));
    assert!(read(&[STARTED, &named(8_192), END]).is_ok());
    assert!(read(&[STARTED, &named(8_193), END]).is_err());

    // The first and the last line count, too.
    let client = r#"{"type":"client","client":"c"}"#;
    let run = |clients: usize| {
        let mut lines = vec![STARTED];
        lines.extend(std::iter::repeat_n(client, clients));
        lines.push(END);
        read(&lines)
    };
    assert!(run(999_998).is_ok());
    let error = run(999_999).unwrap_err();
    assert_eq!((error.line, error.problem.to_string()), (1_000_001, "more than 1000000 lines".to_owned()));
}

/// A file that never ends is given up at the first line that is none.
#[test]
fn a_stream_without_lines_is_read_no_further_than_a_line() {
    let error = Baseline::read("run.jsonl", std::io::BufReader::new(std::io::repeat(b' '))).unwrap_err();
    assert_eq!((error.line, error.problem.to_string()), (1, "longer than 1048576 bytes".to_owned()));
}
