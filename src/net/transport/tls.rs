//! TLS for clients, by native-tls, and for servers, by OpenSSL.
//!
//! Specification: RFC 8446 (TLS 1.3), RFC 5246 (TLS 1.2, the least version), RFC 9525 (the name of
//! a service in its certificate).
//!
//! ```text
//!   ClientTls ── named(host) ─▶ NamedTls ─┐
//!    (trust settings, for many hosts)     ├─▶ Handshake ─ go_on … ─▶ a stream under TLS
//!   ServerTls ────────────────────────────┘         └─▶ Fault: what is wrong, and what to do
//! ```
//!
//! Clients verify certificates against the system's roots and those of a given file, unless
//! verification is switched off.
//!
//! native-tls does not report the version and the cipher suite. They are parsed from the
//! ServerHello as it passes between the socket and the library
//! ([`server_hello`](crate::server_hello)).
//!
//! Without the feature `tls` the same types exist without values: their constructors return
//! [`Fault::NotBuilt`]. So no other module has to test for the feature.

pub(super) mod fault;
#[cfg(not(feature = "tls"))]
mod stub;

#[cfg(feature = "tls")]
mod client;
#[cfg(feature = "tls")]
mod connection;
#[cfg(feature = "tls")]
mod handshake;
#[cfg(feature = "tls")]
mod sealed;
#[cfg(feature = "tls")]
mod secure;
#[cfg(feature = "tls")]
mod server;
#[cfg(feature = "tls")]
mod session;
#[cfg(feature = "tls")]
mod words;

#[cfg(feature = "tls")]
pub use self::{
    client::{ClientTls, NamedTls},
    sealed::Spare,
    server::ServerTls,
};
pub use fault::{CertificateFault, Fault};
#[cfg(not(feature = "tls"))]
pub use stub::{ClientTls, NamedTls, ServerTls, Spare};

#[cfg(feature = "tls")]
pub(crate) use self::{handshake::Handshake, sealed::Sealed, secure::Secure};
#[cfg(not(feature = "tls"))]
pub(crate) use stub::{Handshake, Sealed, Secure};
