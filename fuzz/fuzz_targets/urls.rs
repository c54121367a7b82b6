//! Fuzzes URLs that name a server.

#![no_main]

#[path = "../oracles/urls.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::check(data));
