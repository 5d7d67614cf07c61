//! The human report: one table for all clients and a paragraph for each thing to know, formats section 5.
//!
//! It needs no colour, and nothing is printed before the run has finished: rows come in the order in which
//! the clients were announced, however the cases were shuffled.

mod cells;
mod paragraphs;
mod table;
mod tally;

use std::collections::BTreeMap;
use std::io::{self, Write};

use self::table::{table, verdict_word};
use self::tally::{Client, Counts};
use crate::judge::{FindingCode, Verdict};
use crate::report::Reporter;
use crate::report::text::{count, fold, printable, width};
use crate::run::events::{
    Changed, EntryStatus, Event, FailsDifferently, RunFinished, RunStarted, Setting, Unproven,
};

/// The width for which the table is made, unless the caller knows the terminal's.
const DEFAULT_WIDTH: usize = 100;

/// How the human report is to look.
#[derive(Clone, Copy, Debug, Default)]
pub struct HumanOptions {
    /// Columns of the terminal; `None` means 100. The table drops columns from the right, it never wraps.
    pub width: Option<usize>,
    /// Print the clients' paths too.
    pub verbose: bool,
}

/// Collects a run and prints it when it has finished.
#[derive(Debug)]
pub struct Human<W> {
    out: W,
    limit: usize,
    verbose: bool,
    started: Option<RunStarted>,
    clients: Vec<Client>,
    by_name: BTreeMap<String, usize>,
}

impl<W: Write + Send> Human<W> {
    pub fn new(out: W, options: HumanOptions) -> Self {
        Self {
            out,
            limit: options.width.unwrap_or(DEFAULT_WIDTH),
            verbose: options.verbose,
            started: None,
            clients: Vec::new(),
            by_name: BTreeMap::new(),
        }
    }

    fn client(&mut self, name: &str) -> &mut Client {
        let clients = &mut self.clients;
        let index = *self.by_name.entry(name.to_owned()).or_insert_with(|| {
            clients.push(Client::unannounced(name));
            clients.len() - 1
        });
        &mut clients[index]
    }

    fn page(&self, finished: &RunFinished) -> Vec<String> {
        let limit = self.limit;
        let mut lines = Vec::new();
        if let Some(started) = &self.started {
            header(&mut lines, started, limit);
            lines.push(String::new());
        }
        if !self.clients.is_empty() {
            let min_version = self.started.as_ref().map_or("", |started| started.min_version.as_str());
            let table = table(&self.clients, min_version, limit);
            lines.extend(table.lines);
            if !table.shows_verdicts {
                self.passed(&mut lines);
            }
        }
        if self.verbose {
            self.paths(&mut lines);
        }
        for client in &self.clients {
            paragraphs::failed(&mut lines, client, limit);
        }
        for client in &self.clients {
            paragraphs::known(&mut lines, client, limit);
        }
        for client in &self.clients {
            paragraphs::inconclusive(&mut lines, client, limit);
        }
        for client in &self.clients {
            paragraphs::warned(&mut lines, client, limit);
        }
        let mut skips = Vec::new();
        for client in &self.clients {
            paragraphs::skipped(&mut skips, client, limit);
        }
        for part in [baseline(finished, limit), known_list(finished, limit), skips, self.closing(finished)] {
            if !part.is_empty() && !lines.is_empty() {
                separate(&mut lines);
            }
            lines.extend(part);
        }
        lines
    }

    /// Where the column of verdicts did not fit: every other verdict has a paragraph, a pass has not.
    fn passed(&self, lines: &mut Vec<String>) {
        let names: Vec<&str> = self
            .clients
            .iter()
            .filter(|client| client.verdict() == Some(Verdict::Pass))
            .map(|client| client.name.as_str())
            .collect();
        if !names.is_empty() {
            separate(lines);
            fold(lines, "pass  ", "      ", &names.join(", "), self.limit);
        }
    }

    fn paths(&self, lines: &mut Vec<String>) {
        let mut paths =
            self.clients.iter().filter_map(|client| Some((client, client.path.as_deref()?))).peekable();
        if paths.peek().is_some() {
            separate(lines);
        }
        lines.extend(paths.map(|(client, path)| format!("path  {}: {path}", client.name)));
    }

    /// The last lines: `6 clients, 144 cases, 9.8 s: 95 pass, ...  1 client skipped.`
    fn closing(&self, finished: &RunFinished) -> Vec<String> {
        let mut lines = Vec::new();
        let absent = self.clients.iter().filter(|client| client.not_installed).count() as u64;
        let judged = self.clients.len() as u64 - absent;
        let counts = self.clients.iter().map(|client| client.counts).fold(Counts::default(), Counts::plus);
        if finished.interrupted {
            let planned = self.started.as_ref().map_or(0, |started| started.planned);
            let text = format!(
                "Interrupted: {} of {} planned cases were run; this is what was learned.",
                counts.total(),
                planned
            );
            fold(&mut lines, "", "", &text, self.limit);
        }
        if counts.total() == 0 {
            fold(&mut lines, "", "", "No case was run, so nothing was judged.", self.limit);
        }
        let mut parts = vec![format!("{} pass", counts.pass)];
        let others = [
            (counts.warn, verdict_word(Verdict::Warn)),
            (counts.fail, verdict_word(Verdict::Fail)),
            (counts.inconclusive, verdict_word(Verdict::Inconclusive)),
            (counts.skipped, verdict_word(Verdict::Skipped)),
        ];
        let known: u64 = self.clients.iter().map(|client| client.known_cases).sum();
        parts.extend(others.into_iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")));
        if known > 0 {
            parts.push(format!("{} among the warnings", count(known, "known failure")));
        }
        let mut text = format!(
            "{}, {}, {:.1} s: {}.",
            count(judged, "client"),
            count(counts.total(), "case"),
            finished.ms / 1000.0,
            parts.join(", ")
        );
        if absent > 0 {
            // Two spaces, unless the line has to be folded.
            let skipped = format!("{} skipped.", count(absent, "client"));
            if width(&text) + 2 + width(&skipped) <= self.limit {
                lines.push(format!("{text}  {skipped}"));
                return lines;
            }
            text = format!("{text} {skipped}");
        }
        fold(&mut lines, "", "", &text, self.limit);
        lines
    }
}

impl<W: Write + Send> Reporter for Human<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::RunStarted(started) => self.started = Some(started.clone()),
            Event::Client(event) => self.client(&event.client).announce(event),
            Event::CaseFinished(case) => self.client(&case.client).note_case(case),
            Event::RunFinished(finished) => {
                for (name, totals) in &finished.clients {
                    self.client(name).finish(totals);
                }
                let mut page = self.page(finished).join("\n");
                page.push('\n');
                self.out.write_all(page.as_bytes())?;
                self.out.flush()?;
            }
        }
        Ok(())
    }
}

/// `floor aws: TLS 1.2 required ...     tier core, 24 cases each, seed 1`, on two lines if it must be; then the text
/// that the floor follows.
fn header(lines: &mut Vec<String>, started: &RunStarted, limit: usize) {
    let title = printable(&started.floor_title);
    // A title such as "AWS guides: TLS 1.2 required" begins with whose floor it is: the id says that already.
    let title = title.split_once(": ").map_or(title.as_str(), |(_, rest)| rest);
    let mut floor = match &started.service {
        None => format!("floor {}", printable(&started.floor)),
        Some(service) => {
            let name = printable(&format!("{}@{}", service.name, service.edition));
            format!("service {name}, floor {}", printable(&started.floor))
        }
    };
    if !title.is_empty() {
        floor = format!("{floor}: {title}");
    }
    let scope = format!(
        "tier {}, {} each, seed {}",
        printable(&started.tier),
        count(started.cases_per_client, "case"),
        started.seed
    );
    if width(&floor) + 5 + width(&scope) <= limit {
        lines.push(format!("{floor}     {scope}"));
    } else {
        fold(lines, "", "      ", &floor, limit);
        fold(lines, "", "      ", &scope, limit);
    }
    let source = format!("{} ({})", printable(&started.source.page), printable(&started.source.date));
    fold(lines, "source  ", "        ", &source, limit);
    if let Some(note) = &started.source.note {
        fold(lines, "note    ", "        ", &printable(note), limit);
    }
}

/// How many lines of a list are printed; the JSON lines have them all.
const NAMED: usize = 10;

/// `and 2 more`, if a list is longer than what is printed of it.
fn and_more(indent: &str, length: usize) -> Option<String> {
    (length > NAMED).then(|| format!("{indent}and {} more", length - NAMED))
}

/// This run beside the one of `--baseline`.
fn baseline(finished: &RunFinished, limit: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let Some(report) = &finished.baseline else { return lines };
    let case = |changed: &Changed| format!("{}  {}", changed.client, changed.case);
    let cases = |list: &[Changed]| list.iter().map(case).collect::<Vec<_>>();
    let class = |unproven: &Unproven| format!("{}  {}", unproven.client, unproven.detail);
    let classes = |list: &[Unproven]| list.iter().map(class).collect::<Vec<_>>();
    let lists = [
        ("newly failing", "case", cases(&report.newly_failing)),
        ("fails differently", "case", report.fails_differently.iter().map(differently).collect()),
        ("newly passing", "case", cases(&report.newly_passing)),
        ("newly unknown", "case", cases(&report.newly_unknown)),
        ("new", "case", cases(&report.new)),
        ("vanished", "case", cases(&report.vanished)),
        ("newly unproven", "finding", classes(&report.newly_unproven)),
        ("no longer unproven", "finding", classes(&report.no_longer_unproven)),
    ];
    let is_same = lists.iter().all(|(.., list)| list.is_empty());
    let head = format!("{} of {}", report.file, report.started);
    let head = if is_same { format!("{head}: no change") } else { head };
    fold(&mut lines, "baseline  ", "      ", &printable(&head), limit);
    for differs in report.differs.iter().take(NAMED) {
        let hint = if differs.what == Setting::Floor { ": verdicts are not comparable" } else { "" };
        let what: Vec<&str> = [differs.what.as_str()].into_iter().chain(differs.of.as_deref()).collect();
        let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        let (before, now) = (or_none(&differs.before), or_none(&differs.now));
        let text = format!("{} {before} there, {now} here{hint}", what.join(" "));
        fold(&mut lines, "      differs  ", "            ", &printable(&text), limit);
    }
    lines.extend(and_more("      differs  ", report.differs.len()));
    if report.interrupted {
        lines.push("      differs  that run was interrupted".to_owned());
    }
    for (what, noun, list) in lists.into_iter().filter(|(.., list)| !list.is_empty()) {
        lines.push(format!("      {what} ({})", count(list.len() as u64, noun)));
        lines.extend(list.iter().take(NAMED).map(|line| format!("        {}", printable(line))));
        lines.extend(and_more("        ", list.len()));
    }
    if report.unplayed > 0 {
        let text = format!("not played in this run ({})", count(report.unplayed, "case"));
        lines.push(format!("      {text}"));
    }
    lines
}

/// A case that fails in both runs, with the findings of each.
fn differently(case: &FailsDifferently) -> String {
    let codes = |codes: &[FindingCode]| codes.iter().map(|code| code.as_str()).collect::<Vec<_>>().join(", ");
    format!("{}  {}: {} there, {} here", case.client, case.case, codes(&case.before), codes(&case.now))
}

/// Entries of the list of known failures about which something is to be said: first wrong ones, then those that should
/// have been checked.
fn known_list(finished: &RunFinished, limit: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let entries = finished.known_failures.iter().flat_map(|known| &known.entries);
    let mut told: Vec<_> = entries.filter(|entry| entry.status != EntryStatus::Used).collect();
    let is_left_out = |status| status == EntryStatus::NotSelected;
    told.sort_by_key(|entry| (!entry.status.is_wrong(), is_left_out(entry.status), entry.line));
    for entry in told.iter().take(NAMED) {
        let mark = if entry.status.is_wrong() { "FAIL  " } else { "note  " };
        let text = format!("{}  ({}: {})", entry.detail, entry.client, entry.finding);
        fold(&mut lines, mark, "      ", &printable(&text), limit);
    }
    lines.extend(and_more("      ", told.len()));
    lines
}

/// An empty line, unless there is one.
fn separate(lines: &mut Vec<String>) {
    if lines.last().is_some_and(|line| !line.is_empty()) {
        lines.push(String::new());
    }
}
