//! A peer for whom there is no room: it is told `busy`, and nothing it says is looked at.
//!
//! Specification: `PROTOCOL.md` §2.4 (how a connection ends), §9 (`busy`).

use crate::buffer::Buffer;
use crate::net::connection::{Conversation, Turn};
use crate::net::transport::Error;
use crate::session::{Session as _, Wants};
use crate::transfer::server::{Config, Server};
use std::sync::Arc;
use std::time::Duration;

/// One connection that is refused.
pub(crate) struct Refusing(Server);

impl Refusing {
    pub(crate) fn new(config: Arc<Config>) -> Refusing {
        // Neither a hello nor a proof is said, so the session needs no nonce.
        let mut session = Server::new(config, "");
        session.abort("busy", "the server has as many connections as it may have");
        Refusing(session)
    }
}

impl Conversation for Refusing {
    fn receive(&mut self, input: &[u8], _room: &mut [u8]) -> Result<usize, Error> {
        Ok(input.len())
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn transmit(&mut self, out: &mut Buffer, _scratch: &mut [u8]) -> Result<Turn, Error> {
        self.0.transmit(out);
        Ok(Turn::Done)
    }

    fn wants(&self) -> Wants {
        Wants::Close
    }

    fn patience(&self) -> Duration {
        self.0.patience()
    }

    fn progress(&self) -> u64 {
        0
    }

    fn memory(&self) -> usize {
        self.0.capacity()
    }

    fn waits_for(&self) -> &'static str {
        "the client to read"
    }

    /// Whether it was heard is of no interest: it was said.
    fn closed(&mut self, _outcome: Result<(), Error>) {}
}
