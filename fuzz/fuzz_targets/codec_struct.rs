#![no_main]

use shakedown::fuzzing::CODEC_STRUCT;

libfuzzer_sys::fuzz_target!(init: CODEC_STRUCT.prepare(), |input: &[u8]| {
    CODEC_STRUCT.run(input);
});
