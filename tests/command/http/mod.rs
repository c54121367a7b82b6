//! `http`, `download` and `sms` as a user meets them: the binary against scripted servers.

mod blaming;
mod bodies;
mod codings;
mod downloads;
mod failures;
mod habits;
mod killed;
mod listing;
mod naming;
mod outputs;
mod redirects;
mod refusals;
mod repeating;
mod requests;
mod resuming;
mod retrying;
mod selecting;
mod server;
mod sms;
mod tracing;
mod unchanged;
