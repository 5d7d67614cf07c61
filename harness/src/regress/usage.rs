//! Processor time, user and system together, as the system accounts it. Clock ticks of 10 ms (`/proc/PID/stat`) are too
//! coarse for few handshakes, so each source here is finer.

use std::fs;
use std::io;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeSpec, TimeValLike};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

/// Processes below a worker at most; a longer list is a loop, or nobody's client.
const MOST_PROCESSES: usize = 1024;

/// What all children of this process that were waited for have used, and theirs: microseconds. A child that nobody waits
/// for, because its parent ignores SIGCHLD, is in nobody's account.
///
/// # Errors
/// The system's.
pub fn children() -> io::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
}

/// What this thread has used, in nanoseconds; 0 where the system does not tell.
pub fn this_thread() -> u64 {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(0, |time| nanoseconds(&time))
}

/// What a live process has used with all its threads, also those that have ended, and the processes below it: nanoseconds.
/// Those below that have ended and were waited for are in ticks.
///
/// # Errors
/// If it has ended, or the system does not tell.
pub fn tree(pid: u32) -> io::Result<Duration> {
    let mut sum = waited_for(pid)? + of_process(pid)?;
    let mut found = children_of(pid);
    let mut seen = 0;
    while let Some(pid) = found.pop() {
        seen += 1;
        if seen > MOST_PROCESSES {
            return Err(io::Error::other(format!("more than {MOST_PROCESSES} processes")));
        }
        // One that has ended meanwhile is in the account of its parent.
        if let (Ok(own), Ok(waited_for)) = (of_process(pid), waited_for(pid)) {
            sum += own + waited_for;
            found.extend(children_of(pid));
        }
    }
    Ok(sum)
}

fn of_process(pid: u32) -> io::Result<Duration> {
    let pid = Pid::from_raw(i32::try_from(pid).map_err(io::Error::other)?);
    let time = clock_gettime(ClockId::pid_cpu_clock_id(pid)?)?;
    Ok(Duration::from_nanos(nanoseconds(&time)))
}

fn nanoseconds(time: &TimeSpec) -> u64 {
    u64::try_from(time.num_nanoseconds()).unwrap_or(0)
}

/// cutime and cstime, fields 16 and 17 of proc(5).
fn waited_for(pid: u32) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let ticks = ticks_of_children(&stat).ok_or(io::ErrorKind::InvalidData)?;
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    Ok(Duration::from_nanos(ticks.saturating_mul(1_000_000_000 / per_second)))
}

/// The second field is the program's name, which may hold anything.
fn ticks_of_children(stat: &str) -> Option<u64> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut fields = behind_name.split_ascii_whitespace().skip(13);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

fn children_of(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok())
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    const BUSY: &str = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done";

    #[test]
    fn the_children_of_children_count_once_both_were_waited_for() {
        let run = |script: &str| {
            let before = children().unwrap();
            assert!(Command::new("sh").args(["-c", script]).status().unwrap().success());
            children().unwrap() - before
        };
        let (idle, busy) = (run("sh -c :; :"), run(&format!("sh -c '{BUSY}'; :")));
        // Tests beside this one may wait for children of theirs, so there is no upper bound.
        assert!(busy > Duration::from_millis(5), "{idle:?} {busy:?}");
    }

    #[test]
    fn a_live_process_and_what_runs_below_it() {
        // It reads to the end of its input behind the work.
        let mut child = Command::new("sh")
            .args(["-c", &format!("{BUSY}; sh -c '{BUSY}; echo done; read x; :'; :")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        io::BufRead::read_line(&mut io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
        let (own, all) = (of_process(child.id()).unwrap(), tree(child.id()).unwrap());
        assert!(own > Duration::from_millis(5) && all > own + Duration::from_millis(5), "{own:?} {all:?}");
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(tree(child.id()).is_err(), "it has ended");
    }

    #[test]
    fn only_this_thread_is_in_its_account() {
        let before = this_thread();
        let mut sum = 0_u64;
        while this_thread() - before < 5_000_000 {
            sum = sum.wrapping_add(std::hint::black_box(1));
        }
        let fresh = std::thread::spawn(this_thread).join().unwrap();
        assert!(fresh < 5_000_000, "{fresh}");
    }

    #[test]
    fn a_name_with_brackets_shifts_no_field() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 17 5 3 4 20 0 1 0 1000 1 1";
        assert_eq!(ticks_of_children(stat), Some(7));
        assert_eq!((ticks_of_children("42 (a"), ticks_of_children("42 (a) S 1")), (None, None));
    }
}
