//! Fuzzes the client session of HTTP.

#![no_main]

#[path = "../oracles/http_response.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::check(data));
