//! `time` and `udp` as a user meets them: the binary, over loopback.

#![cfg(feature = "cli")]

#[path = "shared/command.rs"]
mod command;
#[path = "cli_services/daytime.rs"]
mod daytime;
#[path = "cli_services/file.rs"]
mod file;
#[path = "shared/installed.rs"]
mod installed;
#[path = "cli_services/lossy.rs"]
mod lossy;
#[path = "cli_services/manual.rs"]
mod manual;
#[path = "cli_transfer/process.rs"]
mod process;
#[path = "cli_services/progress.rs"]
mod progress;
#[path = "cli_services/relay.rs"]
mod relay;
#[path = "cli_services/usage.rs"]
mod usage;
