//! HTTP over TLS: the client and the command against servers of ours and of openssl, straight and
//! through a proxy's tunnel.
#![cfg(feature = "tls")]

#[path = "tls/authority.rs"]
mod authority;
#[path = "https/faults.rs"]
mod faults;
#[path = "shared/installed.rs"]
mod installed;
#[path = "https/server.rs"]
mod server;
#[path = "https/straight.rs"]
mod straight;
#[path = "https/tunnel.rs"]
mod tunnel;
