//! The file transfer over sockets: list, get, put, serve; framed and classic.
//!
//! Specification: `PROTOCOL.md`, on the page of [`crate::transfer`].

mod admission;
mod classic;
pub mod client;
mod get;
mod put;
mod run;
mod serve;
pub mod server;

pub use put::{LeftOut, Listed};
pub use serve::Log;

use std::time::Duration;

/// How long work on local files may take without a byte to or from the peer.
const DISK_WAIT: Duration = Duration::from_secs(600);
