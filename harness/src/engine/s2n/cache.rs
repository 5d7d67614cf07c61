//! A server's sessions by id: the library leaves it to its caller to keep them, sealed with the key of its tickets.
#![expect(unsafe_code, reason = "s2n is a C library; each block states why it is sound")]

use std::collections::{HashMap, VecDeque};
use std::ffi::{c_int, c_void};
use std::ptr;
use std::slice;
use std::sync::{Mutex, MutexGuard, PoisonError};

use s2n_tls_sys as ffi;

/// Sessions kept at most; a session takes some 150 bytes.
const SESSIONS: usize = 1024;

/// Shared by the connections of a configuration, whichever threads they are on.
#[derive(Default)]
pub(super) struct Cache(Mutex<Sessions>);

#[derive(Default)]
struct Sessions {
    by_id: HashMap<Vec<u8>, Vec<u8>>,
    /// Oldest first.
    ids: VecDeque<Vec<u8>>,
}

impl Sessions {
    fn remove(&mut self, id: &[u8]) {
        if self.by_id.remove(id).is_some() {
            self.ids.retain(|other| other != id);
        }
    }

    fn store(&mut self, id: &[u8], session: &[u8]) {
        self.remove(id);
        if self.ids.len() == SESSIONS
            && let Some(oldest) = self.ids.pop_front()
        {
            self.by_id.remove(&oldest);
        }
        self.ids.push_back(id.to_vec());
        self.by_id.insert(id.to_vec(), session.to_vec());
    }
}

impl Cache {
    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// # Safety
/// `context` is a cache that outlives the call, and `bytes` that many bytes.
unsafe fn parts<'a>(
    context: *mut c_void,
    bytes: *const c_void,
    length: u64,
) -> Option<(&'a Cache, &'a [u8])> {
    let length = usize::try_from(length).ok()?;
    // SAFETY: the caller's.
    unsafe {
        let cache = context.cast::<Cache>().as_ref()?;
        let bytes = bytes.cast::<u8>().as_ref()?;
        Some((cache, slice::from_raw_parts(bytes, length)))
    }
}

/// How long the library would have a session kept does not count: it looks at the age of each itself.
pub(super) unsafe extern "C" fn store(
    _: *mut ffi::s2n_connection,
    context: *mut c_void,
    _: u64,
    id: *const c_void,
    id_length: u64,
    session: *const c_void,
    length: u64,
) -> c_int {
    // SAFETY: the configuration of the connection holds the cache, and the library hands its own bytes.
    let (Some((cache, id)), Some((_, session))) =
        (unsafe { (parts(context, id, id_length), parts(context, session, length)) })
    else {
        return -1;
    };
    cache.sessions().store(id, session);
    0
}

pub(super) unsafe extern "C" fn retrieve(
    _: *mut ffi::s2n_connection,
    context: *mut c_void,
    id: *const c_void,
    id_length: u64,
    out: *mut c_void,
    length: *mut u64,
) -> c_int {
    // SAFETY: as in `store`.
    let Some((cache, id)) = (unsafe { parts(context, id, id_length) }) else { return -1 };
    let sessions = cache.sessions();
    let Some(session) = sessions.by_id.get(id) else { return -1 };
    // SAFETY: the library says how much room there is behind `out`, and its bytes are not ours.
    unsafe {
        let (Some(length), Ok(own)) = (length.as_mut(), u64::try_from(session.len())) else { return -1 };
        if out.is_null() || own > *length {
            return -1;
        }
        ptr::copy_nonoverlapping(session.as_ptr(), out.cast(), session.len());
        *length = own;
    }
    0
}

pub(super) unsafe extern "C" fn delete(
    _: *mut ffi::s2n_connection,
    context: *mut c_void,
    id: *const c_void,
    id_length: u64,
) -> c_int {
    // SAFETY: as in `store`.
    let Some((cache, id)) = (unsafe { parts(context, id, id_length) }) else { return -1 };
    cache.sessions().remove(id);
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_session_makes_room() {
        let mut sessions = Sessions::default();
        let id = |number: usize| number.to_be_bytes();
        for number in 0..=SESSIONS {
            sessions.store(&id(number), b"session");
        }
        assert_eq!((sessions.by_id.len(), sessions.ids.len()), (SESSIONS, SESSIONS));
        assert!(!sessions.by_id.contains_key(&id(0)[..]) && sessions.by_id.contains_key(&id(SESSIONS)[..]));
        // The same id again is no more room.
        sessions.store(&id(1), b"another");
        assert_eq!((sessions.by_id.len(), sessions.ids.len()), (SESSIONS, SESSIONS));
        assert_eq!(sessions.by_id[&id(1)[..]], b"another");
        sessions.remove(&id(1));
        sessions.remove(&id(1));
        assert_eq!((sessions.by_id.len(), sessions.ids.len()), (SESSIONS - 1, SESSIONS - 1));
    }
}
