//! Whom it may be pointed at, what it takes, and how it stops.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use shakedown::engine::Resumption;

use crate::run::*;
use crate::server::*;

#[test]
fn other_machines_are_left_alone_unless_they_are_the_users() {
    for address in ["192.0.2.1:443", "[2001:db8::1]:443", "0.0.0.0:443", "[::ffff:192.0.2.1]:443"] {
        assert_usage(
            &[address, "--rate", "1", "--insecure"],
            &["not on the loopback interface", "--allow-remote"],
        );
    }
    // TEST-NET-1 (RFC 5737) answers nobody, or the network says at once that there is no way.
    let start = Instant::now();
    let (exit, object) = load_json(&[
        "192.0.2.1:443",
        "--rate",
        "1",
        "--time",
        "0.5",
        "--timeout",
        "1",
        "--insecure",
        "--allow-remote",
    ]);
    assert_eq!((exit, &object["completed"]), (1, &0.into()), "{object}");
    assert!(start.elapsed() < Duration::from_secs(30));
}

#[test]
fn wrong_options_are_answered_with_the_allowed_ones() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let one = shakedown::pki::ca_pem(pki());
    let (empty, two) = (file("empty.pem", "nothing"), file("two.pem", &format!("{one}{one}")));
    let table: [(&[&str], &[&str]); 14] = [
        (&["--insecure"], &["--rate"]),
        (&["--rate", "10"], &["--ca-pem <FILE>"]),
        (&["--rate", "10", "--ca-pem", "x", "--insecure"], &["cannot be used with"]),
        (&["--rate", "0", "--insecure"], &["0.01 to 1000000", "max"]),
        (&["--rate", "1", "--insecure", "--time", "3601"], &["3600"]),
        (&["--rate", "1", "--insecure", "--connections", "10001"], &["1..=10000"]),
        (&["--rate", "1", "--insecure", "--timeout", "0"], &["1..=600"]),
        (&["--rate", "1", "--insecure", "--version", "1.4"], &["1.0, 1.1, 1.2, 1.3"]),
        (&["--rate", "1", "--insecure", "--backend", "nss"], &["nss", "openssl, rustls, s2n"]),
        (&["--rate", "1", "--insecure", "--max-errors", "few"], &["10", "0.1%"]),
        (&["--rate", "1", "--ca-pem", "/no/such/file"], &["/no/such/file", "No such file"]),
        (&["--rate", "1", "--ca-pem", &empty], &["empty.pem", "no certificate"]),
        (&["--rate", "1", "--ca-pem", &two], &["two.pem", "2 certificates"]),
        (
            &["--rate", "1", "--insecure", "--server-pid", "4294967295"],
            &["--server-pid", "/proc/4294967295/stat"],
        ),
    ];
    for (options, words) in table {
        assert_usage(&[&["localhost:1"], options].concat(), words);
    }
    assert_usage(&["127.0.0.1:1", "--rate", "1", "--ca-pem", &file("one.pem", &one)], &["--server-name"]);
    assert_usage(&["localhost", "--rate", "1", "--insecure"], &["HOST:PORT"]);
    assert_usage(&["no-such-host.invalid:1", "--rate", "1", "--insecure"], &["unresolvable"]);
}

#[test]
fn a_signal_ends_it_with_the_report_of_what_was_done() {
    let server = openssl(&BOTH, Resumption::default());
    let address = listen(move |number, stream| {
        // Every tenth hangs, so that some are open when the signal comes.
        if number % 10 == 9 {
            std::thread::sleep(Duration::from_secs(20));
        }
        answer(stream, &*server);
    });
    for signal in [Signal::INT, Signal::TERM] {
        let start = Instant::now();
        let arguments = [&address, "--rate", "50", "--time", "60", "--insecure", "--json"];
        let child = command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(1500));
        kill_process(Pid::from_child(&child), signal).unwrap();
        let (exit, object) = told(&child.wait_with_output().unwrap());
        assert_eq!((exit, &object["interrupted"]), (130, &true.into()), "{object}");
        assert!(start.elapsed() < Duration::from_secs(10));
        let [scheduled, completed] = ["scheduled", "completed"].map(|key| object[key].as_u64().unwrap());
        assert!(completed >= 10 && scheduled < 500 && count(&object, "interrupted") >= 1, "{object}");
    }
}

#[test]
fn a_signal_ends_a_run_that_waits_for_room_or_for_its_first_session() {
    let address = listen(|_, stream| {
        std::thread::sleep(Duration::from_secs(30));
        drop(stream);
    });
    for more in [&["--connections", "1", "--json"][..], &["--resume"]] {
        let start = Instant::now();
        let arguments = [&[&*address, "--rate", "50", "--time", "60", "--insecure"], more].concat();
        let child = command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(1000));
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(start.elapsed() < Duration::from_secs(10));
        if more.contains(&"json") {
            let (_, object) = told(&output);
            assert!(count(&object, "not-started") >= 10, "{object}");
        }
    }
}

#[test]
fn a_reader_that_has_gone_changes_no_exit_code() {
    let server = openssl(&BOTH, Resumption::default());
    let address = listen(move |_, stream| answer(stream, &*server));
    let mut child = command(&[&address, "--rate", "20", "--time", "0.5", "--insecure"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
