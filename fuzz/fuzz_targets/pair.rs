//! Fuzzes a client and a server over a bad link, and each of them against a hostile peer.

#![no_main]

#[path = "../oracles/pair.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::check(data));
