//! Everything that touches the system, called as a user of the library calls it, in this process:
//! HTTP, mail and the file transfer over loopback, and the accounts of datagrams.
//!
//! No test here starts a process. The library locks unfinished files with flock(2), and a child
//! holds the locks of its parent from fork to exec; so a test that starts a process would let
//! another test of the same binary find its own file locked.

#[cfg(feature = "net")]
#[path = "../support/asking.rs"]
mod asking;
#[cfg(feature = "net")]
#[path = "../support/bytes.rs"]
mod bytes;
mod datagram;
#[cfg(feature = "net")]
#[path = "../support/full_listener.rs"]
mod full_listener;
#[cfg(feature = "net")]
mod http;
#[cfg(feature = "net")]
#[path = "../support/last_words.rs"]
mod last_words;
#[cfg(feature = "net")]
#[path = "../support/listening.rs"]
mod listening;
#[cfg(feature = "net")]
mod mail;
#[cfg(feature = "net")]
#[path = "../support/peer.rs"]
mod peer;
#[cfg(feature = "net")]
mod run_options;
#[cfg(feature = "net")]
mod transfer;
