//! The table: seven columns, made to fit a width without ever wrapping.

use super::cells::Cell;
use super::tally::Client;
use crate::judge::{Class, Verdict};
use crate::report::text::{cut_end, cut_middle, width};

const COLUMNS: usize = 7;
const NAME: usize = 0;
const VERSION: usize = 1;
/// What is below depends on the floor.
const BELOW: usize = 2;

/// Title and preferred width, the gap to the next column included: together one hundred columns.
const LAYOUT: [(&str, usize); COLUMNS] = [
    ("client", 14),
    ("version", 16),
    ("below TLS 1.2", 15),
    ("no forward secrecy", 20),
    ("unauthenticated", 17),
    ("DHE", 6),
    ("verdict", 12),
];

/// Names and versions are not shortened below this.
const READABLE: usize = 12;
const GAP: usize = 2;

type Row = [String; COLUMNS];

/// The lines of the table, and whether the verdicts are in it: they are the last column, and columns drop
/// from the right.
pub(super) struct Table {
    pub(super) lines: Vec<String>,
    pub(super) shows_verdicts: bool,
}

pub(super) fn table(clients: &[Client], min_version: &str, limit: usize) -> Table {
    let mut titles: Row = LAYOUT.map(|(title, _)| title.to_owned());
    if !min_version.is_empty() {
        titles[BELOW] = format!("below {min_version}");
    }
    let rows: Vec<Row> = std::iter::once(titles).chain(clients.iter().map(row)).collect();
    for columns in (1..=COLUMNS).rev() {
        // Names as long as there is room for them.
        let longest = rows.iter().map(|row| width(&row[NAME])).max().unwrap_or(0);
        for name in (READABLE..=longest.max(READABLE)).rev() {
            let rows = shortened(&rows, name);
            if let Some(widths) = widths(&rows, columns, limit) {
                let lines = rows.iter().map(|row| line(row, &widths, limit)).collect();
                return Table { lines, shows_verdicts: columns == COLUMNS };
            }
        }
    }
    // Not even a shortened name fits: cut the names.
    let lines = rows.iter().map(|row| cut_end(&row[NAME], limit)).collect();
    Table { lines, shows_verdicts: false }
}

/// The verdict as it stands in the table and in the totals: what fails shouts.
pub(super) fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fail => "FAIL",
        other => other.as_str(),
    }
}

fn row(client: &Client) -> Row {
    let name = match &client.label {
        Some(label) => format!("{} {label}", client.name),
        None => client.name.clone(),
    };
    let verdict = client.verdict().map_or("-", verdict_word).to_owned();
    let empty = String::new;
    if client.not_installed {
        return [name, "not installed".to_owned(), empty(), empty(), empty(), empty(), verdict];
    }
    [
        name,
        client.version.clone().unwrap_or_else(|| "-".to_owned()),
        client.class_cell(Class::Version).to_string(),
        client.class_cell(Class::ForwardSecrecy).to_string(),
        client.class_cell(Class::Authentication).to_string(),
        dhe_word(client.finite_field_cell()).to_owned(),
        verdict,
    ]
}

/// Finite-field DHE is forward secret: completing it is use, not acceptance of something weak.
fn dhe_word(cell: Cell) -> &'static str {
    match cell {
        Cell::Accepted => "used",
        Cell::Unproven => "?",
        Cell::Refused => "refused",
        Cell::NotOffered => "not offered",
        Cell::NoCase => "-",
    }
}

/// The rows with names of at most this many characters. Versions are shortened only with them: as far as a
/// version goes, its end says the least.
fn shortened(rows: &[Row], name: usize) -> Vec<Row> {
    let is_needed = rows.iter().any(|row| width(&row[NAME]) > name) || name == READABLE;
    let shorten = |row: &Row| {
        let mut row = row.clone();
        row[NAME] = cut_middle(&row[NAME], name);
        if is_needed && !spills(&row, VERSION) {
            row[VERSION] = cut_end(&row[VERSION], READABLE);
        }
        row
    };
    rows.iter().map(shorten).collect()
}

/// Widths of the first `columns` columns, or `None` if they do not fit. Preferred widths where there is
/// room; else the slack is taken away from the version, the name, and what else has some.
fn widths(rows: &[Row], columns: usize, limit: usize) -> Option<Vec<usize>> {
    let content: Vec<usize> = (0..columns)
        .map(|i| rows.iter().filter(|row| !spills(row, i)).map(|row| width(&row[i])).max().unwrap_or(0))
        .collect();
    let tight: Vec<usize> =
        content.iter().enumerate().map(|(i, n)| if i + 1 == columns { *n } else { n + GAP }).collect();
    let mut widths: Vec<usize> =
        tight.iter().zip(LAYOUT).map(|(&tight, (_, preferred))| tight.max(preferred)).collect();
    // The last column needs no room behind it.
    if let (Some(last), Some(content)) = (widths.last_mut(), content.last()) {
        *last = *content;
    }
    let mut excess = widths.iter().sum::<usize>().saturating_sub(limit);
    for i in [VERSION, NAME].into_iter().chain(VERSION + 1..columns).filter(|&i| i < columns) {
        let taken = excess.min(widths[i] - tight[i]);
        widths[i] -= taken;
        excess -= taken;
    }
    (excess == 0).then_some(widths)
}

/// Whether the cell may run over the empty one behind it ("not installed").
fn spills(row: &Row, i: usize) -> bool {
    row.get(i + 1).is_some_and(String::is_empty)
}

fn line(row: &Row, widths: &[usize], limit: usize) -> String {
    let mut out = String::new();
    let mut edge = 0;
    for (cell, column) in row.iter().zip(widths) {
        out.push_str(cell);
        edge += column;
        out.extend(std::iter::repeat_n(' ', edge.saturating_sub(width(&out))));
    }
    cut_end(out.trim_end(), limit)
}
