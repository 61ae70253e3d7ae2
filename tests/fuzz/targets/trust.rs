//! Texts that might be keys, signatures, rotations or a trust file.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mprun_fuzz::trust(data));
