//! `wirewright mail` as a user meets it: the binary against scripted servers and real ones.

#![cfg(feature = "cli")]

#[path = "cli_mail/authenticating.rs"]
mod authenticating;
#[path = "cli_mail/blaming.rs"]
mod blaming;
#[path = "shared/command.rs"]
mod command;
#[path = "cli_mail/composing.rs"]
mod composing;
#[path = "cli_mail/ends.rs"]
mod ends;
#[path = "cli_mail/headers.rs"]
mod headers;
#[path = "shared/installed.rs"]
mod installed;
#[path = "cli_mail/internationalized.rs"]
mod internationalized;
#[path = "cli_mail/letters.rs"]
mod letters;
#[path = "cli_mail/paths.rs"]
mod paths;
#[path = "cli_transfer/process.rs"]
mod process;
#[path = "cli_mail/refusals.rs"]
mod refusals;
#[path = "cli_mail/sending.rs"]
mod sending;
#[path = "cli_mail/server.rs"]
mod server;
#[path = "cli_mail/sinks.rs"]
mod sinks;
