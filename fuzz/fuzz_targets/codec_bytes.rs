#![no_main]
libfuzzer_sys::fuzz_target!(init: shakedown::fuzzing::prepare("codec_bytes"), |input: &[u8]| shakedown_fuzz::play("codec_bytes", input));
