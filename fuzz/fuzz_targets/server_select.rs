#![no_main]

use shakedown::fuzzing::SERVER_SELECT;

libfuzzer_sys::fuzz_target!(init: SERVER_SELECT.prepare(), |input: &[u8]| {
    SERVER_SELECT.run(input);
});
