//! HTTP over TLS: the client and the command against servers of ours and of openssl, straight and
//! through a proxy's tunnel.

mod faults;
mod server;
mod straight;
mod tunnel;
