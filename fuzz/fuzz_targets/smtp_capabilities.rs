//! Fuzzes what a server offers in its reply to EHLO.

#![no_main]

#[path = "../oracles/smtp_capabilities.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::check(data));
