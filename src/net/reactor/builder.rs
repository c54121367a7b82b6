//! What a reactor is made of before it runs: a poll, a way to wake it, a way to stop it.

use super::{SIGNAL, WAKER};
use mio::net::UnixStream;
use mio::{Interest, Poll, Waker};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Asks a reactor on another thread to stop.
#[derive(Debug, Clone)]
pub struct StopHandle {
    asked: Arc<AtomicBool>,
    waker: Arc<Waker>,
}

impl StopHandle {
    /// Stops accepting; what runs may end within the grace period.
    pub fn stop(&self) {
        self.asked.store(true, Ordering::Release);
        // If the reactor has gone there is nobody to wake.
        let _ = self.waker.wake();
    }
}

/// The part of a reactor that can be made on one thread and used on another.
pub struct ReactorBuilder {
    pub(super) poll: Poll,
    pub(super) waker: Arc<Waker>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) signals: Option<UnixStream>,
}

impl ReactorBuilder {
    /// A poll and a way to wake it.
    ///
    /// # Errors
    /// Those of the system.
    pub fn new() -> io::Result<ReactorBuilder> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        Ok(ReactorBuilder { poll, waker, stop: Arc::default(), signals: None })
    }

    /// Stops it from another thread.
    pub fn stop_handle(&self) -> StopHandle {
        StopHandle { asked: self.stop.clone(), waker: self.waker.clone() }
    }

    /// Wakes it from another thread.
    pub fn waker(&self) -> Arc<Waker> {
        self.waker.clone()
    }

    /// Stops at SIGINT and SIGTERM.
    ///
    /// # Errors
    /// Those of the system.
    pub fn stop_at_signals(&mut self) -> io::Result<()> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            signal_hook::low_level::pipe::register(signal, theirs.try_clone()?)?;
        }
        ours.set_nonblocking(true)?;
        let mut ours = UnixStream::from_std(ours);
        self.poll.registry().register(&mut ours, SIGNAL, Interest::READABLE)?;
        self.signals = Some(ours);
        Ok(())
    }
}
