//! The command where the system gives less than is usual: no threads, no descriptors, no long
//! files, no randomness. One thing fails with one clear error, and what else runs goes on.

#![cfg(all(feature = "cli", target_os = "linux"))]

#[path = "shared/command.rs"]
mod command;
#[path = "limits/connections.rs"]
mod connections;
#[path = "limits/file_size.rs"]
mod file_size;
#[path = "shared/installed.rs"]
mod installed;
#[path = "robust/peer.rs"]
mod peer;
#[path = "cli_transfer/process.rs"]
mod process;
#[path = "limits/randomness.rs"]
mod randomness;
#[path = "limits/setup.rs"]
mod setup;
#[path = "limits/system.rs"]
mod system;
#[path = "limits/threads.rs"]
mod threads;
