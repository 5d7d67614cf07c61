#![no_main]

use shakedown::fuzzing::CODEC_BYTES;

libfuzzer_sys::fuzz_target!(init: CODEC_BYTES.prepare(), |input: &[u8]| {
    CODEC_BYTES.run(input);
});
