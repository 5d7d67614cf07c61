//! JSON lines: the machine's view of a run, formats section 6.

use std::io::{self, Write};

use crate::report::Reporter;
use crate::run::events::Event;

/// Writes every event as one line of JSON and flushes it, so that a reader on a pipe sees it at once.
///
/// The lines are described by `schema/events-1.json`.
#[derive(Debug)]
pub struct JsonLines<W> {
    out: W,
    /// One line: reused, so that a line goes out in one write and is never seen by halves.
    line: Vec<u8>,
}

impl<W: Write + Send> JsonLines<W> {
    pub fn new(out: W) -> Self {
        Self { out, line: Vec::with_capacity(1024) }
    }
}

impl<W: Write + Send> Reporter for JsonLines<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, event)?;
        self.line.push(b'\n');
        self.out.write_all(&self.line)?;
        self.out.flush()
    }
}
