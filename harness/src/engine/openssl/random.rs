//! OpenSSL's random numbers out of the current engine's stream. `unsafe`: a table of C callbacks.
#![expect(unsafe_code, reason = "RAND_set_rand_method has no safe form")]

use std::ffi::{c_double, c_int, c_void};
use std::slice;
use std::sync::Once;

use super::super::seeded;

/// `struct rand_meth_st` of `openssl/types.h`, the same since 1.0.
#[repr(C)]
struct Method {
    seed: Option<extern "C" fn(*const c_void, c_int) -> c_int>,
    bytes: Option<extern "C" fn(*mut u8, c_int) -> c_int>,
    cleanup: Option<extern "C" fn()>,
    add: Option<extern "C" fn(*const c_void, c_int, c_double) -> c_int>,
    pseudorand: Option<extern "C" fn(*mut u8, c_int) -> c_int>,
    status: Option<extern "C" fn() -> c_int>,
}

unsafe extern "C" {
    /// Deprecated since 3.0 and still there: the alternative is a provider of our own.
    fn RAND_set_rand_method(method: *const Method) -> c_int;
    /// The library's own generator, which draws from the system.
    fn RAND_OpenSSL() -> *const Method;
}

static SEEDED: Method = Method {
    seed: None,
    bytes: Some(fill),
    cleanup: None,
    add: None,
    pseudorand: Some(fill),
    status: Some(is_ready),
};

/// From now on the library asks the stream of the engine that runs, and its own generator where none does.
pub(super) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        openssl::init();
        // SAFETY: the table is a static of the layout that the library expects, and its functions bear any call.
        let _ = unsafe { RAND_set_rand_method(&raw const SEEDED) };
    });
}

extern "C" fn fill(out: *mut u8, length: c_int) -> c_int {
    let Ok(wanted) = usize::try_from(length) else { return 0 };
    if wanted == 0 {
        return 1;
    }
    if out.is_null() {
        return 0;
    }
    // SAFETY: the library hands a buffer of that length, which nobody else has during the call.
    let buffer = unsafe { slice::from_raw_parts_mut(out, wanted) };
    if seeded::fill(buffer) {
        return 1;
    }
    // SAFETY: the library's own table is a static of this layout.
    let own = unsafe { RAND_OpenSSL().as_ref() }.and_then(|method| method.bytes);
    own.map_or(0, |bytes| bytes(out, length))
}

extern "C" fn is_ready() -> c_int {
    1
}
