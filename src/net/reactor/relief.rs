//! What the reactor gives back: the greediest connections are ended where the memory budget is
//! exceeded, and the timers of those that have gone are dropped.

use super::Reactor;
use crate::net::connection::Memory;
use std::cmp::Reverse;
use std::time::{Duration, Instant};

/// How long after a search that found too little there is another one.
const RELIEF_PAUSE: Duration = Duration::from_millis(500);

/// So many timers of connections that have gone are kept whatever happens.
const STALE_TIMERS_MAX: usize = 1024;

impl Reactor {
    /// Drops the timers of connections that have gone, once they are more than the others: each of
    /// them would otherwise be kept until it fires, however many connections come and go until
    /// then.
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

    /// Ends connections, those that hold the most for the longest time first, until the budget
    /// holds again.
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

    /// Looks again for peers that do not read, also when no event comes.
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
            // It says its last words, and holds nothing after that.
            self.drive_one(index);
        }
    }
}
