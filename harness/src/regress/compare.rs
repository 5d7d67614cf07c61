//! A run beside an earlier one.
//!
//! Exact figures have to be equal. A time is worse if its median is beyond the limit and the rounds' quartiles do not
//! overlap; beyond the limit with quartiles that overlap, nothing is known, and that is no pass either.

use serde::Serialize;

use super::record::{Origin, Record, Row, Spread};

/// What one comparison came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Within the limit.
    Same,
    Better,
    /// Beyond the limit; or an exact figure that is another one.
    Worse,
    /// Beyond the limit, and the rounds differ among themselves as much.
    Unsteady,
    /// Measured before, and not now.
    Gone,
    /// Measured now only.
    New,
    /// In both runs, and not to be compared; the detail or a warning says why.
    NotCompared,
}

impl Outcome {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Unsteady => "unsteady",
            Self::Gone => "gone",
            Self::New => "new",
            Self::NotCompared => "not-compared",
        }
    }
}

/// One figure of one row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    pub client: String,
    pub tls: String,
    /// `cpu`, `server cpu`, or the name of an exact figure.
    pub what: String,
    pub outcome: Outcome,
    pub baseline: Option<f64>,
    pub now: Option<f64>,
    /// In words.
    pub detail: String,
}

/// All of them, row by row.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// Percent that a time may grow.
    pub fail_over_percent: f64,
    /// What the two runs do not have in common.
    pub warnings: Vec<String>,
    pub findings: Vec<Finding>,
}

impl Comparison {
    pub fn has(&self, outcome: Outcome) -> bool {
        self.findings.iter().any(|finding| finding.outcome == outcome)
    }

    /// Whether nothing was compared: of the whole run, or of a row that is in both runs.
    pub fn is_silent(&self) -> bool {
        let says = |finding: &Finding| !matches!(finding.outcome, Outcome::New | Outcome::NotCompared);
        let speaks = |silent: &Finding| {
            self.findings.iter().any(|finding| {
                (&finding.client, &finding.tls) == (&silent.client, &silent.tls) && says(finding)
            })
        };
        !self.findings.iter().any(says)
            || self.findings.iter().any(|finding| finding.outcome == Outcome::NotCompared && !speaks(finding))
    }
}

/// `asked`: the clients that this run was to measure; rows of others are only named.
pub fn compare(baseline: &Record, now: &Record, asked: &[String], fail_over_percent: f64) -> Comparison {
    let mut found = Comparison { fail_over_percent, ..Comparison::default() };
    if baseline.interrupted {
        found.warnings.push("the baseline is of a run that was interrupted".to_owned());
    }
    let shared = Shared {
        processor: baseline.conditions.has_processor_of(&now.conditions),
        build: baseline.conditions.build == now.conditions.build,
        handshakes: baseline.handshakes == now.handshakes,
        rounds: baseline.rounds == now.rounds,
    };
    found.warn(baseline, now, shared);
    let mut unasked: Vec<&str> = Vec::new();
    for before in &baseline.rows {
        let Some(row) = now.rows.iter().find(|row| is_same(row, before)) else {
            if !asked.contains(&before.client) {
                unasked.push(&before.client);
            } else if !now.interrupted {
                found.findings.push(finding(before, "cpu", Outcome::Gone, (None, None), "not measured now"));
            }
            continue;
        };
        if before.version != row.version && before.tls == first_tls(&now.rows, &row.client) {
            let version = |row: &Row| row.version.clone().unwrap_or_else(|| "unknown".to_owned());
            found.warnings.push(differs(&row.client, &version(before), &version(row)));
        }
        found.row(before, row, shared);
    }
    unasked.dedup();
    if !unasked.is_empty() {
        found.warnings.push(format!("in the baseline and not asked for: {}", unasked.join(", ")));
    }
    for row in &now.rows {
        if !baseline.rows.iter().any(|before| is_same(row, before)) {
            let time = row.cpu_us.map(|time| time.median);
            found.findings.push(finding(row, "cpu", Outcome::New, (None, time), "not in the baseline"));
        }
    }
    found
}

/// What both runs have in common.
#[derive(Clone, Copy)]
struct Shared {
    processor: bool,
    build: bool,
    handshakes: bool,
    rounds: bool,
}

impl Shared {
    fn compares_times_of(self, row: &Row) -> bool {
        self.processor
            && match row.origin {
                Origin::BuiltIn => self.build,
                // Not built by our compiler; a worker grows faster with every handshake.
                _ => self.handshakes && (self.rounds || !row.worker),
            }
    }
}

fn differs(what: &str, before: &str, now: &str) -> String {
    format!("{what}: {before} -> {now}")
}

fn is_same(a: &Row, b: &Row) -> bool {
    (&a.client, &a.tls, a.origin) == (&b.client, &b.tls, b.origin)
}

/// A client's new version is told once.
fn first_tls<'a>(rows: &'a [Row], client: &str) -> &'a str {
    rows.iter().find(|row| row.client == client).map_or("", |row| &row.tls)
}

fn finding(
    row: &Row,
    what: &str,
    outcome: Outcome,
    (baseline, now): (Option<f64>, Option<f64>),
    detail: impl Into<String>,
) -> Finding {
    Finding {
        client: row.client.clone(),
        tls: row.tls.clone(),
        what: what.to_owned(),
        outcome,
        baseline,
        now,
        detail: detail.into(),
    }
}

impl Comparison {
    fn warn(&mut self, baseline: &Record, now: &Record, shared: Shared) {
        if !shared.processor {
            let text = differs("processor", &baseline.conditions.processor, &now.conditions.processor);
            self.warnings.push(format!("{text}; times are not compared"));
        }
        if !shared.build {
            let text = differs("build", &baseline.conditions.build, &now.conditions.build);
            self.warnings.push(format!("{text}; times of the stacks that are built in are not compared"));
        }
        if !shared.handshakes {
            let (before, now) = (baseline.handshakes.to_string(), now.handshakes.to_string());
            let text = differs("handshakes of a round", &before, &now);
            self.warnings.push(format!("{text}; times of programs are not compared"));
        }
        if !shared.rounds {
            let text = differs("rounds", &baseline.rounds.to_string(), &now.rounds.to_string());
            self.warnings.push(format!("{text}; times of workers are not compared"));
        }
        if baseline.server != now.server {
            self.warnings.push(differs("server", &baseline.server, &now.server));
        }
    }

    fn row(&mut self, before: &Row, now: &Row, shared: Shared) {
        let (old, new) = match (&before.cpu_us, &now.cpu_us) {
            (Some(old), Some(new)) => (old, new),
            // Its error fails the run already.
            (_, None) => {
                let detail = now.error.clone().unwrap_or_default();
                let old = before.cpu_us.map(|time| time.median);
                self.findings.push(finding(now, "cpu", Outcome::Gone, (old, None), detail));
                return;
            }
            (None, Some(new)) => {
                let detail = "it failed in the baseline: write that anew";
                let figures = (None, Some(new.median));
                self.findings.push(finding(now, "cpu", Outcome::NotCompared, figures, detail));
                return;
            }
        };
        let compares = shared.compares_times_of(now);
        self.time(now, "cpu", (old, new), compares);
        if let (Some(old), Some(new)) = (&before.server_cpu_us, &now.server_cpu_us) {
            self.time(now, "server cpu", (old, new), compares);
        }
        let (Some(old), Some(new)) = (&before.figures, &now.figures) else { return };
        for ((name, old), (_, new)) in old.named().into_iter().zip(new.named()) {
            let outcome = if old == new { Outcome::Same } else { Outcome::Worse };
            let detail = if old == new { "equal" } else { "exact, and another one" };
            #[expect(clippy::cast_precision_loss, reason = "counts of one handshake")]
            let figures = (Some(old as f64), Some(new as f64));
            self.findings.push(finding(now, name, outcome, figures, detail));
        }
    }

    fn time(&mut self, row: &Row, what: &str, (old, new): (&Spread, &Spread), compares: bool) {
        let limit = self.fail_over_percent / 100.0;
        let by = new.median / old.median - 1.0;
        let overlap = new.lower_quartile <= old.upper_quartile && old.lower_quartile <= new.upper_quartile;
        let outcome = match compares {
            false => Outcome::NotCompared,
            true if by > limit && overlap => Outcome::Unsteady,
            true if by > limit => Outcome::Worse,
            true if by < -limit && !overlap => Outcome::Better,
            true => Outcome::Same,
        };
        let detail = format!("{:+.1} %, allowed {} %", by * 100.0, self.fail_over_percent);
        let detail = match outcome {
            Outcome::Unsteady => {
                format!("{detail}, and the rounds differ as much: more --rounds, or a quieter machine")
            }
            Outcome::NotCompared => "measured under other conditions".to_owned(),
            _ => detail,
        };
        self.findings.push(finding(row, what, outcome, (Some(old.median), Some(new.median)), detail));
    }
}
