//! wirewright: network protocols by hand, as state machines without I/O.

#![forbid(unsafe_code)]

pub mod buffer;
pub mod envelope;
pub mod error;
#[cfg(feature = "net")]
pub mod net;
pub mod session;
pub mod transfer;
