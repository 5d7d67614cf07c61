//! Clients that refuse for a reason of their own, or do not refuse at all: none of them may pass.

use crate::support::*;

/// Plays one case with a command; gives the run, the case's verdict and its first finding.
fn one_case(arguments: &[&str]) -> (Ran, String, String) {
    let ran = check_json(STATIC_RSA, arguments);
    let cases = ran.cases();
    assert_eq!(cases.len(), 1, "{}\n{}", ran.stdout, ran.stderr);
    let verdict = cases[0]["verdict"].as_str().unwrap().to_owned();
    let first = codes(&cases[0]).first().copied().unwrap_or_default().to_owned();
    (ran, verdict, first)
}

#[test]
fn five_bad_clients_are_inconclusive_for_five_reasons() {
    if !installed("curl") {
        return;
    }
    let table: [(&[&str], &str); 5] = [
        (&["--", "curl", "-sS", "https://{host}:{port}/"], "untrusted-certificate"),
        (&["--", "true"], "no-connection"),
        (&["--timeout", "1", "--", "sleep", "60"], "control-timeout"),
        (&["--", "sh", "-c", "kill -SEGV $$"], "client-crashed"),
        (&["--", "curl", "-sS", "http://{host}:{port}/"], "not-tls"),
    ];
    for (arguments, code) in table {
        let (ran, verdict, first) = one_case(arguments);
        ran.assert_code(3);
        assert_eq!((verdict.as_str(), first.as_str()), ("inconclusive", code), "{arguments:?}");
    }
}

/// Bytes, pauses and ends that no TLS client makes; `s` is the connected socket.
#[test]
fn peers_that_are_no_clients_are_told_apart() {
    if !installed("python3") {
        return;
    }
    let connect =
        "import socket, struct, sys, time; s = socket.create_connection(('127.0.0.1', int(sys.argv[1]))); ";
    let hello = "b'\\x16\\x03\\x01\\x02\\x00\\x01\\x00\\x01\\xfc\\x03\\x03' + bytes(60)";
    let table = [
        ("garbage", "s.sendall(bytes(range(200, 256))); s.recv(9)".to_owned(), "not-tls"),
        ("a stall", "time.sleep(60)".to_owned(), "control-timeout"),
        (
            "a byte a second",
            format!("[(s.sendall(bytes([b])), time.sleep(1)) for b in {hello}]"),
            "control-timeout",
        ),
        (
            "a reset in the hello",
            format!("s.sendall({hello}); s.setsockopt(1, 13, struct.pack('ii', 1, 0)); s.close()"),
            "no-connection",
        ),
        ("a close in the hello", format!("s.sendall({hello}); s.close()"), "no-connection"),
        (
            "an unresolvable host",
            "socket.create_connection(('no-such-host.invalid', 443))".to_owned(),
            "no-connection",
        ),
    ];
    for (what, script, code) in table {
        let script = connect.to_owned() + &script;
        let (ran, verdict, first) = one_case(&["--timeout", "2", "--", "python3", "-c", &script, "{port}"]);
        ran.assert_code(3);
        assert_eq!((verdict.as_str(), first.as_str()), ("inconclusive", code), "{what}: {}", ran.stdout);
    }
}

#[test]
fn a_bad_client_passes_no_must_refuse_case_of_core() {
    let ran = run(["check", "--report", "json", "--", "true"]);
    ran.assert_code(3);
    let cases = ran.cases();
    assert!(cases.len() > 20, "core has about 28 cases, not {}", cases.len());
    assert!(cases.iter().all(|case| case["verdict"] == "inconclusive"), "{}", ran.stdout);
}

#[test]
fn a_client_that_trusts_anybody_fails() {
    if !installed("curl") {
        return;
    }
    let ran = check_json("client/certificate/*", &["--", "curl", "-sSk", "https://{host}:{port}/"]);
    ran.assert_code(1);
    let cases = ran.cases();
    assert!(!cases.is_empty());
    for case in cases {
        assert_eq!((&case["verdict"], codes(&case)), (&"fail".into(), vec!["unauthenticated"]), "{case}");
    }
}

/// Feeds a request to a client that takes it from standard input, and stays until the server closes.
const FED: &str =
    r#"rm -f in && mkfifo in && exec 3<>in && printf "GET / HTTP/1.0\r\n\r\n" >&3 && exec "$@" <&3 3<&-"#;

#[test]
fn a_client_without_any_strong_parameter_fails_and_is_not_inconclusive() {
    if !installed("openssl") {
        return;
    }
    let client = ["openssl", "s_client", "-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0", "-quiet"];
    let target = ["-connect", "{host}:{port}", "-CAfile", "{ca_pem}", "-verify_return_error"];
    let arguments = ["--", "sh", "-c", FED, "sh"].iter().chain(&client).chain(&target).copied();
    let ran = check_json("client/version/below-minimum@TLSv1.0+RSA+natural", &arguments.collect::<Vec<_>>());
    let cases = ran.cases();
    assert_eq!(cases.len(), 1, "{}", ran.stderr);
    if cases[0]["reach"] == "proposed" || cases[0]["reach"].is_null() {
        println!("skipped: this openssl has no TLS 1.0: {}", cases[0]);
        return;
    }
    ran.assert_code(1);
    assert_eq!(cases[0]["verdict"], "fail");
    assert_eq!(codes(&cases[0]), ["below-minimum-version", "no-forward-secrecy"]);
    // Its strong control is refused all the same: controls gate passes only.
    let client = &of_type(&ran.events(), "client")[0];
    assert_eq!(client["controls"]["rsa2048"], "control-refused");
}

#[test]
fn a_program_is_started_by_the_name_that_it_was_found_under() {
    // Multi-call programs (busybox) and virtual environments look at that name, not at what the link points to.
    if !installed("curl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let real = write(
        folder.path(),
        "real",
        "#!/bin/sh\ncase \"$0\" in */linked) exec curl \"$@\" ;; *) exit 1 ;; esac\n",
    );
    std::process::Command::new("chmod").arg("+x").arg(&real).status().unwrap();
    let linked = folder.path().join("linked");
    std::os::unix::fs::symlink(&real, &linked).unwrap();
    let adapter = format!(
        "title = \"x\"\ndetect = [{linked:?}, \"--version\"]\nversion = 'curl (\\S+)'\ninstall = \"x\"\n\
         [command]\nargv = [{linked:?}, \"-sS\", \"--cacert\", \"{{ca_pem}}\", \"{{url}}\"]\n"
    );
    let adapter = write(folder.path(), "linked.toml", &adapter);
    let filter = "client/version/tls13@TLSv1.3+TLS_AES_128_GCM_SHA256+natural";
    for client in [vec!["--client", adapter.to_str().unwrap()], {
        vec!["--", linked.to_str().unwrap(), "-sS", "--cacert", "{ca_pem}", "{url}"]
    }] {
        let ran = check_json(filter, &client);
        let events = ran.events();
        let client = &of_type(&events, "client")[0];
        assert_eq!(client["controls"]["rsa2048"], "completed", "{}", ran.stdout);
    }
}
