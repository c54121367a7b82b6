//! `http`, `download` and `sms` as a user meets them: the binary against scripted servers.

#![cfg(feature = "cli")]

#[path = "cli_http/blaming.rs"]
mod blaming;
#[path = "cli_http/bodies.rs"]
mod bodies;
#[path = "shared/bytes.rs"]
mod bytes;
#[path = "cli_http/codings.rs"]
mod codings;
#[path = "shared/command.rs"]
mod command;
#[path = "cli_http/downloads.rs"]
mod downloads;
#[path = "cli_http/failures.rs"]
mod failures;
#[path = "cli_http/habits.rs"]
mod habits;
#[path = "cli_http/killed.rs"]
mod killed;
#[path = "cli_http/listing.rs"]
mod listing;
#[path = "cli_http/naming.rs"]
mod naming;
#[path = "cli_http/outputs.rs"]
mod outputs;
#[path = "cli_transfer/process.rs"]
mod process;
#[path = "cli_http/redirects.rs"]
mod redirects;
#[path = "cli_http/refusals.rs"]
mod refusals;
#[path = "cli_http/repeating.rs"]
mod repeating;
#[path = "cli_http/requests.rs"]
mod requests;
#[path = "cli_http/resuming.rs"]
mod resuming;
#[path = "cli_http/retrying.rs"]
mod retrying;
#[path = "cli_http/selecting.rs"]
mod selecting;
#[path = "cli_http/server.rs"]
mod server;
#[path = "shared/slow.rs"]
mod slow;
#[path = "cli_http/sms.rs"]
mod sms;
#[path = "cli_http/tracing.rs"]
mod tracing;
#[path = "cli_http/unchanged.rs"]
mod unchanged;
