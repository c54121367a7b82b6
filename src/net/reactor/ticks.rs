//! Calls at a time that a connection asked for.
//!
//! They are separate from the idle timers: those restart on input, these do not. Each connection
//! has at most one entry, so there are never more entries than connections.

use super::Reactor;
use std::cmp::Reverse;
use std::time::Instant;

impl Reactor {
    /// Notes when a connection wants to be called, if it has no entry yet.
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

    /// Calls those whose time has come; each has a turn then, after which it is asked again.
    pub(super) fn tick(&mut self, now: Instant) {
        while let Some(Reverse((at, index, generation))) = self.ticks.peek().copied() {
            if at > now {
                break;
            }
            self.ticks.pop();
            let slot = &mut self.slots[index];
            // Another connection may have taken its place.
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
