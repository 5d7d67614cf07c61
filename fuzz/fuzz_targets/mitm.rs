#![no_main]
libfuzzer_sys::fuzz_target!(init: shakedown::fuzzing::prepare("mitm"), |input: &[u8]| shakedown_fuzz::play("mitm", input));
