#![no_main]

use shakedown::fuzzing::SERVER_BYTES;

libfuzzer_sys::fuzz_target!(init: SERVER_BYTES.prepare(), |input: &[u8]| {
    SERVER_BYTES.run(input);
});
libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max: usize, seed: u32| {
    shakedown::fuzzing::mutate(1, data, size, max, seed, &mut libfuzzer_sys::fuzzer_mutate)
});
