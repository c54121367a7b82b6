//! The HTTP client as a library, against scripted servers and real ones, over loopback.
#![cfg(feature = "net")]

#[path = "fetching/asking.rs"]
mod asking;
#[path = "shared/bytes.rs"]
mod bytes;
#[path = "fetching/dialing.rs"]
mod dialing;
#[path = "fetching/downloads.rs"]
mod downloads;
#[path = "fetching/flight.rs"]
mod flight;
#[path = "fetching/hostile.rs"]
mod hostile;
#[path = "shared/listening.rs"]
mod listening;
#[path = "fetching/ordinary.rs"]
mod ordinary;
#[path = "fetching/pool.rs"]
mod pool;
#[path = "fetching/proxies.rs"]
mod proxies;
#[path = "fetching/real.rs"]
mod real;
#[path = "fetching/redirects.rs"]
mod redirects;
#[path = "fetching/repeating.rs"]
mod repeating;
#[path = "fetching/resuming.rs"]
mod resuming;
#[path = "fetching/retrying.rs"]
mod retrying;
#[path = "fetching/server.rs"]
mod server;
#[path = "fetching/unasked.rs"]
mod unasked;
#[path = "fetching/wholes.rs"]
mod wholes;
