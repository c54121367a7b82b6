//! The phase of the TLS handshake: from the beginning of a connection, or as an upgrade in place.
//!
//! Specification: RFC 3207 §4 (STARTTLS), RFC 9110 §9.3.6 (CONNECT).
//!
//! Input that was received in clear must not be treated as if it had arrived under TLS: an attacker
//! on the path could inject commands or replies before the handshake. So an upgrade fails if input
//! is left over.

use super::{Connection, End, Phase, Turn};
use crate::error::Error;
use std::time::Instant;

impl Connection {
    /// Continues the handshake. When it is complete, the session begins.
    pub(super) fn drive_handshake(&mut self, now: Instant) -> Result<(usize, Turn), End> {
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

    /// Begins the handshake on this connection, after all output in clear is written.
    pub(super) fn upgrade(&mut self, now: Instant) -> Result<(), End> {
        let Some(tls) = self.driver.client_tls() else {
            return Err(End::Failed(Error::Misuse("TLS wanted without settings for it").into()));
        };
        if !self.leftover.is_empty() {
            let offset = self.received - self.leftover.len() as u64;
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
