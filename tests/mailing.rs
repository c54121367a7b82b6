//! Sending mail as a library, against scripted servers over loopback.
#![cfg(feature = "net")]

#[path = "mailing/chunking.rs"]
mod chunking;
#[path = "mailing/clear.rs"]
mod clear;
#[path = "mailing/endless.rs"]
mod endless;
#[path = "mailing/files.rs"]
mod files;
#[path = "mailing/letters.rs"]
mod letters;
#[path = "shared/listening.rs"]
mod listening;
#[path = "mailing/losses.rs"]
mod losses;
#[path = "mailing/names.rs"]
mod names;
#[path = "mailing/ordinary.rs"]
mod ordinary;
#[path = "mailing/refusals.rs"]
mod refusals;
#[cfg(feature = "tls")]
#[path = "mailing/secured.rs"]
mod secured;
#[path = "mailing/server.rs"]
mod server;
#[path = "mailing/shutdowns.rs"]
mod shutdowns;
#[path = "mailing/waits.rs"]
mod waits;
