//! Fuzzes the names that downloads get out of URLs.

#![no_main]

#[path = "../oracles/http_naming.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::check(data));
