//! TLS by the platform's library, on both sides: native-tls for clients, OpenSSL for servers.
//!
//! Specification: RFC 8446 (TLS 1.3), RFC 5246 (TLS 1.2, the least that is spoken), RFC 9525 (the
//! name of a service in its certificate).
//!
//! ```text
//!   ClientTls ── named(host) ─▶ NamedTls ─┐
//!    (whom to trust; one for many hosts)  ├─▶ Handshake ─ go on … ─▶ a stream under TLS
//!   ServerTls ────────────────────────────┘         └─▶ Fault: what is wrong, and what to do
//! ```
//!
//! Clients check certificates, unless they were told not to: against the system's roots and those
//! of a given file.
//!
//! native-tls does not tell version and cipher. They are read in the server's first bytes, on their
//! way to or from the library ([`server_hello`](crate::server_hello)).
//!
//! Without the feature `tls` the same types exist, but nobody can make a value of them: the
//! functions that would make one answer with [`Fault::NotBuilt`]. So no other module asks for the
//! feature.

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
