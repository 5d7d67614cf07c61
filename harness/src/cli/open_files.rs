//! The limit of open files.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors beside those of connections: pipes, files, libraries.
const OTHERS: u64 = 64;

/// Raises the limit as far as that goes. How many connections there is room for then.
pub(super) fn raise(connections: u64) -> u64 {
    let wanted = connections + OTHERS;
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX);
    let current = Some(wanted.min(most).max(limit.current.unwrap_or(0)));
    // What cannot be raised shows below.
    let _ = setrlimit(Resource::Nofile, Rlimit { current, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX).saturating_sub(OTHERS)
}
