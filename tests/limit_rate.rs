//! `--limit-rate`: what a peer counts stays below the rate, on every command that moves bytes.

#![cfg(feature = "cli")]

#[path = "shared/bytes.rs"]
mod bytes;
#[path = "shared/command.rs"]
mod command;
#[path = "limit_rate/commands.rs"]
mod commands;
#[cfg(feature = "tls")]
#[path = "shared/installed.rs"]
mod installed;
#[path = "cli_transfer/process.rs"]
mod process;
#[path = "limit_rate/relay.rs"]
mod relay;
#[path = "limit_rate/usage.rs"]
mod usage;
