#![no_main]

use shakedown::fuzzing::DIFF_NEGOTIATE;

libfuzzer_sys::fuzz_target!(init: DIFF_NEGOTIATE.prepare(), |input: &[u8]| {
    DIFF_NEGOTIATE.run(input);
});
