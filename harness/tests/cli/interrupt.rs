//! SIGINT: what was learned is printed, and no process of the run lives on.

use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::*;

/// Processes whose command line is `sleep` with an argument that begins so.
fn sleepers(duration: &str) -> usize {
    let is_one = |entry: fs::DirEntry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let words: Vec<_> = line.split(|b| *b == 0).collect();
        words.first().is_some_and(|w| w.ends_with(b"sleep"))
            && words.get(1).is_some_and(|w| w.starts_with(duration.as_bytes()))
    };
    fs::read_dir("/proc").unwrap().flatten().map(is_one).filter(|yes| *yes).count()
}

/// Ends the run even if an assertion fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a run whose client sleeps three times over, interrupts it, looks at what is left. Gives `run-finished`.
fn interrupt(duration: &str, client: &[&str]) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("out.jsonl");
    let mut command = shakedown();
    command.args(["check", "--filter", "client/cipher/static-rsa@*", "--report"]);
    command.arg(format!("json:{}", report.display())).args(client);
    let mut run = Running(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
    let pid = Pid::from_raw(i32::try_from(run.0.id()).unwrap()).unwrap();
    let started = Instant::now();
    while sleepers(duration) < 3 {
        assert!(started.elapsed() < Duration::from_secs(15), "the client did not start");
        assert!(run.0.try_wait().unwrap().is_none(), "the run ended before the interrupt");
        std::thread::sleep(Duration::from_millis(20));
    }
    kill_process(pid, Signal::INT).unwrap();
    let interrupted = Instant::now();
    let status = loop {
        if let Some(status) = run.0.try_wait().unwrap() {
            break status;
        }
        assert!(interrupted.elapsed() < Duration::from_secs(2), "still running 2 s after SIGINT");
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(status.code(), Some(130));
    assert_eq!(sleepers(duration), 0, "processes of the run live on");
    let events = events(&fs::read_to_string(&report).unwrap());
    let last = events.last().unwrap();
    assert_eq!(last["type"], "run-finished");
    assert_eq!((&last["interrupted"], &last["exit"]), (&true.into(), &130.into()));
    last.clone()
}

#[test]
fn an_interrupted_run_has_not_lost_the_cases_of_its_baseline_and_checked_no_known_failure() {
    let folder = tempfile::tempdir().unwrap();
    let filter = "client/cipher/static-rsa@*";
    let earlier = run(["check", "--client", "rustls", "--filter", filter, "--report", "json"]).stdout;
    let earlier = earlier.replace("\"client\":\"rustls\"", "\"client\":\"sh\"");
    let baseline = write(folder.path(), "earlier.jsonl", &earlier).display().to_string();
    let list = format!(
        "[[known]]\nclient = \"sh\"\ncase = \"{filter}\"\nfinding = \"no-forward-secrecy\"\nreason = \"x\"\n"
    );
    let list = write(folder.path(), "known.toml", &list).display().to_string();
    let script = "sleep 7204.25 & sleep 7204.5 & sleep 7204.75";
    let files = ["--baseline", &baseline, "--known-failures", &list, "--", "sh", "-c", script];
    let end = interrupt("7204.", &files);
    let report = &end["baseline"];
    assert_eq!((&report["unplayed"], &report["vanished"]), (&4.into(), &serde_json::json!([])), "{report}");
    let entry = &end["known_failures"]["entries"][0];
    assert_eq!(entry["status"], "not-checked");
    let detail = entry["detail"].as_str().unwrap();
    assert!(detail.contains("(4 not played: the run was interrupted)"), "{detail}");
}

#[test]
fn an_interrupt_ends_a_client_that_forks_and_leaves_its_session() {
    if !installed("setsid") {
        return;
    }
    let script = "sleep 7201.25 & setsid sleep 7201.5 & sleep 7201.75";
    interrupt("7201.", &["--", "sh", "-c", script]);
}

#[test]
fn an_interrupt_ends_a_worker_that_forks_and_leaves_its_session() {
    if !installed("setsid") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let adapter = r#"
title = "x"
detect = ["sh", "-c", "echo x 1"]
version = 'x (\S+)'
install = "x"
[worker]
argv = ["sh", "-c", '''echo '{{"ready":true}}'; read line; sleep 7202.25 & setsid sleep 7202.5 & sleep 7202.75''']
"#;
    let adapter = write(folder.path(), "sleepy.toml", adapter);
    interrupt("7202.", &["--client", adapter.to_str().unwrap()]);
}

#[test]
fn what_was_learned_before_an_interrupt_is_reported() {
    if !installed("curl") {
        return;
    }
    // Two good controls, then hanging cases.
    let folder = tempfile::tempdir().unwrap();
    let counter = folder.path().join("n").display().to_string();
    let script = r#"echo x >> "$0"
        if [ "$(wc -l < "$0")" -gt 2 ]; then sleep 7203.25 & sleep 7203.5 & sleep 7203.75; fi
        exec curl -sS --cacert "$1" "$2""#;
    interrupt("7203.", &["--jobs", "1", "--", "sh", "-c", script, &counter, "{ca_pem}", "{url}"]);
}
