#![no_main]
libfuzzer_sys::fuzz_target!(init: shakedown::fuzzing::prepare("must_crash"), |input: &[u8]| shakedown_fuzz::play("must_crash", input));
