//! The run for people.

use std::io::{self, Write};

use crate::regress::{Comparison, Outcome, Record, Row, Spread};
use crate::report::printable;

const COLUMNS: [&str; 9] =
    ["client", "TLS", "CPU µs", "of it start", "server µs", "flights", "records", "to server", "to client"];
/// Behind these the columns are numbers, which stand to the right.
const WORDS: usize = 2;

pub fn print(record: &Record, comparison: Option<&Comparison>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "Processor time of a handshake, user and system: median of {} rounds, ± half the distance of the quartiles.\n",
        record.rounds
    )?;
    let mut table = vec![COLUMNS.map(str::to_owned).to_vec()];
    table.extend(record.rows.iter().filter(|row| row.error.is_none()).map(cells));
    let widths: Vec<usize> = (0..COLUMNS.len())
        .map(|at| table.iter().map(|row| row[at].chars().count()).max().unwrap_or(0))
        .collect();
    for row in &table {
        let mut line = String::new();
        for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let pad = " ".repeat(width - cell.chars().count());
            if at < WORDS {
                line.push_str(&format!("{cell}{pad}  "));
            } else {
                line.push_str(&format!("{pad}{cell}  "));
            }
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    for row in &record.rows {
        if let Some(error) = &row.error {
            writeln!(out, "{} {}: failed: {}", printable(&name(row)), row.tls, printable(error))?;
        }
    }
    if record.interrupted {
        writeln!(out, "\nInterrupted: what was measured until then.")?;
    }
    comparison.map_or(Ok(()), |comparison| differences(comparison, out))
}

fn name(row: &Row) -> String {
    match &row.version {
        Some(version) => format!("{} {version}", row.client),
        None => row.client.clone(),
    }
}

fn cells(row: &Row) -> Vec<String> {
    let dash = || "-".to_owned();
    let spread = |spread: &Option<Spread>| {
        spread.map_or_else(dash, |time| format!("{:.1} ± {:.0} %", time.median, time.share() * 100.0))
    };
    let mut cells = vec![
        printable(&name(row)),
        row.tls.clone(),
        spread(&row.cpu_us),
        row.start_cpu_us.map_or_else(dash, |time| format!("{:.1}", time.median)),
        spread(&row.server_cpu_us),
    ];
    match &row.figures {
        Some(figures) => cells.extend(figures.named().map(|(_, figure)| figure.to_string())),
        None => cells.extend([(); 4].map(|()| dash())),
    }
    cells
}

/// What is as it was is counted only.
fn differences(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nBeside the baseline:")?;
    let same = comparison.findings.iter().filter(|finding| finding.outcome == Outcome::Same).count();
    for finding in &comparison.findings {
        if finding.outcome == Outcome::Same {
            continue;
        }
        let number =
            |figure: Option<f64>| figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure}"));
        writeln!(
            out,
            "{:12}  {} {}: {} {} -> {} ({})",
            finding.outcome.word(),
            printable(&finding.client),
            finding.tls,
            finding.what,
            number(finding.baseline),
            number(finding.now),
            printable(&finding.detail)
        )?;
    }
    let all = comparison.findings.len();
    writeln!(out, "{same} of {all} figures as they were, times within {} %", comparison.fail_over_percent)
}
