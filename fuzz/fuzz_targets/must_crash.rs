#![no_main]

use shakedown::fuzzing::MUST_CRASH;

libfuzzer_sys::fuzz_target!(init: MUST_CRASH.prepare(), |input: &[u8]| shakedown_fuzz::play(&MUST_CRASH, input));
