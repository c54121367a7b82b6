//! `wirewright mail` as a user meets it: the binary against scripted servers and real ones.

mod authenticating;
mod blaming;
mod composing;
mod ends;
mod headers;
mod internationalized;
mod letters;
mod paths;
mod refusals;
mod sending;
mod server;
mod sinks;
