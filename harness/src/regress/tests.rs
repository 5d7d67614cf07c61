//! What a comparison comes to, by table; and what is no baseline.

use super::*;

fn spread(median: f64, half: f64) -> Spread {
    Spread { median, lower_quartile: median - half, upper_quartile: median + half }
}

fn row(client: &str, tls: &str, time: Option<Spread>) -> Row {
    Row {
        client: client.to_owned(),
        version: Some("1".to_owned()),
        tls: tls.to_owned(),
        origin: Origin::Adapter,
        worker: false,
        cpu_us: time,
        server_cpu_us: None,
        start_cpu_us: None,
        figures: None,
        error: time.is_none().then(|| "refused".to_owned()),
    }
}

fn built_in(flights: u64, to_client: u64) -> Row {
    let figures = Some(Figures { flights, records: 6, to_server: 400, to_client });
    Row { origin: Origin::BuiltIn, figures, ..row("rustls", "TLSv1.3", Some(spread(100.0, 1.0))) }
}

fn record(rows: Vec<Row>) -> Record {
    Record {
        kind: RecordKind::Bench,
        schema: SCHEMA,
        shakedown: "0.1.0".to_owned(),
        started: "2026-11-25T00:00:00Z".to_owned(),
        interrupted: false,
        conditions: Conditions { processor: "one".to_owned(), build: "this".to_owned() },
        server: "openssl 3".to_owned(),
        handshakes: 20,
        rounds: 7,
        rows,
    }
}

fn outcomes(before: &Record, now: &Record) -> Vec<(String, Outcome)> {
    let asked: Vec<String> = now.rows.iter().map(|row| row.client.clone()).collect();
    let found = compare(before, now, &asked, 10.0);
    found.findings.into_iter().map(|finding| (finding.what, finding.outcome)).collect()
}

#[test]
fn a_time_is_worse_beyond_the_limit_only_where_the_rounds_agree() {
    let table = [
        ((100.0, 1.0), (100.0, 1.0), Outcome::Same),
        ((100.0, 1.0), (109.9, 1.0), Outcome::Same),
        ((100.0, 1.0), (110.1, 1.0), Outcome::Worse),
        ((100.0, 1.0), (300.0, 1.0), Outcome::Worse),
        // The quartiles touch.
        ((100.0, 10.0), (120.0, 10.0), Outcome::Unsteady),
        ((100.0, 10.0), (120.1, 10.0), Outcome::Worse),
        ((100.0, 1.0), (150.0, 60.0), Outcome::Unsteady),
        ((100.0, 1.0), (89.0, 1.0), Outcome::Better),
        ((100.0, 1.0), (91.0, 1.0), Outcome::Same),
        ((100.0, 1.0), (89.0, 12.0), Outcome::Same),
    ];
    for ((old, old_half), (new, new_half), outcome) in table {
        let before = record(vec![row("curl", "TLSv1.3", Some(spread(old, old_half)))]);
        let now = record(vec![row("curl", "TLSv1.3", Some(spread(new, new_half)))]);
        assert_eq!(outcomes(&before, &now), [("cpu".to_owned(), outcome)], "{old} {new}");
    }
}

#[test]
fn every_exact_figure_has_to_be_equal() {
    let before = record(vec![built_in(3, 1200)]);
    let told = outcomes(&before, &before);
    assert!(told.iter().all(|(_, outcome)| *outcome == Outcome::Same), "{told:?}");
    assert_eq!(told.len(), 5, "{told:?}");
    // Less is another handshake, too.
    for (now, what) in [
        (built_in(4, 1200), "flights"),
        (built_in(3, 1201), "bytes to the client"),
        (built_in(3, 1199), "bytes to the client"),
    ] {
        let told = outcomes(&before, &record(vec![now]));
        let worse: Vec<&str> =
            told.iter().filter(|(_, outcome)| *outcome == Outcome::Worse).map(|(what, _)| &**what).collect();
        assert_eq!(worse, [what]);
    }
}

#[test]
fn another_machine_or_compiler_leaves_what_is_exact() {
    let before = record(vec![built_in(3, 1200), row("curl", "TLSv1.3", Some(spread(100.0, 1.0)))]);
    let not_compared = |conditions: Conditions| {
        let now = Record { conditions, ..before.clone() };
        let found = compare(&before, &now, &["rustls".to_owned(), "curl".to_owned()], 10.0);
        assert_eq!(found.warnings.len(), 1, "{found:?}");
        let of = |outcome| found.findings.iter().filter(|finding| finding.outcome == outcome).count();
        assert_eq!(found.findings.len(), 6);
        (of(Outcome::NotCompared), of(Outcome::Same), found.is_silent())
    };
    let here = before.conditions.clone();
    assert_eq!(not_compared(Conditions { processor: "two".to_owned(), ..here.clone() }), (2, 4, true));
    // A program is not built by our compiler.
    assert_eq!(not_compared(Conditions { build: "that".to_owned(), ..here }), (1, 5, false));
}

#[test]
fn a_processor_that_nobody_knows_is_another_one() {
    let conditions = Conditions { processor: "unknown, 2 visible".to_owned(), build: "this".to_owned() };
    let before = Record { conditions, ..record(vec![row("curl", "TLSv1.3", Some(spread(100.0, 1.0)))]) };
    assert_eq!(outcomes(&before, &before)[0].1, Outcome::NotCompared);
}

#[test]
fn programs_are_compared_with_as_many_handshakes_and_workers_with_as_many_rounds() {
    let worker = Row { worker: true, ..row("java", "TLSv1.3", Some(spread(100.0, 1.0))) };
    let before = record(vec![built_in(3, 1200), row("curl", "TLSv1.3", Some(spread(100.0, 1.0))), worker]);
    let cpu = |now: &Record| {
        let told = outcomes(&before, now);
        told.into_iter().filter(|(what, _)| what == "cpu").map(|(_, outcome)| outcome).collect::<Vec<_>>()
    };
    let (same, not) = (Outcome::Same, Outcome::NotCompared);
    assert_eq!(cpu(&before), [same, same, same]);
    assert_eq!(cpu(&Record { handshakes: 21, ..before.clone() }), [same, not, not]);
    assert_eq!(cpu(&Record { rounds: 8, ..before.clone() }), [same, same, not]);
}

#[test]
fn a_client_of_the_same_name_from_elsewhere_is_another_one() {
    let time = Some(spread(100.0, 1.0));
    let before = record(vec![row("openssl", "TLSv1.3", time)]);
    for origin in [Origin::BuiltIn, Origin::File, Origin::Command] {
        let now = record(vec![Row { origin, ..row("openssl", "TLSv1.3", Some(spread(1.0, 0.1))) }]);
        let told: Vec<Outcome> = outcomes(&before, &now).into_iter().map(|(_, outcome)| outcome).collect();
        assert_eq!(told, [Outcome::Gone, Outcome::New], "{origin:?}");
    }
}

#[test]
fn the_servers_time_counts_too() {
    let with =
        |server: f64| record(vec![Row { server_cpu_us: Some(spread(server, 1.0)), ..built_in(3, 1200) }]);
    let told = outcomes(&with(50.0), &with(100.0));
    assert_eq!(told[..2], [("cpu".to_owned(), Outcome::Same), ("server cpu".to_owned(), Outcome::Worse)]);
}

#[test]
fn what_is_missing_is_told_unless_nobody_asked_for_it() {
    let time = Some(spread(100.0, 1.0));
    let before = record(vec![row("curl", "TLSv1.3", time), row("curl", "TLSv1.2", time)]);
    let now = record(vec![row("curl", "TLSv1.3", time)]);
    let told = |asked: &[&str], now: &Record| {
        let asked: Vec<String> = asked.iter().map(|name| (*name).to_owned()).collect();
        compare(&before, now, &asked, 10.0).has(Outcome::Gone)
    };
    assert!(told(&["curl"], &now));
    assert!(!told(&["wget"], &record(vec![row("wget", "TLSv1.3", time)])));
    // The exit code says it already.
    assert!(!told(&["curl"], &Record { interrupted: true, ..now }));
    // It failed now; and it was nothing to begin with.
    let failed = record(vec![row("curl", "TLSv1.3", None)]);
    assert_eq!(outcomes(&record(vec![row("curl", "TLSv1.3", time)]), &failed)[0].1, Outcome::Gone);
    let found = compare(&failed, &record(vec![row("curl", "TLSv1.3", time)]), &["curl".to_owned()], 10.0);
    assert!(found.is_silent() && !found.has(Outcome::Worse), "{found:?}");
}

#[test]
fn a_clients_new_version_is_told_once() {
    let time = Some(spread(100.0, 1.0));
    let rows = vec![row("curl", "TLSv1.3", time), row("curl", "TLSv1.2", time)];
    let mut now = record(rows.clone());
    for row in &mut now.rows {
        row.version = Some("2".to_owned());
    }
    let found = compare(&record(rows), &now, &["curl".to_owned()], 10.0);
    assert_eq!(found.warnings, ["curl: 1 -> 2"]);
    assert!(found.has(Outcome::Same) && !found.is_silent(), "a new version is what a regression test is for");
}

#[test]
fn quartiles_are_rounds() {
    let of = |rounds: &[f64]| Spread::of(rounds).map(|s| (s.lower_quartile, s.median, s.upper_quartile));
    assert_eq!(of(&[]), None);
    assert_eq!(of(&[3.0]), Some((3.0, 3.0, 3.0)));
    assert_eq!(of(&[5.0, 1.0, 3.0, 2.0, 4.0]), Some((2.0, 3.0, 4.0)));
    assert_eq!(of(&[7.0, 1.0, 6.0, 2.0, 5.0, 3.0, 4.0]), Some((3.0, 4.0, 6.0)));
}

#[test]
fn what_was_written_is_read() {
    let time = Some(spread(100.5, 1.25));
    let written = record(vec![built_in(3, 1200), row("curl", "TLSv1.3", time), row("wget", "TLSv1.2", None)]);
    let text = serde_json::to_string(&written).unwrap();
    assert_eq!(Record::parse(&text).unwrap(), written);
}

#[test]
fn what_is_no_baseline_says_why() {
    let good = serde_json::to_value(record(vec![built_in(3, 1200)])).unwrap();
    let table: [(&str, serde_json::Value, &str); 8] = [
        ("/schema", 2.into(), "schema 2"),
        ("/type", "load".into(), "not the output of `shakedown bench --json`"),
        ("/rows/0/cpu_us", serde_json::Value::Null, "either a time or an error"),
        ("/rows/0/error", "refused".into(), "either a time or an error"),
        ("/rows/0/cpu_us/median", 0.into(), "out of order"),
        ("/rows/0/cpu_us/lower_quartile", (-1).into(), "out of order"),
        ("/rows/0/figures", serde_json::Value::Null, "has figures"),
        ("/rows/0/figures/flights", (-1).into(), "not the output"),
    ];
    for (pointer, value, why) in table {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        let error = Record::parse(&bad.to_string()).unwrap_err().to_string();
        assert!(error.contains(why), "{pointer}: {error}");
    }
    let twice = record(vec![built_in(3, 1200), built_in(3, 1200)]);
    let error = Record::parse(&serde_json::to_string(&twice).unwrap()).unwrap_err().to_string();
    assert!(error.contains("there are two of it"), "{error}");
    for text in ["", "{", "[]", "null", "{\"schema\":1}"] {
        assert!(Record::parse(text).is_err(), "{text}");
    }
}
