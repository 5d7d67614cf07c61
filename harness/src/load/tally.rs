//! What became of the starts, counted.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::engine::Negotiated;
use crate::registry::{CipherSuite, ProtocolVersion};

use super::fault::Fault;
use super::pace::{LATE, Start};
use super::visit::{Confirmation, Visit};

/// Different details that are told apart; a server could make up more.
const MOST_KINDS: usize = 64;
/// What is recorded at most, in microseconds; above every deadline there is.
const LONGEST: u64 = 3_600_000_000;

/// Latencies in microseconds, each kept to three digits.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        Self::new()
    }
}

impl Latencies {
    #[expect(clippy::expect_used, reason = "only bounds that contradict each other are refused")]
    pub fn new() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST, 3).expect("bounds are in order"))
    }

    pub fn record(&mut self, latency: Duration) {
        self.0.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(LONGEST).max(1));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The smallest latency that so large a part of all does not exceed.
    pub fn quantile(&self, quantile: f64) -> Duration {
        Duration::from_micros(self.0.value_at_quantile(quantile))
    }

    pub fn max(&self) -> Duration {
        Duration::from_micros(self.0.max())
    }
}

/// Sums of a run.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Connections that were begun.
    pub started: u64,
    /// Handshakes that count: done, as asked for, and confirmed by the server.
    pub completed: u64,
    /// Those of them that were abbreviated.
    pub resumed: u64,
    /// Starts that had to wait for room, because as many connections as allowed were open.
    pub waited: u64,
    /// Starts that began more than [`LATE`] after they could have.
    pub late: u64,
    pub latest: Duration,
    /// Of completed handshakes alone: what failed has no latency.
    pub latencies: Latencies,
    /// Of the same, to the confirmation: what a server of TLS 1.3 does with the client's Finished is in these alone.
    pub confirmations: Latencies,
    pub confirmed_by: BTreeMap<Confirmation, u64>,
    pub negotiated: BTreeMap<(ProtocolVersion, CipherSuite), u64>,
    /// By code and detail.
    pub faults: BTreeMap<(&'static str, String), u64>,
    /// On the wire, without the headers of TCP and below.
    pub sent: u64,
    pub received: u64,
    /// When the last handshake that counts was done.
    pub last_done: Duration,
}

impl Tally {
    /// A connection begins.
    pub fn begin(&mut self, start: &Start, began: Duration) {
        self.started += 1;
        self.waited += u64::from(start.has_waited());
        let lateness = start.lateness(began);
        self.late += u64::from(lateness > LATE);
        self.latest = self.latest.max(lateness);
    }

    /// A connection has ended. `beginning` is that of the run.
    pub fn end(&mut self, start: &Start, visit: &Visit, beginning: std::time::Instant) {
        self.sent += visit.sent;
        self.received += visit.received;
        let handshake = match &visit.result {
            Ok(handshake) => handshake,
            Err(fault) => return self.fail(fault, 1),
        };
        let done = handshake.done.saturating_duration_since(beginning);
        self.completed += 1;
        self.resumed += u64::from(handshake.is_resumed);
        self.last_done = self.last_done.max(done);
        self.latencies.record(start.latency(done));
        let confirmed = handshake.confirmed.saturating_duration_since(beginning);
        self.confirmations.record(start.latency(confirmed));
        *self.confirmed_by.entry(handshake.confirmation).or_default() += 1;
        let Negotiated { version, suite } = handshake.negotiated;
        *self.negotiated.entry((version, suite)).or_default() += 1;
    }

    pub fn fail(&mut self, fault: &Fault, count: u64) {
        if count == 0 {
            return;
        }
        let mut key = (fault.code(), fault.detail());
        if self.faults.len() >= MOST_KINDS && !self.faults.contains_key(&key) {
            key.1 = "and others".to_owned();
        }
        *self.faults.entry(key).or_default() += count;
    }

    /// Starts that did not come to a handshake that counts.
    pub fn failed(&self) -> u64 {
        self.faults.values().sum()
    }

    /// How many of them have this code.
    pub fn failed_by(&self, code: &str) -> u64 {
        self.faults.iter().filter(|((other, _), _)| *other == code).map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_cannot_make_up_kinds_of_errors_without_end() {
        let mut tally = Tally::default();
        for n in 0..1000 {
            tally.fail(&Fault::Tls(format!("number {n}")), 1);
        }
        tally.fail(&Fault::Reset, 0);
        assert_eq!((tally.failed(), tally.failed_by("tls-failed")), (1000, 1000));
        assert!(tally.faults.len() <= MOST_KINDS + 1);
    }
}
