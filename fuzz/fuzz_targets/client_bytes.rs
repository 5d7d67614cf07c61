#![no_main]
libfuzzer_sys::fuzz_target!(init: shakedown::fuzzing::prepare("client_bytes"), |input: &[u8]| shakedown_fuzz::play("client_bytes", input));
libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max: usize, seed: u32| {
    shakedown::fuzzing::mutate(1, data, size, max, seed, &mut libfuzzer_sys::fuzzer_mutate)
});
