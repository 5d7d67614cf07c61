//! A page of labels and values.

use std::io::{self, Write};

use crate::report::{fold, printable};

/// Lines are folded behind this many characters.
pub const WIDTH: usize = 100;
/// Where the values begin.
const COLUMN: usize = 13;

pub struct Page {
    lines: Vec<String>,
}

impl Page {
    /// A page with its title.
    pub fn new(title: &str) -> Self {
        Self { lines: vec![printable(title), String::new()] }
    }

    /// A value behind its label; nothing without a value.
    pub fn line(&mut self, label: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        let first = format!("{label:COLUMN$}");
        let indent = " ".repeat(COLUMN);
        let value = printable(value);
        if value.chars().count() + COLUMN <= WIDTH {
            self.lines.push(format!("{first}{value}"));
        } else {
            fold(&mut self.lines, &first, &indent, &value, WIDTH);
        }
    }

    pub fn each(&mut self, label: &str, values: &[String]) {
        for (n, value) in values.iter().enumerate() {
            self.line(if n == 0 { label } else { "" }, value);
        }
    }

    /// An empty line, once.
    pub fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(String::new());
        }
    }

    pub fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        self.lines.iter().try_for_each(|line| writeln!(out, "{}", line.trim_end()))
    }
}
