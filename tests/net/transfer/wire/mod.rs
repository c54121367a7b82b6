//! The file server over loopback, against a peer that writes its frames by hand: what a stranger's
//! client sees.
//!
//! Specification: PROTOCOL.md.

mod faults;
mod server;
mod standing;
