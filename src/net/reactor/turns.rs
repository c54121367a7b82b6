//! The order in which connections are driven: those with events, then those with work that needs no
//! event.

use super::Reactor;
use crate::net::connection::Verdict;
use std::time::{Duration, Instant};

/// How long work that needs no event may delay connections with events.
const LATER_WAIT: Duration = Duration::from_millis(10);

impl Reactor {
    /// Drives every connection with an event; then, for [`LATER_WAIT`], connections with work that
    /// needs no event. So however many files are hashed or listed, an event waits for that long at
    /// most, plus one turn.
    pub(super) fn drive_ready(&mut self) {
        let (round, later) = (self.ready.len(), self.later.len());
        self.shared.busy = round + later;
        let begun = Instant::now();
        for _ in 0..round {
            let Some(index) = self.ready.pop_front() else { break };
            self.take_turn(index);
        }
        for _ in 0..later {
            let Some(index) = self.later.pop_front() else { break };
            self.take_turn(index);
            if begun.elapsed() >= LATER_WAIT {
                break;
            }
        }
    }

    fn take_turn(&mut self, index: usize) {
        self.slots[index].queued = false;
        self.drive_one(index);
        self.relieve();
    }

    pub(super) fn drive_one(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        let Some(connection) = &mut slot.connection else { return };
        match connection.drive(&mut self.shared, Instant::now()) {
            Verdict::Wait => {}
            Verdict::Again => self.enqueue(index),
            Verdict::Later => {
                if !std::mem::replace(&mut slot.queued, true) {
                    self.later.push_back(index);
                }
            }
            Verdict::Parked => {
                if !std::mem::replace(&mut slot.parked, true) {
                    self.parked.push(index);
                }
            }
            Verdict::Closed => self.close(index),
        }
        self.hold_back(index);
        self.rearm(index);
        self.arm_tick(index);
    }
}
