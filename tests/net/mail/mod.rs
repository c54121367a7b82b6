//! Sending mail as a library, against scripted servers over loopback.

mod chunking;
mod clear;
mod early;
mod endless;
mod files;
mod letters;
mod losses;
mod names;
mod ordinary;
mod refusals;
#[cfg(feature = "tls")]
mod secured;
mod server;
mod shutdowns;
mod waits;
