//! Fuzzes URLs, references, redirects and requests.

#![no_main]

#[path = "../oracles/http_request.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::check(data));
