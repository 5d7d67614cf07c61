#![no_main]
libfuzzer_sys::fuzz_target!(init: shakedown::fuzzing::prepare("scenario_parse"), |input: &[u8]| shakedown_fuzz::play("scenario_parse", input));
