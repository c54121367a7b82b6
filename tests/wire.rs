//! The file server over loopback, against a peer that writes its frames by hand: what a stranger's
//! client sees.
//!
//! Specification: PROTOCOL.md.
#![cfg(feature = "net")]

#[path = "wire/faults.rs"]
mod faults;
#[path = "robust/peer.rs"]
mod peer;
#[path = "wire/server.rs"]
mod server;
#[path = "wire/standing.rs"]
mod standing;
