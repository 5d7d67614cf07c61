//! What came of the connections, counted.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::connection::{ErrorKind, Played};

/// A start that is this late is said: the run was not what was asked for.
const LATE: Duration = Duration::from_millis(1);
/// The longest latency that is told apart, in microseconds: an hour.
const LONGEST: u64 = 3_600_000_000;

/// How long handshakes took from when they were due, with three digits.
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    #[expect(clippy::expect_used, reason = "the bounds are constants that the histogram takes")]
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST, 3).expect("constant bounds"))
    }
}

impl Latencies {
    pub fn add(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(LONGEST);
        self.0.saturating_record(micros.clamp(1, LONGEST));
    }

    /// Milliseconds. `None` if there are none.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.value_at_quantile(share) as f64 / 1e3)
    }

    pub fn count(&self) -> u64 {
        self.0.len()
    }
}

/// Of a run.
#[derive(Default)]
pub struct Tally {
    pub latencies: Latencies,
    pub resumed: u64,
    pub errors: BTreeMap<ErrorKind, u64>,
    /// Begun more than a millisecond behind the plan.
    pub late: u64,
    pub latest_start: Duration,
    /// Bytes of connections that count.
    pub sent: u64,
    pub received: u64,
}

impl Tally {
    pub fn completed(&self) -> u64 {
        self.latencies.count()
    }

    pub fn failed(&self) -> u64 {
        self.errors.values().sum()
    }

    /// A connection that was begun so late, and when it was due if it counts.
    pub(super) fn add(&mut self, late: Duration, done: Result<(Instant, Played), ErrorKind>) {
        self.late += u64::from(late > LATE);
        self.latest_start = self.latest_start.max(late);
        match done {
            Ok((due, played)) => {
                self.latencies.add(played.done.saturating_duration_since(due));
                self.resumed += u64::from(played.is_resumed);
                self.sent += played.sent;
                self.received += played.received;
            }
            Err(kind) => *self.errors.entry(kind).or_default() += 1,
        }
    }

    pub(super) fn not_started(&mut self, count: u64) {
        *self.errors.entry(ErrorKind::NotStarted).or_default() += count;
    }
}
