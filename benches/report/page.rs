//! The page that is written.

use std::fmt::Write as _;

/// A column beside the first: its title; numbers stand to the right.
pub fn table(out: &mut String, columns: &[&str], rows: &[Vec<String>]) {
    let _ = writeln!(out, "| {} |", columns.join(" | "));
    let rule = |at: usize| if at == 0 { "---" } else { "---:" };
    let rules: Vec<&str> = (0..columns.len()).map(rule).collect();
    let _ = writeln!(out, "| {} |", rules.join(" | "));
    for row in rows {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    out.push('\n');
}

pub fn section(out: &mut String, title: &str, text: &str) {
    let _ = write!(out, "## {title}\n\n{text}\n\n");
}
