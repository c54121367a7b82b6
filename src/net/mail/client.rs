//! The façade: letters in, reports out; or a visit without a letter.

use super::engine::Engine;
use super::letter::Letter;
use super::options::Options;
use super::plan::{Done, Plan};
use super::report::{Report, Visit};
use crate::net::reactor::{Reactor, Seat};
use crate::net::transport::Error;
use crate::net::transport::names::Names;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

/// Sends letters, in their order where there is one connection. The reports stand in the order of
/// the letters.
///
/// # Errors
/// Where the system fails as a whole, or TLS cannot be used at all: then nothing was sent. What
/// became of each letter stands in its report.
pub fn send(options: Options, letters: Vec<Letter>) -> Result<Vec<Report>, Error> {
    let reports = Rc::new(RefCell::new(Vec::with_capacity(letters.len())));
    let kept = reports.clone();
    send_each(options, letters, move |at, report| kept.borrow_mut().push((at, report)))?;
    let mut reports = reports.take();
    reports.sort_by_key(|(at, _)| *at);
    Ok(reports.into_iter().map(|(_, report)| report).collect())
}

/// Sends letters without end: each is taken when a connection can use it, and `done` is told its
/// number, from 0, and what became of it as soon as that is known. No more are held than
/// [`Options::connections_max`] times three.
///
/// Every letter gets its report, also where nothing more can be sent: the letters have to have an
/// end.
///
/// # Errors
/// As [`send`].
pub fn send_each<L>(
    options: Options,
    letters: L,
    done: impl FnMut(usize, Report) + 'static,
) -> Result<(), Error>
where
    L: IntoIterator<Item = Letter>,
    L::IntoIter: 'static,
{
    let mut letters = letters.into_iter().peekable();
    match letters.peek() {
        None => Ok(()),
        Some(_) => run(options, Box::new(letters), Box::new(done)).map(|_| ()),
    }
}

/// Visits a server and sends nothing: connects, begins TLS, logs in, says good-bye. What was seen,
/// and why it came no further.
///
/// # Errors
/// As [`send`].
pub fn check(options: Options) -> Result<(Visit, Option<Arc<Error>>), Error> {
    run(options, Box::new(std::iter::empty()), Box::new(|_, _| ()))
}

fn run(
    options: Options,
    letters: Box<dyn Iterator<Item = Letter>>,
    done: Done,
) -> Result<(Visit, Option<Arc<Error>>), Error> {
    let failed = |error| Error::Io("starting", error);
    let mut seat = Seat::new().map_err(failed)?;
    if options.stop_at_signals {
        seat.stop_at_signals().map_err(failed)?;
    }
    let (limits, timeout) = (options.limits, options.timeout);
    let mut reactor = Reactor::new(seat, usize::MAX, limits);
    let names = Names::new(reactor.waker());
    let plan = Rc::new(RefCell::new(Plan::new(options, letters, done)));
    reactor.set_dispatch(Box::new(Engine::new(plan.clone(), names)?));
    reactor.set_deadline(timeout.map(|timeout| Instant::now() + timeout));
    reactor.run().map_err(|error| Error::Io("waiting for events", error))?;
    drop(reactor);
    let Some(plan) = Rc::into_inner(plan) else {
        return Err(
            crate::error::Error::Misuse("the reactor has gone and its lines have not").into()
        );
    };
    Ok(plan.into_inner().into_results())
}
