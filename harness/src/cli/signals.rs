//! SIGINT and SIGTERM.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Turns true on SIGINT or SIGTERM: the run ends, and what was learned is printed.
///
/// Both are caught when this returns, and not only when the task behind it has its first turn: until then a signal would
/// end the program without a word.
pub fn signals() -> watch::Receiver<bool> {
    let (interrupt, interrupted) = watch::channel(false);
    let (int, term) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    tokio::spawn(async move {
        let (Ok(mut int), Ok(mut term)) = (int, term) else {
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
