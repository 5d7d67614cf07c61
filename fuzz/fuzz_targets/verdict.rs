#![no_main]

use shakedown::fuzzing::VERDICT;

libfuzzer_sys::fuzz_target!(init: VERDICT.prepare(), |input: &[u8]| {
    VERDICT.run(input);
});
