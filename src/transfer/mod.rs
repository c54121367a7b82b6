//! Files over TCP as length-prefixed JSON with a base64 payload, and the classic unframed wire.
//!
//! ```text
//!   bytes ─▶ frame ─▶ envelope ─▶ message ─▶ client | server ─▶ events ─▶ application
//!            length   (its room)  typed      order, states     │
//!                                            sender, receiver ─┘ offsets, checksums, digest
//! ```
//!
//! The specification is `PROTOCOL.md`, which follows. [`reader`] turns bytes into messages and runs
//! of payload; [`sender`] and [`receiver`] each know one file on its way; [`client`] and [`server`]
//! are the two sides of a connection, as sessions; [`classic`] is the wire without frames;
//! [`transcript`] reads a conversation along and puts it into words.
#![doc = include_str!("PROTOCOL.md")]

pub mod classic;
pub mod client;
pub mod config;
pub mod digest;
pub mod frame;
pub mod message;
pub mod name;
pub mod reader;
pub mod receiver;
pub mod sender;
pub mod server;
pub mod token;
pub mod transcript;
