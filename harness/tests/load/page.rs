//! What it prints for people.

use std::fs::File;
use std::process::Stdio;

use shakedown::engine::Resumption;
use shakedown::registry::ProtocolVersion;

use crate::run::*;
use crate::server::*;

/// Numbers differ from run to run; so does whether anything was late, and what follows from it.
fn redacted(page: &[u8]) -> String {
    let page = String::from_utf8(page.to_vec()).unwrap();
    let lines = page.lines().take_while(|line| !line.starts_with("note")).collect::<Vec<_>>().join("\n");
    let replace = |text: &str, pattern: &str, with: &str| {
        regex::Regex::new(pattern).unwrap().replace_all(text, with).into_owned()
    };
    let text = replace(&lines, r", \d+ late by more than 1 ms \(at most [\d.]+ ms\)", "");
    let text = replace(&text, r"openssl \d[\w.]*", "openssl X");
    let text = replace(&text, r"localhost:\d+ \(127\.0\.0\.1:\d+\)", "localhost:PORT (ADDRESS)");
    let text = replace(&text, r"(p50|p90|p99\.9|p99|max) [\d.]+", "$1 N");
    let text = replace(
        &text,
        r"[\d.]+ ms (per completed handshake )?here, \d+ % of \d+ threads",
        "N ms ${1}here, N % of N threads",
    );
    replace(&text, r"\d+ sent, \d+ received", "N sent, N received")
}

#[test]
fn the_page_of_a_run_with_completed_handshakes_and_errors() {
    let server = openssl(&[ProtocolVersion::TLS1_2], Resumption::default());
    let address = listen(move |number, stream| {
        // One of eleven: the first connection is the look for an address.
        if number != 5 {
            answer(stream, &*server);
        } else {
            use std::io::{Read, Write};
            let mut stream = stream;
            let _ = stream.write_all(b"\x15\x03\x03\x00\x02\x02\x28");
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    let output = load(&[&address, "--rate", "20", "--time", "0.5", "--insecure"]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(redacted(&output.stdout));
    assert!(output.stderr.is_empty(), "no progress where nobody looks: {:?}", output.stderr);
}

#[test]
fn the_page_of_a_run_without_any() {
    let address = listen(|_, stream| drop(stream));
    let output = load(&[&address, "--rate", "20", "--time", "0.5", "--insecure", "--version", "1.3"]);
    assert_eq!(output.status.code(), Some(1));
    let page = redacted(&output.stdout);
    assert!(page.contains("completed    0: 0.0 new handshakes per second"), "{page}");
    assert!(!page.contains("latency") && !page.contains("negotiated"), "{page}");
}

#[test]
fn help_has_examples_exit_codes_and_what_a_closed_loop_hides() {
    for arguments in [&["--help"][..], &["-h"]] {
        let output = load(arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0));
        for word in [
            "Examples:",
            "--rate max",
            "coordinated omission",
            "Exit codes:",
            "--allow-remote",
            "not-resumed",
            "130",
        ] {
            assert!(text.contains(word), "{word} is missing in {text}");
        }
    }
}

#[test]
fn a_report_that_cannot_be_written_is_said() {
    let server = openssl(&BOTH, Resumption::default());
    let address = listen(move |_, stream| answer(stream, &*server));
    let output = command(&[&address, "--rate", "20", "--time", "0.2", "--insecure"])
        .stdout(Stdio::from(File::options().write(true).open("/dev/full").unwrap()))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write the report"));
}
