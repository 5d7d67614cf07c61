//! What is told of connections, on the page and on the lines.

use std::io::Write;
use std::net::Shutdown;
use std::process::Command;

use rustix::process::Signal;
use serde_json::{Value, json};
use shakedown::registry::ProtocolVersion;

use crate::client::*;
use crate::server::*;

const STATIC_RSA: &str = "TLS_RSA_WITH_AES_128_GCM_SHA256";
const OLD: &str = "elb/ELBSecurityPolicy-2016-08";

fn installed(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        println!("skipped: {program} not installed");
    }
    found
}

#[test]
fn the_schema_is_a_schema_and_every_key_is_required() {
    let schema = schema();
    assert!(jsonschema::meta::is_valid(&schema));
    for kind in ["ready", "connection", "reloaded", "stopped"] {
        let definition = &schema["$defs"][kind];
        let mut keys: Vec<&str> =
            definition["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let mut required: Vec<&str> =
            definition["required"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
        keys.sort_unstable();
        required.sort_unstable();
        assert_eq!(keys, required, "{kind}: keys never vanish");
    }
}

#[test]
fn the_ready_line_says_what_is_played() {
    let server = Server::start(&["--policy", "opensearch/Policy-Min-TLS-1-0-2019-07", "--backend", "s2n"]);
    let ready = &server.ready;
    assert_eq!(ready["policy"], "opensearch/Policy-Min-TLS-1-0-2019-07");
    assert_eq!(ready["stand_in"], true, "AWS publishes no list");
    assert_eq!(ready["certificates"], json!(["rsa2048", "ecdsa-p256"]));
    assert!(ready["backend"].as_str().unwrap().starts_with("s2n 0."), "{ready}");
    assert!(ready["source"].as_str().unwrap().contains("OpenSearch"), "{ready}");
    assert_eq!(ready["left_out"], json!([]));
}

#[test]
fn the_page_says_what_was_negotiated_and_offered_and_what_the_floor_says() {
    let mut server = Server::start(&["--policy", OLD]);
    let answer = visit(server.port, only(ProtocolVersion::TLS1_2, STATIC_RSA)).unwrap();
    let page = page(&answer);
    assert_eq!(page["policy"], OLD);
    assert_eq!(page["negotiated"]["version"], "TLSv1.2");
    assert_eq!(page["negotiated"]["suite"], STATIC_RSA);
    assert_eq!(page["offers"]["versions"], json!(["TLSv1.2"]));
    assert_eq!(page["offers"]["server_name"], "localhost");
    assert_eq!((&page["floor"]["id"], &page["verdict"]), (&json!("aws"), &json!("fail")));
    assert_eq!(page["findings"][0]["code"], "no-forward-secrecy");
    let line = server.connection();
    assert_eq!((&line["outcome"], &line["reach"]), (&json!("completed"), &json!("data")));
    assert_eq!((&line["version"], &line["suite"]), (&json!("TLSv1.2"), &json!(STATIC_RSA)));
    assert_eq!(line["verdict"], "fail");
    assert!(line["findings"].as_array().unwrap().contains(&json!("no-forward-secrecy")), "{line}");
    assert_eq!(line["offers"], page["offers"]);
    assert_eq!(line["transcript"], Value::Null);
    // A strong client, and the transcript.
    let mut server = Server::start(&["--policy", OLD, "--transcript", "--floor", "rfc10015"]);
    let ca = server.ca();
    let answer = visit(server.port, strict(ca)).unwrap();
    let page = crate::client::page(&answer);
    assert_eq!((&page["verdict"], &page["floor"]["id"]), (&json!("pass"), &json!("rfc10015")));
    assert_eq!(page["findings"], json!([]), "rustls offers TLS 1.3; {page}");
    let line = server.connection();
    assert!(line["transcript"].as_str().unwrap().contains("ServerHello"), "{line}");
}

/// Every way in which a connection can end, with the client that makes it so.
#[test]
fn every_outcome_is_told_apart() {
    let mut server = Server::start(&["--policy", "harness/static-rsa", "--handshake-timeout", "1"]);
    let (port, ca) = (server.port, server.ca());
    let mut told = |what: &str, expected: Value| {
        let line = server.connection();
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&line[key], value, "{what}: {key} in {line}");
        }
    };
    assert!(visit(port, permissive()).is_some());
    told("a visit", json!({"outcome": "completed", "reach": "data", "verdict": "fail", "alert": null}));

    let mut client = Client::new(port, permissive());
    assert!(client.handshake());
    client.engine.close();
    client.flush();
    drop(client);
    told("a handshake alone", json!({"outcome": "closed", "reach": "finished", "verdict": "fail"}));

    // rustls offers no RSA key transport.
    assert!(visit(port, strict(ca)).is_none());
    told(
        "nothing in common",
        json!({"outcome": "refused-by-server", "reach": "offered", "alert": "handshake_failure", "alert_by": "server",
               "verdict": null}),
    );

    let mut plain = connect(port);
    plain.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    drop(plain);
    told("plain HTTP", json!({"outcome": "not-tls", "reach": "connected", "ja4": null, "offers": null}));

    let silent = connect(port);
    told("silence", json!({"outcome": "timeout", "reach": "connected"}));
    drop(silent);

    connect(port).shutdown(Shutdown::Both).unwrap();
    told("a close without a word", json!({"outcome": "disconnected", "reach": "connected"}));
}

#[test]
fn a_client_that_refuses_is_named_as_the_author() {
    let mut server = Server::start(&["--policy", "harness/strong", "--cert", "untrusted-issuer"]);
    let ca = server.ca();
    assert!(visit(server.port, strict(ca)).is_none());
    let line = server.connection();
    assert_eq!((&line["outcome"], &line["reach"]), (&json!("refused-by-client"), &json!("proposed")));
    assert_eq!((&line["alert"], &line["alert_by"]), (&json!("unknown_ca"), &json!("client")));
    assert_eq!(line["verdict"], Value::Null, "one refusal proves nothing");
    // Who does not mind has sent data to a server that nobody vouches for.
    assert!(visit(server.port, permissive()).is_some());
    let line = server.connection();
    assert_eq!(line["verdict"], "fail");
    assert!(line["findings"].as_array().unwrap().contains(&json!("unauthenticated")), "{line}");
}

#[test]
fn a_wrong_certificate_and_a_handshake_alone_come_to_no_verdict() {
    for version in [ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3] {
        let mut server = Server::start(&["--policy", "harness/strong", "--cert", "expired"]);
        let suite = match version {
            ProtocolVersion::TLS1_3 => "TLS_AES_128_GCM_SHA256",
            _ => "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        };
        let mut client = Client::new(server.port, only(version, suite));
        assert!(client.handshake());
        client.engine.close();
        client.flush();
        drop(client);
        let line = server.connection();
        assert_eq!((&line["outcome"], &line["verdict"]), (&json!("closed"), &Value::Null), "{line}");
    }
}

/// Refusals that are none: nothing was proposed, the proposal was not waited for, or it had been accepted.
#[test]
fn an_alert_is_a_refusal_only_in_the_face_of_a_proposal() {
    const ALERT: &[u8] = &[21, 3, 3, 0, 2, 2, 40];
    let mut server = Server::start(&["--policy", "harness/static-rsa"]);
    let mut hello = Vec::new();
    permissive().drain(&mut hello);
    for (what, bytes, reach) in [
        ("an alert alone", ALERT.to_vec(), "connected"),
        ("behind the hello", [&hello[..], ALERT].concat(), "proposed"),
    ] {
        for closes in [false, true] {
            let mut stream = connect(server.port);
            stream.write_all(&bytes).unwrap();
            if closes {
                stream.shutdown(Shutdown::Write).unwrap();
            }
            let _ = std::io::Read::read_to_end(&mut stream, &mut Vec::new());
            let line = server.connection();
            let seen = (&line["outcome"], &line["reach"], &line["verdict"]);
            assert_eq!(
                seen,
                (&json!("disconnected"), &json!(reach), &Value::Null),
                "{what} {closes}: {line}"
            );
        }
    }
}

#[test]
fn whoever_has_asked_may_close_its_side_and_still_gets_the_answer() {
    for backend in ["openssl", "rustls", "s2n"] {
        let mut server = Server::start(&["--policy", "harness/strong", "--partial", "--backend", backend]);
        let mut client = Client::new(server.port, permissive());
        assert!(client.handshake());
        client.engine.send(REQUEST);
        client.flush();
        client.stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(page(&client.answer())["policy"], "harness/strong", "{backend}");
        assert_eq!(server.connection()["outcome"], "completed", "{backend}");
    }
}

#[test]
fn a_forced_session_is_taken_whatever_is_offered() {
    let forced = ["--force-version", "TLSv1.1", "--force-suite", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"];
    let mut server = Server::start(&forced);
    assert_eq!(server.ready["policy"], "forced");
    let ca = server.ca();
    assert!(visit(server.port, strict(ca)).is_none());
    let line = server.connection();
    assert_eq!((&line["outcome"], &line["alert_by"]), (&json!("refused-by-client"), &json!("client")));
    assert_eq!((&line["version"], &line["reach"]), (&json!("TLSv1.1"), &json!("proposed")));
    // Whoever goes on has accepted it, though the session cannot be completed.
    visit(server.port, permissive());
    let line = server.connection();
    assert_eq!((&line["outcome"], &line["reach"]), (&json!("failed"), &json!("committed")), "{line}");
    assert_eq!(line["verdict"], "fail", "{line}");
    assert!(line["findings"].as_array().unwrap().contains(&json!("below-minimum-version")), "{line}");
}

#[test]
fn the_server_of_a_case_can_be_played_by_hand() {
    let case = "client/cipher/static-rsa@TLSv1.2+TLS_RSA_WITH_AES_128_GCM_SHA256+natural";
    let mut server = Server::start(&["--case", case, "--service", "cloudhsm@2023"]);
    assert_eq!(server.ready["policy"], case);
    assert!(server.ready["source"].as_str().unwrap().contains("CloudHSM"), "{}", server.ready);
    assert!(visit(server.port, permissive()).is_some());
    let line = server.connection();
    assert!(line["findings"].as_array().unwrap().contains(&json!("no-forward-secrecy")), "{line}");
}

#[test]
fn what_explain_says_to_do_by_hand_can_be_done() {
    let case = "client/version/below-minimum@TLSv1.0+RSA+natural";
    let output = Command::new(env!("CARGO_BIN_EXE_shakedown")).args(["explain", case]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (_, command) = text.split_once("By hand      shakedown serve ").unwrap();
    let (command, next) = command.split_once('\n').unwrap();
    assert!(next.trim_start().starts_with("curl --cacert ca.pem https://localhost:4433/"), "{next}");
    let folder = tempfile::tempdir().unwrap();
    let script = format!("exec \"$0\" \"$@\" {command}");
    let mut shell = Command::new("sh");
    shell.current_dir(folder.path()).args(["-c", &script, env!("CARGO_BIN_EXE_shakedown")]);
    let mut server = Server::start_with(&mut shell, &[]);
    assert_eq!((&server.ready["policy"], &server.ready["ca_pem"]), (&json!(case), &json!("ca.pem")));
    assert!(folder.path().join("ca.pem").is_file());
    assert!(visit(server.port, permissive()).is_some());
    assert_eq!(server.connection()["version"], "TLSv1.0");
}

#[test]
fn curl_gets_the_page_over_both_protocols_from_every_stack() {
    if !installed("curl") {
        return;
    }
    for backend in ["openssl", "rustls", "s2n"] {
        let mut server = Server::start(&["--policy", "harness/strong", "--backend", backend, "--partial"]);
        for (option, protocol) in [("--http1.1", "1.1"), ("--http2", "2"), ("--http2-prior-knowledge", "2")] {
            let output = Command::new("curl")
                .args(["-q", "-sS", option, "--noproxy", "*", "-w", "%{stderr}%{http_version} %{http_code}"])
                .args(["--cacert", server.ready["ca_pem"].as_str().unwrap(), &server.url()])
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(said, format!("{protocol} 200"), "{backend} {option}");
            let page: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(page["policy"], "harness/strong");
            let line = server.connection();
            assert_eq!(line["outcome"], "completed", "{backend} {option}: {line}");
        }
        // HEAD has no body, and a POST's is read.
        for (arguments, expected) in [(&["-I"][..], 200), (&["-d", "x=1"], 200)] {
            let output = Command::new("curl")
                .args(["-q", "-sS", "--noproxy", "*", "-o", "/dev/null", "-w", "%{http_code}"])
                .args(arguments)
                .args(["--cacert", server.ready["ca_pem"].as_str().unwrap(), &server.url()])
                .output()
                .unwrap();
            assert_eq!(
                String::from_utf8_lossy(&output.stdout),
                expected.to_string(),
                "{backend} {arguments:?}"
            );
            assert_eq!(server.connection()["outcome"], "completed");
        }
        server.signal(Signal::TERM);
        let stopped = server.line();
        assert_eq!((&stopped["connections"], &stopped["unfinished"]), (&json!(5), &json!(0)), "{backend}");
        assert_eq!(server.exit_code(), Some(0));
    }
}
