//! The page of a scan.

use std::io::{self, Write};

use crate::judge::code_of;
use crate::policy::Treatment;
use crate::registry::{self, KeyAlgorithm, ProtocolVersion};
use crate::scan::{Accepted, Chain, Comparison, Ended, Found, Known, Listed, Preference, Refusal, Size};

use super::super::page::Page;
use super::super::policy::{suite_line, titles};
use super::Judged;

pub fn print(judged: &Judged<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Judged { target, found, .. } = judged;
    let title = match judged.address.map(|address| address.to_string()) {
        Some(address) if address != *target => format!("{target} ({address})"),
        _ => target.clone(),
    };
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
        for (accepted, _) in found.versions.values().filter(|(accepted, _)| accepted.suites.is_empty()) {
            let label = if accepted.unknown().is_some() { "unknown" } else { "refused" };
            page.line(label, &format!("{} ({})", accepted.version.title(), ended(&accepted.end)));
        }
        page.gap();
        for (accepted, preference) in found.versions.values().rev() {
            if !accepted.suites.is_empty() {
                suites(&mut page, accepted, preference);
                page.gap();
            }
        }
        parameters(&mut page, found);
        page.gap();
    }
    if let Some(comparison) = &judged.comparison {
        policy(&mut page, comparison, found.troubles().is_empty());
        page.gap();
    }
    if let Some((floor, broken)) = &judged.floor {
        page.line(
            "floor",
            &format!("{}: {} ({}, {})", floor.id, floor.title, floor.source.page, floor.source.date),
        );
        if broken.is_empty() && found.trouble.is_none() {
            page.line("", if judged.has_nothing() { NOTHING } else { "nothing that was accepted breaks it" });
        }
        if !found.unseen.is_empty() {
            let schemes: Vec<String> = found.unseen.iter().map(ToString::to_string).collect();
            let text = "TLS 1.3 certificates that nobody saw, for their handshakes were not completed: ";
            page.line("not judged", &format!("{text}{}", schemes.join(", ")));
        }
        for broken in broken {
            let level = if broken.treatment == Treatment::Fail { "FAIL" } else { "warn" };
            let named: Vec<String> = broken
                .sessions
                .iter()
                .take(3)
                .map(|(version, suite)| format!("{} {suite}", version.title()))
                .collect();
            let more = broken.sessions.len().saturating_sub(named.len());
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            page.line(level, &format!("{}: {}{more}", code_of(broken.rule).as_str(), named.join(", ")));
        }
        page.gap();
    }
    for (what, trouble) in found.troubles().iter().filter(|(what, _)| what != "scan") {
        page.line("unknown", &format!("{what}: {trouble} ({})", trouble.code()));
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
    let size = match accepted.size {
        Size::Whole => "",
        Size::Chunks => "; it answers hellos of 120 suites, not of all",
        Size::Slim => "; it answers small hellos only",
    };
    let more = accepted.end.trouble().map(|trouble| format!("; perhaps more: {trouble}")).unwrap_or_default();
    page.line(&accepted.version.title(), &format!("{count}{order}{size}{more}"));
    for suite in &accepted.suites {
        let is_defined = registry::suite(*suite).is_some_and(|facts| facts.played_in(accepted.version));
        let line = suite_line(*suite);
        page.line(
            "",
            &if is_defined { line } else { format!("{line:48}no text defines it for this version") },
        );
    }
    for suite in &accepted.abandoned {
        page.line("", &format!("{suite}: proposed, and given up in the same flight"));
    }
}

fn ended(end: &Ended) -> String {
    match end {
        Ended::Refused(Refusal { alert: Some(alert) }) => format!("alert {alert}"),
        Ended::Refused(Refusal { alert: None }) => "closes the connection".to_owned(),
        Ended::OtherVersion(version) => format!("answers with {}", version.title()),
        Ended::Exhausted => "gives up every suite that it proposes".to_owned(),
        Ended::Trouble(trouble) => format!("{trouble} ({})", trouble.code()),
    }
}

fn parameters(page: &mut Page, found: &Found) {
    lists(page, "groups", &found.groups);
    lists(page, "schemes", &found.schemes);
    let bits: Vec<String> = found.dhe_bits.iter().map(ToString::to_string).collect();
    if !bits.is_empty() {
        page.line("DHE group", &format!("{} bits", bits.join(", ")));
    }
    let certificates: Vec<String> = found.certificates.iter().map(certificate).collect();
    page.each("certificate", &certificates);
    let resumed = &found.resumption;
    let old = format!(
        "session id {}; ticket {}; TLS 1.3 ticket {}",
        word(&resumed.id),
        word(&resumed.ticket),
        word(&resumed.psk)
    );
    page.line("resumption", &old);
    page.line("renegotiat.", &format!("secure renegotiation {}", word(&found.secure_renegotiation)));
    page.line(
        "downgrade",
        &format!(
            "fallback signal heeded: {}; sentinel in the random: {}",
            word(&found.fallback_scsv),
            word(&found.downgrade_sentinel)
        ),
    );
    page.line(
        "others",
        &format!(
            "extended master secret {}; compression {}",
            word(&found.extended_master_secret),
            word(&found.compression)
        ),
    );
    if !found.confirmed.is_empty() {
        let done = found.confirmed.values().filter(|known| **known == Known::Is(true)).count();
        page.line(
            "confirmed",
            &format!("{done} of {} completed by the built-in OpenSSL", found.confirmed.len()),
        );
        for ((version, suite), _) in found.confirmed.iter().filter(|(_, known)| **known == Known::Is(false)) {
            page.line("", &format!("not completed: {} {suite}", version.title()));
        }
    }
}

fn word(known: &Known<bool>) -> String {
    match known {
        Known::Is(true) => "yes".to_owned(),
        Known::Is(false) => "no".to_owned(),
        Known::Moot(why) => format!("- ({why})"),
        Known::Unknown(trouble) => format!("unknown ({})", trouble.code()),
    }
}

/// With exit 3.
const NOTHING: &str =
    "nothing could be judged: no version was accepted, or no certificate was seen; try --server-name";

/// Schemes of a list that nobody could complete; JSON has all.
const OPEN_SHOWN: usize = 3;

fn lists<T: ToString>(page: &mut Page, label: &str, lists: &[Listed<T>]) {
    let lines: Vec<String> = lists
        .iter()
        .filter(|list| {
            !(list.items.is_empty() && list.unoffered.is_empty() && list.unconfirmed.is_empty())
                || list.trouble.is_some()
        })
        .map(|list| {
            let names: Vec<String> = list.items.iter().map(ToString::to_string).collect();
            let open: Vec<String> = list.unconfirmed.iter().map(ToString::to_string).collect();
            let open = match open.len() {
                0 => String::new(),
                1..=OPEN_SHOWN => format!("; not completed: {}", open.join(", ")),
                count => format!(
                    "; not completed: {} and {} more",
                    open[..OPEN_SHOWN].join(", "),
                    count - OPEN_SHOWN
                ),
            };
            let odd: Vec<String> = list.unoffered.iter().map(ToString::to_string).collect();
            let odd = if odd.is_empty() {
                String::new()
            } else {
                format!("; chosen although it was not offered: {}", odd.join(", "))
            };
            let more =
                list.trouble.as_ref().map(|trouble| format!("; perhaps more: {trouble}")).unwrap_or_default();
            format!("{}: {}{open}{odd}{more}", list.version.title(), names.join(", "))
        })
        .collect();
    page.each(label, &lines);
}

fn certificate(chain: &Chain) -> String {
    let key = match chain.key {
        Some(KeyAlgorithm::Rsa) => "RSA".to_owned(),
        Some(KeyAlgorithm::Ecdsa) => "ECDSA".to_owned(),
        Some(other) => other.to_string(),
        None => "unknown key".to_owned(),
    };
    let size = match (&chain.curve, chain.bits) {
        (Some(curve), _) => format!(" {curve}"),
        (None, Some(bits)) => format!(" {bits} bits"),
        (None, None) => String::new(),
    };
    let sizes: Vec<String> = chain.sizes.iter().map(ToString::to_string).collect();
    let more = match chain.length.saturating_sub(sizes.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "{key}{size}, {} (chain of {} bytes{more})",
        chain.subject.as_deref().unwrap_or("no subject"),
        sizes.join(" + ")
    )
}

fn policy(page: &mut Page, comparison: &Comparison, is_complete: bool) {
    page.line("policy", &comparison.policy);
    if comparison.differences.is_empty() {
        let none = match (comparison.is_empty, is_complete) {
            (true, _) => "nothing of it could be tested",
            (false, false) => "no difference in what was answered",
            (false, true) => "no difference",
        };
        page.line("", none);
    }
    for difference in &comparison.differences {
        let source = match difference.source {
            crate::scan::Source::Stated => String::new(),
            crate::scan::Source::Derived => " (no source states this field: it is derived)".to_owned(),
            crate::scan::Source::Borrowed => " (this field is a stand-in's: nobody publishes it)".to_owned(),
        };
        page.line("differs", &format!("{}: {}{source}", difference.field, difference.text));
    }
    for (what, why) in &comparison.not_testable {
        page.line("not testable", &format!("{what}: {why}"));
    }
}
