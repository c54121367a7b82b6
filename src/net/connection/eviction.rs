//! The end of a connection whose memory is needed for others.

use super::budget::{Memory, Rank};
use super::{Connection, Phase, Shared};
use crate::buffer::Buffer;
use crate::net::transport::Error;
use crate::net::transport::endpoint;
use std::time::Instant;

impl Connection {
    /// When it goes, among all connections that hold this kind of memory, and how many bytes of it
    /// are free then.
    pub(crate) fn rank(&self, memory: Memory, now: Instant) -> (Rank, usize) {
        let stalled = now.saturating_duration_since(self.since);
        let held = match memory {
            Memory::Process => self.held,
            Memory::Kernel if Rank::is_unread(stalled) => self.in_kernel.bytes(),
            Memory::Kernel => 0,
        };
        let rank = match self.phase {
            Phase::Flushing | Phase::Lingering { .. } | Phase::Stopped => {
                Rank::ending(held, stalled)
            }
            Phase::Handshake => Rank::open(held, 0, stalled, 0),
            Phase::Open => Rank::open(held, self.lasting(memory), stalled, self.progress_seen),
        };
        (rank, held)
    }

    /// What it holds as long as it is open.
    fn lasting(&self, memory: Memory) -> usize {
        match memory {
            Memory::Process => self.stream.idle_memory(),
            Memory::Kernel => 0,
        }
    }

    /// Ends it for the others. The peer is told where the words find room at once. True if it has
    /// ended: it is to be closed.
    pub(crate) fn evict(&mut self, memory: Memory, shared: &Shared, now: Instant) -> bool {
        if memory == Memory::Kernel
            && let Some(socket) = self.stream.socket()
        {
            endpoint::drop_unsent(socket);
        }
        if matches!(self.phase, Phase::Flushing | Phase::Lingering { .. } | Phase::Stopped) {
            return true;
        }
        let error = Error::OverBudget { bytes_max: shared.bytes_max(memory) };
        if memory == Memory::Process && self.is_clear() {
            self.leftover = Buffer::default();
            self.fail(error, now);
            return false;
        }
        self.outcome = Err(error);
        true
    }

    /// Whether nothing waits to be written, and more could be.
    fn is_clear(&self) -> bool {
        let is_empty = self.out.is_empty() && self.stream.unsent() == 0;
        self.phase == Phase::Open && is_empty && self.stream.ready().writable.get()
    }
}
