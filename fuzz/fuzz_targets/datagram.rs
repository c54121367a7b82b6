//! Fuzzes the receiver's statistics of numbered datagrams, and files received as datagrams.

#![no_main]

#[path = "../oracles/datagram.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::check(data));
