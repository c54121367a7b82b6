//! Fuzzes the variables that name proxies.

#![no_main]

#[path = "../oracles/http_proxy.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::check(data));
