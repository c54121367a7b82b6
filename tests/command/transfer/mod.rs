//! `serve`, `ls`, `get` and `put` as a user meets them: the binary, over loopback.

mod blaming;
mod changing;
#[cfg(target_os = "linux")]
mod descriptors;
mod documents;
mod gate;
mod getting;
mod interrupted;
mod killed;
mod listing;
mod many;
mod mirroring;
mod naming;
mod peers;
mod putting;
mod resuming;
mod scripted;
mod serving;
mod setup;
mod telling;
#[cfg(feature = "tls")]
mod tls;
mod tracing;
mod unknown;
