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

#[cfg(test)]
mod tests {
    use rustix::process::{Signal, getpid, kill_process};

    use super::*;

    /// Without a turn of the task in between: were the signal not caught yet, it would end this process.
    #[test]
    fn a_signal_right_behind_is_caught() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut interrupted = signals();
            kill_process(getpid(), Signal::TERM).unwrap();
            assert!(interrupted.wait_for(|is_interrupted| *is_interrupted).await.is_ok());
        });
    }
}
