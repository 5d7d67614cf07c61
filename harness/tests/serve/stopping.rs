//! How a server stops, and how it reads its policy again.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use shakedown::engine::Status;

use crate::client::*;
use crate::server::*;

#[test]
fn what_is_open_at_a_stop_gets_its_answer_and_its_line() {
    const ACTIVE: usize = 100;
    let mut server = Server::start(&["--policy", "harness/strong", "--grace", "20"]);
    let mut clients: Vec<Client> = (0..ACTIVE).map(|_| Client::new(server.port, permissive())).collect();
    // A third has its Finished answered, a third has asked for half, a third has only been accepted.
    for (i, client) in clients.iter_mut().enumerate() {
        if i % 3 < 2 {
            assert!(client.handshake());
        }
        if i % 3 == 1 {
            client.engine.send(&REQUEST[..10]);
            client.flush();
        }
    }
    server.signal(Signal::TERM);
    server.wait_until_deaf();
    for (i, client) in clients.iter_mut().enumerate() {
        let answer = match i % 3 {
            0 => client.ask(),
            1 => {
                client.engine.send(&REQUEST[10..]);
                client.flush();
                client.answer()
            }
            _ => {
                assert!(client.handshake(), "{i}: {:?}", client.engine.status());
                client.ask()
            }
        };
        assert_eq!(page(&answer)["policy"], "harness/strong", "{i}");
    }
    assert_eq!(server.exit_code(), Some(0));
    let lines = server.rest();
    let (stopped, connections) = lines.split_last().unwrap();
    assert_eq!(
        stopped,
        &json!({"type": "stopped", "connections": ACTIVE, "unfinished": 0, "panicked": 0, "unserved": 0})
    );
    assert_eq!(connections.len(), ACTIVE);
    for line in connections {
        assert_eq!(line["outcome"], "completed", "{line}");
    }
}

#[test]
fn a_stopped_server_accepts_nobody_new_and_waits_no_longer_than_its_grace() {
    let mut server = Server::start(&["--policy", "harness/strong", "--grace", "1"]);
    let mut idle = Client::new(server.port, permissive());
    assert!(idle.handshake());
    server.signal(Signal::INT);
    server.wait_until_deaf();
    assert!(std::net::TcpStream::connect(("127.0.0.1", server.port)).is_err());
    let line = server.connection();
    assert_eq!((&line["outcome"], &line["reach"]), (&json!("timeout"), &json!("finished")));
    assert_eq!(
        server.line(),
        json!({"type": "stopped", "connections": 1, "unfinished": 1, "panicked": 0, "unserved": 0})
    );
    assert_eq!(server.exit_code(), Some(0));
}

#[test]
fn the_second_signal_ends_it_at_once() {
    let mut server = Server::start(&["--policy", "harness/strong", "--grace", "600"]);
    let mut idle = Client::new(server.port, permissive());
    assert!(idle.handshake());
    server.signal(Signal::INT);
    // Two signals at once would be one.
    server.wait_until_deaf();
    server.signal(Signal::INT);
    assert_eq!(server.exit_code(), Some(130));
}

#[test]
fn lines_that_wait_for_a_reader_do_not_hold_a_stopped_server_for_ever() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_shakedown"))
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--policy",
            "harness/strong",
            "--transcript",
            "--grace",
            "1",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut ready = String::new();
    std::io::BufRead::read_line(&mut out, &mut ready).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
    let port = ready["address"].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap();
    // More than a pipe holds, and nobody reads on.
    for _ in 0..40 {
        assert!(visit(port, permissive()).is_some());
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    let start = std::time::Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            assert_eq!(status.code(), Some(3), "what was not read is said");
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(40), "it does not end");
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(out);
}

#[test]
fn the_end_of_standard_input_stops_it_where_that_is_asked_for() {
    let mut server = Server::start(&["--policy", "harness/strong", "--stop-with-stdin"]);
    assert!(visit(server.port, permissive()).is_some());
    server.close_stdin();
    assert_eq!(server.connection()["outcome"], "completed");
    assert_eq!(server.line()["type"], "stopped");
    assert_eq!(server.exit_code(), Some(0));
    // Else it does not care.
    let mut server = Server::start(&["--policy", "harness/strong"]);
    server.close_stdin();
    // That nothing happens is no event; too short a pause would miss a fault, not find one that is none.
    std::thread::sleep(Duration::from_millis(200));
    assert!(visit(server.port, permissive()).is_some());
}

#[test]
fn lines_that_nobody_reads_stop_nothing() {
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "\"$0\" \"$@\" | head -n 1; sleep 30", env!("CARGO_BIN_EXE_shakedown")]);
    let server = Server::start_with(&mut command, &["--policy", "harness/strong", "--stop-with-stdin"]);
    for _ in 0..5 {
        assert!(visit(server.port, permissive()).is_some());
    }
}

fn write_policy(folder: &Path, text: &str) {
    std::fs::create_dir_all(folder.join("mine")).unwrap();
    let mut file = std::fs::File::create(folder.join("mine/changing.toml")).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn policy(suite: &str) -> String {
    format!(
        "title = \"x\"\nversions = [\"TLSv1.2\"]\norder = \"server\"\nsuites = [\"{suite}\"]\n\
         groups = [\"x25519\"]\nschemes = [\"rsa_pss_rsae_sha256\"]\n"
    )
}

#[test]
fn a_hangup_reads_the_policy_again_and_keeps_the_old_one_if_it_is_broken() {
    const FIRST: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
    const SECOND: &str = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384";
    let folder = tempfile::tempdir().unwrap();
    write_policy(folder.path(), &policy(FIRST));
    let path = folder.path().to_str().unwrap();
    let mut server = Server::start(&["--policy", "mine/changing", "--policies", path]);
    let suite = |server: &mut Server| {
        let mut client = Client::new(server.port, permissive());
        assert!(client.handshake());
        client.ask();
        server.connection()["suite"].as_str().unwrap().to_owned()
    };
    assert_eq!(suite(&mut server), FIRST);
    // A connection that is open keeps what it has.
    let mut before = Client::new(server.port, permissive());
    assert!(before.handshake());
    write_policy(folder.path(), &policy(SECOND));
    server.signal(Signal::HUP);
    assert_eq!(server.line(), json!({"type": "reloaded", "policy": "mine/changing", "left_out": []}));
    assert_eq!(suite(&mut server), SECOND);
    assert!(matches!(before.engine.status(), Status::Done));
    assert!(before.ask().contains(FIRST));
    assert_eq!(server.connection()["suite"], FIRST);
    let unknown = policy("TLS_NO_SUCH_SUITE");
    for (broken, words) in [("title = ", &[][..]), (&unknown, &["TLS_NO_SUCH_SUITE", ":4"]), ("", &[])] {
        write_policy(folder.path(), broken);
        server.signal(Signal::HUP);
        let complaint = server.complaint();
        for word in ["kept the old policy", "changing.toml"].iter().chain(words) {
            assert!(complaint.contains(word), "{broken:?}: {word} is missing in {complaint}");
        }
        assert_eq!(suite(&mut server), SECOND, "{broken:?}");
    }
    assert_eq!(server.complaints(), "", "one line each");
}
