//! TLS as a connection meets it: certificates and their faults, TLS in place, ends that are none;
//! HTTP over TLS; and the ServerHello, which needs no feature.
//!
//! These tests start `openssl`, so none of them transfers files in this process: see `tests/net`.

#[cfg(feature = "tls")]
mod authority;
#[cfg(feature = "tls")]
#[path = "../support/bytes.rs"]
mod bytes;
#[cfg(feature = "tls")]
mod call;
#[cfg(feature = "tls")]
mod ends;
#[cfg(feature = "tls")]
mod faults;
#[cfg(feature = "tls")]
mod https;
#[path = "../support/installed.rs"]
mod installed;
#[cfg(feature = "tls")]
mod peer;
mod server_hello;
#[cfg(feature = "tls")]
mod streaming;
#[cfg(feature = "tls")]
mod upgrade;
