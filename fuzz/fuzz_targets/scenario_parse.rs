#![no_main]

use shakedown::fuzzing::SCENARIO_PARSE;

libfuzzer_sys::fuzz_target!(init: SCENARIO_PARSE.prepare(), |input: &[u8]| {
    SCENARIO_PARSE.run(input);
});
