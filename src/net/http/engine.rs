//! The engine: makes the lines that jobs wait for.
//!
//! Specification: RFC 8305 (by [`Connector`]), RFC 8446.
//!
//! ```text
//!   needy route ─┬─ an idle line ─▶ woken
//!                └─ none ─▶ name ─▶ addresses, two families in turns ─▶ connected ─▶ line
//!                                     └─ none answers ─▶ one job fails, each address named
//! ```

use super::connection::{Connection, Made, Wakes};
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
    /// Connects, each time for a route.
    connector: Connector<usize>,
    lines: u64,
    /// Nobody waits any more for what is in the making.
    given_up: bool,
}

impl Engine {
    pub(super) fn new(pool: Rc<RefCell<Pool>>, names: Names) -> Engine {
        let connector = Connector::new(pool.borrow().options.run.connect);
        Engine { pool, wakes: Wakes::default(), names, connector, lines: 0, given_up: false }
    }

    /// Drops what is in the making: to the next call it would be late, and old.
    fn drop_makings(&mut self, reactor: &mut Reactor) {
        for (route, _) in self.connector.abandon(reactor) {
            self.pool.borrow_mut().not_opened(route);
        }
    }

    /// Begins all lines that are needed; whether any was.
    fn begin(&mut self, reactor: &mut Reactor, now: Instant) -> bool {
        let mut begun = false;
        loop {
            let Some(route) = self.pool.borrow_mut().needy() else { return begun };
            begun = true;
            let idle = self.pool.borrow_mut().idle(route);
            if let Some(line) = idle {
                reactor.wake(line);
                continue;
            }
            let in_the_way = self.pool.borrow_mut().make_place();
            in_the_way.into_iter().for_each(|line| reactor.wake(line));
            let mut pool = self.pool.borrow_mut();
            pool.opening(route);
            let (host, port) = pool.route(route).endpoint();
            self.connector.begin(route, self.names.ask(&host, port, now), now);
        }
    }

    /// Goes on with all that are in the making.
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
        self.lines += 1;
        let (tracer, tap) = {
            let options = &self.pool.borrow().options;
            let tracer = Tracer::new(options.trace.clone(), options.trace_content, self.lines);
            (tracer, options.run.make_tap(Some(address)))
        };
        tracer.remark(|| format!("connected to {route} at {address}"));
        let added = self.stream(socket, &route).and_then(|stream| {
            let (state, handle) = (Cell::new(ConnectionState::Opening), Cell::new(None));
            let slot = Rc::new(ConnectionSlot { route: at, state, handle });
            let made = Made { began, address, timings, tls: self.tls_behind(&route)? };
            let (exchange, line) =
                Connection::new(&self.pool, &self.wakes, slot.clone(), made, tracer);
            let added = reactor.add(NewConnection::new(stream, exchange, line).with_tap(tap));
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
            self.drop_makings(reactor);
        }
        for connected in self.connector.take_connected(reactor, now) {
            self.add(connected, reactor, now);
        }
        self.go_on(reactor, now);
        // What has failed may have made others needy, and these may fail at once.
        while self.begin(reactor, now) {
            self.go_on(reactor, now);
            self.pool.borrow_mut().refill();
        }
        self.wakes.borrow_mut().drain(..).for_each(|line| reactor.wake(line));
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

    /// What is in the making ends with the turn that follows.
    fn give_up(&mut self, why: &dyn Fn() -> Error) {
        self.given_up = true;
        self.pool.borrow_mut().give_up(why);
    }
}
