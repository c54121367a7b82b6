//! TLS from the beginning, and TLS in place: the handshake as a phase of its own.
//!
//! Specification: RFC 3207 §4 (STARTTLS), RFC 9110 §9.3.6 (CONNECT).
//!
//! Where a session wants TLS on its connection, nothing that came in clear may count as if it
//! had come under TLS: a byte that stands unread at that moment was put there by somebody who could
//! not know the keys.

use super::{Connection, End, Phase, Turn};
use crate::error::Error;
use std::time::Instant;

impl Connection {
    /// Goes on with the handshake, and with the session once it is established.
    pub(super) fn shake_hands(&mut self, now: Instant) -> Result<(usize, Turn), End> {
        match self.stream.drive() {
            Ok(true) => {
                self.enter_open(now);
                Ok((1, Turn::Done))
            }
            Ok(false) => Ok((0, Turn::Done)),
            Err(fault) => Err(End::Broken(fault.into())),
        }
    }

    fn enter_open(&mut self, now: Instant) {
        self.phase = Phase::Open;
        self.since = now;
        if let Some(tap) = &mut self.tap {
            tap.secured();
            let lines = self.stream.tls_remarks();
            lines.iter().for_each(|line| tap.remark(line.as_raw_str()));
        }
        self.driver.secured(&self.stream);
    }

    /// All was said in clear that had to be: begins the handshake on this very connection.
    pub(super) fn upgrade(&mut self, now: Instant) -> Result<(), End> {
        let Some(tls) = self.driver.client_tls() else {
            return Err(End::Failed(Error::Misuse("TLS wanted without settings for it").into()));
        };
        if !self.leftover.is_empty() {
            let offset = self.heard - self.leftover.len() as u64;
            let rule = "bytes in clear before TLS";
            return Err(End::Broken(Error::malformed(rule, offset, "RFC 3207 §4.2").into()));
        }
        if !self.stream.upgrade(&tls) {
            return Err(End::Failed(Error::Misuse("TLS wanted within TLS").into()));
        }
        self.phase = Phase::Handshake;
        self.since = now;
        Ok(())
    }
}
