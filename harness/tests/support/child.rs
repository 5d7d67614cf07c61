//! Client programs: this test binary, started again by the harness as the client under test.
//!
//! The harness clears the environment, so the role comes in a variable that the client's own settings add.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use shakedown::client::{CommandClient, WorkerClient};
use shakedown::run::client::{Client, Play};

use super::drive::{Came, drive, permissive, v4};

const ROLE: &str = "SOUNDNESS_ROLE";
const TEST: &str = "support::child::plays_its_role_when_the_harness_starts_it";

fn arguments() -> Vec<String> {
    ["--exact", TEST, "--nocapture", "--test-threads=1", "{port}"].map(str::to_owned).to_vec()
}

fn client(play: Play) -> Client {
    Client {
        name: "child".to_owned(),
        version: None,
        path: None,
        label: None,
        fixes: BTreeMap::new(),
        detect: None,
        play,
    }
}

fn role(name: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(ROLE.to_owned(), name.to_owned())])
}

/// A program that is started once per case.
pub fn command(name: &str) -> Client {
    client(Play::Command(CommandClient {
        program: std::env::current_exe().unwrap(),
        arguments: arguments(),
        env: role(name),
        exit_tells: true,
        fix: Vec::new(),
        adapter_folder: PathBuf::new(),
    }))
}

/// The same, started by a shell script in which `"$0" "$@"` stands for the program.
pub fn wrapped(name: &str, script: &str) -> Client {
    let program = std::env::current_exe().unwrap().display().to_string();
    let mut words = vec!["-c".to_owned(), script.to_owned(), program];
    words.extend(arguments());
    client(Play::Command(CommandClient {
        program: PathBuf::from("/bin/sh"),
        arguments: words,
        env: role(name),
        exit_tells: true,
        fix: Vec::new(),
        adapter_folder: PathBuf::new(),
    }))
}

/// A program that is told its cases.
pub fn worker(name: &str) -> Client {
    let client_program = WorkerClient {
        program: std::env::current_exe().unwrap(),
        arguments: arguments(),
        env: role(name),
        ready: Duration::from_secs(10),
        fix: Vec::new(),
        adapter_folder: PathBuf::new(),
    };
    client(Play::Worker { client: client_program, idle: tokio::sync::Mutex::default() })
}

#[test]
fn plays_its_role_when_the_harness_starts_it() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let port = || std::env::args().next_back().unwrap().parse::<u16>().unwrap();
    match role.as_str() {
        "honest" => finish(honest(port())),
        "aborts-when-refusing" => {
            if honest_until_refusal(port()) == Came::Refused {
                std::process::abort();
            }
            finish(true)
        }
        "hangs-when-refusing" => {
            if hangs_until_ended(port()) == Came::Refused {
                finish(false);
            }
            finish(true)
        }
        "worker-comes-back" => work(|case, port| {
            let connected = honest(port);
            if case.starts_with("control@") { Answer::Connected(connected) } else { Answer::ComesBack(port) }
        }),
        "worker-unsupported" => work(|_, _| Answer::Unsupported),
        "worker-unsupported-in-cases" => work(|case, port| {
            if case.starts_with("control@") { Answer::Connected(honest(port)) } else { Answer::Unsupported }
        }),
        "worker-unsupported-and-connected" => {
            work(
                |case, port| {
                    if case.starts_with("control@") { Answer::Connected(honest(port)) } else { Answer::Both }
                },
            )
        }
        "worker-hello-then-unsupported" => work(|case, port| {
            let connected = if case.starts_with("control@") {
                honest(port)
            } else {
                drive(v4(port), permissive(), true).0 == Came::Answered
            };
            if connected && case.starts_with("control@") {
                Answer::Connected(true)
            } else {
                Answer::Unsupported
            }
        }),
        "worker-exits-when-refusing" => work(|_, port| match honest_until_refusal(port) {
            Came::Refused => std::process::exit(1),
            came => Answer::Connected(came == Came::Answered),
        }),
        other => panic!("unknown role {other}"),
    }
}

fn finish(connected: bool) {
    std::process::exit(if connected { 0 } else { 1 });
}

fn honest(port: u16) -> bool {
    drive(v4(port), own_strict(), true).0 == Came::Answered
}

/// Like [`honest`], but where the stack refuses, its alert is not sent.
fn honest_until_refusal(port: u16) -> Came {
    use std::io::Read;
    let (mut stream, mut engine) = (v4(port), own_strict());
    let flight = super::drive::knock(&mut stream, &mut *engine);
    engine.feed(&flight);
    if matches!(engine.status(), shakedown::engine::Status::Failed(_)) {
        let mut rest = Vec::new();
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let _ = stream.read_to_end(&mut rest);
        return Came::Refused;
    }
    drive(stream, engine, true).0
}

/// Like [`honest`], but where the stack refuses, the connection is held open until somebody ends the process.
fn hangs_until_ended(port: u16) -> Came {
    let (mut stream, mut engine) = (v4(port), own_strict());
    let flight = super::drive::knock(&mut stream, &mut *engine);
    engine.feed(&flight);
    if matches!(engine.status(), shakedown::engine::Status::Failed(_)) {
        std::thread::sleep(Duration::from_secs(30));
        return Came::Refused;
    }
    drive(stream, engine, true).0
}

/// A child has not the CA in memory, so it trusts anybody; what it offers is an honest client's.
fn own_strict() -> Box<dyn shakedown::engine::Engine> {
    let backends = shakedown::engine::backends();
    let spec = shakedown::engine::EndpointSpec {
        server_name: "localhost".to_owned(),
        alpn: vec![b"http/1.1".to_vec()],
        ..Default::default()
    };
    backends["rustls"].open(shakedown::engine::Role::Client, &spec).unwrap()
}

enum Answer {
    Connected(bool),
    Unsupported,
    /// Refused, and then a second try that the answer does not tell of.
    ComesBack(u16),
    /// A contradiction.
    Both,
}

fn work(play: impl Fn(&str, u16) -> Answer) {
    // libtest has printed the test's name without a line's end.
    say("\n{\"ready\":true}");
    for line in std::io::stdin().lock().lines() {
        let request: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        let case = request["case"].as_str().unwrap();
        let port = u16::try_from(request["port"].as_u64().unwrap()).unwrap();
        let played = play(case, port);
        let answer = match played {
            Answer::ComesBack(_) => serde_json::json!({"case": case, "connected": false}),
            Answer::Connected(connected) => serde_json::json!({"case": case, "connected": connected}),
            Answer::Both => serde_json::json!({"case": case, "connected": true, "unsupported": "yes and no"}),
            Answer::Unsupported => serde_json::json!({"case": case, "unsupported": "I would rather not"}),
        };
        say(&answer.to_string());
        if let Answer::ComesBack(port) = played {
            let _ = TcpStream::connect(("127.0.0.1", port)).map(std::mem::forget);
        }
    }
    std::process::exit(0);
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}
