//! The engine: opens the connections that jobs wait for.
//!
//! Specification: RFC 8305 (by [`Connector`]), RFC 8446.
//!
//! ```text
//!   needy route ─┬─ an idle connection ─▶ woken
//!                └─ none ─▶ name ─▶ addresses, families alternating ─▶ connected ─▶ Connection
//!                                     └─ none answers ─▶ one job fails, each address named
//! ```

use super::connection::{Connection, Established, Wakes};
use super::pool::{ConnectionSlot, ConnectionState, Pool};
use super::report::Timings;
use super::route::Route;
use super::trace::Tracer;
use crate::net::connection::NewConnection;
use crate::net::reactor::connecting::{Connected, Connector};
use crate::net::reactor::{ConnectionSource, Handle, Reactor};
use crate::net::report::Failure;
use crate::net::transport::Error;
use crate::net::transport::names::Names;
use crate::net::transport::stream::Stream;
use crate::net::transport::tls::NamedTls;
use mio::net::TcpStream;
use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::Instant;

/// See the head of this module.
pub(super) struct Engine {
    pool: Rc<RefCell<Pool>>,
    wakes: Wakes,
    names: Names,
    /// Connects; the tag of an attempt is the index of its route.
    connector: Connector<usize>,
    /// Connections opened so far; the number of a connection in the trace.
    connections: u64,
    /// The call has been given up: attempts to connect are abandoned.
    given_up: bool,
}

impl Engine {
    pub(super) fn new(pool: Rc<RefCell<Pool>>, names: Names) -> Engine {
        let connector = Connector::new(pool.borrow().options.run.connect);
        Engine { pool, wakes: Wakes::default(), names, connector, connections: 0, given_up: false }
    }

    /// Abandons the attempts to connect: the next call starts its own.
    fn abandon_attempts(&mut self, reactor: &mut Reactor) {
        for (route, _) in self.connector.abandon(reactor) {
            self.pool.borrow_mut().not_opened(route);
        }
    }

    /// Wakes or opens all connections that are needed; true if there was one.
    fn begin(&mut self, reactor: &mut Reactor, now: Instant) -> bool {
        let mut begun = false;
        loop {
            let Some(route) = self.pool.borrow_mut().needy() else { return begun };
            begun = true;
            let idle = self.pool.borrow_mut().idle(route);
            if let Some(connection) = idle {
                reactor.wake(connection);
                continue;
            }
            let evicted = self.pool.borrow_mut().evict_idle();
            evicted.into_iter().for_each(|connection| reactor.wake(connection));
            let mut pool = self.pool.borrow_mut();
            pool.opening(route);
            let (host, port) = pool.route(route).endpoint();
            self.connector.begin(route, self.names.ask(&host, port, now), now);
        }
    }

    /// Continues all attempts to connect.
    fn go_on(&mut self, reactor: &mut Reactor, now: Instant) {
        for (route, error) in self.connector.go_on(reactor, now) {
            self.not_made(route, &error);
        }
    }

    fn not_made(&self, route: usize, error: &Error) {
        let mut pool = self.pool.borrow_mut();
        pool.not_opened(route);
        let failure = Failure::from(error);
        let failure = match pool.route(route).proxy() {
            Some(proxy) => Failure {
                text: format!("the proxy {proxy}: {}", failure.text).into(),
                is_of_proxy: true,
                ..failure
            },
            None => failure,
        };
        pool.not_made(route, failure);
    }

    fn add(&mut self, connected: Connected<usize>, reactor: &mut Reactor, now: Instant) {
        let Connected { what: at, socket, address, began, name_took } = connected;
        let route = self.pool.borrow().route(at).clone();
        let name = name_took.filter(|_| route.has_name());
        let timings = Timings { name, connect: Some(now - began), ..Timings::default() };
        self.connections += 1;
        let (tracer, tap) = {
            let options = &self.pool.borrow().options;
            let tracer =
                Tracer::new(options.trace.clone(), options.trace_content, self.connections);
            (tracer, options.run.make_tap(Some(address)))
        };
        tracer.remark(|| format!("connected to {route} at {address}"));
        let added = self.stream(socket, &route).and_then(|stream| {
            let (state, handle) = (Cell::new(ConnectionState::Opening), Cell::new(None));
            let slot = Rc::new(ConnectionSlot { route: at, state, handle });
            let established =
                Established { began, address, timings, tls: self.tls_behind(&route)? };
            let (exchange, connection) =
                Connection::new(&self.pool, &self.wakes, slot.clone(), established, tracer);
            let added = reactor.add(NewConnection::new(stream, exchange, connection).with_tap(tap));
            let added = added.map_err(|error| Error::Io("starting", error));
            added.map(|handle| slot.handle.set(Some(handle)))
        });
        if let Err(error) = added {
            self.not_made(at, &error);
        }
    }

    fn stream(&self, socket: TcpStream, route: &Route) -> Result<Stream, Error> {
        match route.begins_with_tls() {
            Some(name) => Ok(Stream::tls_client(socket, &self.pool.borrow_mut().tls(&name)?)),
            None => Ok(Stream::plain(socket)),
        }
    }

    fn tls_behind(&self, route: &Route) -> Result<Option<NamedTls>, Error> {
        let tunnelled = route.tls_name().filter(|_| route.begins_with_tls().is_none());
        tunnelled.map(|name| self.pool.borrow_mut().tls(&name)).transpose()
    }
}

impl ConnectionSource for Engine {
    fn turn(&mut self, reactor: &mut Reactor, now: Instant) {
        {
            let mut pool = self.pool.borrow_mut();
            pool.collect();
            pool.retry_due(now);
            pool.refill();
        }
        if std::mem::take(&mut self.given_up) {
            self.abandon_attempts(reactor);
        }
        for connected in self.connector.take_connected(reactor, now) {
            self.add(connected, reactor, now);
        }
        self.go_on(reactor, now);
        // A failed attempt may leave another route in need of a connection, which may fail at once.
        while self.begin(reactor, now) {
            self.go_on(reactor, now);
            self.pool.borrow_mut().refill();
        }
        self.wakes.borrow_mut().drain(..).for_each(|connection| reactor.wake(connection));
    }

    fn connected(&mut self, attempt: Handle, outcome: io::Result<TcpStream>) {
        self.connector.ended(attempt, outcome);
    }

    fn deadline(&self) -> Option<Instant> {
        self.connector.deadline().into_iter().chain(self.pool.borrow().next_retry()).min()
    }

    fn is_done(&self) -> bool {
        self.pool.borrow().is_done()
    }

    /// The next turn abandons the attempts to connect.
    fn give_up(&mut self, why: &dyn Fn() -> Error) {
        self.given_up = true;
        self.pool.borrow_mut().give_up(why);
    }
}
