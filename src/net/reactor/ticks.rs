//! Calls at a time that a connection asked for.
//!
//! They stand apart from the timers for waits: a wait begins anew whenever something comes, and a
//! call is made all the same. At most one stands for each connection, so that there are never more
//! calls than connections.

use super::Reactor;
use std::cmp::Reverse;
use std::time::Instant;

impl Reactor {
    /// Notes when a connection wants to be called, if it does not stand there already.
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
