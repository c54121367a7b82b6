//! The server's façade: bind, run, stop.
//!
//! What it is for: to serve what lies beneath a root, on the framed or the classic wire. The
//! command's `serve` is this and its flags.
//!
//! Specification: `PROTOCOL.md`, by [`transfer::server`](crate::transfer::server).
//!
//! ```text
//!   bind ─▶ run ─┬ thread ─ reactor ─▶ accept ─▶ a session for each connection
//!                └ thread ─ reactor …
//!   Stopper::stop, or a signal ─▶ nobody is let in, what runs ends within the grace ─▶ run returns
//! ```
//!
//! | limit | default | what it guards against |
//! |---|---|---|
//! | [`connections_max`](Options::connections_max) | 10,000 | more than there are descriptors |
//! | [`grace`](Options::grace) | 10 s | an end that waits for the slowest |
//!
//! ```no_run
//! use wirewright::net::Supply;
//! use wirewright::net::files::Root;
//! use wirewright::net::server::{Options, Server};
//!
//! let root = Root::open("pictures".as_ref())?;
//! let server = Server::bind("127.0.0.1:5566".parse()?, Options::new(Supply::Files(root)))?;
//! println!("listening on {}", server.local_addr());
//! server.run()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::classic::ClassicServing;
use super::client::{TapMaker, nonce};
use super::endpoint;
use super::error::Error;
use super::files::Durability;
use super::finisher::Finisher;
use super::origin::Supply;
use super::pump::{Conversation, Limits};
use super::reactor::{Guest, Reactor, Seat, Stopper, Welcome};
use super::serve::{Desk, Log, Serving};
use super::stream::Stream;
use crate::transfer::name::Name;
use crate::transfer::server::{self, Server as Session};
use mio::net::{TcpListener, TcpStream};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// What a server serves and how.
#[derive(Clone)]
pub struct Options {
    /// What it serves.
    pub supply: Supply,
    /// Serve this one file on the classic wire, instead of the framed one.
    pub classic: Option<Name>,
    /// The session's bounds, digests and token.
    pub session: Arc<server::Config>,
    /// The pump's bounds.
    pub limits: Limits,
    /// TLS, if it is wanted.
    #[cfg(feature = "tls")]
    pub tls: Option<super::tls::ServerTls>,
    /// Whether it takes files.
    pub writable: bool,
    /// What is synced before a file that was put gets its name.
    pub durability: Durability,
    /// How many connections it holds at a time, on each thread.
    pub connections_max: usize,
    /// How many threads accept and serve.
    pub threads: usize,
    /// How long running transfers may go on after it was asked to stop.
    pub grace: Duration,
    /// Whether SIGINT and SIGTERM stop it.
    pub stop_at_signals: bool,
    /// Who listens along.
    pub tap: Option<TapMaker>,
    /// Hears of refusals and of connections that failed.
    pub log: Option<Log>,
}

impl Options {
    /// Serves `supply` for reading, with the defaults of everything else.
    pub fn new(supply: Supply) -> Options {
        Options {
            supply,
            classic: None,
            session: Arc::default(),
            limits: Limits::default(),
            #[cfg(feature = "tls")]
            tls: None,
            writable: false,
            durability: Durability::Fsync,
            connections_max: 10_000,
            threads: 1,
            grace: Duration::from_secs(10),
            stop_at_signals: false,
            tap: None,
            log: None,
        }
    }
}

/// A server that listens; [`run`](Server::run) serves.
pub struct Server {
    options: Options,
    /// One for each thread; the first is the caller's.
    seats: Vec<(Seat, TcpListener)>,
    address: SocketAddr,
}

impl Server {
    /// Listens on an address; port 0 picks a free one.
    ///
    /// # Errors
    /// [`Error::Io`] if the address is in use or not ours.
    pub fn bind(address: SocketAddr, options: Options) -> Result<Server, Error> {
        let failed = |error| Error::Io("listening", error);
        let share = options.threads > 1;
        let first = endpoint::listen(address, share).map_err(failed)?;
        let address = first.local_addr().map_err(failed)?;
        let mut seat = Seat::new().map_err(failed)?;
        if options.stop_at_signals {
            seat.stop_at_signals().map_err(failed)?;
        }
        let mut seats = vec![(seat, first)];
        for _ in 1..options.threads {
            let socket = endpoint::listen(address, share).map_err(failed)?;
            seats.push((Seat::new().map_err(failed)?, socket));
        }
        Ok(Server { options, seats, address })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Stops it from another thread.
    pub fn stopper(&self) -> Stopper {
        self.seats[0].0.stopper()
    }

    /// Serves until it is stopped.
    ///
    /// # Errors
    /// [`Error::Io`] if a reactor cannot go on; no peer can bring that about.
    pub fn run(self) -> Result<(), Error> {
        let options = self.options;
        let mut seats = self.seats.into_iter();
        let first = seats.next();
        let others: Vec<_> = seats
            .map(|(seat, socket)| {
                let (stopper, options) = (seat.stopper(), options.clone());
                (stopper, std::thread::spawn(move || serve(seat, socket, &options, Vec::new())))
            })
            .collect();
        // All stop at once: nobody is let in on one thread while another lets its guests finish.
        let followers = others.iter().map(|(stopper, _)| stopper.clone()).collect();
        let mut outcome =
            first.map_or(Ok(()), |(seat, socket)| serve(seat, socket, &options, followers));
        // Where the first could not go on, it has told nobody.
        others.iter().for_each(|(stopper, _)| stopper.stop());
        for (_, thread) in others {
            let gone = |_| Err(Error::Io("serving", std::io::Error::other("a thread panicked")));
            outcome = outcome.and(thread.join().unwrap_or_else(gone));
        }
        outcome
    }
}

fn serve(
    seat: Seat,
    socket: TcpListener,
    options: &Options,
    followers: Vec<Stopper>,
) -> Result<(), Error> {
    let limits = share(options.limits, options.threads);
    let mut reactor = Reactor::new(seat, options.connections_max, limits);
    reactor.set_grace(options.grace);
    reactor.set_followers(followers);
    let desk = Rc::new(Desk {
        supply: options.supply.clone(),
        writable: options.writable,
        durability: options.durability,
        finisher: RefCell::new(Finisher::new(reactor.waker())),
        log: options.log.clone(),
    });
    let door = Door { options: options.clone(), desk };
    reactor.listen(socket, Box::new(door)).map_err(|error| Error::Io("listening", error))?;
    reactor.run().map_err(|error| Error::Io("waiting for events", error))
}

/// What one thread may hold of what all of them may.
fn share(limits: Limits, threads: usize) -> Limits {
    let part = |bytes: usize| (bytes / threads.max(1)).max(bytes.min(256 << 10));
    Limits {
        out_bytes_budget: part(limits.out_bytes_budget),
        memory_bytes_budget: part(limits.memory_bytes_budget),
        ..limits
    }
}

/// Lets guests in.
struct Door {
    options: Options,
    desk: Rc<Desk>,
}

impl Door {
    fn conversation(&self, peer: SocketAddr) -> Result<Box<dyn Conversation>, Error> {
        let (desk, peer) = (self.desk.clone(), peer.to_string());
        if let Some(name) = &self.options.classic {
            let origin = self.options.supply.open(name)?;
            return Ok(Box::new(ClassicServing::new(name, origin, desk, peer)));
        }
        let session = Session::new(self.options.session.clone(), &nonce()?);
        Ok(Box::new(Serving::new(session, desk, peer)))
    }

    fn stream(&self, socket: TcpStream) -> Stream {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.options.tls {
            return Stream::tls_server(socket, tls);
        }
        Stream::plain(socket)
    }
}

impl Welcome for Door {
    fn welcome(&mut self, socket: TcpStream, peer: SocketAddr) -> Option<Guest> {
        let tuned = endpoint::tune(&socket).map_err(|error| Error::Io("preparing", error));
        match tuned.and_then(|()| self.conversation(peer)) {
            Ok(conversation) => {
                let tap = self.options.tap.as_ref().map(|make| make());
                Some(Guest { stream: self.stream(socket), conversation, tap })
            }
            Err(error) => {
                self.desk.say(&format!("{peer}: {error}"));
                None
            }
        }
    }
}
