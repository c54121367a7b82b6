//! Fuzzes the replies of an SMTP server.

#![no_main]

#[path = "../oracles/smtp_reply.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::check(data));
