//! SIGINT and SIGTERM.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Turns true on SIGINT or SIGTERM: the run ends, and what was learned is printed.
pub fn signals() -> watch::Receiver<bool> {
    let (interrupt, interrupted) = watch::channel(false);
    tokio::spawn(async move {
        let (Ok(mut int), Ok(mut term)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        else {
            return;
        };
        tokio::select! {
            _ = int.recv() => {}
            _ = term.recv() => {}
        }
        interrupt.send_replace(true);
        // Kept, so that nobody who waits takes the end of this task for an interruption.
        interrupt.closed().await;
    });
    interrupted
}
