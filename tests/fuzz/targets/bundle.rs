//! Bytes that might be a bundle, or the content of one of its sections.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mprun_fuzz::bundle(data));
