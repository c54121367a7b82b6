//! The file transfer over sockets: list, get, put, serve; framed and classic.
//!
//! Specification: `PROTOCOL.md`, on the page of [`crate::transfer`].

mod admission;
mod classic;
pub mod client;
mod get;
mod options;
mod put;
mod run;
mod serve;
pub mod server;

pub use put::{LeftOut, Listed};
pub use serve::Log;

use crate::net::transport::Error;
use std::io;
use std::time::Duration;

/// How long work on local files may take without a byte to or from the peer.
const DISK_WAIT: Duration = Duration::from_secs(600);

/// A nonce: 16 random bytes in hexadecimal.
pub(crate) fn nonce() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::Io("asking for randomness", io::Error::other(error)))?;
    Ok(crate::digest::hex(&bytes))
}
