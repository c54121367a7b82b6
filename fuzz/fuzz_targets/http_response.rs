//! Fuzzes the client's side of an HTTP exchange.

#![no_main]

#[path = "../oracles/http_response.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::check(data));
