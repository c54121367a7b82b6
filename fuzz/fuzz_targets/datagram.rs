//! Fuzzes the receiver's books of numbered datagrams.

#![no_main]

#[path = "../oracles/datagram.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::check(data));
