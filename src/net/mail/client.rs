//! The façade: sends messages and reports on each, or probes a server without sending.

use super::engine::Engine;
use super::message::OutgoingMessage;
use super::options::Options;
use super::queue::{Done, Queue};
use super::report::{Report, ServerProbe};
use crate::net::transport::Error;
use crate::net::transport::names::Names;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// Sends messages, over one connection in their order. The reports are in the order of the
/// messages.
///
/// # Errors
/// [`Error::Io`] if the reactor fails, [`Error::Tls`] if TLS cannot be used at all. Failures of
/// messages and connections are in the reports instead.
pub fn send(options: Options, messages: Vec<OutgoingMessage>) -> Result<Vec<Report>, Error> {
    let reports = Rc::new(RefCell::new(Vec::with_capacity(messages.len())));
    let kept = reports.clone();
    send_each(options, messages, move |at, report| kept.borrow_mut().push((at, report)))?;
    let mut reports = reports.take();
    reports.sort_by_key(|(at, _)| *at);
    Ok(reports.into_iter().map(|(_, report)| report).collect())
}

/// Sends any number of messages. Each is taken from the iterator when a connection can use it, and
/// `done` is called with its index, from 0, and its report as soon as it has ended. At most three
/// messages per connection are held ([`Options::connections_max`]).
///
/// Every message gets a report, also when nothing more can be sent, so the iterator must be finite.
///
/// # Errors
/// As [`send`].
pub fn send_each<L>(
    options: Options,
    messages: L,
    done: impl FnMut(usize, Report) + 'static,
) -> Result<(), Error>
where
    L: IntoIterator<Item = OutgoingMessage>,
    L::IntoIter: 'static,
{
    let mut messages = messages.into_iter().peekable();
    match messages.peek() {
        None => Ok(()),
        Some(_) => run(options, Box::new(messages), Box::new(done)).map(|_| ()),
    }
}

/// Probes a server without sending a message: connects, begins TLS, authenticates, quits. Returns
/// what was seen, and why the probe failed, if it did.
///
/// # Errors
/// As [`send`].
pub fn check(options: Options) -> Result<(ServerProbe, Option<Arc<Error>>), Error> {
    run(options, Box::new(std::iter::empty()), Box::new(|_, _| ()))
}

fn run(
    options: Options,
    messages: Box<dyn Iterator<Item = OutgoingMessage>>,
    done: Done,
) -> Result<(ServerProbe, Option<Arc<Error>>), Error> {
    let mut reactor = options.run.reactor(usize::MAX)?;
    let names = Names::new(reactor.waker());
    let queue = Rc::new(RefCell::new(Queue::new(options, messages, done)));
    reactor.set_source(Box::new(Engine::new(queue.clone(), names)?));
    reactor.run().map_err(|error| Error::Io("waiting for events", error))?;
    drop(reactor);
    let Some(queue) = Rc::into_inner(queue) else {
        return Err(crate::error::Error::Misuse("a connection outlived its reactor").into());
    };
    Ok(queue.into_inner().into_results())
}
