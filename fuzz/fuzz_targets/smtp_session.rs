//! Fuzzes the client's side of an SMTP conversation.

#![no_main]

#[path = "../oracles/smtp_session.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::check(data));
