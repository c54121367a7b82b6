//! `--limit-rate`: what a peer counts stays below the rate, on every command that moves bytes.

mod commands;
mod relay;
mod usage;
