//! Processor time from the operating system's accounting (`proc_pid_stat(5)`), in steps of its clock tick.

use std::fs;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A process whose time cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("no process {0} whose processor time can be read; name the server's own, on this machine")]
pub struct NoSuchProcess(i32);

/// A process with its children.
pub struct CpuTime(i32);

impl CpuTime {
    /// # Errors
    /// If there is none, or it cannot be read.
    pub fn of(pid: i32) -> Result<Self, NoSuchProcess> {
        stat(pid).map(|_| Self(pid)).ok_or(NoSuchProcess(pid))
    }

    /// User and system time so far, of the process and those that it has started and that still run. `None` once it has ended.
    pub fn spent(&self) -> Option<Duration> {
        let ticks = tree(self.0, 0)?;
        Some(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
    }

    /// Of this process.
    pub fn own() -> Duration {
        let spent = clock_gettime(ClockId::ProcessCPUTime);
        Duration::new(u64::try_from(spent.tv_sec).unwrap_or(0), u32::try_from(spent.tv_nsec).unwrap_or(0))
    }
}

/// Masters have workers; nobody's workers go deeper.
const DEPTH: u8 = 4;

fn tree(pid: i32, depth: u8) -> Option<u64> {
    let own = stat(pid)?;
    if depth == DEPTH {
        return Some(own);
    }
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|child| child.parse().ok());
    Some(own + children.filter_map(|child| tree(child, depth + 1)).sum::<u64>())
}

/// Clock ticks of user and system.
fn stat(pid: i32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name is in brackets and may hold anything.
    let (_, rest) = text.rsplit_once(") ")?;
    let mut fields = rest.split(' ').skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_time_and_who_is_not_there_has_none() {
        let own = CpuTime::of(rustix::process::getpid().as_raw_nonzero().get()).unwrap();
        let (before, own_before) = (own.spent().unwrap(), CpuTime::own());
        let mut sum = 0_u64;
        while CpuTime::own() < own_before + Duration::from_millis(60) {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(own.spent().unwrap() >= before + Duration::from_millis(40));
        assert!(CpuTime::of(i32::MAX).is_err());
        assert!(CpuTime::of(-1).is_err());
    }
}
