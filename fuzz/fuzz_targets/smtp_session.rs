//! Fuzzes the client session of SMTP.

#![no_main]

#[path = "../oracles/smtp_session.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::check(data));
