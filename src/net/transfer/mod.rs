//! The file transfer over sockets: list, get, put, serve; framed and classic.
//!
//! Specification: `PROTOCOL.md`, on the page of [`crate::transfer`].

mod admission;
mod classic;
pub mod client;
mod get;
mod put;
mod serve;
pub mod server;

pub use put::{LeftOut, Listed};
pub use serve::Log;
