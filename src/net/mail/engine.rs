//! The engine: opens the SMTP connections that waiting messages need.
//!
//! Specification: RFC 8305 (by [`Connector`]), RFC 8314 §3.3 (TLS from the beginning).

use super::connection::SmtpConnection;
use super::queue::Queue;
use crate::net::connection::NewConnection;
use crate::net::reactor::connecting::{Connected, Connector};
use crate::net::reactor::{ConnectionSource, Handle, Reactor};
use crate::net::transport::Error;
use crate::net::transport::names::Names;
use crate::net::transport::stream::Stream;
use crate::net::transport::tls::{ClientTls, NamedTls};
use crate::smtp::client::Client;
use mio::net::TcpStream;
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

/// The source of SMTP connections.
pub(super) struct Engine {
    queue: Rc<RefCell<Queue>>,
    names: Names,
    connector: Connector<()>,
    given_up: bool,
    tls: Option<NamedTls>,
}

impl Engine {
    /// Loads the TLS settings, if TLS may be used.
    pub(super) fn new(queue: Rc<RefCell<Queue>>, names: Names) -> Result<Engine, Error> {
        let tls = {
            let options = &queue.borrow().options;
            let name = options.tls_name.as_deref().unwrap_or(&options.server.host);
            match (&options.tls, options.may_need_tls()) {
                (_, false) => None,
                (Some(tls), true) => Some(tls.named(name)?),
                (None, true) => Some(ClientTls::new(None)?.named(name)?),
            }
        };
        let connector = Connector::new(queue.borrow().options.run.connect);
        Ok(Engine { queue, names, connector, given_up: false, tls })
    }

    /// Begins all connections that are needed.
    fn begin(&mut self, now: Instant) {
        while self.queue.borrow().needs_connection() {
            let mut queue = self.queue.borrow_mut();
            queue.opening();
            let server = &queue.options.server;
            let lookup = self.names.ask(&server.host, server.port, now);
            self.connector.begin((), lookup, now);
        }
    }

    /// Continues all connection attempts.
    fn go_on(&mut self, reactor: &mut Reactor, now: Instant) {
        for ((), error) in self.connector.go_on(reactor, now) {
            self.queue.borrow_mut().ended(false, false, Some(Arc::new(error)));
        }
    }

    /// Adds the connections that are established.
    fn add_connected(&mut self, reactor: &mut Reactor, now: Instant) {
        for Connected { socket, address, .. } in self.connector.take_connected(reactor, now) {
            if let Err(error) = self.add(socket, address, reactor) {
                self.queue.borrow_mut().ended(false, false, Some(Arc::new(error)));
            }
        }
    }

    fn add(
        &self,
        socket: TcpStream,
        address: SocketAddr,
        reactor: &mut Reactor,
    ) -> Result<(), Error> {
        let starting = |error| Error::Io("starting", error);
        let ours = socket.local_addr().map_err(starting)?;
        let (session, tap, is_tls) = {
            let mut queue = self.queue.borrow_mut();
            queue.probe.address.get_or_insert(address);
            let (options, is_tls) = (&queue.options, queue.options.server.is_tls);
            let session = Client::new(options.config(ours)?, is_tls);
            let mut tap = options.run.make_tap(Some(address));
            if let Some(tap) = &mut tap {
                tap.remark(&format!("connected to {} at {address}", options.server));
            }
            (session, tap, is_tls)
        };
        let connection = SmtpConnection::new(&self.queue, self.tls.clone(), is_tls);
        let stream = self.stream(socket, is_tls);
        let new = NewConnection::new(stream, session, connection).with_tap(tap);
        reactor.add(new).map(|_| ()).map_err(starting)
    }

    fn stream(&self, socket: TcpStream, is_tls: bool) -> Stream {
        match self.tls.as_ref().filter(|_| is_tls) {
            Some(tls) => Stream::tls_client(socket, tls),
            None => Stream::plain(socket),
        }
    }
}

impl ConnectionSource for Engine {
    fn turn(&mut self, reactor: &mut Reactor, now: Instant) {
        if std::mem::take(&mut self.given_up) {
            for ((), _) in self.connector.abandon(reactor) {
                self.queue.borrow_mut().ended(false, false, None);
            }
        }
        self.add_connected(reactor, now);
        self.begin(now);
        self.go_on(reactor, now);
    }

    fn connected(&mut self, attempt: Handle, outcome: io::Result<TcpStream>) {
        self.connector.ended(attempt, outcome);
    }

    fn deadline(&self) -> Option<Instant> {
        self.connector.deadline()
    }

    fn is_done(&self) -> bool {
        self.queue.borrow().is_done()
    }

    /// Pending attempts are dropped in the next turn.
    fn give_up(&mut self, why: &dyn Fn() -> Error) {
        self.given_up = true;
        self.queue.borrow_mut().give_up(Arc::new(why()));
    }
}
