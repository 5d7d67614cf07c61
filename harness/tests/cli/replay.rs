//! `replay`: saved edit lists against real clients, in front of every stack, and every way to go wrong.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::*;

/// A client is talked down to TLS 1.2 and the signal of it is taken away; a protected message cannot be dropped.
const DOWNGRADE: &str = r#"
policy = "harness/strong"
oracle = "agreement"
[[edit]]
at     = "client-hello"
change = "remove-extension"
value  = "supported_versions"
[[edit]]
at     = "server-hello"
change = "set-sentinel"
value  = "absent"
[[edit]]
at     = "encrypted-extensions"
change = "drop"
"#;

const CUT: &str = r#"
policy = "harness/strong"
[[edit]]
at     = "record:client:1"
change = "split"
value  = 17
"#;

fn list(folder: &Path, text: &str) -> PathBuf {
    write(folder, "list.toml", text)
}

fn object(ran: &Ran) -> Value {
    let object: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}", ran.stderr));
    let schema: Value = serde_json::from_str(include_str!("../../../schema/replay-1.json")).unwrap();
    assert!(jsonschema::meta::is_valid(&schema));
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&object).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{object}: {errors:?}");
    assert_eq!(object["exit"], ran.code, "{object}");
    object
}

fn fates(connection: &Value) -> Vec<&str> {
    connection["edits"].as_array().unwrap().iter().map(|edit| edit["fate"].as_str().unwrap()).collect()
}

fn clients() -> Vec<&'static str> {
    let programs =
        [("curl", "curl"), ("openssl", "openssl-s_client"), ("python3", "python"), ("wget", "wget")];
    let found = programs.into_iter().filter(|(program, _)| installed(program)).map(|(_, client)| client);
    ["rustls", "openssl"].into_iter().chain(found).collect()
}

#[test]
fn real_clients_refuse_a_downgrade_in_front_of_every_stack() {
    let folder = tempfile::tempdir().unwrap();
    let file = list(folder.path(), DOWNGRADE);
    for backend in ["openssl", "rustls", "s2n"] {
        for client in clients() {
            let ran = run([
                "replay",
                file.to_str().unwrap(),
                "--backend",
                backend,
                "--partial",
                "--client",
                client,
                "--json",
            ]);
            ran.assert_code(0);
            let object = object(&ran);
            assert_eq!(object["control"]["completed"], true, "{client}: {object}");
            assert_eq!(object["oracle"], "agreement");
            // rustls and s2n have no secp521r1 that is asked for.
            assert_eq!(object["left_out"].as_array().unwrap().is_empty(), backend == "openssl", "{object}");
            let connection = &object["connections"][0];
            // The signature is over both randoms; which end notices first is the stack's.
            let outcome = connection["outcome"].as_str().unwrap();
            assert!(outcome.starts_with("refused-by-"), "{client} and {backend}: {connection}");
            assert_eq!(fates(connection)[0], "applied");
            assert_ne!(fates(connection)[2], "applied", "it is never in the clear");
        }
    }
}

#[test]
fn real_clients_do_not_care_how_records_are_cut() {
    let folder = tempfile::tempdir().unwrap();
    let file = list(folder.path(), CUT);
    for client in clients() {
        let ran = run(["replay", file.to_str().unwrap(), "--client", client, "--json"]);
        ran.assert_code(0);
        let object = object(&ran);
        let connection = &object["connections"][0];
        assert_eq!(connection["outcome"], "completed-unchanged", "{client}: {object}");
        assert_eq!((fates(connection), &connection["reach"]), (vec!["applied"], &Value::from("data")));
    }
}

#[test]
fn the_text_says_what_was_applied_what_was_not_and_how_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let file = list(folder.path(), DOWNGRADE);
    let ran = run(["replay", file.to_str().unwrap(), "--client", "rustls"]);
    ran.assert_code(0);
    for line in [
        "control  the unedited handshake was completed",
        "connection 1: refused-by-client",
        "  applied  client-hello: remove-extension supported_versions",
        "  skipped  encrypted-extensions: drop (never-came)",
        "  alert    decrypt_error, by the client",
        "result   no handshake was completed that the edits had changed",
    ] {
        assert!(ran.stdout.lines().any(|l| l == line), "{line:?} is missing in\n{}", ran.stdout);
    }
    assert!(ran.stdout.contains("client ->         ClientHello"), "{}", ran.stdout);
}

/// rustls has no secp521r1, and the curve of its key decides the scheme: with one on P-256 there is no other of ECDSA.
#[test]
fn the_text_names_what_the_stack_cannot_play_of_the_policy() {
    let folder = tempfile::tempdir().unwrap();
    let file = list(folder.path(), CUT);
    let left_out = |backend: &str| {
        let ran =
            run(["replay", file.to_str().unwrap(), "--client", "rustls", "--backend", backend, "--partial"]);
        ran.assert_code(0);
        ran.stdout.lines().find(|line| line.starts_with("left out ")).map(str::to_owned)
    };
    assert_eq!(left_out("openssl"), None);
    let schemes = "scheme ecdsa_secp384r1_sha384, scheme ecdsa_secp521r1_sha512";
    assert_eq!(left_out("rustls"), Some(format!("left out group secp521r1, {schemes}")));
}

#[test]
fn the_file_may_name_the_client_and_a_command_stands_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = list(folder.path(), &format!("client = \"rustls\"\nserver = \"rustls\"\n{CUT}"));
    let ran = run(["replay", file.to_str().unwrap(), "--partial", "--json"]);
    ran.assert_code(0);
    let object = object(&ran);
    assert!(object["client"].as_str().unwrap().starts_with("rustls "), "{object}");
    assert!(object["server"].as_str().unwrap().starts_with("rustls "), "{object}");
    if installed("curl") {
        let curl = ["--", "curl", "-q", "--cacert", "{ca_pem}", "{url}"];
        let ran = run(["replay", file.to_str().unwrap(), "--partial", "--json"].iter().chain(&curl));
        ran.assert_code(0);
        assert_eq!(self::object(&ran)["client"], "curl");
    }
}

#[test]
fn what_proves_nothing_is_inconclusive() {
    let folder = tempfile::tempdir().unwrap();
    let protected = "policy = \"harness/strong\"\n[[edit]]\nat = \"finished\"\nchange = \"drop\"\n";
    let file = list(folder.path(), protected);
    let ran = run(["replay", file.to_str().unwrap(), "--client", "rustls", "--json"]);
    ran.assert_code(3);
    let seen = object(&ran);
    assert_eq!(fates(&seen["connections"][0]), ["needs-keys"], "{seen}");
    assert_eq!(seen["connections"][0]["outcome"], "undecided");
    // Nobody sends a second message before an answer.
    let waits = "policy = \"harness/strong\"\n[[edit]]\nat = \"client-hello\"\nchange = \"swap\"\n";
    let file = list(folder.path(), waits);
    let ran = run(["replay", file.to_str().unwrap(), "--client", "rustls", "--timeout", "1"]);
    ran.assert_code(3);
    assert!(ran.stdout.contains("\nresult   inconclusive: nobody ended it"), "{}", ran.stdout);
    if installed("curl") {
        let file = list(folder.path(), DOWNGRADE);
        // It does not trust the CA.
        let ran = run(["replay", file.to_str().unwrap(), "--", "curl", "-q", "{url}"]);
        ran.assert_code(3);
        assert!(ran.stdout.contains("not completed: the client, with alert unknown_ca"), "{}", ran.stdout);
        let ran = run(["replay", file.to_str().unwrap(), "--", "curl", "--version"]);
        ran.assert_code(3);
        assert!(ran.stdout.contains("no connection came"), "{}", ran.stdout);
    }
}

/// The server waits for a second message of the client that never comes, so it never answers.
const MUTE: &str = r#"
policy = "harness/strong"
[[edit]]
at     = "client-hello"
change = "swap"
"#;

/// The server waits for the Finished of TLS 1.2, the client for the server's.
const NO_FINISHED: &str = r#"
policy = "harness/strong"
[[edit]]
at     = "record:client:4"
change = "drop"
"#;

/// No key share changes, nothing is signed that the client could compare: only the server's look at the Finished tells.
const NO_EXTENDED_SECRET: &str = r#"
policy = "harness/strong"
[[edit]]
at     = "client-hello"
change = "remove-extension"
value  = "extended_master_secret"
"#;

/// Each of them completes the unedited handshake, and is gone in the edited one without having refused it.
#[test]
fn a_client_that_was_killed_crashed_or_gave_up_has_refused_nothing() {
    if !installed("curl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let curl = "curl -q -s --tls-max 1.2 --cacert {ca_pem} {url}";
    let itself = "it ended by itself";
    for (name, text, script, ended) in [
        ("mute", MUTE, format!("timeout 2 {curl}"), "it crashed: exit status 124"),
        ("mute", MUTE, format!("exec timeout -s KILL 2 {curl}"), "it crashed: ended by signal 9"),
        ("mute", MUTE, format!("{curl} --max-time 2"), itself),
        ("mute", MUTE, curl.to_owned(), "it ran out of time"),
        ("finished", NO_FINISHED, format!("{curl} --max-time 2"), itself),
        ("finished", NO_FINISHED, format!("timeout 2 {curl}"), "it crashed: exit status 124"),
        ("downgrade", DOWNGRADE, format!("{curl} || kill -SEGV $$"), "it crashed: ended by signal 11"),
        ("downgrade", DOWNGRADE, format!("{curl} || exit 124"), "it crashed: exit status 124"),
        ("downgrade", DOWNGRADE, format!("{curl} || exit 139"), "it crashed: exit status 139"),
        ("secret", NO_EXTENDED_SECRET, format!("{curl} || kill -SEGV $$"), "it crashed: ended by signal 11"),
    ] {
        let file = list(folder.path(), text);
        let ran =
            run(["replay", file.to_str().unwrap(), "--timeout", "4", "--json", "--", "sh", "-c", &script]);
        ran.assert_code(3);
        let object = object(&ran);
        assert_eq!(object["control"]["completed"], true, "{name}, {script}: {object}");
        assert_eq!(object["connections"][0]["outcome"], "undecided", "{name}, {script}: {object}");
        assert!(fates(&object["connections"][0]).contains(&"applied"), "{name}, {script}: {object}");
        let said = object["client_ended"].as_str().unwrap();
        assert!(said.starts_with(ended), "{name}, {script}: {said}");
    }
    // One that crashes always has no control.
    let file = list(folder.path(), DOWNGRADE);
    let always = format!("{curl}; kill -SEGV $$");
    let ran = run(["replay", file.to_str().unwrap(), "--", "sh", "-c", &always]);
    ran.assert_code(3);
    for line in [
        "control  the unedited handshake was not completed: request and answer were exchanged, but then it crashed: ended by signal 11",
        "connection 1: undecided",
        "program  it crashed: ended by signal 11",
        "result   inconclusive: the client does not complete the unedited handshake either",
    ] {
        assert!(ran.stdout.lines().any(|l| l == line), "{line:?} is missing in\n{}", ran.stdout);
    }
}

#[test]
fn a_client_that_had_committed_itself_before_the_server_refused_is_named() {
    if !installed("curl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = list(folder.path(), NO_EXTENDED_SECRET);
    let curl = ["--", "curl", "-q", "--tls-max", "1.2", "--cacert", "{ca_pem}", "{url}"];
    let ran = run(["replay", file.to_str().unwrap()].iter().chain(&curl));
    ran.assert_code(0);
    for line in [
        "connection 1: refused-by-server",
        "  note     the client had committed itself: it went past the ServerHello",
        "result   refused, but only after the client had committed itself to the edited handshake",
    ] {
        assert!(ran.stdout.lines().any(|l| l == line), "{line:?} is missing in\n{}", ran.stdout);
    }
    let ran = run(["replay", file.to_str().unwrap(), "--json"].iter().chain(&curl));
    assert_eq!(object(&ran)["connections"][0]["committed"], true);
    // This one looks at the signature over both randoms first.
    let file = list(folder.path(), DOWNGRADE);
    let ran = run(["replay", file.to_str().unwrap(), "--client", "rustls", "--json"]);
    assert_eq!(object(&ran)["connections"][0]["committed"], false);
    // s2n's only word for it is close_notify: that has no author.
    let file = list(folder.path(), NO_EXTENDED_SECRET);
    let s2n = ["--backend", "s2n", "--partial", "--json"];
    let ran = run(["replay", file.to_str().unwrap()].iter().chain(&s2n).chain(&curl));
    ran.assert_code(3);
    let connection = &object(&ran)["connections"][0];
    assert_eq!((&connection["outcome"], &connection["committed"]), (&"undecided".into(), &true.into()));
}

/// What `docs/findings.md` says of the built-in clients; whoever mends their stack sees it here.
#[test]
fn the_edit_lists_of_the_findings_show_what_is_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/findings");
    let mut lists: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    lists.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    let name = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    lists.sort();
    let named: Vec<String> = lists.iter().map(name).collect();
    let rows = [
        ("change-cipher-spec", "rustls", "openssl", 0, "alert decode_error, by the client"),
        ("outer-type", "rustls", "openssl", 1, "survived"),
        ("outer-type", "openssl", "openssl", 0, "alert unexpected_message, by the client"),
        ("outer-type-of-a-client", "openssl", "rustls", 1, "survived"),
        ("outer-version", "rustls", "openssl", 0, "completed-unchanged"),
        ("outer-version", "openssl", "openssl", 0, "alert decode_error, by the client"),
        ("sentinel", "rustls", "openssl", 0, "alert decrypt_error, by the client"),
        ("sentinel", "openssl", "openssl", 0, "alert illegal_parameter, by the client"),
    ];
    for list in &named {
        assert!(rows.iter().any(|row| row.0 == list), "{list}: no row here");
    }
    for (list, client, backend, code, said) in rows {
        let file = folder.join(format!("{list}.toml"));
        let file = file.to_str().unwrap();
        let ran = run(["replay", file, "--client", client, "--backend", backend, "--partial"]);
        assert!(ran.stdout.replace("alert    ", "alert ").contains(said), "{list} {client}: {}", ran.stdout);
        assert_eq!(ran.code, code, "{list} {client}: {}", ran.stdout);
    }
}

/// Comes once more often than is answered, and takes what comes.
const INSISTENT: &str = r#"
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[3])
for _ in range(257):
    try:
        with socket.create_connection((sys.argv[1], int(sys.argv[2])), 10) as raw:
            with context.wrap_socket(raw, server_hostname=sys.argv[1]) as tls:
                tls.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                while tls.recv(4096): pass
    except OSError:
        pass
"#;

#[test]
fn a_connection_that_nobody_answered_leaves_it_open() {
    if !installed("python3") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = list(folder.path(), DOWNGRADE);
    let ran = run([
        "replay",
        file.to_str().unwrap(),
        "--json",
        "--timeout",
        "60",
        "--",
        "python3",
        "-c",
        INSISTENT,
        "{host}",
        "{port}",
        "{ca_pem}",
    ]);
    let object = object(&ran);
    assert!(object["unserved"].as_u64().unwrap() >= 1, "{object}");
    let connections = object["connections"].as_array().unwrap();
    assert!(connections.iter().all(|one| one["outcome"] == "refused-by-client"), "{object}");
    assert_eq!(ran.code, 3, "{object}");
}

#[test]
fn an_empty_list_is_the_honest_handshake() {
    let folder = tempfile::tempdir().unwrap();
    let file = list(folder.path(), "policy = \"harness/static-rsa\"\n");
    let ran = run(["replay", file.to_str().unwrap(), "--client", "openssl", "--json"]);
    ran.assert_code(0);
    let object = object(&ran);
    let connection = &object["connections"][0];
    assert_eq!(connection["outcome"], "completed-unchanged");
    assert_eq!(
        (&connection["version"], &connection["edits"]),
        (&"TLSv1.2".into(), &Value::Array(Vec::new()))
    );
}

/// The address behind `to`, once the program listens.
fn listening(child: &mut std::process::Child) -> (String, String) {
    let mut line = String::new();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    errors.read_line(&mut line).unwrap();
    let (_, rest) = line.split_once("a connection to ").unwrap_or_else(|| panic!("{line}"));
    let (address, ca) = rest.trim().split_once(", CA in ").unwrap();
    (address.to_owned(), ca.to_owned())
}

fn listen(file: &Path, more: &[&str]) -> std::process::Child {
    shakedown()
        .args(["replay", file.to_str().unwrap(), "--listen", "127.0.0.1:0", "--json"])
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn with_listen_whoever_comes_is_played_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = list(folder.path(), DOWNGRADE);
    let pem = folder.path().join("ca.pem");
    let mut child = listen(&file, &["--ca-pem", pem.to_str().unwrap()]);
    let (address, ca) = listening(&mut child);
    assert_eq!(ca, pem.to_str().unwrap());
    if installed("openssl") {
        let ran = Command::new("openssl")
            .args(["s_client", "-connect", &address, "-CAfile", &ca])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(!ran.status.success());
        let output = child.wait_with_output().unwrap();
        let ran = Ran::of(&output);
        // It might refuse everything.
        ran.assert_code(3);
        let object = object(&ran);
        assert_eq!((&object["client"], &object["control"]), (&Value::Null, &Value::Null));
        assert_eq!(object["client_ended"], Value::Null);
        assert_eq!(object["connections"][0]["outcome"], "refused-by-client", "{object}");
    } else {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn with_listen_an_unchanged_handshake_is_decided_without_a_control() {
    if !installed("curl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut child = listen(&list(folder.path(), CUT), &[]);
    let (address, ca) = listening(&mut child);
    let there = format!("::{address}");
    let curl = ["-q", "-s", "--cacert", &ca, "--connect-to", &there, "https://localhost/"];
    assert!(Command::new("curl").args(curl).stdout(Stdio::null()).status().unwrap().success());
    let ran = Ran::of(&child.wait_with_output().unwrap());
    ran.assert_code(0);
    assert_eq!(object(&ran)["connections"][0]["outcome"], "completed-unchanged");
}

#[test]
fn with_listen_a_stranger_a_mute_one_and_nobody_are_inconclusive_and_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let file = list(folder.path(), CUT);
    for (says, code) in [(&b"GET / HTTP/1.1\r\n\r\n"[..], 3), (b"\x16", 3)] {
        let mut child = listen(&file, &["--timeout", "1"]);
        let (address, _) = listening(&mut child);
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(says).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
        let ran = Ran::of(&child.wait_with_output().unwrap());
        ran.assert_code(code);
        assert_eq!(object(&ran)["connections"][0]["outcome"], "undecided");
    }
    let child = listen(&file, &["--wait", "1"]);
    let ran = Ran::of(&child.wait_with_output().unwrap());
    ran.assert_code(3);
    assert_eq!(object(&ran)["connections"], Value::Array(Vec::new()));
}

#[test]
fn every_mistake_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let text = |name: &str, text: &str| write(folder.path(), name, text).to_str().unwrap().to_owned();
    let good = text("good.toml", CUT);
    let bare = text("bare.toml", "[[edit]]\nat = \"client-hello\"\nchange = \"drop\"\n");
    let place = text("place.toml", "policy = \"x\"\n\n[[edit]]\nat = \"client-helo\"\nchange = \"drop\"\n");
    let noise = text("noise.toml", "nothing here\n");
    let binary = folder.path().join("binary.toml");
    std::fs::write(&binary, [0xFF, 0xFE, 0]).unwrap();
    let long = text("long.toml", &"#".repeat(8 * 1024 * 1024 + 1));
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let nowhere = folder.path().join("no/such/ca.pem");
    let table: Vec<(Vec<&str>, Vec<&str>)> = vec![
        (vec!["no-such.toml"], vec!["cannot read no-such.toml"]),
        (vec![folder.path().to_str().unwrap()], vec!["cannot read"]),
        (vec![binary.to_str().unwrap()], vec!["cannot read"]),
        (vec![&long], vec!["larger than 8388608 bytes", "no edit list is"]),
        // Nobody writes to it: opening it would never return.
        (vec![pipe.to_str().unwrap()], vec!["cannot read", "a pipe or device", "name a regular file"]),
        (vec!["/dev/zero"], vec!["cannot read", "a pipe or device", "name a regular file"]),
        (vec![&noise], vec!["noise.toml:1: "]),
        (vec![&place], vec!["place.toml:3: unknown place \"client-helo\"", "record:client:N"]),
        (vec![&bare, "--client", "rustls"], vec!["names no policy", "--policy ID"]),
        (vec![&good], vec!["names no client", "--client NAME", "--listen"]),
        (vec![&good, "--client", "crul"], vec!["unknown client \"crul\"", "did you mean curl"]),
        (
            vec![&good, "--client", "rustls", "--policy", "harness/storng"],
            vec!["harness/storng", "harness/strong"],
        ),
        (
            vec![&good, "--client", "rustls", "--backend", "nope"],
            vec!["unknown backend \"nope\"", "openssl, rustls, s2n"],
        ),
        (
            vec![&good, "--client", "rustls", "--policy", "harness/static-rsa", "--backend", "rustls"],
            vec!["rustls", "harness/static-rsa"],
        ),
        (vec![&good, "--client", "rustls", "--listen", "localhost:0"], vec!["cannot be used with"]),
        (vec![&good, "--ca-pem", "x.pem", "--client", "rustls"], vec!["--listen"]),
        (vec![&good, "--listen", "nonsense"], vec!["cannot resolve --listen", "HOST:PORT"]),
        (
            vec![&good, "--listen", "0.0.0.0:0"],
            vec!["can be reached from other machines", "listen on localhost"],
        ),
        (vec![&good, "--listen", &taken], vec!["cannot listen on", "another port"]),
        (vec![&good, "--listen", "127.0.0.1:0", "--ca-pem", nowhere.to_str().unwrap()], vec!["cannot write"]),
        (vec![&good, "--", "no-such-program"], vec!["no-such-program is not an executable"]),
        (vec![&good, "--", "curl", "{uri}"], vec!["{uri}"]),
        (vec![], vec!["<FILE>"]),
    ];
    for (arguments, words) in table {
        run(std::iter::once("replay").chain(arguments)).assert_usage(&words);
    }
}
