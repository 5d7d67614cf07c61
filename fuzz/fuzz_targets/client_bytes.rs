#![no_main]

use shakedown::fuzzing::CLIENT_BYTES;

libfuzzer_sys::fuzz_target!(init: CLIENT_BYTES.prepare(), |input: &[u8]| {
    CLIENT_BYTES.run(input);
});
libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max: usize, seed: u32| {
    shakedown::fuzzing::mutate(1, data, size, max, seed, &mut libfuzzer_sys::fuzzer_mutate)
});
