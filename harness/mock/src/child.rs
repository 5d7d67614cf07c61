//! The program as a child process: its output is read on threads of its own, every wait has an end, and it never
//! outlives its owner.

use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{FinishError, StartError};
use crate::lines::{Connection, Line, Ready, Stopped};

/// Bytes of one line; a transcript is a few thousand.
const LONGEST_LINE: usize = 4 * 1024 * 1024;

/// Connections kept. A test that makes more is a load test, and this is no tool for it.
const MOST_CONNECTIONS: usize = 10_000;

/// Bytes kept of what the program says on standard error.
const MOST_SAID: usize = 16 * 1024;

/// How long a process that is dropped may take to end by itself.
const AFTER_STDIN: Duration = Duration::from_millis(500);

/// How long a killed process may take to be gone.
const AFTER_KILL: Duration = Duration::from_secs(5);

/// What has been read so far.
#[derive(Default)]
struct Seen {
    ready: Option<Ready>,
    connections: Vec<Connection>,
    stopped: Option<Stopped>,
    /// The first line that was not understood.
    fault: Option<String>,
    said: Vec<u8>,
    /// Standard output and error that are still open.
    open: usize,
}

type Shared = Arc<(Mutex<Seen>, Condvar)>;

/// A running `shakedown serve`.
pub struct Running {
    child: Child,
    /// Closing it tells the program to stop. It also closes when this process dies.
    stdin: Option<ChildStdin>,
    shared: Shared,
}

impl Running {
    /// Starts the command and waits for its ready line.
    pub fn start(mut command: Command, timeout: Duration) -> Result<(Self, Ready), StartError> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let program = PathBuf::from(command.get_program());
        let mut child = command.spawn().map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => StartError::ProgramMissing { program: program.clone() },
            _ => StartError::CannotRun { program: program.clone(), source },
        })?;
        let shared = Shared::default();
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        // From here on an early return ends the child: `Running` does so when it is dropped.
        let mut running = Self { child, stdin, shared };
        let cannot_run = |source| StartError::CannotRun { program: program.clone(), source };
        if let Some(stdout) = stdout {
            running.read("stdout", stdout, read_lines).map_err(cannot_run)?;
        }
        if let Some(stderr) = stderr {
            running.read("stderr", stderr, read_said).map_err(cannot_run)?;
        }
        let ready = running.wait_ready(timeout)?;
        Ok((running, ready))
    }

    fn read<R: Read + Send + 'static>(&self, name: &str, pipe: R, how: fn(R, &Shared)) -> io::Result<()> {
        self.seen().open += 1;
        let shared = Arc::clone(&self.shared);
        thread::Builder::new().name(format!("shakedown-mock {name}")).spawn(move || {
            how(pipe, &shared);
            lock(&shared).open -= 1;
            shared.1.notify_all();
        })?;
        Ok(())
    }

    fn wait_ready(&mut self, timeout: Duration) -> Result<Ready, StartError> {
        let seen = self.wait(timeout, |seen| seen.ready.is_some() || seen.fault.is_some() || seen.open == 0);
        let (ready, fault, open) = (seen.ready.clone(), seen.fault.clone(), seen.open);
        drop(seen);
        match (ready, fault) {
            // A later line that is not understood is an error of `stop`.
            (Some(ready), _) => Ok(ready),
            (None, Some(what)) => Err(StartError::NotUnderstood { what, said: self.said() }),
            (None, None) if open == 0 => {
                let status = self.gone(AFTER_KILL).map_or("still running".to_owned(), |s| s.to_string());
                Err(StartError::Ended { status, said: self.said() })
            }
            (None, None) => Err(StartError::NotReady { after: timeout, said: self.said() }),
        }
    }

    /// Tells the program to stop and waits until it is gone. What it saw is complete only if it says so.
    pub fn stop(&mut self, timeout: Duration) -> Result<(Vec<Connection>, Stopped), FinishError> {
        let end = Instant::now() + timeout;
        self.stdin = None;
        drop(self.wait(timeout, |seen| seen.open == 0));
        let status = self.gone(end.saturating_duration_since(Instant::now()));
        let said = self.said();
        let Some(status) = status else {
            self.kill();
            return Err(FinishError::NotStopped { after: timeout, said });
        };
        let mut seen = self.seen();
        if let Some(what) = seen.fault.take() {
            return Err(FinishError::NotUnderstood { what, said });
        }
        let (true, Some(stopped)) = (status.success(), seen.stopped) else {
            return Err(FinishError::Died { status: status.to_string(), said });
        };
        let connections = std::mem::take(&mut seen.connections);
        if connections.len() != stopped.connections {
            let (counted, reported) = (stopped.connections, connections.len());
            return Err(FinishError::LinesMissing { counted, reported });
        }
        Ok((connections, stopped))
    }

    /// The exit status, once there is one.
    fn gone(&mut self, timeout: Duration) -> Option<ExitStatus> {
        let end = Instant::now() + timeout;
        let mut pause = Duration::from_millis(1);
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                // Somebody else has waited for it; there is nothing to wait for.
                Err(_) => return None,
                Ok(None) if Instant::now() >= end => return None,
                Ok(None) => thread::sleep(pause),
            }
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    fn kill(&mut self) {
        // It fails only if the process is gone already.
        let _gone = self.child.kill();
        self.gone(AFTER_KILL);
    }

    /// Waits until the condition holds, at most that long; the caller looks which.
    fn wait(&self, timeout: Duration, until: fn(&Seen) -> bool) -> MutexGuard<'_, Seen> {
        let (_, changed) = &*self.shared;
        let waited = changed.wait_timeout_while(self.seen(), timeout, |seen| !until(seen));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        lock(&self.shared)
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&self.seen().said).into_owned()
    }
}

/// What a command writes to standard output, if it ends well, in time and with no more than a line may have.
pub fn output(mut command: Command, timeout: Duration) -> Result<Vec<u8>, String> {
    let program = PathBuf::from(command.get_program());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
    let stdout = child.stdout.take();
    let mut ending = Running { child, stdin: None, shared: Shared::default() };
    // A full pipe would block it for ever, and so would reading for ever block us: the reader gets a thread.
    let (send, receive) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let limit = u64::try_from(LONGEST_LINE).unwrap_or(u64::MAX);
        let read = stdout.map_or(Ok(0), |pipe| pipe.take(limit).read_to_end(&mut bytes));
        // Nobody waits any more if the time is over.
        let _over = send.send(read.map(|_| bytes));
    });
    let bytes = receive.recv_timeout(timeout).map_err(|_| "it did not answer in time".to_owned())?;
    match ending.gone(AFTER_KILL) {
        Some(status) if status.success() => bytes.map_err(|error| error.to_string()),
        Some(status) => Err(format!("{} ended with {status}", program.display())),
        None => Err(format!("{} did not end", program.display())),
    }
}

impl Drop for Running {
    /// Who wants to know what it saw calls `stop` first.
    fn drop(&mut self) {
        self.stdin = None;
        // It takes its folder along, if nothing keeps it from ending.
        if self.gone(AFTER_STDIN).is_none() {
            self.kill();
        }
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, Seen> {
    shared.0.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads to the end whatever comes, so that the program never blocks on a full pipe.
fn read_lines(pipe: impl Read, shared: &Shared) {
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    loop {
        line.clear();
        let limit = u64::try_from(LONGEST_LINE).unwrap_or(u64::MAX);
        match pipe.by_ref().take(limit).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let mut seen = lock(shared);
        if seen.fault.is_none()
            && let Err(fault) = take_line(&line, &mut seen)
        {
            seen.fault = Some(fault);
        }
        drop(seen);
        shared.1.notify_all();
    }
}

fn take_line(line: &[u8], seen: &mut Seen) -> Result<(), String> {
    let text = String::from_utf8_lossy(line);
    let shown = || text.trim_end().chars().take(200).collect::<String>();
    if line.last() != Some(&b'\n') {
        return Err(format!("a line without an end, {} bytes long: {:?}", line.len(), shown()));
    }
    match serde_json::from_slice(line).map_err(|error| format!("{error} in the line {:?}", shown()))? {
        Line::Ready(ready) => seen.ready = Some(ready),
        Line::Connection(_) if seen.connections.len() >= MOST_CONNECTIONS => {
            return Err(format!("more than {MOST_CONNECTIONS} connections"));
        }
        Line::Connection(connection) => seen.connections.push(*connection),
        Line::Stopped(stopped) => seen.stopped = Some(stopped),
        Line::Unknown => {}
    }
    Ok(())
}

fn read_said(mut pipe: impl Read, shared: &Shared) {
    let mut buffer = [0; 4096];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => {
                let mut seen = lock(shared);
                // The last words tell most.
                seen.said.extend_from_slice(buffer.get(..count).unwrap_or_default());
                let surplus = seen.said.len().saturating_sub(MOST_SAID);
                seen.said.drain(..surplus);
            }
        }
    }
}
