#![no_main]

use shakedown::fuzzing::MUST_CRASH;

libfuzzer_sys::fuzz_target!(init: MUST_CRASH.prepare(), |input: &[u8]| {
    MUST_CRASH.run(input);
});
