#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| shakedown::fuzzing::play("mitm", input));
