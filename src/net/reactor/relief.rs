//! What the reactor gives back: the greediest connections are ended where the memory budget is
//! exceeded, and the timers of those that have gone are dropped.

use super::Reactor;
use std::cmp::Reverse;
use std::time::Instant;

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
            self.evict(index, now);
        }
        self.shared.searched();
    }

    fn evict(&mut self, index: usize, now: Instant) {
        let Some(connection) = &mut self.slots[index].connection else { return };
        if connection.evict(&self.shared, now) {
            self.close(index);
        } else {
            // It says its last words, and holds nothing after that.
            self.drive_one(index);
        }
    }
}
