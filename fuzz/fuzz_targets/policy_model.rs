#![no_main]
libfuzzer_sys::fuzz_target!(init: shakedown::fuzzing::prepare("policy_model"), |input: &[u8]| shakedown_fuzz::play("policy_model", input));
