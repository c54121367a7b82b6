//! Ticks: calls of an application at a time that it has asked for.
//!
//! Ticks are separate from the idle timers, because idle timers restart with progress. Each
//! connection has at most one entry, so there are never more entries than connections.

use super::Reactor;
use std::cmp::Reverse;
use std::time::Instant;

impl Reactor {
    /// Adds an entry for the next tick of a connection, if it has none yet.
    pub(super) fn arm_tick(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        if slot.ticks {
            return;
        }
        if let Some(at) = slot.connection.as_ref().and_then(|connection| connection.tick_at()) {
            slot.ticks = true;
            self.ticks.push(Reverse((at, index, slot.generation)));
        }
    }

    /// Ticks the connections whose time has come. A turn follows for each, which adds its next
    /// entry.
    pub(super) fn tick(&mut self, now: Instant) {
        while let Some(Reverse((at, index, generation))) = self.ticks.peek().copied() {
            if at > now {
                break;
            }
            self.ticks.pop();
            let slot = &mut self.slots[index];
            // Another connection may use the slot now.
            if slot.generation == generation
                && let Some(connection) = &mut slot.connection
            {
                slot.ticks = false;
                connection.tick(now);
                self.enqueue(index);
            }
        }
    }
}
