#![no_main]
libfuzzer_sys::fuzz_target!(init: shakedown::fuzzing::prepare("diff_negotiate"), |input: &[u8]| shakedown_fuzz::play("diff_negotiate", input));
