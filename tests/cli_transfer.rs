//! `serve`, `ls`, `get` and `put` as a user meets them: the binary, over loopback.

#![cfg(feature = "cli")]

#[path = "cli_transfer/blaming.rs"]
mod blaming;
#[path = "cli_transfer/changing.rs"]
mod changing;
#[path = "shared/command.rs"]
mod command;
#[cfg(target_os = "linux")]
#[path = "cli_transfer/descriptors.rs"]
mod descriptors;
#[path = "cli_transfer/documents.rs"]
mod documents;
#[path = "cli_transfer/gate.rs"]
mod gate;
#[path = "cli_transfer/getting.rs"]
mod getting;
#[cfg(feature = "tls")]
#[path = "shared/installed.rs"]
mod installed;
#[path = "cli_transfer/killed.rs"]
mod killed;
#[path = "cli_transfer/listing.rs"]
mod listing;
#[path = "cli_transfer/many.rs"]
mod many;
#[path = "cli_transfer/mirroring.rs"]
mod mirroring;
#[path = "cli_transfer/naming.rs"]
mod naming;
#[path = "cli_transfer/peers.rs"]
mod peers;
#[path = "cli_transfer/process.rs"]
mod process;
#[path = "cli_transfer/putting.rs"]
mod putting;
#[path = "cli_transfer/resuming.rs"]
mod resuming;
#[path = "cli_transfer/scripted.rs"]
mod scripted;
#[path = "cli_transfer/serving.rs"]
mod serving;
#[path = "cli_transfer/setup.rs"]
mod setup;
#[path = "shared/slow.rs"]
mod slow;
#[path = "cli_transfer/telling.rs"]
mod telling;
#[cfg(feature = "tls")]
#[path = "cli_transfer/tls.rs"]
mod tls;
#[path = "cli_transfer/tracing.rs"]
mod tracing;
#[path = "cli_transfer/unknown.rs"]
mod unknown;
