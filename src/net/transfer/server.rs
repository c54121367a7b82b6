//! The server's façade: bind, run, stop.
//!
//! What it is for: to serve what lies beneath a root, on the framed or the classic wire. The
//! command's `serve` is this and its flags.
//!
//! Specification: `PROTOCOL.md`, by [`transfer::server`](crate::transfer::server).
//!
//! ```text
//!   bind ─▶ run ─┬ thread ─ reactor ─▶ accept ─┬▶ a session for each connection
//!                └ thread ─ reactor ◀───────────┘  on the thread that has the fewest
//!   StopHandle::stop, or a signal ─▶ nothing is accepted, what runs ends within the grace period
//! ```
//!
//! | limit | default | what it guards against |
//! |---|---|---|
//! | [`connections_max`](Options::connections_max) | 10,000 | peers without end |
//! | [`grace`](Options::grace) | 10 s | an end that waits for the slowest |
//!
//! A connection holds up to two descriptors, and a put two more. What the limit of the process
//! leaves bounds both: a peer over the limit, or over `connections_max`, is told `busy`; over the
//! classic wire, which has no words for it, its connection is closed.
//!
//! ```no_run
//! use wirewright::net::files::Sources;
//! use wirewright::net::files::Root;
//! use wirewright::net::transfer::server::{Options, Server};
//!
//! let root = Root::open("pictures".as_ref())?;
//! let server = Server::bind("127.0.0.1:5566".parse()?, Options::new(Sources::Files(root)))?;
//! println!("listening on {}", server.local_addr());
//! server.run()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod acceptor;

use super::admission::Admission;
pub use super::serve::{Direction, OnTransfer, Transfer};
use super::serve::{Log, ServerContext};
use crate::name::Name;
use crate::net::connection::Limits;
use crate::net::files::Durability;
use crate::net::files::Sources;
use crate::net::files::finisher::Finisher;
use crate::net::reactor::{Reactor, ReactorBuilder, StopHandle};
use crate::net::run::RunOptions;
use crate::net::transport::Error;
use crate::net::transport::endpoint;
use crate::net::transport::rate::RateLimit;
use crate::net::transport::tls::ServerTls;
use crate::transfer::server;
use acceptor::{Acceptor, Arrivals, ConnectionFactory, Inbox, Outbox};
use mio::net::TcpListener;
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// What a server serves and how.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// What it serves.
    pub sources: Sources,
    /// Serve this one file on the classic wire, instead of the framed one.
    pub classic: Option<Name>,
    /// The session's bounds, digests and token.
    pub session: Arc<server::Config>,
    /// TLS, if it is wanted.
    pub tls: Option<ServerTls>,
    /// Whether it takes files.
    pub writable: bool,
    /// What is synced before a file that was put gets its name.
    pub durability: Durability,
    /// How many connections it holds at a time, on all threads together; fewer where the limit of
    /// descriptors does not allow so many ([`Server::connections_max`]).
    pub connections_max: usize,
    /// How many threads serve.
    pub threads: usize,
    /// How long running transfers may go on after it was asked to stop.
    pub grace: Duration,
    /// Hears of connections that were refused or failed.
    pub log: Option<Log>,
    /// Hears of each transfer that has ended.
    pub on_transfer: Option<OnTransfer>,
    /// What all façades have in common.
    pub run: RunOptions,
}

impl Options {
    /// Serves `sources` for reading, with the defaults of everything else.
    pub fn new(sources: Sources) -> Options {
        Options {
            sources,
            classic: None,
            session: Arc::default(),
            tls: None,
            writable: false,
            durability: Durability::Fsync,
            connections_max: 10_000,
            threads: 1,
            grace: Duration::from_secs(10),
            log: None,
            on_transfer: None,
            run: RunOptions::default(),
        }
    }

    /// Sets [`sources`](Options::sources).
    #[must_use]
    pub fn with_sources(self, sources: Sources) -> Options {
        Options { sources, ..self }
    }

    /// Sets [`classic`](Options::classic).
    #[must_use]
    pub fn with_classic(self, classic: impl Into<Option<Name>>) -> Options {
        Options { classic: classic.into(), ..self }
    }

    /// Sets [`session`](Options::session).
    #[must_use]
    pub fn with_session(self, session: Arc<server::Config>) -> Options {
        Options { session, ..self }
    }

    /// Sets [`tls`](Options::tls).
    #[must_use]
    pub fn with_tls(self, tls: impl Into<Option<ServerTls>>) -> Options {
        Options { tls: tls.into(), ..self }
    }

    /// Sets [`writable`](Options::writable).
    #[must_use]
    pub fn with_writable(self, writable: bool) -> Options {
        Options { writable, ..self }
    }

    /// Sets [`durability`](Options::durability).
    #[must_use]
    pub fn with_durability(self, durability: Durability) -> Options {
        Options { durability, ..self }
    }

    /// Sets [`connections_max`](Options::connections_max).
    #[must_use]
    pub fn with_connections_max(self, connections_max: usize) -> Options {
        Options { connections_max, ..self }
    }

    /// Sets [`threads`](Options::threads).
    #[must_use]
    pub fn with_threads(self, threads: usize) -> Options {
        Options { threads, ..self }
    }

    /// Sets [`grace`](Options::grace).
    #[must_use]
    pub fn with_grace(self, grace: Duration) -> Options {
        Options { grace, ..self }
    }

    /// Sets [`log`](Options::log).
    #[must_use]
    pub fn with_log(self, log: impl Into<Option<Log>>) -> Options {
        Options { log: log.into(), ..self }
    }

    /// Sets [`on_transfer`](Options::on_transfer).
    #[must_use]
    pub fn with_on_transfer(self, on_transfer: impl Into<Option<OnTransfer>>) -> Options {
        Options { on_transfer: on_transfer.into(), ..self }
    }

    /// Sets [`run`](Options::run).
    #[must_use]
    pub fn with_run(self, run: RunOptions) -> Options {
        Options { run, ..self }
    }
}

/// A server that listens; [`run`](Server::run) serves.
pub struct Server {
    options: Options,
    admission: Arc<Admission>,
    listener: TcpListener,
    /// One for each thread; the first is the caller's.
    builders: Vec<ReactorBuilder>,
    address: SocketAddr,
}

impl Server {
    /// Listens on an address; port 0 picks a free one.
    ///
    /// # Errors
    /// [`Error::Io`] if the address is in use or not ours, or the limit of descriptors leaves none
    /// for a connection.
    pub fn bind(address: SocketAddr, options: Options) -> Result<Server, Error> {
        let starting = |error| Error::Io("starting", error);
        let descriptors = endpoint::descriptors_max();
        let threads = options.threads.max(1);
        let (max, writable) = (options.connections_max, options.writable);
        let admission = Admission::new(max, threads, descriptors, writable);
        if admission.connections_max() == 0 {
            let least = Admission::descriptors_min(threads, writable);
            let work =
                if writable { "one connection that stores a file" } else { "one connection" };
            let what = format!(
                "a limit of {descriptors} descriptors (ulimit -n) is too low: {work} needs {least}"
            );
            return Err(starting(io::Error::other(what)));
        }
        let mut builders = vec![options.run.builder()?];
        for _ in 1..threads {
            builders.push(ReactorBuilder::new().map_err(starting)?);
        }
        let listening = |error| Error::Io("listening", error);
        let rate = options.run.limits.rate();
        let listener = endpoint::listen_limited(address, rate).map_err(listening)?;
        let address = listener.local_addr().map_err(listening)?;
        Ok(Server { options, admission: Arc::new(admission), listener, builders, address })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// How many connections it holds at a time, on all threads together: what was asked for, or
    /// what the limit of descriptors allows.
    pub fn connections_max(&self) -> usize {
        self.admission.connections_max()
    }

    /// Stops it from another thread.
    pub fn stop_handle(&self) -> StopHandle {
        self.builders[0].stop_handle()
    }

    /// Serves until it is stopped.
    ///
    /// # Errors
    /// [`Error::Io`] if a thread cannot be started or a reactor cannot go on; no peer can bring
    /// that about.
    pub fn run(self) -> Result<(), Error> {
        let Server { options, admission, listener, mut builders, .. } = self;
        let rate = options.run.limits.rate().map(RateLimit::new);
        let first = builders.remove(0);
        let (mut threads, mut outboxes, mut followers) = (Vec::new(), Vec::new(), Vec::new());
        let mut outcome = Ok(());
        for (builder, thread) in builders.into_iter().zip(1..) {
            let arrivals = Arrivals::new(admission.connections_max());
            outboxes.push(Outbox { arrivals: arrivals.clone(), waker: builder.waker() });
            let stop = builder.stop_handle();
            let (options, admission, rate) = (options.clone(), admission.clone(), rate.clone());
            let serve = move || follow(builder, thread, arrivals, options, admission, rate);
            match std::thread::Builder::new().name(format!("serve-{thread}")).spawn(serve) {
                Ok(thread) => threads.push(thread),
                Err(error) => outcome = Err(Error::Io("starting a thread", error)),
            }
            followers.push(stop);
        }
        if outcome.is_ok() {
            // All stop at once: nobody is let in while others are let finish.
            let acceptor = |factory| Acceptor::new(factory, admission.clone(), outboxes);
            let (mut reactor, factory) = reactor(first, &options, &admission, rate);
            reactor.set_stop_at(options.run.deadline());
            outcome = lead(reactor, listener, followers.clone(), &admission, acceptor(factory));
        }
        // Where the first could not go on, it has told nobody.
        followers.iter().for_each(StopHandle::stop);
        for thread in threads {
            let gone = |_| Err(Error::Io("serving", io::Error::other("a thread panicked")));
            outcome = outcome.and(thread.join().unwrap_or_else(gone));
        }
        outcome
    }
}

/// What the thread does that accepts for all.
fn lead(
    mut reactor: Reactor,
    listener: TcpListener,
    followers: Vec<StopHandle>,
    admission: &Admission,
    acceptor: Acceptor,
) -> Result<(), Error> {
    reactor.set_followers(followers);
    reactor.set_refused_max(admission.refusals_max());
    let listening = reactor.listen(listener, Box::new(acceptor));
    listening.map_err(|error| Error::Io("listening", error))?;
    run(reactor)
}

/// What every other thread does.
fn follow(
    builder: ReactorBuilder,
    thread: usize,
    arrivals: Arrivals,
    options: Options,
    admission: Arc<Admission>,
    rate: Option<RateLimit>,
) -> Result<(), Error> {
    let (mut reactor, factory) = reactor(builder, &options, &admission, rate);
    reactor.set_source(Box::new(Inbox::new(arrivals, factory, admission, thread)));
    run(reactor)
}

/// The reactor of one thread. All threads share the limit on bytes a second.
fn reactor(
    builder: ReactorBuilder,
    options: &Options,
    admission: &Arc<Admission>,
    rate: Option<RateLimit>,
) -> (Reactor, ConnectionFactory) {
    let limits = share(options.run.limits, options.threads);
    let mut reactor = Reactor::new(builder, usize::MAX, limits);
    if let Some(rate) = rate {
        reactor.set_rate_limit(rate);
    }
    reactor.set_grace(options.grace);
    reactor.expect(admission.connections_max());
    let context = Rc::new(ServerContext {
        sources: options.sources.clone(),
        writable: options.writable,
        durability: options.durability,
        finisher: RefCell::new(Finisher::new(reactor.waker())),
        admission: admission.clone(),
        log: options.log.clone(),
        on_transfer: options.on_transfer.clone(),
        meter: options.run.meter.clone(),
    });
    (reactor, ConnectionFactory { options: options.clone(), context })
}

fn run(mut reactor: Reactor) -> Result<(), Error> {
    reactor.run().map_err(|error| Error::Io("waiting for events", error))
}

/// What one thread may hold of what all of them may.
fn share(limits: Limits, threads: usize) -> Limits {
    let part = |bytes: usize| (bytes / threads.max(1)).max(bytes.min(256 << 10));
    Limits {
        out_bytes_budget: part(limits.out_bytes_budget),
        memory_bytes_budget: part(limits.memory_bytes_budget),
        kernel_bytes_budget: part(limits.kernel_bytes_budget),
        ..limits
    }
}
