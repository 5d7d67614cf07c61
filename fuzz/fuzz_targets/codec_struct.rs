#![no_main]
libfuzzer_sys::fuzz_target!(init: shakedown::fuzzing::prepare("codec_struct"), |input: &[u8]| shakedown_fuzz::play("codec_struct", input));
