//! Fuzzes the reader of frames and messages.

#![no_main]

#[path = "../oracles/frame.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::check(data));
