//! Bytes that might be a view.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mprun_fuzz::frame(data));
