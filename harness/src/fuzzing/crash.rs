//! The target that has to crash.

use super::Seen;

/// Two steps that a fuzzer without feedback from the compiler would not take in its lifetime.
pub(super) fn must_crash(input: &[u8]) -> Seen {
    let Some((word, rest)) = input.split_first_chunk::<4>() else { return Seen::new("short") };
    if word != b"TLS\x03" {
        return Seen::new("another word");
    }
    assert!(rest.first() != Some(&0x04), "ORACLE self-test: found, as it has to be");
    Seen::new("the word")
}
