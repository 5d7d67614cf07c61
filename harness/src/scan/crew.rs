//! A bounded number of threads that ask at the same time.

use std::sync::Mutex;
use std::sync::PoisonError;

use super::ask::{Asker, Counters, Patience};
use super::peer::Server;
use super::trouble::Trouble;

/// Who asks, whom, and how patiently.
pub struct Crew<'a> {
    pub server: &'a dyn Server,
    pub jobs: usize,
    pub counters: &'a Counters,
    pub patience: Patience,
}

/// One piece of work.
pub type Task<'t, T> = Box<dyn FnOnce(&mut Asker<'_>) -> T + Send + 't>;

impl Crew<'_> {
    /// Does all of it, in the given order as far as there are hands; the results are in that order.
    ///
    /// # Errors
    ///
    /// If no thread could be set up.
    pub fn all<T: Send>(&self, tasks: Vec<Task<'_, T>>) -> Result<Vec<T>, Trouble> {
        let jobs = self.jobs.clamp(1, tasks.len().max(1));
        let mut results: Vec<Option<T>> = tasks.iter().map(|_| None).collect();
        let queue = Mutex::new(tasks.into_iter().zip(&mut results));
        std::thread::scope(|scope| {
            for _ in 0..jobs {
                scope.spawn(|| {
                    // The others do its share; without any the results are missing.
                    let Ok(peer) = self.server.peer() else { return };
                    let mut asker = Asker::new(peer, self.counters, self.patience);
                    loop {
                        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                        let Some((task, result)) = next else { return };
                        *result = Some(task(&mut asker));
                    }
                });
            }
        });
        drop(queue);
        results.into_iter().collect::<Option<Vec<T>>>().ok_or(Trouble::Unreachable)
    }
}
