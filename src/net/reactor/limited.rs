//! Connections that a limit on bytes a second holds back, and their turns.
//!
//! ```text
//!   drive ─▶ starved ─▶ held back, in a queue ─ bytes are due ─▶ granted ─▶ the ready queue
//! ```
//!
//! The connection that has waited longest is granted bytes first, and at most its share of what is
//! due. So one connection cannot use up the whole limit.

use super::Reactor;
use crate::net::transport::rate::RateLimit;
use std::time::Instant;

impl Reactor {
    /// Holds all connections that are taken in from now on to this limit, in place of
    /// [`Limits::bytes_per_second_max`](crate::net::connection::Limits::bytes_per_second_max): one
    /// that several reactors share.
    pub fn set_rate_limit(&mut self, limit: RateLimit) {
        self.rate = Some(limit);
    }

    /// Notes whether the connection waits for bytes to be granted.
    pub(super) fn hold_back(&mut self, index: usize) {
        let (Some(rate), slot) = (&self.rate, &mut self.slots[index]) else { return };
        let Some(connection) = &mut slot.connection else { return };
        if connection.stream().ready().share.is_starved() && !slot.held_back {
            slot.held_back = true;
            self.held_back.push_back(index);
            rate.enter();
        }
    }

    /// When bytes are due for those that wait.
    pub(super) fn grant_at(&self) -> Option<Instant> {
        let rate = self.rate.as_ref().filter(|_| !self.held_back.is_empty())?;
        Some(rate.due_at())
    }

    /// Grants what is due.
    pub(super) fn grant(&mut self) {
        let Some(rate) = self.rate.clone().filter(|_| !self.held_back.is_empty()) else { return };
        let mut grantable = rate.grantable();
        let part = rate.grant(grantable);
        while grantable > 0
            && let Some(index) = self.held_back.pop_front()
        {
            rate.leave();
            let granted = part.min(grantable);
            let slot = &mut self.slots[index];
            slot.held_back = false;
            // The one that waited may have gone.
            if let Some(connection) = &mut slot.connection {
                connection.stream().ready().resume(granted);
                grantable -= granted;
                self.enqueue(index);
            }
        }
    }
}
