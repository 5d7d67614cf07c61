#![no_main]
libfuzzer_sys::fuzz_target!(init: shakedown::fuzzing::prepare("scenario_parse"), |input: &[u8]| shakedown::fuzzing::play("scenario_parse", input));
