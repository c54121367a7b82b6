//! Eviction: a connection is ended because its memory is needed for others.

use super::budget::{Memory, Rank};
use super::{Connection, Phase, Shared};
use crate::buffer::Buffer;
use crate::net::transport::Error;
use crate::net::transport::endpoint;
use std::time::Instant;

impl Connection {
    /// The rank of this connection for eviction, and how many bytes of this kind of memory its end
    /// would free.
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
            Phase::Open => Rank::open(held, self.permanent(memory), stalled, self.progress_seen),
        };
        (rank, held)
    }

    /// Memory that the connection holds as long as it is open, whatever it does, in bytes.
    fn permanent(&self, memory: Memory) -> usize {
        match memory {
            Memory::Process => self.stream.idle_memory(),
            Memory::Kernel => 0,
        }
    }

    /// Ends the connection to free its memory. The peer gets a final message only if the socket can
    /// take it at once. True if the connection has ended and is to be closed.
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

    /// Whether no output is pending and the socket is writable.
    fn is_clear(&self) -> bool {
        let is_empty = self.out.is_empty() && self.stream.unsent() == 0;
        self.phase == Phase::Open && is_empty && self.stream.ready().writable.get()
    }
}
