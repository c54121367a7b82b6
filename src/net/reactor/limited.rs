//! Connections that the rate limit holds back.
//!
//! ```text
//!   drive ─▶ starved ─▶ held back, in a queue ─ bytes are due ─▶ granted ─▶ the ready queue
//! ```
//!
//! The connection that has waited longest is granted bytes first, and at most its share of the
//! bytes that are due. So one connection cannot use up the whole limit.

use super::Reactor;
use crate::net::transport::rate::RateLimit;
use std::time::Instant;

impl Reactor {
    /// Sets the rate limit of all connections that are added from now on, in place of
    /// [`Limits::bytes_per_second_max`](crate::net::connection::Limits::bytes_per_second_max).
    /// Several reactors may share one limit.
    pub fn set_rate_limit(&mut self, limit: RateLimit) {
        self.rate = Some(limit);
    }

    /// Queues the connection if it waits for bytes to be granted.
    pub(super) fn hold_back(&mut self, index: usize) {
        let (Some(rate), slot) = (&self.rate, &mut self.slots[index]) else { return };
        let Some(connection) = &mut slot.connection else { return };
        if connection.stream().ready().share.is_starved() && !slot.held_back {
            slot.held_back = true;
            self.held_back.push_back(index);
            rate.enter();
        }
    }

    /// When bytes are due for connections that are held back.
    pub(super) fn grant_at(&self) -> Option<Instant> {
        let rate = self.rate.as_ref().filter(|_| !self.held_back.is_empty())?;
        Some(rate.due_at())
    }

    /// Grants the bytes that are due to the connections that are held back.
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
            // The connection that was held back may be closed.
            if let Some(connection) = &mut slot.connection {
                connection.stream().ready().resume(granted);
                grantable -= granted;
                self.enqueue(index);
            }
        }
    }
}
