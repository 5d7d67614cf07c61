#![no_main]
libfuzzer_sys::fuzz_target!(init: shakedown::fuzzing::prepare("server_select"), |input: &[u8]| shakedown::fuzzing::play("server_select", input));
