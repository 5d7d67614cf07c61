//! A progress bar on a terminal's standard error.

use std::io;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::report::Reporter;
use crate::report::text::printable;
use crate::run::events::{ClientStatus, Event};

/// A bar over the planned cases with the client at work. It is gone when the run has finished.
///
/// The caller makes one only if standard error is a terminal.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub fn stderr() -> Self {
        Self::on(ProgressDrawTarget::stderr())
    }

    fn on(target: ProgressDrawTarget) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), target);
        // Only a template with a mistake in it is refused; the bar's own style will do then.
        if let Ok(style) = ProgressStyle::with_template("{pos:>5}/{len} {bar:40} {elapsed} {wide_msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar }
    }

    /// A case was played. Its verdict may have to wait for the controls behind it.
    pub fn played(&self, client: &str) {
        self.bar.set_message(printable(client));
        self.bar.inc(1);
    }
}

impl Reporter for Progress {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::RunStarted(started) => self.bar.set_length(started.planned),
            Event::Client(client) if client.status == ClientStatus::Ready => {
                self.bar.set_message(printable(&client.client));
            }
            // Cases were counted when they were played.
            Event::Client(_) | Event::CaseFinished(_) => {}
            Event::RunFinished(_) => self.bar.finish_and_clear(),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::events::{FloorSource, RunFinished, RunStarted, SCHEMA};

    #[test]
    fn the_bar_has_the_planned_length_and_goes_away_at_the_end() {
        let mut progress = Progress::on(ProgressDrawTarget::hidden());
        let started = RunStarted {
            schema: SCHEMA,
            shakedown: String::new(),
            started: String::new(),
            floor: String::new(),
            source: FloorSource { page: String::new(), date: String::new(), url: None, note: None },
            service: None,
            backend: "openssl".to_owned(),
            filter: None,
            shard: None,
            tier: String::new(),
            seed: 0,
            environment: crate::run::events::Environment::Clean,
            servers: Default::default(),
            planned: 48,
            floor_title: String::new(),
            min_version: String::new(),
            cases_per_client: 24,
            gates: false,
        };
        progress.event(&Event::RunStarted(started)).unwrap();
        assert_eq!(progress.bar.length(), Some(48));
        assert!(!progress.bar.is_finished());
        let finished = RunFinished {
            clients: Default::default(),
            findings: Default::default(),
            interrupted: true,
            exit: 130,
            ms: 1.0,
            cpu_ms: 1.0,
            peak_rss_mib: 1.0,
            known_failures: None,
            baseline: None,
        };
        progress.event(&Event::RunFinished(finished)).unwrap();
        assert!(progress.bar.is_finished());
    }
}
