#![no_main]

use shakedown::fuzzing::POLICY_MODEL;

libfuzzer_sys::fuzz_target!(init: POLICY_MODEL.prepare(), |input: &[u8]| {
    POLICY_MODEL.run(input);
});
