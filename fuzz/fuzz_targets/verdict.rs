#![no_main]
libfuzzer_sys::fuzz_target!(init: shakedown::fuzzing::prepare("verdict"), |input: &[u8]| shakedown_fuzz::play("verdict", input));
