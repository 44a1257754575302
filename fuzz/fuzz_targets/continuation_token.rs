#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| parsers::check("continuation_token", input));
