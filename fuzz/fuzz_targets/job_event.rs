#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| parsers::check("job_event", input));
