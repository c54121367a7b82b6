//! The file transfer over loopback: both sides ours, and each with a peer of another make.

mod floods;
mod loopback;
mod tokio_peer;
mod wire;
