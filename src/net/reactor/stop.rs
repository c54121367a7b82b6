//! How a reactor stops: by a handle, by a signal, or at a time.

use super::Reactor;
use crate::net::transport::{Error, later};
use mio::Waker;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

/// Stops reactors from another thread: a server, or a call of a client (see
/// [`RunOptions::with_cancel`](crate::net::RunOptions::with_cancel)). Its clones are the same
/// handle.
#[derive(Debug, Clone, Default)]
pub struct StopHandle(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    stopped: AtomicBool,
    /// Those of the reactors that it stops; some may have gone.
    wakers: Mutex<Vec<Weak<Waker>>>,
}

impl StopHandle {
    /// A handle that stops nothing yet.
    pub fn new() -> StopHandle {
        StopHandle::default()
    }

    /// Stops every reactor that has this handle, and at once those that get it later. Nothing is
    /// accepted or begun any more; what runs may end within the grace period.
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::Release);
        for waker in self.wakers().iter().filter_map(Weak::upgrade) {
            // If the reactor has gone there is nobody to wake.
            let _ = waker.wake();
        }
    }

    /// Whether [`stop`](StopHandle::stop) was called.
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::Acquire)
    }

    /// Wakes a reactor as well when it stops. A reactor looks at its handles before it waits, so
    /// one that was stopped before needs no waking.
    pub(super) fn attach(&self, waker: &Arc<Waker>) {
        let mut wakers = self.wakers();
        // A handle may serve any number of calls, one after the other.
        wakers.retain(|waker| waker.strong_count() > 0);
        wakers.push(Arc::downgrade(waker));
    }

    fn wakers(&self) -> MutexGuard<'_, Vec<Weak<Waker>>> {
        self.0.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reactor {
    /// Begins to stop, once, if it was asked to.
    pub(super) fn check_stop(&mut self) {
        let is_asked = self.stops.iter().any(StopHandle::is_stopped)
            || self.stop_at.is_some_and(|stop_at| Instant::now() >= stop_at);
        if self.ending.is_some() || !is_asked {
            return;
        }
        self.stop_at = None;
        self.ending = Some(later(Instant::now(), self.grace));
        self.followers.iter().for_each(StopHandle::stop);
        for listener in &mut self.listeners {
            // The socket is closed below, which deregisters it as well.
            let _ = self.poll.registry().deregister(&mut listener.socket);
        }
        self.listeners.clear();
        self.accept_at = None;
        self.give_up_opening(&|| Error::Interrupted);
        self.udp_sockets.wind_down();
        for index in 0..self.slots.len() {
            if let Some(connection) = &mut self.slots[index].connection {
                connection.wind_down();
                self.enqueue(index);
            }
        }
    }
}
