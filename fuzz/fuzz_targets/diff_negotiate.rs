#![no_main]

use shakedown::fuzzing::DIFF_NEGOTIATE;

libfuzzer_sys::fuzz_target!(init: DIFF_NEGOTIATE.prepare(), |input: &[u8]| shakedown_fuzz::play(&DIFF_NEGOTIATE, input));
