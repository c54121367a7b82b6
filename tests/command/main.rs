//! The command as a user meets it: every test starts the binary and looks at what it prints, how
//! it ends, and what stands in the folder afterwards.
//!
//! No test here transfers files with the library in its own process: `tests/net` does.
#![cfg(feature = "cli")]

#[path = "../support/bytes.rs"]
mod bytes;
#[path = "../support/client.rs"]
mod client;
#[path = "../support/command.rs"]
mod command;
#[path = "../support/faulty_values.rs"]
mod faulty_values;
#[cfg(all(feature = "tls", target_os = "linux"))]
#[path = "../support/full_listener.rs"]
mod full_listener;
#[path = "../support/installed.rs"]
mod installed;
#[cfg(target_os = "linux")]
#[path = "../support/memory.rs"]
mod memory;
#[path = "../support/mounted.rs"]
mod mounted;
#[path = "../support/process.rs"]
mod process;
#[path = "../support/serving.rs"]
mod serving;
#[path = "../support/slow.rs"]
mod slow;

mod bench;
mod explain;
#[cfg(target_os = "linux")]
mod hostile;
mod hostile_folder;
mod http;
mod limit_rate;
mod mail;
mod outputs;
mod peer_tokio;
mod services;
#[cfg(target_os = "linux")]
mod stuck;
mod transfer;
