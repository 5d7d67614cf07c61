//! `bench` from outside: what it measures, what it compares, and what it does not let pass.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

#[path = "support/programs.rs"]
#[expect(dead_code, reason = "nobody serves here")]
mod programs;

use programs::{need, one_object};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shakedown"));
    command.args(["bench", "--handshakes", "2", "--rounds", "3"]).args(arguments);
    command
}

fn text(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Exit code and object, which is valid by the schema.
#[track_caller]
fn bench_json(arguments: &[&str]) -> (i32, Value) {
    let more = arguments.iter().position(|argument| *argument == "--").unwrap_or(arguments.len());
    let (options, own) = arguments.split_at(more);
    let output = command(&[options, &["--json"], own].concat()).output().unwrap();
    let object = one_object(&output, include_str!("../../schema/bench-1.json"));
    let exit = output.status.code().unwrap();
    assert_eq!(object["exit"], exit);
    (exit, object)
}

fn outcomes<'a>(object: &'a Value, what: &str) -> Vec<&'a str> {
    let findings = object["baseline"]["findings"].as_array().unwrap().iter();
    findings.filter(|found| found["what"] == what).map(|found| found["outcome"].as_str().unwrap()).collect()
}

/// A file of this folder with an object, changed.
fn write(folder: &Path, object: &Value, change: impl FnOnce(&mut Value)) -> String {
    let mut changed = object.clone();
    change(&mut changed);
    let path = folder.join("baseline.json");
    fs::write(&path, changed.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The times of all rows by a factor.
fn scale(object: &mut Value, factor: f64) {
    for row in object["rows"].as_array_mut().unwrap() {
        for key in ["median", "lower_quartile", "upper_quartile"] {
            let time = &mut row["cpu_us"][key];
            *time = json!(time.as_f64().unwrap() * factor);
        }
    }
}

#[test]
fn the_stacks_that_are_built_in_have_times_of_both_ends_and_exact_figures() {
    let (exit, object) = bench_json(&[]);
    assert_eq!((exit, &object["baseline"]), (0, &Value::Null));
    let golden = include_str!("../../benches/golden.txt");
    let mut seen = Vec::new();
    for row in object["rows"].as_array().unwrap() {
        let name = |key: &str| row[key].as_str().unwrap();
        let (client, tls) = (name("client"), name("tls"));
        seen.push(format!("{client} {tls}"));
        for time in ["cpu_us", "server_cpu_us"] {
            assert!(row[time]["median"].as_f64().unwrap() > 20.0, "{row}");
        }
        // Another path to the same figures: the file that `cargo test --test golden` compares.
        let golden_row = format!("{client}/{tls}/x25519/ecdsa-p256/full ");
        let line = golden.lines().find(|line| line.starts_with(&golden_row)).unwrap();
        let figures: Vec<u64> = line.split_whitespace().skip(1).take(4).map(|n| n.parse().unwrap()).collect();
        let told =
            ["flights", "records", "to_server", "to_client"].map(|key| row["figures"][key].as_u64().unwrap());
        assert_eq!(figures, told, "{row}");
    }
    let wanted = ["openssl", "rustls", "s2n"].map(|id| [format!("{id} TLSv1.3"), format!("{id} TLSv1.2")]);
    assert_eq!(seen, wanted.concat());
}

#[test]
fn beside_a_baseline_the_exit_code_says_what_became_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (_, first) = bench_json(&["--client", "rustls"]);
    // Times of a busy machine differ by more than 10 %.
    let generous = ["--fail-over", "1000%"];
    let against = |change: &dyn Fn(&mut Value), more: &[&str]| {
        let file = write(folder.path(), &first, |object| change(object));
        let (exit, object) = bench_json(&[&["--baseline", &file], more].concat());
        // The clients were those of the baseline.
        assert!(object["rows"].as_array().unwrap().iter().all(|row| row["client"] == "rustls"), "{object}");
        (exit, object)
    };
    let (exit, object) = against(&|_| {}, &generous);
    assert_eq!((exit, outcomes(&object, "cpu")), (0, vec!["same", "same"]), "{object}");
    assert_eq!(outcomes(&object, "flights"), ["same", "same"]);
    // A fiftieth of the time.
    let (exit, object) = against(&|object| scale(object, 0.02), &generous);
    assert_eq!((exit, outcomes(&object, "cpu")), (1, vec!["worse", "worse"]), "{object}");
    let (exit, object) = against(&|object| scale(object, 50.0), &["--fail-over", "10%"]);
    assert_eq!((exit, outcomes(&object, "cpu")), (0, vec!["better", "better"]), "{object}");
    let (exit, object) = against(&|object| object["rows"][1]["figures"]["to_client"] = json!(1), &generous);
    assert_eq!((exit, outcomes(&object, "bytes to the client")), (1, vec!["same", "worse"]), "{object}");
    // Quartiles around everything: nothing is known, and that is no pass.
    let wide = |object: &mut Value| {
        scale(object, 0.02);
        for row in object["rows"].as_array_mut().unwrap() {
            row["cpu_us"]["upper_quartile"] = json!(1e9);
        }
    };
    let (exit, object) = against(&wide, &generous);
    assert_eq!((exit, outcomes(&object, "cpu")), (3, vec!["unsteady", "unsteady"]), "{object}");
    // On another machine times say nothing, and figures do.
    let elsewhere = |object: &mut Value| {
        scale(object, 0.02);
        object["conditions"]["processor"] = json!("another one");
    };
    let (exit, object) = against(&elsewhere, &generous);
    assert_eq!((exit, outcomes(&object, "cpu")), (0, vec!["not-compared", "not-compared"]), "{object}");
    assert!(object["baseline"]["warnings"][0].as_str().unwrap().contains("another one"), "{object}");
}

/// A program has nothing but its time.
#[test]
fn bench_of_curl_beside_a_baseline_of_another_machine_is_inconclusive() {
    need("curl", "bench_of_curl");
    let folder = tempfile::tempdir().unwrap();
    let (_, first) = bench_json(&["--client", "curl"]);
    let file =
        write(folder.path(), &first, |object| object["conditions"]["processor"] = json!("another one"));
    let (exit, object) = bench_json(&["--baseline", &file]);
    assert_eq!((exit, outcomes(&object, "cpu")), (3, vec!["not-compared", "not-compared"]), "{object}");
    let (exit, object) = bench_json(&["--client", "rustls", "--baseline", &file]);
    assert_eq!((exit, outcomes(&object, "cpu")), (3, vec!["new", "new"]), "{object}");
    assert!(object["baseline"]["warnings"].to_string().contains("not asked for: curl"), "{object}");
}

#[test]
fn the_page_names_what_is_worse() {
    let folder = tempfile::tempdir().unwrap();
    let (_, first) = bench_json(&["--client", "s2n"]);
    let file = write(folder.path(), &first, |object| object["rows"][0]["figures"]["records"] = json!(3));
    let output = command(&["--baseline", &file, "--fail-over", "1000%"]).output().unwrap();
    let (exit, out, _) = text(&output);
    assert_eq!(exit, Some(1), "{out}");
    assert!(out.contains("worse         s2n TLSv1.3: records 3 -> "), "{out}");
    assert!(out.contains("11 of 12 figures as they were"), "{out}");
}

/// curl for a program, with the time that the system accounts to it.
#[test]
fn bench_of_curl_has_a_time_of_its_handshakes_and_of_its_start() {
    need("curl", "bench_of_curl");
    let (exit, object) = bench_json(&["--client", "curl"]);
    assert_eq!(exit, 0, "{object}");
    let rows = object["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!((&row["origin"], &row["figures"]), (&json!("adapter"), &Value::Null));
        // A process takes milliseconds, and no second.
        for time in ["cpu_us", "start_cpu_us"] {
            assert!((500.0..1e6).contains(&row[time]["median"].as_f64().unwrap()), "{row}");
        }
    }
}

/// No number for what was not completed: `false` and a curl that trusts nobody.
#[test]
fn bench_of_curl_that_fails_is_an_error_without_a_time() {
    need("curl", "bench_of_curl");
    let no_ca: &[&str] = &["--", "curl", "-sS", "{url}"];
    for (own, why) in [(no_ca, "untrusted-certificate"), (&["--", "false"], ""), (&["--", "true"], "")] {
        let (exit, object) = bench_json(own);
        assert_eq!(exit, 1, "{object}");
        let rows = object["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 2, "{object}");
        for row in rows {
            assert_eq!((&row["cpu_us"], &row["start_cpu_us"]), (&Value::Null, &Value::Null), "{row}");
            let error = row["error"].as_str().unwrap();
            assert!(!error.is_empty() && error.contains(why), "{error}");
        }
    }
    let (_, out, _) = text(&command(no_ca).output().unwrap());
    assert!(out.contains("curl TLSv1.3: failed: "), "{out}");
}

#[test]
fn what_is_no_usage_says_what_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x");
    let path = file.to_str().unwrap();
    let at = |content: &str| fs::write(&file, content).unwrap();
    let says = |arguments: &[&str], word: &str| {
        let (exit, out, err) = text(&command(arguments).output().unwrap());
        assert_eq!((exit, out.as_str()), (Some(2), ""), "{arguments:?}: {err}");
        assert!(err.contains(word), "{arguments:?}: {err}");
    };
    says(&["--baseline", path], "shakedown bench --json");
    says(&["--baseline", folder.path().to_str().unwrap()], "no regular file");
    at("{\"type\":\"load\"}");
    says(&["--baseline", path], "not the output of");
    at("{\"type\":\"bench\",\"schema\":9}");
    says(&["--baseline", path], "schema 9");
    says(&["--client", "courl"], "did you mean curl");
    says(&["--client", "rustls", "--client", "rustls"], "named twice");
    says(&["--fail-over", "10%"], "--baseline");
    says(&["--baseline", path, "--fail-over", "1001%"], "0% to 1000%");
    let (_, mut mine) = bench_json(&["--client", "rustls"]);
    for (origin, word) in [("command", "again behind --"), ("file", "give the file again")] {
        // Also under the name of a client that there is: another one would be measured.
        for name in ["mine", "openssl", "curl"] {
            for row in 0..2 {
                mine["rows"][row]["client"] = json!(name);
                mine["rows"][row]["origin"] = json!(origin);
            }
            at(&mine.to_string());
            says(&["--baseline", path], word);
        }
    }
    says(&["--client", "rustls", "--client", "openssl", "--", "/usr/bin/openssl"], "named twice");
}

#[test]
fn interrupted_it_tells_what_there_is() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_shakedown"))
        .args(["bench", "--client", "rustls", "--handshakes", "4", "--rounds", "1000", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Starting takes less, all rounds take much more.
    let began = Instant::now();
    while shakedown::regress::usage::tree(child.id()).unwrap() < Duration::from_secs(4) {
        assert!(began.elapsed() < Duration::from_secs(120));
        std::thread::sleep(Duration::from_millis(50));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let began = Instant::now();
    let mut out = String::new();
    std::io::Read::read_to_string(child.stdout.as_mut().unwrap(), &mut out).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(began.elapsed() < Duration::from_secs(5));
    let object: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&object["interrupted"], &object["exit"]), (&json!(true), &json!(130)));
    assert!(object["rows"][0]["cpu_us"]["median"].as_f64().unwrap() > 20.0, "{object}");
}
