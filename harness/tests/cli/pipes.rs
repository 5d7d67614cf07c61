//! A reader that has seen enough, as `| head -1`, is no error.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use crate::support::*;

/// Runs the program, reads so many lines, closes the pipe; gives the exit code and standard error.
fn read_lines_and_close(arguments: &[&str], lines: usize) -> (Option<i32>, String) {
    let mut child =
        shakedown().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..lines {
        let mut line = String::new();
        assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "{arguments:?} printed too little");
    }
    drop(stdout);
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    (child.wait().unwrap().code(), stderr)
}

#[test]
fn a_pipe_that_is_closed_at_once_is_no_error_and_no_panic() {
    // A gate keeps its verdict: a reader that goes away must not make it green.
    let table: [(&[&str], i32); 9] = [
        (&["survey", "--report", "json", "--filter", STATIC_RSA], 0),
        (&["check", "--client", "openssl"], 1),
        (&["check", "--client", "openssl", "--report", "junit"], 1),
        (&["check", "--client", "rustls"], 0),
        (&["list", "cases"], 0),
        (&["list", "suites"], 0),
        (&["list", "scenarios"], 0),
        (&["explain", "client/cipher/static-rsa"], 0),
        (&["--help"], 0),
    ];
    for (arguments, code) in table {
        assert_eq!(read_lines_and_close(arguments, 0), (Some(code), String::new()), "{arguments:?}");
    }
}

#[test]
fn a_reader_of_one_line_sees_no_error_and_no_panic() {
    let table: [(&[&str], i32); 4] = [
        (&["survey", "--report", "json", "--filter", STATIC_RSA], 0),
        (&["check", "--client", "openssl"], 1),
        (&["check", "--client", "openssl", "--report", "json", "--tier", "default"], 1),
        (&["list", "cases"], 0),
    ];
    for (arguments, code) in table {
        assert_eq!(read_lines_and_close(arguments, 1), (Some(code), String::new()), "{arguments:?}");
    }
}
