//! The HTTP client as a library, against scripted servers over loopback.

mod dialing;
mod downloads;
mod flight;
mod hostile;
mod ordinary;
mod pool;
mod proxies;
mod redirects;
mod repeating;
mod resuming;
mod retrying;
mod server;
mod unasked;
mod wholes;
