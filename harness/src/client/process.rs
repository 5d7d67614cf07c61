//! Child processes that are ended for certain: their own process group, and the orphans that left it.
//!
//! On Linux the harness adopts orphans (`PR_SET_CHILD_SUBREAPER`) and finds those of a case by the mark in their
//! environment, so that a client that daemonises does not outlive its case. One that also clears its environment does.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, waitpid};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::report::Ended;
use super::room::{CASE_MARK, Room};

/// Output kept of a program, from its end.
const OUTPUT_KEPT: usize = 4 * 1024;
/// How long to wait for the last output after the program has ended; an escaped child may hold the pipe open.
const OUTPUT_GRACE: Duration = Duration::from_millis(200);
/// How long the children of a program that has ended may take to end, too.
const GROUP_GRACE: Duration = Duration::from_millis(500);
const GROUP_TICK: Duration = Duration::from_millis(2);
/// Rounds of ending orphans, since the death of one can orphan its children.
const ORPHAN_ROUNDS: usize = 8;

/// A running program with its output being collected.
pub(super) struct Process {
    child: Child,
    group: Option<Pid>,
    mark: String,
    output: Vec<JoinHandle<Vec<u8>>>,
}

impl Process {
    /// Starts the program in a process group of its own. `collect` says whether standard output is kept as log.
    pub(super) fn start(mut command: Command, mark: &str, collect: bool) -> std::io::Result<Self> {
        adopt_orphans();
        command.process_group(0).kill_on_drop(true).stderr(Stdio::piped());
        if collect {
            command.stdin(Stdio::null()).stdout(Stdio::piped());
        }
        let mut child = command.spawn()?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let mut output = Vec::new();
        if collect && let Some(stdout) = child.stdout.take() {
            output.push(tokio::spawn(tail(stdout)));
        }
        if let Some(stderr) = child.stderr.take() {
            output.push(tokio::spawn(tail(stderr)));
        }
        Ok(Self { child, group, mark: mark.to_owned(), output })
    }

    /// `None` once it was waited for.
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Waits for the program itself. Cancel-safe.
    pub(super) async fn wait(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Ends whatever is left of the group and its orphans, and gives the end of the output; then whether anything
    /// was left that had to be ended. Called after [`Process::wait`] the latter is about the program's children.
    pub(super) async fn finish(mut self) -> (String, bool) {
        self.wait_for_group().await;
        let mut outlived = self.kill_group();
        let _ = self.child.wait().await;
        outlived |= end_orphans(|mark| mark == self.mark.as_bytes());
        self.reap_group();
        self.group = None; // the number may be given to somebody else from here on
        let mut text = String::new();
        for handle in std::mem::take(&mut self.output) {
            let abort = handle.abort_handle();
            match timeout(OUTPUT_GRACE, handle).await {
                Ok(Ok(bytes)) => text.push_str(&String::from_utf8_lossy(&bytes)),
                _ => abort.abort(),
            }
        }
        (text, outlived)
    }

    /// Gives the rest of the group a moment to end by itself once the program has: git is gone before its helper is.
    async fn wait_for_group(&mut self) {
        let is_over = matches!(self.child.try_wait(), Ok(Some(_)));
        let started = Instant::now();
        while is_over && started.elapsed() < GROUP_GRACE {
            self.reap_group();
            let Some(group) = self.group else { return };
            if rustix::process::test_kill_process_group(group).is_err() {
                return;
            }
            tokio::time::sleep(GROUP_TICK).await;
        }
    }

    /// Whether there was anybody.
    fn kill_group(&self) -> bool {
        self.group.is_some_and(|group| kill_process_group(group, Signal::KILL).is_ok())
    }

    /// Waits for adopted members of the group that have ended; as zombies they would stay until the run ends. The
    /// program itself is tokio's to wait for, and is asked for first.
    fn reap_group(&mut self) {
        let Ok(Some(_)) = self.child.try_wait() else { return };
        let Some(group) = self.group else { return };
        while let Ok(Some(_)) = rustix::process::waitpgid(group, WaitOptions::NOHANG) {}
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill_group();
    }
}

pub(super) fn ended(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exited(code),
        (None, signal) => Ended::Signalled(signal.unwrap_or_default()),
    }
}

/// Reads to the end, keeps the last [`OUTPUT_KEPT`] bytes.
async fn tail(mut stream: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut chunk).await {
        kept.extend_from_slice(&chunk[..length]);
        if kept.len() > 2 * OUTPUT_KEPT {
            kept.drain(..kept.len() - OUTPUT_KEPT);
        }
    }
    kept.drain(..kept.len().saturating_sub(OUTPUT_KEPT));
    kept
}

/// Becomes the parent of every orphan below this process, once.
fn adopt_orphans() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    });
}

/// Ends every process that clients of this room have left behind. Other runs of this process keep theirs.
pub fn end_all_orphans(room: &Room) {
    let folder = room.folder().as_os_str().as_encoded_bytes();
    end_orphans(|mark| mark.strip_prefix(folder).is_some_and(|rest| rest.starts_with(b"/")));
}

/// Ends adopted processes whose mark is one of those. Whether there was one.
fn end_orphans(is_meant: impl Fn(&[u8]) -> bool) -> bool {
    let mut any = false;
    for _ in 0..ORPHAN_ROUNDS {
        let mut found = false;
        for pid in adopted() {
            if !mark_of(pid).is_some_and(|mark| is_meant(&mark)) {
                continue;
            }
            let Some(pid) = Pid::from_raw(pid) else { continue };
            (found, any) = (true, true);
            let _ = kill_process(pid, Signal::KILL);
            let _ = waitpid(Some(pid), WaitOptions::empty());
        }
        if !found {
            break;
        }
    }
    any
}

/// The process ids of this process's children, adopted ones included.
fn adopted() -> Vec<i32> {
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return Vec::new() };
    threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok())
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<i32>>())
        .collect()
}

/// The mark in a live process's environment. A program that we are still waiting for has it too, but its case is over
/// when this is asked for it.
fn mark_of(pid: i32) -> Option<Vec<u8>> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let mut variables = environment.split(|b| *b == 0);
    variables
        .find_map(|v| v.strip_prefix(CASE_MARK.as_bytes()).and_then(|v| v.strip_prefix(b"=")))
        .map(<[u8]>::to_vec)
}
