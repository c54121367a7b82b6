//! Fuzzes the grammar of names.

#![no_main]

#[path = "../oracles/names.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::check(data));
