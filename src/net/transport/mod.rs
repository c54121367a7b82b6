//! Sockets, and the way to them: names, addresses, TLS.
//!
//! Specification: RFC 8305 (Happy Eyeballs), RFC 8446 (TLS 1.3), RFC 9293 (TCP).

pub mod dial;
pub mod endpoint;
mod error;
pub mod idn;
pub mod names;
pub mod rate;
mod socket;
mod spoken;
pub mod stream;
pub mod tls;

pub use error::Error;
pub use spoken::Spoken;
pub(crate) use spoken::refuse_tls;
