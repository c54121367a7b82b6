//! Frees memory: connections are ended when the memory budget is exceeded, and timers of closed
//! connections are dropped.

use super::Reactor;
use crate::net::connection::Memory;
use std::cmp::Reverse;
use std::time::{Duration, Instant};

/// How long after a search that freed too little the next one begins.
const RELIEF_PAUSE: Duration = Duration::from_millis(500);

/// How many timers of closed connections are always kept.
const STALE_TIMERS_MAX: usize = 1024;

impl Reactor {
    /// Drops the timers of closed connections once they outnumber the others. Otherwise each would
    /// be kept until it fires, however many connections are opened and closed until then.
    pub(super) fn forget_timers(&mut self) {
        if self.timers.len() <= 2 * self.live + STALE_TIMERS_MAX {
            return;
        }
        let slots = &self.slots;
        self.timers.retain(|Reverse((at, index, generation))| {
            let slot = &slots[*index];
            let timer = slot.connection.as_ref().map(|connection| connection.timer());
            slot.generation == *generation && timer == Some(*at)
        });
    }

    /// Ends connections until memory is within its budget, those that hold the most for the longest
    /// time first.
    pub(super) fn relieve(&mut self) {
        if let Some((Memory::Kernel, _)) = self.shared.excess() {
            let connections = self.slots.iter_mut().filter_map(|slot| slot.connection.as_mut());
            connections.for_each(|connection| connection.ask_kernel(&mut self.shared));
        }
        let Some((memory, excess)) = self.shared.excess() else { return };
        let now = Instant::now();
        let ranked = self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let (rank, held) = slot.connection.as_ref()?.rank(memory, now);
            (held > 0).then_some((rank, held, index))
        });
        let mut ranked: Vec<_> = ranked.collect();
        ranked.sort_unstable_by(|one, other| other.cmp(one));
        let mut freed = 0;
        for (_, held, index) in ranked {
            if freed >= excess {
                break;
            }
            freed += held;
            self.evict(index, memory, now);
        }
        self.shared.searched();
        self.relief_at = self.shared.is_kernel_exceeded().then(|| now + RELIEF_PAUSE);
    }

    /// Repeats the search for peers that do not read, also when no event comes.
    pub(super) fn relieve_again(&mut self, now: Instant) {
        if self.relief_at.is_some_and(|at| at <= now) {
            self.relief_at = None;
            self.shared.search_again();
            self.relieve();
        }
    }

    fn evict(&mut self, index: usize, memory: Memory, now: Instant) {
        let Some(connection) = &mut self.slots[index].connection else { return };
        if connection.evict(memory, &self.shared, now) {
            self.close(index);
        } else {
            // Its final message is written, and frees its output buffer.
            self.drive_one(index);
        }
    }
}
