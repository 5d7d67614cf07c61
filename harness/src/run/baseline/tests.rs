//! What is no baseline, and with which line that is said.

use super::*;

const STARTED: &str = r#"{"type":"run-started","schema":1,"shakedown":"0.1.0","started":"2026-11-22T09:30:00Z","floor":"aws","tier":"core","environment":"clean"}"#;
const CASE: &str = r#"{"type":"case-finished","client":"curl","case":"a@b","verdict":"fail"}"#;
const END: &str = r#"{"type":"run-finished","interrupted":false}"#;

fn read(lines: &[&str]) -> Result<Baseline, BaselineError> {
    Baseline::read("run.jsonl", format!("{}\n", lines.join("\n")).as_bytes())
}

#[test]
fn a_whole_run_is_read() {
    let baseline = read(&[STARTED, r#"{"type":"client"}"#, CASE, END]).unwrap();
    assert_eq!(baseline.cases[&("curl".to_owned(), "a@b".to_owned())], "fail");
    assert_eq!((baseline.setting["floor"].as_str(), baseline.interrupted), ("aws", false));
}

#[test]
fn a_known_failure_counts_as_one_that_fails() {
    let known = CASE.replace("\"fail\"", "\"warn\",\"known\":[{}]");
    let baseline = read(&[STARTED, &known, END]).unwrap();
    assert_eq!(baseline.cases.values().collect::<Vec<_>>(), ["fail"]);
}

#[test]
fn what_is_no_baseline_is_named_with_its_line_and_what_to_do() {
    let (schema, long) =
        (STARTED.replace("\"schema\":1", "\"schema\":2"), format!("\"{}\"", "x".repeat(2 << 20)));
    let odd_verdict = CASE.replace("\"fail\"", "\"good\"");
    let no_verdict = CASE.replace("verdict", "result");
    let table: [(&[&str], usize, &str); 11] = [
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
