//! SIGINT and SIGTERM stop, the second time at once; SIGHUP reads the policy again; so does the end of standard input stop,
//! if it is asked for.

use std::io::{self, Read};
use std::sync::{Arc, PoisonError};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};

use crate::serve::{Line, Reloaded};

use super::super::exit::Exit;
use super::plan::Plan;
use super::{SharedStaged, complain};

pub(super) struct Signals {
    stop: watch::Receiver<bool>,
    again: watch::Receiver<bool>,
    reloading: Option<tokio::task::JoinHandle<()>>,
}

impl Signals {
    pub(super) fn listen(with_stdin: bool) -> Result<Self, Exit> {
        let of = |kind| signal(kind).map_err(|e| Exit::harness(format!("cannot watch for signals: {e}")));
        let (mut int, mut term) = (of(SignalKind::interrupt())?, of(SignalKind::terminate())?);
        let (stop_sender, stop) = watch::channel(false);
        let (again_sender, again) = watch::channel(false);
        if with_stdin {
            let stop_sender = stop_sender.clone();
            // A thread of its own: nothing ends a read of standard input but its end.
            std::thread::spawn(move || {
                let mut scratch = [0; 1024];
                while matches!(io::stdin().read(&mut scratch), Ok(length) if length > 0) {}
                stop_sender.send_replace(true);
            });
        }
        tokio::spawn(async move {
            either(&mut int, &mut term).await;
            stop_sender.send_replace(true);
            either(&mut int, &mut term).await;
            again_sender.send_replace(true);
            // Kept, so that nobody who waits takes the end of this task for a signal.
            again_sender.closed().await;
        });
        Ok(Self { stop, again, reloading: None })
    }

    pub(super) fn stop(&self) -> watch::Receiver<bool> {
        self.stop.clone()
    }

    /// Ends at the second signal.
    pub(super) async fn second(&self) {
        if self.again.clone().wait_for(|again| *again).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// From now on SIGHUP replaces what is played. A policy that cannot be read or played leaves the old one, and is told in
    /// one line on standard error.
    pub(super) fn reload_with(&mut self, plan: Plan, staged: SharedStaged, lines: mpsc::Sender<Line>) {
        let Ok(mut hangups) = signal(SignalKind::hangup()) else { return };
        self.reloading = Some(tokio::spawn(async move {
            let plan = Arc::new(plan);
            while hangups.recv().await.is_some() {
                let again = Arc::clone(&plan);
                // It reads files and opens a stack.
                let read = tokio::task::spawn_blocking(move || again.stage()).await;
                let error = match read {
                    Ok(Ok((new, told))) => {
                        let reloaded =
                            Reloaded { policy: new.stage.policy.id.clone(), left_out: told.left_out };
                        *staged.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
                        let _ = lines.send(Line::Reloaded(reloaded)).await;
                        continue;
                    }
                    Ok(Err(exit)) => exit.message().unwrap_or("unknown error").to_owned(),
                    Err(error) => error.to_string(),
                };
                complain(format!("kept the old policy: {}", crate::report::printable(&error)));
            }
        }));
    }
}

impl Signals {
    /// Lets go of the lines.
    pub(super) fn stop_reloading(&mut self) {
        if let Some(task) = &self.reloading {
            task.abort();
        }
    }
}

async fn either(a: &mut Signal, b: &mut Signal) {
    tokio::select! {
        _ = a.recv() => {}
        _ = b.recv() => {}
    }
}
