//! One call of the façade: a reactor, and connections to one server.
//!
//! ```text
//!   add ─▶ name, connect, TLS ─▶ session + application     signals and deadlines: in every state
//!   go  ─▶ until they have ended
//! ```

use super::nonce;
use super::options::Options;
use crate::net::connection::{Application, NewConnection};
use crate::net::files::finisher::Finisher;
use crate::net::reactor::Reactor;
use crate::net::transport::Error;
use crate::net::transport::stream::Stream;
use crate::session::Session;
use crate::transfer::client::Client;
use mio::net::TcpStream;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// What became of the connections that were added since the last `go`.
#[derive(Default)]
struct Opened {
    count: usize,
    /// Why the first of those is missing that did not come about.
    failed: Option<Error>,
}

/// See the head of this module.
pub(super) struct Run<'a> {
    endpoint: &'a str,
    options: &'a Options,
    pub(super) deadline: Option<Instant>,
    reactor: Reactor,
    opened: Rc<RefCell<Opened>>,
}

impl<'a> Run<'a> {
    pub(super) fn new(endpoint: &'a str, options: &'a Options) -> Result<Run<'a>, Error> {
        let (reactor, deadline) = (options.run.reactor(usize::MAX)?, options.run.deadline());
        Ok(Run { endpoint, options, deadline, reactor, opened: Rc::default() })
    }

    pub(super) fn finisher(&self) -> Finisher {
        Finisher::new(self.reactor.waker())
    }

    /// Opens a connection after a pause. `begin` is called when it has come about.
    pub(super) fn add<S, A>(
        &mut self,
        pause: Duration,
        session: S,
        application: A,
        begin: impl FnOnce() + 'static,
    ) where
        S: Session + 'static,
        A: Application<S> + 'static,
    {
        let (opened, options) = (self.opened.clone(), self.options.clone());
        self.reactor.open_after(pause, self.endpoint, move |reactor, socket| {
            let added = socket.and_then(|socket| {
                let tap = options.run.make_tap(socket.peer_addr().ok());
                let new = NewConnection::new(stream(socket, &options), session, application);
                let added = reactor.add(new.with_tap(tap));
                added.map_err(|error| Error::Io("starting", error))
            });
            let mut opened = opened.borrow_mut();
            match added {
                Ok(_) => {
                    opened.count += 1;
                    begin();
                }
                Err(error) => drop(opened.failed.get_or_insert(error)),
            }
        });
    }

    /// Opens a connection that speaks the framed protocol, after a pause.
    pub(super) fn add_framed(
        &mut self,
        pause: Duration,
        application: impl Application<Client> + 'static,
        begin: impl FnOnce() + 'static,
    ) -> Result<(), Error> {
        let session = Client::new(self.options.session.clone(), &nonce()?);
        self.add(pause, session, application, begin);
        Ok(())
    }

    /// Runs until the connections have ended; those that have not come about by then are waited for
    /// only while there is work for them.
    ///
    /// # Errors
    /// No connection came about.
    pub(super) fn go(&mut self, has_work: impl Fn() -> bool) -> Result<(), Error> {
        let opened = self.opened.clone();
        let is_done = |live| live == 0 && opened.borrow().count > 0 && !has_work();
        let ran = self.reactor.run_until(is_done);
        self.reactor.abandon_requests();
        ran.map_err(|error| Error::Io("waiting for events", error))?;
        match self.opened.take() {
            Opened { count: 0, failed: Some(error) } => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether its time has passed, or it was asked to stop.
    pub(super) fn is_over(&self) -> bool {
        let is_late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        is_late || self.reactor.was_stopped()
    }
}

fn stream(socket: TcpStream, options: &Options) -> Stream {
    match &options.tls {
        Some(tls) => Stream::tls_client(socket, tls),
        None => Stream::plain(socket),
    }
}
