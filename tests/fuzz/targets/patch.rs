//! Bytes that might be two views, one after the other.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mprun_fuzz::patch(data));
