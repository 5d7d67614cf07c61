//! An expectation that was not met, with everything that was seen.

use std::fmt;

use crate::lines::{Connection, Offers};
use crate::server_line::ServerLine;

/// Names of a list that are printed; clients offer up to a hundred suites.
const MOST_NAMES: usize = 40;

/// Lines of a transcript that are printed, of its beginning and of its end: a long ClientHello comes between.
const FIRST_LINES: usize = 10;
const LAST_LINES: usize = 110;

/// Characters of such a line; extensions are shown byte by byte.
const LONGEST_LINE: usize = 160;

/// Why an expectation was not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The client did what it must not do.
    Broken,
    /// Nobody can tell: nothing arrived, the server or a deadline ended it, the control failed. No proof of anything.
    Unproven,
}

/// An expectation that was not met. Its text, by `Display` and `Debug` alike, names what was expected and prints what was
/// seen: how each connection ended, what was negotiated, what the client offered, and the decoded transcript.
#[derive(Clone, PartialEq, Eq)]
pub struct Unmet {
    reason: Reason,
    what: String,
    seen: String,
}

impl Unmet {
    pub(crate) fn new(reason: Reason, what: impl Into<String>, seen: impl Into<String>) -> Self {
        Self { reason, what: what.into(), seen: seen.into() }
    }

    /// Whether the client did wrong or nobody can tell.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The first line: what was not met.
    pub fn what(&self) -> &str {
        &self.what
    }

    pub(crate) fn with_note(mut self, note: &str) -> Self {
        if !note.is_empty() {
            self.seen = format!("{note}\n{}", self.seen);
        }
        self
    }
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.what, self.seen.trim_end())
    }
}

/// So that `unwrap()` prints what a test's reader needs.
impl fmt::Debug for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Unmet {}

/// What was seen, for a failure text.
pub fn describe(server: &ServerLine<'_>, connections: &[Connection], unfinished: usize) -> String {
    let mut text = format!("server       {server}\nconnections  {}", connections.len());
    if unfinished > 0 {
        text += &format!(", {unfinished} of them cut when the server stopped");
    }
    text.push('\n');
    for (index, connection) in connections.iter().enumerate() {
        text += &format!("{}. {}\n", index + 1, one_line(connection));
        match &connection.offers {
            Some(offers) => text += &offered(offers),
            None => text += "   no ClientHello\n",
        }
        if let Some(transcript) = &connection.transcript {
            text += "   transcript\n";
            text += &indented(transcript);
        }
    }
    text
}

/// Version and suite that the server proposed.
pub fn proposed(connection: &Connection) -> String {
    match (&connection.version, &connection.suite) {
        (Some(version), Some(suite)) => format!("{version} with {suite}"),
        (Some(version), None) => version.clone(),
        _ => "nothing proposed".to_owned(),
    }
}

fn one_line(connection: &Connection) -> String {
    let mut line = format!("{} from {}: {}", connection.outcome, connection.peer, proposed(connection));
    if let Some(group) = &connection.group {
        line += &format!(", group {group}");
    }
    if let Some(reach) = connection.reach {
        line += &format!(", reached {reach}");
    }
    if let Some(alert) = &connection.alert {
        let by = connection.alert_by.map_or_else(|| "somebody".to_owned(), |side| format!("the {side}"));
        line += &format!(", alert {alert} by {by}");
    }
    if let Some(verdict) = connection.verdict {
        line += &format!(", verdict {verdict}");
    }
    if !connection.findings.is_empty() {
        line += &format!(" ({})", connection.findings.join(", "));
    }
    line
}

fn offered(offers: &Offers) -> String {
    let lists = [
        ("versions", &offers.versions),
        ("suites", &offers.suites),
        ("groups", &offers.groups),
        ("schemes", &offers.schemes),
        ("chains", &offers.cert_schemes),
        ("alpn", &offers.alpn),
    ];
    let mut text = String::new();
    for (name, values) in lists.into_iter().filter(|(_, values)| !values.is_empty()) {
        let more = values.len().saturating_sub(MOST_NAMES);
        let shown: Vec<&str> = values.iter().take(MOST_NAMES).map(String::as_str).collect();
        text += &format!("   offered {name:8} {}", shown.join(" "));
        text += &if more > 0 { format!(" and {more} more\n") } else { "\n".to_owned() };
    }
    text
}

fn indented(transcript: &str) -> String {
    let lines: Vec<&str> = transcript.lines().collect();
    let mut text = String::new();
    let mut print = |lines: &[&str]| {
        for line in lines {
            let cut: String = line.chars().take(LONGEST_LINE).collect();
            let dots = if cut.len() < line.len() { " ..." } else { "" };
            text += &format!("      {cut}{dots}\n");
        }
    };
    let left_out = lines.len().saturating_sub(FIRST_LINES + LAST_LINES);
    match (lines.get(..FIRST_LINES), lines.get(FIRST_LINES + left_out..)) {
        (Some(first), Some(last)) if left_out > 0 => {
            print(first);
            print(&[&format!("... {left_out} lines left out")]);
            print(last);
        }
        _ => print(&lines),
    }
    text
}
