//! The limit of open files.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::complain;

/// Descriptors that are not connections.
const OTHER_DESCRIPTORS: u64 = 64;

/// Raises the limit of descriptors as far as that goes, and says so where it does not go far enough for so many connections.
pub(super) fn room_for_connections(most: u32) -> usize {
    let most = u64::from(most);
    let wanted = most + OTHER_DESCRIPTORS;
    let limit = getrlimit(Resource::Nofile);
    let highest = limit.maximum.unwrap_or(u64::MAX);
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit { current: Some(wanted.min(highest).max(limit.current.unwrap_or(0))), maximum: limit.maximum },
    );
    let have = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let room = have.saturating_sub(OTHER_DESCRIPTORS).clamp(1, most);
    if room < most {
        complain(format!(
            "room for {room} connections at a time: the limit of open files is {have} (ulimit -n)"
        ));
    }
    usize::try_from(room).unwrap_or(usize::MAX)
}
