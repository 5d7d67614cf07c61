//! OpenSSL's random numbers out of the current engine's stream. `unsafe`: a table of C callbacks.
#![expect(unsafe_code, reason = "RAND_set_rand_method has no safe form")]

use std::ffi::{c_double, c_int, c_void};
use std::ptr;
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
///
/// # Panics
/// If the library does not take the table: what is then played would be another handshake every time.
pub(super) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        openssl::init();
        // SAFETY: the table is a static of the layout that the library expects, and its functions bear any call.
        let taken = unsafe { RAND_set_rand_method(&raw const SEEDED) };
        assert!(taken == 1, "OpenSSL takes no other source of random numbers");
    });
}

/// Bytes that are copied at a time: whole words of the stream, so that it gives the same ones however many are asked for.
const PART: usize = 256;

extern "C" fn fill(out: *mut u8, length: c_int) -> c_int {
    let Ok(wanted) = usize::try_from(length) else { return 0 };
    if wanted == 0 {
        return 1;
    }
    if out.is_null() {
        return 0;
    }
    let mut part = [0; PART];
    let mut at = 0;
    while at < wanted {
        let length = PART.min(wanted - at);
        if !seeded::fill(&mut part[..length]) {
            break;
        }
        // SAFETY: the library hands a buffer of `wanted` bytes, which nobody else has during the call. They may never have been
        // written, so there is no slice of them.
        unsafe { ptr::copy_nonoverlapping(part.as_ptr(), out.add(at), length) };
        at += length;
    }
    if at == wanted {
        return 1;
    }
    // SAFETY: the library's own table is a static of this layout.
    let own = unsafe { RAND_OpenSSL().as_ref() }.and_then(|method| method.bytes);
    own.map_or(0, |bytes| bytes(out, length))
}

extern "C" fn is_ready() -> c_int {
    1
}

#[cfg(test)]
mod tests {
    use std::mem::MaybeUninit;

    use super::*;

    /// Across the border of a part, into memory that nobody wrote before, and not a byte behind it.
    #[test]
    fn the_library_gets_the_stream_of_the_engine_byte_for_byte() {
        for wanted in [0, 1, 8, 31, PART - 1, PART, PART + 1, 3 * PART + 5] {
            let mut expected = vec![0; wanted];
            seeded::within(&mut 7, || assert!(seeded::fill(&mut expected)));
            let mut memory: Vec<MaybeUninit<u8>> = vec![MaybeUninit::uninit(); wanted];
            memory.push(MaybeUninit::new(0xA5));
            let length = c_int::try_from(wanted).expect("it is small");
            let told = seeded::within(&mut 7, || fill(memory.as_mut_ptr().cast(), length));
            assert_eq!(told, 1);
            // SAFETY: `fill` says that it wrote the first ones, and the last one was written above.
            let written: Vec<u8> = memory.iter().map(|byte| unsafe { byte.assume_init() }).collect();
            assert_eq!(written[..wanted], expected);
            assert_eq!(written[wanted], 0xA5);
        }
    }

    #[test]
    fn without_a_stream_the_library_draws_from_its_own() {
        let (mut first, mut second) = ([0; 32], [0; 32]);
        assert_eq!((fill(first.as_mut_ptr(), 32), fill(second.as_mut_ptr(), 32)), (1, 1));
        assert_ne!(first, second);
        assert_eq!(fill(first.as_mut_ptr(), -1), 0);
        assert_eq!(fill(ptr::null_mut(), 4), 0);
    }
}
