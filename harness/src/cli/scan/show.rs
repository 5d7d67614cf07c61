//! The page of a scan.

use std::io::{self, Write};
use std::net::SocketAddr;

use crate::registry::ProtocolVersion;
use crate::scan::{Accepted, Ended, Found, Preference, Refusal};

use super::super::page::Page;
use super::super::policy::{suite_line, titles};

pub fn print(target: &str, address: SocketAddr, found: &Found, out: &mut dyn Write) -> io::Result<()> {
    let address = address.to_string();
    let title = if target == address { address } else { format!("{target} ({address})") };
    let mut page = Page::new(&title);
    if let Some(trouble) = &found.trouble {
        page.line("not judged", &format!("{trouble} ({})", trouble.code()));
    }
    if !found.versions.is_empty() {
        let accepted: Vec<ProtocolVersion> = found.accepted().map(|accepted| accepted.version).collect();
        page.line(
            "versions",
            if accepted.is_empty() { "none".to_owned() } else { titles(&accepted) }.as_str(),
        );
        for (accepted, _) in found.versions.values() {
            if accepted.suites.is_empty() {
                let label = if accepted.end.trouble().is_some() { "unknown" } else { "refused" };
                page.line(label, &format!("{} ({})", accepted.version.title(), ended(&accepted.end)));
            }
        }
        page.gap();
    }
    for (accepted, preference) in found.versions.values().rev().filter(|(found, _)| !found.suites.is_empty())
    {
        suites(&mut page, accepted, preference);
        page.gap();
    }
    let cost = &found.cost;
    page.line(
        "asked",
        &format!(
            "{} connections, {} retries, {:.2} s",
            cost.connections,
            cost.retries,
            cost.time.as_secs_f64()
        ),
    );
    page.print(out)
}

fn suites(page: &mut Page, accepted: &Accepted, preference: &Preference) {
    let count = accepted.suites.len();
    let count = if count == 1 { "1 suite".to_owned() } else { format!("{count} suites") };
    let order = match preference {
        Preference::Server => ", picked in the server's order".to_owned(),
        Preference::Client => ", picked in the client's order".to_owned(),
        Preference::Mixed => ", picked now in the server's order, now in the client's".to_owned(),
        Preference::Single => String::new(),
        Preference::Unknown(trouble) => format!(", order unknown: {trouble}"),
    };
    let more = accepted.end.trouble().map(|trouble| format!("; perhaps more: {trouble}")).unwrap_or_default();
    page.line(&accepted.version.title(), &format!("{count}{order}{more}"));
    for suite in &accepted.suites {
        page.line("", &suite_line(*suite));
    }
}

fn ended(end: &Ended) -> String {
    match end {
        Ended::Refused(Refusal { alert: Some(alert) }) => format!("alert {alert}"),
        Ended::Refused(Refusal { alert: None }) => "closes the connection".to_owned(),
        Ended::OtherVersion(version) => format!("answers with {}", version.title()),
        Ended::Exhausted => "nothing left to offer".to_owned(),
        Ended::Trouble(trouble) => format!("{trouble} ({})", trouble.code()),
    }
}
