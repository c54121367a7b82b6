//! Fuzzes the builder of mail messages.

#![no_main]

#[path = "../oracles/mime.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::check(data));
