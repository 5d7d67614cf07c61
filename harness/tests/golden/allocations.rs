//! Counts the calls for memory of this thread, those of the C libraries included: the C library's functions of that name are
//! taken over, which a program may do (glibc manual, "Replacing malloc"), and handed on.
#![expect(unsafe_code, reason = "the C library's functions are taken over")]

use std::cell::Cell;
use std::ffi::{c_int, c_void};

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

/// Calls of this thread so far.
pub fn calls() -> u64 {
    CALLS.get()
}

fn count() {
    CALLS.set(CALLS.get() + 1);
}

unsafe extern "C" {
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
    fn __libc_realloc(old: *mut c_void, size: usize) -> *mut c_void;
    fn __libc_memalign(alignment: usize, size: usize) -> *mut c_void;
}

// SAFETY, of all: the callers keep to the contract of the function of that name, and it is handed on as it came.

#[unsafe(no_mangle)]
unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
    count();
    unsafe { __libc_malloc(size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn calloc(number: usize, size: usize) -> *mut c_void {
    count();
    unsafe { __libc_calloc(number, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(old: *mut c_void, size: usize) -> *mut c_void {
    count();
    unsafe { __libc_realloc(old, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memalign(alignment: usize, size: usize) -> *mut c_void {
    count();
    unsafe { __libc_memalign(alignment, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void {
    count();
    unsafe { __libc_memalign(alignment, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn posix_memalign(out: *mut *mut c_void, alignment: usize, size: usize) -> c_int {
    /// Of `errno.h`.
    const ENOMEM: c_int = 12;
    count();
    let memory = unsafe { __libc_memalign(alignment, size) };
    if memory.is_null() {
        return ENOMEM;
    }
    unsafe { out.write(memory) };
    0
}
