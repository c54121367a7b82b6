//! The parts of a reactor that exist before it runs: the poll, its waker, its stop flag and its
//! signals.

use super::stop::StopHandle;
use super::{SIGNAL, WAKER};
use mio::net::UnixStream;
use mio::{Interest, Poll, Waker};
use signal_hook::SigId;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::{pipe, unregister};
use std::io::{self, Read as _};
use std::sync::Arc;

/// The signals that stop a reactor. Dropping removes the registrations, but does not restore the
/// default action of a signal, which ends the process.
pub(super) struct Signals {
    stream: UnixStream,
    registered: Vec<SigId>,
}

impl Signals {
    fn register() -> io::Result<Signals> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut signals =
            Signals { stream: UnixStream::from_std(ours), registered: Vec::with_capacity(2) };
        for signal in [SIGINT, SIGTERM] {
            signals.registered.push(pipe::register(signal, theirs.try_clone()?)?);
        }
        Ok(signals)
    }

    /// Discards the bytes that report signals.
    pub(super) fn clear(&mut self) {
        let mut bytes = [0; 16];
        while self.stream.read(&mut bytes).is_ok_and(|count| count > 0) {}
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.registered.drain(..) {
            // False means that the signal is not registered, as intended.
            let _ = unregister(id);
        }
    }
}

/// The parts of a reactor that can be made on one thread and used on another.
pub struct ReactorBuilder {
    pub(super) poll: Poll,
    pub(super) waker: Arc<Waker>,
    /// Its own, and those of others.
    pub(super) stops: Vec<StopHandle>,
    pub(super) signals: Option<Signals>,
}

impl ReactorBuilder {
    /// Creates the poll and its waker.
    ///
    /// # Errors
    /// Those of the system.
    pub fn new() -> io::Result<ReactorBuilder> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let mut builder = ReactorBuilder { poll, waker, stops: Vec::new(), signals: None };
        builder.stop_with(&StopHandle::new());
        Ok(builder)
    }

    /// A handle that stops the reactor from another thread.
    pub fn stop_handle(&self) -> StopHandle {
        self.stops[0].clone()
    }

    /// Makes `handle` stop the reactor as well. A handle may stop several reactors.
    pub fn stop_with(&mut self, handle: &StopHandle) {
        handle.attach(&self.waker);
        self.stops.push(handle.clone());
    }

    /// Wakes the reactor from another thread.
    pub fn waker(&self) -> Arc<Waker> {
        self.waker.clone()
    }

    /// Makes SIGINT and SIGTERM stop the reactor.
    ///
    /// # Errors
    /// Those of the system.
    pub fn stop_at_signals(&mut self) -> io::Result<()> {
        let mut signals = Signals::register()?;
        self.poll.registry().register(&mut signals.stream, SIGNAL, Interest::READABLE)?;
        self.signals = Some(signals);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::{FdFlags, fcntl_getfd};
    use std::os::fd::{AsFd as _, OwnedFd};

    /// The signal handlers hold the other end of the stream, which is closed with the reactor.
    #[test]
    fn a_reactor_that_is_gone_leaves_no_signal_registered() {
        let mut builder = ReactorBuilder::new().unwrap();
        builder.stop_at_signals().unwrap();
        let stream = builder.signals.as_ref().unwrap().stream.as_fd().try_clone_to_owned();
        let stream = std::os::unix::net::UnixStream::from(stream.unwrap());
        let read = || (&stream).read(&mut [0]);
        assert_eq!(read().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(builder);
        assert_eq!(read().unwrap(), 0);
        assert!(fcntl_getfd(OwnedFd::from(stream)).unwrap().contains(FdFlags::CLOEXEC));
    }
}
