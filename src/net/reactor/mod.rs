//! The reactor: one thread, many connections, one poll.
//!
//! ```text
//!   poll ─▶ events ─┬ listener ─▶ accept …          (paused at EMFILE and at the limit)
//!                   ├ signal ───▶ stop accepting, wind down, grace period, end
//!                   ├ waker ────▶ drive connections that wait for a job
//!                   ├ attempt ──▶ connected, or failed ─▶ its connector or source
//!                   ├ datagrams ▶ receive, answer, compose     (see `DatagramHandler`)
//!                   └ token ────▶ drive that connection ─▶ again? ─▶ the ready queue
//!   timers ─▶ expire
//!   open ─────▶ name, connect, add                  (a client's connections)
//!   source ───▶ connect, add, wake                  (see `ConnectionSource`)
//! ```
//!
//! Readiness is edge-triggered: a connection that stops before its socket blocks is put into the
//! ready queue. A token carries the generation of its slot, so that an event for a closed
//! connection is not delivered to the next connection in that slot. After EMFILE no further event
//! comes for a listener: accepting is retried with every close, and every 100 ms.
//!
//! | limit | default | what it guards against |
//! |---|---|---|
//! | [`name_wait`](ConnectOptions::name_wait) | 20 s | a resolver that does not answer |
//!
//! The limits of attempts to connect are those of [`dial`](super::transport::dial), the limits of
//! connections those of [`connection`](super::connection).

mod accept;
mod builder;
pub(crate) mod connecting;
mod datagrams;
mod limited;
mod opening;
mod relief;
mod source;
mod stop;
mod ticks;
mod trim;
mod turns;

pub use accept::{Accept, Accepted};
pub use builder::ReactorBuilder;
pub use connecting::ConnectOptions;
pub use datagrams::DatagramHandler;
pub use mio;
pub use source::{ConnectionSource, Handle};
pub use stop::StopHandle;

use super::connection::{Connection, Limits, NewConnection, Shared};
use super::transport::Error;
use super::transport::rate::RateLimit;
use accept::{LISTENERS_MAX, Listener};
use builder::Signals;
use datagrams::UdpSockets;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token, Waker};
use opening::Requests;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::{Duration, Instant};

const WAKER: Token = Token(usize::MAX);
const SIGNAL: Token = Token(usize::MAX - 1);
/// Listeners take the tokens from here down.
const LISTENERS_END: usize = usize::MAX - 2;

#[derive(Default)]
struct Slot {
    generation: u32,
    /// Boxed, because most slots may be empty.
    connection: Option<Box<Connection>>,
    /// A socket that is being connected, while there is no connection.
    attempt: Option<TcpStream>,
    // Whether the slot is in `ready` or `later`, in `parked`, in `held_back`, in `ticks`.
    queued: bool,
    parked: bool,
    held_back: bool,
    ticks: bool,
}

/// Drives connections, listeners and UDP sockets on one thread. See the head of this module.
pub struct Reactor {
    poll: Poll,
    waker: Arc<Waker>,
    /// The first is its own.
    stops: Vec<StopHandle>,
    followers: Vec<StopHandle>,
    listeners: Vec<Listener>,
    udp_sockets: UdpSockets,
    source: Option<Box<dyn ConnectionSource>>,
    requests: Requests,
    accept_at: Option<Instant>,
    slots: Vec<Slot>,
    free: Vec<usize>,
    live: usize,
    live_max: usize,
    /// Connections that are being refused, the oldest first; some may be closed already.
    refused: VecDeque<Handle>,
    refused_max: usize,
    relief_at: Option<Instant>,
    /// The most connections since memory was last returned to the system.
    peak: usize,
    /// The most memory of all connections since then, in bytes.
    peak_bytes: usize,
    /// Blocks at the beginning of the heap, see `trim`.
    reserve: Vec<trim::Blocks>,
    ready: VecDeque<usize>,
    /// Slots whose connection has work that needs no event.
    later: VecDeque<usize>,
    /// Slots whose connection waits, or waited, for a job on another thread.
    parked: Vec<usize>,
    timers: BinaryHeap<Reverse<(Instant, usize, u32)>>,
    /// When applications want their tick; at most one entry for each connection.
    ticks: BinaryHeap<Reverse<(Instant, usize, u32)>>,
    signals: Option<Signals>,
    grace: Duration,
    ending: Option<Instant>,
    deadline: Option<Instant>,
    /// When the reactor stops by itself.
    stop_at: Option<Instant>,
    limits: Limits,
    connect: ConnectOptions,
    rate: Option<RateLimit>,
    /// Slots whose connection the rate limit holds back, the longest wait first.
    held_back: VecDeque<usize>,
    shared: Shared,
}

impl Reactor {
    /// A reactor that holds at most `live_max` connections at a time.
    pub fn new(builder: ReactorBuilder, live_max: usize, limits: Limits) -> Reactor {
        Reactor {
            poll: builder.poll,
            waker: builder.waker,
            stops: builder.stops,
            followers: Vec::new(),
            listeners: Vec::new(),
            udp_sockets: UdpSockets::default(),
            source: None,
            requests: Requests::default(),
            accept_at: None,
            slots: Vec::new(),
            free: Vec::new(),
            live: 0,
            live_max,
            refused: VecDeque::new(),
            refused_max: 0,
            relief_at: None,
            peak: 0,
            peak_bytes: 0,
            reserve: Vec::new(),
            ready: VecDeque::new(),
            later: VecDeque::new(),
            parked: Vec::new(),
            timers: BinaryHeap::new(),
            ticks: BinaryHeap::new(),
            signals: builder.signals,
            grace: Duration::from_secs(10),
            ending: None,
            deadline: None,
            stop_at: None,
            limits,
            connect: ConnectOptions::default(),
            rate: limits.rate().map(RateLimit::new),
            held_back: VecDeque::new(),
            shared: Shared::new(limits),
        }
    }

    /// Wakes the reactor from another thread, to drive connections that wait for a job there.
    pub fn waker(&self) -> Arc<Waker> {
        self.waker.clone()
    }

    /// Sets how long work in progress may continue after a stop; 10 seconds by default.
    pub fn set_grace(&mut self, grace: Duration) {
        self.grace = grace;
    }

    /// Sets other reactors to stop as soon as this one is stopped.
    pub fn set_followers(&mut self, followers: Vec<StopHandle>) {
        self.followers = followers;
    }

    /// Sets when everything ends with [`Error::TimedOut`]; `None` is never.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
    }

    /// Sets when the reactor stops as if by [`StopHandle::stop`]; `None` is never.
    pub fn set_stop_at(&mut self, stop_at: Option<Instant>) {
        self.stop_at = stop_at;
    }

    /// Sets how [`open`](Reactor::open) and [`resolve`](Reactor::resolve) connect.
    pub fn set_connect(&mut self, connect: ConnectOptions) {
        self.connect = connect;
    }

    /// Adds a connection.
    ///
    /// # Errors
    /// Those of registering the socket. The connection is then dropped without notice.
    pub fn add(&mut self, new: NewConnection) -> io::Result<Handle> {
        let mut connection = Connection::new(new, Instant::now());
        let handle = self.reserve();
        let registered = match connection.stream().socket() {
            Some(socket) => self.poll.registry().register(socket, handle.token(), BOTH),
            None => Err(ErrorKind::NotConnected.into()),
        };
        if let Err(error) = registered {
            self.release(handle.index);
            return Err(error);
        }
        if let Some(rate) = &self.rate {
            connection.stream().ready().share.set(rate.clone());
        }
        let deadline = connection.deadline(&self.limits);
        connection.set_timer(deadline);
        self.timers.push(Reverse((deadline, handle.index, handle.generation)));
        self.slots[handle.index].connection = Some(Box::new(connection));
        self.live += 1;
        self.shared.live = self.live;
        self.enqueue(handle.index);
        Ok(handle)
    }

    /// Takes a free slot, or makes one.
    fn reserve(&mut self) -> Handle {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() - 1
        });
        Handle { index, generation: self.slots[index].generation }
    }

    /// Frees a slot. Events and handles of its last connection become invalid.
    fn release(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        slot.generation = slot.generation.wrapping_add(1);
        slot.ticks = false;
        self.free.push(index);
    }

    /// Runs until there is no connection, pending request, open UDP socket or listener; with a
    /// [`ConnectionSource`], until the source is done; or until a stop or the deadline. May be
    /// called again: connections that a source has kept open get their pending events first.
    ///
    /// # Errors
    /// Those of poll. A failure of one connection ends only that connection.
    pub fn run(&mut self) -> io::Result<()> {
        self.run_until(|_| false)
    }

    /// As [`run`](Reactor::run), but ends also when `is_done`, of the open connections, is true.
    ///
    /// # Errors
    /// As [`run`](Reactor::run).
    pub(crate) fn run_until(&mut self, is_done: impl Fn(usize) -> bool) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        let mut polled = self.source.is_none();
        // A reactor that was stopped before begins nothing.
        self.check_stop();
        self.drive_requests();
        while !polled || (self.goes_on() && !is_done(self.live)) {
            let timeout = match polled && !self.udp_sockets.nap(Instant::now()) {
                true => self.timeout(Instant::now()),
                false => Some(Duration::ZERO),
            };
            if timeout != Some(Duration::ZERO) {
                self.shared.nap();
            }
            match self.poll.poll(&mut events, timeout) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            polled = true;
            for event in &events {
                self.note(event);
            }
            self.check_stop();
            self.accept_all();
            self.udp_sockets.drive();
            self.grant();
            self.drive_ready();
            self.expire();
            self.drive_source();
            self.drive_requests();
            self.trim();
        }
        Ok(())
    }

    /// Whether the reactor was asked to stop.
    pub fn was_stopped(&self) -> bool {
        self.ending.is_some()
    }

    fn goes_on(&self) -> bool {
        let is_open = match &self.source {
            Some(source) => !source.is_done(),
            None => {
                let listens = !self.listeners.is_empty() && self.ending.is_none();
                self.live > 0 || listens || self.udp_sockets.are_open()
            }
        };
        is_open || self.requests.are_open()
    }

    fn timeout(&self, now: Instant) -> Option<Duration> {
        if !self.ready.is_empty()
            || !self.later.is_empty()
            || self.listeners.iter().any(|l| l.acceptable && self.may_accept())
        {
            return Some(Duration::ZERO);
        }
        let next = self.timers.peek().map(|Reverse((at, ..))| *at);
        let tick = self.ticks.peek().map(|Reverse((at, ..))| *at);
        let source = self.source.as_ref().and_then(|source| source.deadline());
        let requests = self.requests.deadline();
        let udp_sockets = self.udp_sockets.deadline(now);
        let ours = [self.accept_at, self.relief_at, self.grant_at()];
        let ends = [self.ending, self.deadline, self.stop_at];
        let theirs = [next, tick, source, requests, udp_sockets];
        let soonest = ours.into_iter().chain(ends).chain(theirs).flatten().min()?;
        Some(soonest.saturating_duration_since(now) + Duration::from_millis(1))
    }

    fn note(&mut self, event: &mio::event::Event) {
        match event.token() {
            WAKER => {
                for index in std::mem::take(&mut self.parked) {
                    self.slots[index].parked = false;
                    self.enqueue(index);
                }
            }
            SIGNAL => {
                self.signals.iter_mut().for_each(Signals::clear);
                self.stops[0].stop();
            }
            Token(token) if token > LISTENERS_END - LISTENERS_MAX => {
                self.listeners[LISTENERS_END - token].acceptable = true;
            }
            Token(token) if UdpSockets::has(token) => self.udp_sockets.note(token, event),
            token => self.note_connection(token, event),
        }
    }

    fn note_connection(&mut self, token: Token, event: &mio::event::Event) {
        let (index, generation) = (token.0 & 0xFFFF_FFFF, (token.0 >> 32) as u32);
        let Some(slot) = self.slots.get_mut(index) else { return };
        if slot.generation & GENERATION_MASK != generation {
            return;
        }
        if slot.attempt.is_some() {
            let generation = slot.generation;
            return self.note_attempt(Handle { index, generation });
        }
        let Some(connection) = &mut slot.connection else { return };
        let ready = connection.stream().ready();
        if event.is_read_closed() || event.is_error() {
            ready.closed.set(true);
        }
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            ready.readable.set(true);
        }
        if event.is_writable() || event.is_write_closed() || event.is_error() {
            ready.writable.set(true);
        }
        self.enqueue(index);
    }

    fn enqueue(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        if !slot.queued && slot.connection.is_some() {
            slot.queued = true;
            self.ready.push_back(index);
        }
    }

    /// Adds a timer if the deadline of a connection is now earlier than its timer.
    fn rearm(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        let Some(connection) = &mut slot.connection else { return };
        let deadline = connection.deadline(&self.limits);
        if connection.timer_is_later_than(deadline) {
            self.timers.push(Reverse((deadline, index, slot.generation)));
        }
    }

    fn close(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        let Some(mut connection) = slot.connection.take() else { return };
        if let Some(socket) = connection.stream().socket() {
            // Closing deregisters as well, unless a library keeps a duplicate of the descriptor.
            let _ = self.poll.registry().deregister(socket);
        }
        connection.close(&mut self.shared);
        drop(connection);
        self.release(index);
        self.live -= 1;
        self.shared.live = self.live;
        self.forget_timers();
        // A descriptor is free again, so accepting may succeed.
        self.accept_at = None;
    }

    fn expire(&mut self) {
        let now = Instant::now();
        self.tick(now);
        // Before the timers: a wait that is as long as the whole run ends with the deadline's
        // error.
        if self.deadline.is_some_and(|deadline| now >= deadline) {
            self.deadline = None;
            let error = || Error::TimedOut { state: "the operation to end".into() };
            self.give_up_opening(&error);
            self.end_all(error);
        }
        while let Some(Reverse((at, index, generation))) = self.timers.peek().copied() {
            if at > now {
                break;
            }
            self.timers.pop();
            self.expire_one(at, index, generation, now);
        }
        self.relieve_again(now);
        if self.ending.is_some_and(|end| now >= end) {
            self.end_all(|| Error::Interrupted);
        }
    }

    fn expire_one(&mut self, at: Instant, index: usize, generation: u32, now: Instant) {
        let slot = &mut self.slots[index];
        if slot.generation != generation {
            return;
        }
        let Some(connection) = &mut slot.connection else { return };
        // A replaced timer is dropped. Put back, it would stay as long as the connection is open.
        if connection.timer() != at {
            return;
        }
        let deadline = connection.deadline(&self.limits);
        if deadline > now {
            connection.set_timer(deadline);
            self.timers.push(Reverse((deadline, index, generation)));
        } else if connection.expire(now, &self.limits) {
            self.close(index);
        } else {
            let deadline = connection.deadline(&self.limits);
            connection.set_timer(deadline);
            self.timers.push(Reverse((deadline, index, generation)));
            self.enqueue(index);
        }
    }

    /// Ends all connections, with their final messages as far as the sockets accept them at once.
    fn end_all(&mut self, error: impl Fn() -> Error) {
        let now = Instant::now();
        self.udp_sockets.give_up(&error);
        for index in 0..self.slots.len() {
            if let Some(connection) = &mut self.slots[index].connection {
                connection.fail(error(), now);
                self.enqueue(index);
            }
        }
        self.ready.append(&mut self.later);
        self.drive_ready();
        (0..self.slots.len()).for_each(|index| self.close(index));
    }
}

/// The interests that every connection is registered with.
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// The bits of a generation that fit into a token, below the tokens of listeners.
const GENERATION_MASK: u32 = 0x7FFF_FFFF;
