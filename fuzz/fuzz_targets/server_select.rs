#![no_main]
libfuzzer_sys::fuzz_target!(init: shakedown::fuzzing::prepare("server_select"), |input: &[u8]| shakedown_fuzz::play("server_select", input));
