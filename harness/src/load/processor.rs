//! Processor time: of this process, and of servers on the same machine.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What this process has used so far, all threads together.
pub fn own_time() -> Duration {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = Duration::from_secs(u64::try_from(used.tv_sec).unwrap_or(0));
    seconds + Duration::from_nanos(u64::try_from(used.tv_nsec).unwrap_or(0))
}

/// A process whose time cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read /proc/{pid}/stat: {text}")]
pub struct Unreadable {
    pub pid: u32,
    pub text: String,
}

/// A process of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Processor {
    pub pid: u32,
    /// What it had used when it was first looked at.
    before: Duration,
}

impl Processor {
    /// # Errors
    /// If there is no such process, or if the system does not tell.
    pub fn of(pid: u32) -> Result<Self, Unreadable> {
        Ok(Self { pid, before: used(pid)? })
    }

    /// What it has used since then.
    ///
    /// # Errors
    /// If it has ended.
    pub fn since(&self) -> Result<Duration, Unreadable> {
        used(self.pid).map(|now| now.saturating_sub(self.before))
    }
}

fn used(pid: u32) -> Result<Duration, Unreadable> {
    let unreadable = |text: String| Unreadable { pid, text };
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).map_err(|e| unreadable(e.to_string()))?;
    let ticks = ticks(&text).ok_or_else(|| unreadable("not in the form of proc(5)".to_owned()))?;
    // 10 ms each on every common system: too coarse for a run of a few handshakes.
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    Ok(Duration::from_nanos(ticks.saturating_mul(1_000_000_000 / per_second)))
}

/// utime and stime, fields 14 and 15 of proc(5). The second field is the program's name, which may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut fields = behind_name.split_ascii_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_shifts_no_field() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 17 5 0 0 20 0 1 0 1000 1 1";
        assert_eq!(ticks(stat), Some(22));
        assert_eq!((ticks("42 (a"), ticks("42 (a) S 1"), ticks("")), (None, None, None));
    }

    #[test]
    fn work_shows_in_both_ways_to_look_at_it() {
        let (mine, own) = (Processor::of(std::process::id()).unwrap(), own_time());
        let mut sum = 0_u64;
        while own_time() - own < Duration::from_millis(60) {
            sum = sum.wrapping_add(std::hint::black_box(1));
        }
        assert!(mine.since().unwrap() >= Duration::from_millis(20));
        assert!(Processor::of(u32::MAX).unwrap_err().to_string().contains("/proc/4294967295/stat"));
    }
}
