//! From an accepted socket to a session, on the thread that has the fewest connections.
//!
//! ```text
//!   listener ─▶ Acceptor ─┬ no room ──▶ told `busy`, here       (classic: closed)
//!     (thread 0)          ├ thread 0 ─▶ ConnectionFactory ─▶ a session
//!                         └ thread n ─▶ Arrivals, waker ─▶ Inbox ─▶ ConnectionFactory ─▶ a session
//! ```
//!
//! One thread accepts for all, so that there is one limit, and the port is ours alone: sockets
//! that share a port (`SO_REUSEPORT`) would also share it with another server of the same user.

use super::Options;
use crate::net::connection::{Application, NewConnection};
use crate::net::reactor::{Accept, Accepted, ConnectionSource, Handle, Reactor};
use crate::net::transfer::admission::{Admission, Permit};
use crate::net::transfer::classic;
use crate::net::transfer::nonce;
use crate::net::transfer::serve::{ServerContext, Serving};
use crate::net::transport::Error;
use crate::net::transport::endpoint;
use crate::net::transport::stream::Stream;
use crate::session::{AbortReason, Session as _};
use crate::transfer::server::Server as Session;
use mio::Waker;
use mio::net::TcpStream;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often the log may say that somebody was refused.
const REFUSALS_SAID_EVERY: Duration = Duration::from_secs(10);

/// A connection on its way to the thread that serves it.
pub(super) type Arrival = (TcpStream, SocketAddr, Permit);

/// The connections that wait for one thread. The memory is reserved before the first of them: a
/// channel would allocate blocks between those of connections, and the last of these blocks would
/// keep the allocator from giving the heap back. Each arrival holds a permit, so there are never
/// more of them than connections.
#[derive(Clone)]
pub(super) struct Arrivals(Arc<Mutex<Vec<Arrival>>>);

impl Arrivals {
    pub(super) fn new(connections_max: usize) -> Arrivals {
        Arrivals(Arc::new(Mutex::new(Vec::with_capacity(connections_max))))
    }

    fn push(&self, arrival: Arrival) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(arrival);
    }

    /// Puts what waits into `empty`, and keeps the memory of `empty` for what comes next.
    fn take(&self, empty: &mut Vec<Arrival>) {
        std::mem::swap(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), empty);
    }
}

/// Where a thread gets its connections from.
pub(super) struct Outbox {
    pub(super) arrivals: Arrivals,
    pub(super) waker: Arc<Waker>,
}

/// Makes connections.
pub(super) struct ConnectionFactory {
    pub(super) options: Options,
    pub(super) context: Rc<ServerContext>,
}

impl ConnectionFactory {
    fn connection(&self, (socket, peer, permit): Arrival) -> Result<NewConnection, Error> {
        endpoint::tune(&socket).map_err(|error| Error::Io("preparing", error))?;
        let context = self.context.clone();
        if let Some(name) = &self.options.classic {
            let origin = self.options.sources.open(name)?;
            let (session, serving) = classic::serve(name, origin, context, peer, permit);
            return Ok(self.new_connection(socket, peer, session, serving));
        }
        let session = Session::new(self.options.session.clone(), &nonce()?);
        Ok(self.new_connection(socket, peer, session, Serving::new(context, peer, permit)))
    }

    /// `None` where it cannot be served; the log says why.
    fn accepted(&self, (socket, peer, permit): Arrival) -> Option<NewConnection> {
        let served = self.connection((socket, peer, permit));
        served.map_err(|error| self.context.say(&format!("{peer}: {error}"))).ok()
    }

    fn new_connection<S, A>(
        &self,
        socket: TcpStream,
        peer: SocketAddr,
        session: S,
        application: A,
    ) -> NewConnection
    where
        S: crate::session::Session + 'static,
        A: Application<S> + 'static,
    {
        let tap = self.options.run.make_tap(Some(peer));
        NewConnection::new(self.stream(socket), session, application).with_tap(tap)
    }

    fn stream(&self, socket: TcpStream) -> Stream {
        match &self.options.tls {
            Some(tls) => Stream::tls_server(socket, tls),
            None => Stream::plain(socket),
        }
    }
}

/// Lets connections in, for all threads.
pub(super) struct Acceptor {
    factory: ConnectionFactory,
    admission: Arc<Admission>,
    /// Those of thread 1 and up.
    others: Vec<Outbox>,
    /// How many were refused since the log said so, and when that was.
    refused: u64,
    said_at: Option<Instant>,
}

impl Acceptor {
    pub(super) fn new(
        factory: ConnectionFactory,
        admission: Arc<Admission>,
        others: Vec<Outbox>,
    ) -> Acceptor {
        Acceptor { factory, admission, others, refused: 0, said_at: None }
    }

    fn refuse(&mut self, socket: TcpStream, peer: SocketAddr) -> Accepted {
        self.refused += 1;
        if self.said_at.is_none_or(|at| at.elapsed() >= REFUSALS_SAID_EVERY) {
            let (max, count) = (self.admission.connections_max(), self.refused);
            let others = match count {
                1 => String::new(),
                _ => format!(", and {} others before", count - 1),
            };
            let what = format!("{peer}: refused: busy: {max} connections are open{others}");
            self.factory.context.say(&what);
            (self.refused, self.said_at) = (0, Some(Instant::now()));
        }
        if self.factory.options.classic.is_some() {
            // The classic wire has no words for it: the stream ends before the object begins.
            return Accepted::Gone;
        }
        // It sends neither hello nor proof, so it needs no nonce, and it reads nothing.
        let mut session = Session::new(self.factory.options.session.clone(), "");
        session.abort(AbortReason::OverBudget, "connection limit reached");
        Accepted::Refused(self.factory.new_connection(socket, peer, session, ()))
    }
}

impl Accept for Acceptor {
    fn accept(&mut self, socket: TcpStream, peer: SocketAddr) -> Accepted {
        let Some(permit) = self.admission.connection() else { return self.refuse(socket, peer) };
        let thread = permit.thread();
        let arrival = (socket, peer, permit);
        let Some(other) = thread.checked_sub(1).and_then(|at| self.others.get(at)) else {
            return self.factory.accepted(arrival).into();
        };
        // If that thread has ended, the server ends as well, and closes the connection.
        other.arrivals.push(arrival);
        let _ = other.waker.wake();
        Accepted::Gone
    }
}

/// Takes the connections of a thread that does not accept itself.
pub(super) struct Inbox {
    arrivals: Arrivals,
    /// Empty between turns; its memory changes places with that of `arrivals`.
    taken: Vec<Arrival>,
    factory: ConnectionFactory,
    admission: Arc<Admission>,
    thread: usize,
    stopping: bool,
}

impl Inbox {
    pub(super) fn new(
        arrivals: Arrivals,
        factory: ConnectionFactory,
        admission: Arc<Admission>,
        thread: usize,
    ) -> Inbox {
        let taken = Vec::with_capacity(admission.connections_max());
        Inbox { arrivals, taken, factory, admission, thread, stopping: false }
    }
}

impl ConnectionSource for Inbox {
    fn turn(&mut self, reactor: &mut Reactor, _now: Instant) {
        self.arrivals.take(&mut self.taken);
        for arrival in self.taken.drain(..) {
            // What comes while the server ends is closed, as what still waits to be accepted is.
            if let Some(arrival) = Some(arrival).filter(|_| !self.stopping)
                && let Some(new) = self.factory.accepted(arrival)
            {
                // What cannot be registered is dropped, and with it the connection.
                let _ = reactor.add(new);
            }
        }
    }

    fn connected(&mut self, _attempt: Handle, _outcome: io::Result<TcpStream>) {}

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn is_done(&self) -> bool {
        self.stopping && self.admission.load(self.thread) == 0
    }

    fn give_up(&mut self, _why: &dyn Fn() -> Error) {
        self.stopping = true;
    }
}
