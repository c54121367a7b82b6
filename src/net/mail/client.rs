//! The façade: messages in, reports out; or a visit without a message.

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

/// Sends messages, in their order where there is one connection. The reports stand in the order of
/// the messages.
///
/// # Errors
/// Where the system fails as a whole, or TLS cannot be used at all: then nothing was sent. What
/// became of each message stands in its report.
pub fn send(options: Options, messages: Vec<OutgoingMessage>) -> Result<Vec<Report>, Error> {
    let reports = Rc::new(RefCell::new(Vec::with_capacity(messages.len())));
    let kept = reports.clone();
    send_each(options, messages, move |at, report| kept.borrow_mut().push((at, report)))?;
    let mut reports = reports.take();
    reports.sort_by_key(|(at, _)| *at);
    Ok(reports.into_iter().map(|(_, report)| report).collect())
}

/// Sends messages without end: each is taken when a connection can use it, and `done` is told its
/// number, from 0, and what became of it as soon as that is known. No more are held than
/// [`Options::connections_max`] times three.
///
/// Every message gets its report, also where nothing more can be sent: the messages have to have an
/// end.
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

/// Visits a server and sends nothing: connects, begins TLS, logs in, says good-bye. What was seen,
/// and why it came no further.
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
        return Err(
            crate::error::Error::Misuse("the reactor has gone and its lines have not").into()
        );
    };
    Ok(queue.into_inner().into_results())
}
