//! The paragraphs below the table: for each client what failed, what is not known, what to look at.

use super::tally::{Client, Example, Group};
use super::{NAMED, and_more};
use crate::judge::{FindingCode, Level};
use crate::observe::Reach;
use crate::report::text::{clause, count, cut_end, fold, sentence, shell_line, version_words};

/// Below the labels `FAIL  `, `?     `.
const INDENT: &str = "      ";
/// A space at which no line is broken.
const TIED: &str = "\u{a0}";
/// Below what follows `next  `.
const DEEP: &str = "            ";

/// The client failed: codes, what happened in the worst case, its id, the fix, where to read more.
pub(super) fn failed(lines: &mut Vec<String>, client: &Client, limit: usize) {
    let groups: Vec<_> = client.at(Level::Fail).collect();
    let Some(&(first, group)) = groups.first() else { return };
    let codes: Vec<String> =
        groups.iter().map(|(code, group)| counted(*code, group).replace(' ', TIED)).collect();
    lines.push(String::new());
    fold(lines, "FAIL  ", INDENT, &format!("{}: {}", client.name, codes.join(", ")), limit);
    if let Some(example) = &group.example {
        fold(lines, INDENT, INDENT, &what_happened(first, example), limit);
        lines.push(format!("{INDENT}case  {}", example.case));
    }
    for detail in &group.of_client {
        fold(lines, INDENT, INDENT, &sentence(detail), limit);
    }
    let codes: Vec<FindingCode> = groups.iter().map(|(code, _)| *code).collect();
    if let Some(fix) = fix(client, &codes) {
        lines.push(format!("{INDENT}fix   {fix}"));
    }
    lines.push(format!("{INDENT}more  shakedown explain {first}"));
}

/// What is not known of the client and why: one paragraph per code.
pub(super) fn inconclusive(lines: &mut Vec<String>, client: &Client, limit: usize) {
    let control_failed = client.at(Level::Inconclusive).any(|(code, _)| is_of_control(code));
    for (code, group) in client.at(Level::Inconclusive) {
        // It follows from the failed control, which has its own paragraph.
        if control_failed && code == FindingCode::ClassUnproven {
            continue;
        }
        let of_control = is_of_control(code);
        let head = if of_control { code.to_string() } else { counted(code, group) };
        lines.push(String::new());
        fold(lines, "?     ", INDENT, &format!("{}: {head}", client.name), limit);
        let mut text: Vec<String> = group.of_client.iter().map(|detail| sentence(detail)).collect();
        text.extend(group.example.iter().map(|example| sentence(&example.detail)));
        text.push(sentence(code.why()));
        fold(lines, INDENT, INDENT, &text.join(" "), limit);
        if let Some(example) = group.example.as_ref().filter(|_| !of_control) {
            lines.push(format!("{INDENT}case  {}", example.case));
        }
        fold(lines, &format!("{INDENT}next  "), DEEP, &clause(code.next_step()), limit);
    }
}

/// Warnings: one line per code, cut to the width; the JSON lines have them in full. What is said of the client as a
/// whole is said once, and has room.
pub(super) fn warned(lines: &mut Vec<String>, client: &Client, limit: usize) {
    let mut groups = client.at(Level::Warn).peekable();
    if groups.peek().is_none() {
        return;
    }
    lines.push(String::new());
    lines.push(cut_end(&format!("WARN  {}", client.name), limit));
    for (code, group) in groups {
        if group.of_client.is_empty() {
            let text = format!("{INDENT}{}: {}", counted(code, group), seen(code, group));
            lines.push(cut_end(&text, limit));
            continue;
        }
        let text = format!("{}: {}", counted(code, group), group.of_client.join("; "));
        fold(lines, INDENT, DEEP, &text, limit);
    }
}

/// Known failures: what fails, why that is accepted, one of the cases.
pub(super) fn known(lines: &mut Vec<String>, client: &Client, limit: usize) {
    if client.known.is_empty() {
        return;
    }
    lines.push(String::new());
    lines.push(cut_end(&format!("KNOWN {}", client.name), limit));
    for ((code, why), (cases, example)) in client.known.iter().take(NAMED) {
        fold(lines, INDENT, DEEP, &format!("{code} ({}): {why}", count(*cases, "case")), limit);
        lines.push(format!("{INDENT}case  {example}"));
    }
    lines.extend(and_more(INDENT, client.known.len()));
}

/// Why the client, or some of its cases, were not run: one line per reason.
pub(super) fn skipped(lines: &mut Vec<String>, client: &Client, limit: usize) {
    if client.not_installed {
        let reason = client.detail.as_deref().unwrap_or(FindingCode::NotInstalled.as_str());
        fold(lines, "skip  ", INDENT, &format!("{}: {reason}", client.name), limit);
    }
    for (code, group) in client.at(Level::Skipped) {
        let text = format!("skip  {}: {}: {}", client.name, counted(code, group), seen(code, group));
        lines.push(cut_end(&text, limit));
    }
}

/// The code, with its number of cases if it has any.
fn counted(code: FindingCode, group: &Group) -> String {
    if group.cases == 0 { code.to_string() } else { format!("{code} ({})", count(group.cases, "case")) }
}

/// What was seen: in the client as a whole, else in the example, else what the code says in general.
fn seen(code: FindingCode, group: &Group) -> String {
    let details: Vec<&str> = group
        .of_client
        .iter()
        .map(String::as_str)
        .chain(group.example.iter().map(|example| example.detail.as_str()))
        .filter(|detail| !detail.is_empty())
        .collect();
    if details.is_empty() { clause(code.what()) } else { details.join("; ") }
}

/// One or two sentences on the example.
fn what_happened(code: FindingCode, example: &Example) -> String {
    use FindingCode as Code;
    match code {
        // The weak thing is not the session of the case, but what came beside or before its end.
        Code::DataBeforeRefusal | Code::DowngradedRetry | Code::PlaintextRetry => {
            let detail = sentence(&example.detail);
            format!("{} {detail}", code.what())
        }
        // Nor do version and suite show these.
        Code::WeakDhGroup | Code::WeakCertificate | Code::UndefinedSession => {
            format!("{} {}", completed(example), code.what())
        }
        _ => completed(example),
    }
}

fn completed(example: &Example) -> String {
    let session = match (&example.version, &example.suite) {
        (Some(version), Some(suite)) => format!("{} with {suite}", version_words(version)),
        (Some(version), None) => version_words(version),
        (None, Some(suite)) => suite.clone(),
        (None, None) => "A session".to_owned(),
    };
    match example.reach {
        Some(Reach::Data) => format!("{session} was completed and the request was sent."),
        Some(Reach::Finished) => format!("{session} was completed."),
        Some(Reach::Committed) => {
            format!("{session} was accepted: the client went on after the ServerHello.")
        }
        Some(Reach::Connected | Reach::Offered | Reach::Proposed) | None => {
            format!("{session}: {}", sentence(&example.detail))
        }
    }
}

/// The command line that mends these codes. An adapter's fix for a code mends the codes before it, too (a test
/// holds that), so the last one is enough. Where a code has none, the line says what it leaves.
fn fix(client: &Client, codes: &[FindingCode]) -> Option<String> {
    let (code, words) = client.fixes.iter().rev().find(|(code, _)| codes.contains(code))?;
    let line = shell_line(words);
    let left: Vec<&str> = codes.iter().filter(|other| *other > code).map(|other| other.as_str()).collect();
    Some(if left.is_empty() { line } else { format!("{line}   (leaves {})", left.join(", ")) })
}

/// Codes that speak of the strong control, hence of all cases of the client alike (formats section 8).
fn is_of_control(code: FindingCode) -> bool {
    use FindingCode as Code;
    matches!(
        code,
        Code::NoConnection
            | Code::UntrustedCertificate
            | Code::ControlTimeout
            | Code::ClientCrashed
            | Code::NotTls
            | Code::ControlRefused
    )
}
