//! From `--report` to reporters.

use std::fs::File;
use std::io::{self, IsTerminal, Write};

use crate::report::{Human, HumanOptions, JsonLines, Junit, Progress, Reporter};
use crate::run::events::Event;
use crate::run::runner::Sink;

use super::exit::Exit;
use super::options::{ReportFormat, ReportTarget, RunOptions};

/// All reporters of a run.
pub struct Sinks {
    progress: Option<Progress>,
    reporters: Vec<Box<dyn Reporter + Send>>,
    /// The verdict is wanted whether or not anybody reads the reports.
    gates: bool,
}

impl Sinks {
    /// Opens what the options ask for. Without a report on standard output the human one is there.
    pub fn open(options: &RunOptions, gates: bool) -> Result<Self, Exit> {
        let mut targets = options.report.clone();
        let on_stdout = targets.iter().filter(|t| t.path.is_none()).count();
        if on_stdout > 1 {
            return Err(Exit::usage(
                "only one report can own standard output; give the others a path: json:run.jsonl",
            ));
        }
        if on_stdout == 0 {
            targets.insert(0, ReportTarget { format: ReportFormat::Human, path: None });
        }
        let mut reporters: Vec<Box<dyn Reporter + Send>> = Vec::new();
        for ReportTarget { format, path } in targets {
            let is_file = path.is_some();
            let out: Box<dyn Write + Send> = match &path {
                Some(path) => Box::new(
                    File::create(path)
                        .map_err(|e| Exit::usage(format!("cannot write {}: {e}", path.display())))?,
                ),
                None => Box::new(io::stdout()),
            };
            let width =
                if is_file { None } else { terminal_size::terminal_size().map(|(w, _)| usize::from(w.0)) };
            reporters.push(match format {
                ReportFormat::Human => {
                    Box::new(Human::new(out, HumanOptions { width, verbose: options.verbose }))
                }
                ReportFormat::Json => Box::new(JsonLines::new(out)),
                ReportFormat::Junit => Box::new(Junit::new(out)),
            });
        }
        let progress = io::stderr().is_terminal().then(Progress::stderr);
        Ok(Self { progress, reporters, gates })
    }
}

impl Sink for Sinks {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        // The bar has to be gone before the table is printed.
        if let Some(progress) = &mut self.progress {
            progress.event(event)?;
        }
        let mut closed = None;
        let mut failed = None;
        // A reader that went away (`| head`) stops its own report, not the others' and not the gate.
        self.reporters.retain_mut(|reporter| match reporter.event(event) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                closed = Some(error);
                false
            }
            Err(error) => {
                failed = Some(error);
                true
            }
        });
        match (failed, closed) {
            (Some(error), _) => Err(error),
            // Nobody is left to look, and a survey has no other result.
            (None, Some(error)) if self.reporters.is_empty() && !self.gates => Err(error),
            _ => Ok(()),
        }
    }

    fn played(&mut self, client: &str) {
        if let Some(progress) = &mut self.progress {
            progress.played(client);
        }
    }
}
