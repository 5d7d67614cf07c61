//! When connections are started. Pure: instants are durations since the beginning of the run.

use std::time::Duration;

/// A start this much behind its instant is late, and that is the generator's own fault.
pub const LATE: Duration = Duration::from_millis(1);

/// How many starts there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    /// Open loop: starts per second.
    Fixed(f64),
    /// Closed loop: whenever one of the connections is free.
    Max,
}

/// One start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Where its latency begins.
    pub scheduled: Duration,
    /// From when on it could begin: later than scheduled if it had to wait for room.
    pub ready: Duration,
}

impl Start {
    /// A start that nobody scheduled.
    pub const fn at(now: Duration) -> Self {
        Self { scheduled: now, ready: now }
    }

    /// Of a handshake that was done then: from the scheduled instant, so that all waiting counts.
    pub const fn latency(&self, done: Duration) -> Duration {
        done.saturating_sub(self.scheduled)
    }

    /// By how much the generator was behind, with the wait for room left out.
    pub const fn lateness(&self, began: Duration) -> Duration {
        began.saturating_sub(self.ready)
    }

    pub fn has_waited(&self) -> bool {
        self.ready > self.scheduled
    }
}

/// The instants of an open loop. Starts are taken in order; one that has no room holds up those behind it.
#[derive(Clone, Debug)]
pub struct Pace {
    rate: f64,
    count: u64,
    taken: u64,
    /// When the last start that had to wait got its room.
    room_came: Duration,
}

impl Pace {
    /// `rate` starts per second, all of them before `time` is over.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rates and times are bounded and not negative"
    )]
    pub fn new(rate: f64, time: Duration) -> Self {
        // The last instant that lies before the end; a rounding error makes no start more.
        let count = (rate * time.as_secs_f64() - 1e-6).ceil().max(1.0) as u64;
        Self { rate, count, taken: 0, room_came: Duration::ZERO }
    }

    /// All starts of the run.
    pub const fn count(&self) -> u64 {
        self.count
    }

    pub const fn taken(&self) -> u64 {
        self.taken
    }

    /// The instant of the next start, if there is one.
    pub fn due(&self) -> Option<Duration> {
        (self.taken < self.count).then(|| self.instant(self.taken))
    }

    /// Computed from the number each time: errors do not add up.
    #[expect(clippy::cast_precision_loss, reason = "the count is far below 2^52")]
    fn instant(&self, number: u64) -> Duration {
        Duration::from_secs_f64(number as f64 / self.rate)
    }

    /// How many starts were due by then.
    pub fn due_by(&self, now: Duration) -> u64 {
        let mut low = 0;
        let mut high = self.count;
        while low < high {
            let middle = low + (high - low) / 2;
            if self.instant(middle) <= now { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// The next start had to wait for room and has it now.
    pub const fn room_came(&mut self, now: Duration) {
        self.room_came = now;
    }

    /// Takes the next start.
    pub fn take(&mut self) -> Start {
        let scheduled = self.instant(self.taken);
        self.taken += 1;
        Start { scheduled, ready: scheduled.max(self.room_came) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::load::Latencies;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn starts_lie_at_fixed_instants_before_the_end() {
        for (rate, time, count) in
            [(10.0, 1, 10), (0.5, 3, 2), (0.1, 1, 1), (3.0, 1, 3), (1e6, 3600, 3_600_000_000)]
        {
            assert_eq!(Pace::new(rate, Duration::from_secs(time)).count(), count, "{rate}");
        }
        let mut pace = Pace::new(4.0, Duration::from_secs(1));
        let mut instants = Vec::new();
        while let Some(due) = pace.due() {
            let start = pace.take();
            assert_eq!((start.scheduled, start.has_waited()), (due, false));
            instants.push(due.as_millis());
        }
        assert_eq!(instants, [0, 250, 500, 750]);
        assert_eq!([0, 249, 250, 999, 9999].map(|ms| pace.due_by(ms * MS)), [1, 1, 2, 4, 4]);
    }

    #[test]
    fn a_wait_for_room_counts_as_latency_and_not_as_lateness() {
        let mut pace = Pace::new(100.0, Duration::from_secs(1));
        pace.take();
        pace.room_came(95 * MS);
        let (second, third) = (pace.take(), pace.take());
        assert_eq!((second.scheduled, third.scheduled), (10 * MS, 20 * MS));
        assert!(second.has_waited() && third.has_waited(), "whoever stands behind waits, too");
        assert_eq!((second.latency(100 * MS), third.latency(100 * MS)), (90 * MS, 80 * MS));
        assert_eq!(second.lateness(97 * MS), 2 * MS);
        for _ in 3..11 {
            pace.take();
        }
        let later = pace.take();
        assert!(!later.has_waited());
        assert_eq!(later.lateness(later.scheduled + 3 * MS), 3 * MS);
    }

    /// A server that does nothing for the first second of every ten and needs a millisecond else, in virtual time.
    fn stalled(room: usize) -> Latencies {
        let mut pace = Pace::new(1000.0, Duration::from_secs(10));
        let mut latencies = Latencies::new();
        let mut open: VecDeque<Duration> = VecDeque::new();
        while let Some(due) = pace.due() {
            if open.len() == room {
                let freed = open.pop_front().unwrap();
                if freed > due {
                    pace.room_came(freed);
                }
            }
            let start = pace.take();
            let done = start.ready.max(Duration::from_secs(1)) + MS;
            open.push_back(done);
            latencies.record(start.latency(done));
        }
        latencies
    }

    #[test]
    fn a_stall_of_one_second_in_ten_shows_in_the_percentiles_however_few_connections_there_are() {
        for room in [1, 10, 100, 10_000] {
            let latencies = stalled(room);
            let ms = |quantile| latencies.quantile(quantile).as_millis();
            assert!(ms(0.999) >= 900, "{room}: {}", ms(0.999));
            assert!(ms(0.5) <= 2 || room == 1, "{room}: {}", ms(0.5));
        }
        // What a closed loop of one connection would have measured: one handshake of 1001 ms, and thousands of 1 ms.
        let mut closed = Latencies::new();
        closed.record(1001 * MS);
        (0..9000).for_each(|_| closed.record(MS));
        assert!(closed.quantile(0.999) <= 2 * MS);
    }
}
