//! Output: writes `out` to the stream, and manages the storage of `out`.

use super::shared::{Shared, copy};
use super::{Connection, End, Phase, Turn, is_would_block};
use crate::buffer::Buffer;
use crate::net::transport::Error;
use std::io;
use std::time::Instant;

impl Connection {
    pub(super) fn write_out(&mut self, shared: &mut Shared) -> Result<usize, End> {
        let before = self.written;
        let did = self.write_some();
        let written = (self.written - before) as usize;
        self.count_in_kernel(written, shared);
        match did {
            Ok(()) => Ok(written),
            Err(error) => Err(self.write_failed(error, shared)),
        }
    }

    /// Writes until `out` is empty or the socket blocks.
    fn write_some(&mut self) -> io::Result<()> {
        while !self.out.is_empty() && self.stream.ready().writable.get() {
            match self.stream.write(self.out.readable()) {
                Ok(count) => {
                    if let Some(tap) = &mut self.tap {
                        tap.sent(&self.out.readable()[..count]);
                    }
                    self.out.consume(count);
                    self.written += count as u64;
                }
                Err(error) if is_would_block(&error) => break,
                Err(error) => return Err(error),
            }
        }
        match self.stream.flush() {
            Err(error) if !is_would_block(&error) => return Err(error),
            Ok(()) | Err(_) => {}
        }
        // `unsent` counts whole records, which are longer than their payload, so the difference may
        // decrease for a moment.
        let left = self.written.saturating_sub(self.stream.unsent() as u64);
        self.flushed = self.flushed.max(left);
        Ok(())
    }

    /// A write failed: the peer does not read any more. Its reason may be in input that is not read
    /// yet.
    fn write_failed(&mut self, error: io::Error, shared: &mut Shared) -> End {
        self.out.truncate(0);
        // It may have come since the socket was last polled.
        self.stream.ready().readable.set(true);
        for _ in 0..64 {
            match self.take_input(shared) {
                Ok(0) => break,
                Ok(_) => {}
                Err(End::Failed(why)) if is_from_peer(&why) => return End::Failed(why),
                Err(_) => break,
            }
        }
        End::Failed(Error::Io("writing", error))
    }

    /// Writes the final message, then shuts down the sending half.
    pub(super) fn flush(&mut self, now: Instant) -> Result<(usize, Turn), End> {
        self.write_some().map_err(|_| End::Closed)?;
        if !self.out.is_empty() || self.stream.shutdown_write().is_err() {
            return Ok((0, Turn::Done));
        }
        if self.eof || self.driver.closes_at_once() {
            return Err(End::Closed);
        }
        self.phase = Phase::Lingering { left: usize::MAX };
        self.since = now;
        Ok((1, Turn::Done))
    }

    /// Lends the reactor's output storage to this connection, if the connection holds none.
    pub(super) fn lend(&mut self, shared: &mut Shared) {
        let limit = shared.out_limit();
        if self.out.is_empty() && self.out.capacity() == 0 {
            self.out = Buffer::with_storage(std::mem::take(&mut shared.spare), limit);
        } else {
            self.out.set_limit(limit);
        }
        self.stream.lend(&mut shared.sealed, limit);
    }

    /// Returns the storage of an empty output buffer to the reactor. When memory is scarce, a short
    /// rest is copied to storage of its own length, so that the large storage can be returned as
    /// well. Otherwise a connection in the middle of a file keeps its storage, and nothing is
    /// copied.
    pub(super) fn give_back(&mut self, shared: &mut Shared) {
        let (len, capacity) = (self.out.len(), self.out.capacity());
        let budget = shared.limits.out_bytes_budget;
        let scarce = shared.is_scarce() || shared.process.held() + capacity > budget / 2;
        if len == 0 || (scarce && len < capacity / 4) {
            let rest = copy(self.out.readable());
            let storage = std::mem::replace(&mut self.out, rest).take_storage();
            if storage.capacity() > shared.spare.capacity() {
                shared.spare = storage;
            }
        }
        self.stream.give_back(&mut shared.sealed, scarce);
        self.count(shared);
    }

    /// Updates the memory that is accounted for this connection.
    fn count(&mut self, shared: &mut Shared) {
        let held = self.out.capacity()
            + self.leftover.capacity()
            + self.stream.memory()
            + self.driver.memory();
        shared.process.change(std::mem::replace(&mut self.held, held), held);
    }
}

/// Whether an error is a message of the peer: a refusal or a TLS alert.
fn is_from_peer(error: &Error) -> bool {
    use crate::error::Error::Refused;
    matches!(error, Error::Session(Refused { .. }) | Error::Tls(_))
}
