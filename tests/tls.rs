//! TLS as a conversation meets it: certificates and their faults, TLS in place, ends that are none.
#![cfg(feature = "tls")]

#[path = "tls/authority.rs"]
mod authority;
#[path = "shared/bytes.rs"]
mod bytes;
#[path = "tls/call.rs"]
mod call;
#[path = "tls/ends.rs"]
mod ends;
#[path = "tls/faults.rs"]
mod faults;
#[path = "shared/installed.rs"]
mod installed;
#[path = "tls/peer.rs"]
mod peer;
#[path = "tls/streaming.rs"]
mod streaming;
#[path = "tls/upgrade.rs"]
mod upgrade;
