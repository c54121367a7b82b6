//! The end of a connection whose memory is needed for others.

use super::budget::{Memory, Rank};
use super::{Connection, Phase, Shared};
use crate::net::error::Error;
use std::time::Instant;

impl Connection {
    /// When it goes, among all connections that hold this kind of memory, and how many bytes of it
    /// are free then.
    pub(in crate::net) fn rank(&self, memory: Memory, now: Instant) -> (Rank, usize) {
        let held = match memory {
            Memory::Process => self.held,
            Memory::Kernel => 0,
        };
        let stalled = now.saturating_duration_since(self.since);
        let rank = match self.phase {
            Phase::Flushing | Phase::Lingering { .. } => Rank::ending(held, stalled),
            Phase::Handshake => Rank::open(held, 0, stalled, 0),
            Phase::Open => Rank::open(held, self.stream.idle_memory(), stalled, self.stamp),
        };
        (rank, held)
    }

    /// Ends it for the others. The peer is told where the words find room at once. True if it has
    /// ended: it is to be closed.
    pub(in crate::net) fn evict(&mut self, shared: &Shared, now: Instant) -> bool {
        let is_over = matches!(self.phase, Phase::Flushing | Phase::Lingering { .. });
        if is_over {
            return true;
        }
        let error = Error::OverBudget { bytes_max: shared.limits.memory_bytes_budget };
        let is_clear = self.out.is_empty() && self.stream.unsent() == 0;
        if self.phase == Phase::Open && is_clear && self.stream.ready().writable.get() {
            self.leftover = crate::buffer::Buffer::default();
            self.fail(error, now);
            return false;
        }
        self.outcome = Err(error);
        true
    }
}
