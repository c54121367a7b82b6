//! Peers that say what would harm a terminal, or cost memory: what the command prints, and what it
//! holds.
#![cfg(all(feature = "cli", target_os = "linux"))]

#[path = "shared/command.rs"]
mod command;
#[path = "hostile/memory.rs"]
mod memory;
#[path = "cli_transfer/process.rs"]
mod process;
#[path = "robust/memory.rs"]
mod resident;
#[path = "hostile/servers.rs"]
mod servers;
#[path = "hostile/texts.rs"]
mod texts;
