//! `policy show`.

use std::io::{self, Write};

use crate::policy::{Catalogue, Order, Policy, Provenance};
use crate::registry::{self, CipherStrength, CipherSuite, ForwardSecrecy};

use super::super::page::Page;
use super::breaks::Breaking;
use super::{caveat, origin, titles};

pub fn print(
    policy: &Policy,
    breaking: Option<&Breaking>,
    catalogue: &Catalogue,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(&policy.id);
    let known = policy.provenance.as_ref();
    let texts = |of: fn(&Provenance) -> &Vec<String>| known.map(of).map_or(&[][..], Vec::as_slice);
    page.line("title", &policy.title);
    page.line("file", &origin(policy, catalogue).unwrap_or_default());
    page.line("caution", &caveat(policy, catalogue).unwrap_or_default());
    page.each("default for", texts(|known| &known.default_for));
    page.each("also called", texts(|known| &known.aliases));
    if let Some(known) = known {
        page.line("status", known.status.as_str());
        page.line("certainty", known.certainty.as_str());
        let flags: Vec<&str> = [("FIPS", known.fips), ("post-quantum", known.post_quantum)]
            .iter()
            .filter(|f| f.1)
            .map(|f| f.0)
            .collect();
        page.line("meant to be", &flags.join(", "));
        let states: Vec<&str> = known.states.iter().map(|statement| statement.as_str()).collect();
        page.line("stated", &states.join(", "));
    }
    page.line("s2n-tls", policy.s2n_name().unwrap_or_default());
    page.gap();

    let marked = |field: &str, text: String| {
        let mut marks = Vec::new();
        match (policy.is_borrowed(field), policy.is_derived(field)) {
            (true, true) => marks.push("of the stand-in, derived there"),
            (true, false) => marks.push("of the stand-in"),
            (false, true) => marks.push("derived"),
            (false, false) => {}
        }
        if policy.is_unordered(field) {
            marks.push("in no stated order");
        }
        if marks.is_empty() { text } else { format!("{text} ({})", marks.join(", ")) }
    };
    if !policy.versions.is_empty() {
        page.line("versions", &marked("versions", titles(&policy.versions)));
    }
    if !policy.suites.is_empty() {
        let order = match policy.order {
            Order::Server => "the server's".to_owned(),
            Order::Client => "the client's".to_owned(),
        };
        page.line("preference", &marked("order", order));
        let count = policy.suites.len();
        let count = if count == 1 { "1 suite".to_owned() } else { format!("{count} suites") };
        page.line("suites", &marked("suites", count));
        for suite in &policy.suites {
            page.line("", &suite_line(*suite));
        }
    }
    if !policy.groups.is_empty() {
        let names: Vec<String> = policy.groups.iter().map(ToString::to_string).collect();
        page.line("groups", &marked("groups", names.join(", ")));
    }
    if !policy.schemes.is_empty() {
        let names: Vec<String> = policy.schemes.iter().map(ToString::to_string).collect();
        page.line("schemes", &marked("schemes", names.join(", ")));
    }
    if let Some(bits) = policy.dhe_bits {
        page.line("DHE group", &marked("dhe_bits", format!("{bits} bits")));
    }
    page.gap();

    if let Some(breaking) = breaking {
        page.line("breaks", &format!("floor {}: {}", breaking.floor, breaking.answer().as_str()));
        for (code, answer) in &breaking.rules {
            page.line("", &format!("{:22} {}", code.as_str(), answer.as_str()));
        }
        page.gap();
    }
    page.each("conflicts", texts(|known| &known.conflicts));
    page.each("notes", texts(|known| &known.notes));
    for (n, key) in texts(|known| &known.sources).iter().enumerate() {
        let said = catalogue.references().get(key).map(|text| format!("{} ({})", text.title, text.date));
        page.line(if n == 0 { "sources" } else { "" }, &format!("{key}: {}", said.unwrap_or_default()));
    }
    page.print(out)
}

/// A suite with what is weak about it.
pub fn suite_line(suite: CipherSuite) -> String {
    let Some(facts) = registry::suite(suite) else { return suite.to_string() };
    let mut weak = Vec::new();
    if facts.forward_secrecy() == ForwardSecrecy::Absent {
        weak.push("no forward secrecy");
    }
    if !facts.is_authenticated() {
        weak.push("unauthenticated");
    }
    match (facts.is_encrypted(), facts.cipher_strength()) {
        (false, _) => weak.push("unencrypted"),
        (true, CipherStrength::Weak) => weak.push("weak cipher"),
        (true, CipherStrength::Legacy3Des) => weak.push("3DES"),
        (true, CipherStrength::Strong) => {}
    }
    if weak.is_empty() { facts.name.to_owned() } else { format!("{:48}{}", facts.name, weak.join(", ")) }
}
