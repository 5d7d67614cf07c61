//! The matrix in words and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::family::Family;
use super::named::BY_BIRTH;
use super::quirk::{Deviation, Quirk, Quirks, Sent};
use super::tally::{Counts, Disagreement, Tally};

/// Kinds of disagreement that are shown.
const SHOWN: usize = 20;

/// The table, what the quirks explained, what the stacks lack, and every kind of disagreement with an example.
pub fn text(tally: &Tally, quirks: &Quirks) -> String {
    let mut out = String::new();
    table(tally, &mut out);
    stand_ins(tally, &mut out);
    left_out(tally, &mut out);
    uses(tally, quirks, &mut out);
    disagreements(tally, &mut out);
    out
}

fn table(tally: &Tally, out: &mut String) {
    out.push_str(
        "                           answered                    not asked: stack without   sessions\n\
         stack    family        cells    agreed  quirks  differ  version   suite  policy  reached  completed  own  excused\n",
    );
    let mut last = "";
    let mut sum = Counts::default();
    for ((stack, family), counts) in &tally.counts {
        if last != stack {
            last = stack;
            out.push('\n');
        }
        if stack != BY_BIRTH {
            sum.add(counts);
        }
        row(stack, family.as_str(), counts, out);
    }
    out.push('\n');
    row("all", "", &sum, out);
    if tally.counts.keys().any(|(stack, _)| stack == BY_BIRTH) {
        out.push_str("(without s2n-own: those policies came from s2n, and prove nothing about it)\n");
    }
}

fn row(stack: &str, family: &str, counts: &Counts, out: &mut String) {
    let Counts { cells, agreed, quirks, disagreed, .. } = counts;
    let Counts { without_version, without_suite, without_policy, reached, completed, own, excused, .. } =
        counts;
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "{stack:<8} {family:<11} {cells:>7} {agreed:>9} {quirks:>7} {disagreed:>7} {without_version:>8} \
         {without_suite:>7} {without_policy:>7} {reached:>8} {completed:>10} {own:>4} {excused:>8}"
    );
}

/// The policies whose suites nobody publishes: what is played for them are another's.
fn stand_ins(tally: &Tally, out: &mut String) {
    for (policy, lender) in &tally.stand_ins {
        let _ = writeln!(out, "stand-in: {policy} is played with the suites of {lender}");
    }
}

/// The items by stack and kind, with the number of policies.
fn left_out(tally: &Tally, out: &mut String) {
    let mut last = (String::new(), "");
    for ((stack, item), policies) in &tally.left_out {
        if (stack.as_str(), item.kind()) != (last.0.as_str(), last.1) {
            last = (stack.clone(), item.kind());
            let _ = write!(out, "\n{stack} has no {}:", item.kind());
        }
        let _ = write!(out, "  {item} ({})", policies.len());
    }
    if !tally.left_out.is_empty() {
        out.push_str("\n(in brackets: in how many policies it was therefore taken out)\n");
    }
}

fn uses(tally: &Tally, quirks: &Quirks, out: &mut String) {
    for (at, quirk) in quirks.all.iter().enumerate() {
        let used = tally.quirks.get(&at).copied().unwrap_or(0);
        if used > 0 {
            let _ =
                writeln!(out, "quirk  {} {}: {} ({used} cells)", quirk.stack, quirk.version, quirk.deviation);
        }
    }
}

fn disagreements(tally: &Tally, out: &mut String) {
    for one in tally.disagreements.values().take(SHOWN) {
        let Disagreement { stack, policy, asked, expected, seen, difference, cells } = one;
        let _ = write!(
            out,
            "\nDIFFERS  {stack}, {cells} cells: {difference}\n  policy    {policy}\n  asked     {asked}\n  expected  {expected}\n  seen      {seen}\n"
        );
    }
    if tally.disagreements.len() > SHOWN {
        let _ = writeln!(out, "\nand {} more kinds", tally.disagreements.len() - SHOWN);
    }
}

impl std::fmt::Display for Deviation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Alert { when, sends, .. } => {
                let when = super::quirk::name(*when);
                match sends {
                    Sent::Nothing => write!(f, "silence for {when}"),
                    Sent::ServerHello => write!(f, "a ServerHello first for {when}"),
                    Sent::Alert(alert) => write!(f, "{alert} for {when}"),
                }
            }
            Self::Rule(rule) => f.write_str(rule.as_str()),
            Self::PolicyDiffers { policy, .. } => write!(f, "accepts less than {policy}"),
        }
    }
}

/// One line of the JSON form.
#[derive(Serialize)]
struct Line<'a> {
    stack: &'a str,
    family: Family,
    #[serde(flatten)]
    counts: &'a Counts,
}

/// A quirk and how often it explained an answer.
#[derive(Serialize)]
struct Use<'a> {
    stack: &'a str,
    version: &'a str,
    deviation: String,
    cells: u64,
}

/// The table, the quirks and the disagreements as one JSON object.
///
/// # Errors
/// If a value cannot be written, which these cannot.
pub fn json(tally: &Tally, quirks: &Quirks) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Report<'a> {
        policies: usize,
        stand_ins: &'a BTreeMap<String, String>,
        rows: Vec<Line<'a>>,
        quirks: Vec<Use<'a>>,
        disagreements: Vec<&'a Disagreement>,
    }
    let rows = tally.counts.iter().map(|((stack, family), counts)| Line { stack, family: *family, counts });
    let uses = tally.quirks.iter().filter_map(|(at, cells)| Some((quirks.all.get(*at)?, *cells)));
    serde_json::to_string(&Report {
        policies: tally.policies.len(),
        stand_ins: &tally.stand_ins,
        quirks: uses
            .map(|(Quirk { stack, version, deviation, .. }, cells)| {
                let deviation = deviation.to_string();
                Use { stack, version, deviation, cells }
            })
            .collect(),
        rows: rows.collect(),
        disagreements: tally.disagreements.values().collect(),
    })
}
