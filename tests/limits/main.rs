//! The command where the system gives less than is usual: no threads, no descriptors, no long
//! files, no randomness. One thing fails with one clear error, and what else runs goes on. `abuse`
//! is the same for peers that want too much.

#![cfg(all(feature = "cli", target_os = "linux"))]

mod abuse;
#[path = "../support/client.rs"]
mod client;
#[path = "../support/command.rs"]
mod command;
mod connections;
mod file_size;
#[path = "../support/installed.rs"]
mod installed;
#[path = "../support/last_words.rs"]
mod last_words;
mod mailing_memory;
#[path = "../support/memory.rs"]
mod memory;
#[path = "../support/mounted.rs"]
mod mounted;
#[path = "../support/peer.rs"]
mod peer;
#[path = "../support/process.rs"]
mod process;
mod randomness;
#[path = "../support/serving.rs"]
mod serving;
mod setup;
mod system;
mod threads;
