//! Fuzzes dot-stuffing of SMTP messages.

#![no_main]

#[path = "../oracles/smtp_data.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::check(data));
