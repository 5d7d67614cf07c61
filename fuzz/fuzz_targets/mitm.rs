#![no_main]

use shakedown::fuzzing::MITM;

libfuzzer_sys::fuzz_target!(init: MITM.prepare(), |input: &[u8]| {
    MITM.run(input);
});
