//! Fuzzes the reader of a ServerHello.

#![no_main]

#[path = "../oracles/server_hello.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::check(data));
