//! How reporters treat the writer that they are given.

use std::io::{self, Write};

use serde_json::Value;
use shakedown::report::{Human, HumanOptions, JsonLines, Junit, Reporter};

use crate::sample::*;

/// A pipe that nobody reads any more.
struct Broken;

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

/// Shows nothing of what was written until it is flushed.
#[derive(Default)]
struct Lazy {
    shown: Page,
    held: Vec<u8>,
}

impl Write for Lazy {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.shown.write_all(&std::mem::take(&mut self.held))
    }
}

#[test]
fn a_broken_pipe_is_passed_up_by_every_reporter() {
    let events = six_clients();
    let reporters: [Box<dyn Reporter>; 3] = [
        Box::new(JsonLines::new(Broken)),
        Box::new(Junit::new(Broken)),
        Box::new(Human::new(Broken, HumanOptions::default())),
    ];
    for mut reporter in reporters {
        let error = events.iter().find_map(|event| reporter.event(event).err()).expect("an error");
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}

#[test]
fn each_event_is_one_line_and_is_flushed_when_written() {
    let lazy = Lazy::default();
    let shown = lazy.shown.clone();
    let mut reporter = JsonLines::new(lazy);
    for (i, event) in six_clients().iter().enumerate() {
        reporter.event(event).unwrap();
        let text = shown.text();
        assert!(text.ends_with("}\n"), "line {i} is not complete: {text:?}");
        assert_eq!(text.lines().count(), i + 1);
    }
}

#[test]
fn json_lines_carry_the_keys_in_the_agreed_order_and_nothing_of_the_table() {
    let text = written(JsonLines::new, &six_clients());
    let first = concat!(
        r#"{"type":"run-started","schema":1,"shakedown":"0.1.0","started":"2026-11-22T09:30:00Z","#,
        r#""floor":"aws","tier":"core","seed":1,"servers":{"openssl":"3.6.3","rustls":"0.23.46"},"environment":"clean","planned":144,"#,
        r#""source":{"page":"Infrastructure security, a guide","date":"2026-10","url":null,"note":null},"service":null,"#,
        r#""backend":"openssl","filter":null,"shard":null}"#
    );
    assert_eq!(text.lines().next(), Some(first));
    let breach = text.lines().find(|line| line.contains(r#""verdict":"fail""#)).unwrap();
    let breach: Value = serde_json::from_str(breach).unwrap();
    let finding = serde_json::json!({
        "code": "no-forward-secrecy", "level": "fail", "ref": "RFC 9325 4.1",
        "detail": "completed, 78 bytes of request received"
    });
    assert_eq!(breach["findings"][0], finding);
    assert_eq!(breach["alert_by"], Value::Null);
    for key in ["classes", "forced", "finite_field", "floor_title", "min_version", "fixes", "label"] {
        assert!(!text.contains(&format!("\"{key}\":")), "{key} is for the table only");
    }
}

#[test]
fn control_characters_in_a_detail_stay_inside_their_line() {
    let mut events = six_clients();
    events.truncate(1);
    let mut client = ready("x", Some("1\n2\r\u{0}"));
    client.detail = Some("a\u{2028}b\x1b".to_owned());
    events.push(shakedown::run::events::Event::Client(client));
    let text = written(JsonLines::new, &events);
    assert_eq!(text.lines().count(), 2);
    let line: Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    assert_eq!(line["version"], "1\n2\r\u{0}");
}
