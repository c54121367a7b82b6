//! The façade: takes fetches and returns reports.

use super::engine::Engine;
use super::fetch::Fetch;
use super::notice::Notify;
use super::options::Options;
use super::pool::Pool;
use super::recipient::{After, Announced, Recipient};
use super::report::Report;
use crate::http::message::head::Head;
use crate::http::message::headers::Headers;
use crate::http::url::Url;
use crate::net::files::finisher::Finisher;
use crate::net::reactor::Reactor;
use crate::net::report::Failure;
use crate::net::transport::Error;
use crate::net::transport::names::Names;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// An HTTP/1.1 client. Its connections stay open from one call to the next.
///
/// ```no_run
/// use wirewright::http::url::Url;
/// use wirewright::net::http::{Client, Fetch, Options};
///
/// let mut client = Client::new(Options::default())?;
/// let answer = client.ask(Fetch::get(Url::parse("http://example.org/")?))?;
/// println!("{} with {} bytes", answer.status, answer.body.len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Client {
    reactor: Reactor,
    pool: Rc<RefCell<Pool>>,
}

impl Client {
    /// The largest body that [`ask`](Client::ask) gathers, in bytes.
    pub const COLLECTED_BYTES_MAX: usize = 16 << 20;

    /// A client without connections.
    ///
    /// # Errors
    /// [`Error::Io`] if the poll instance (epoll, kqueue) cannot be created.
    pub fn new(options: Options) -> Result<Client, Error> {
        let mut reactor = options.run.reactor(usize::MAX)?;
        let names = Names::new(reactor.waker());
        let finisher = Finisher::new(reactor.waker());
        let pool = Rc::new(RefCell::new(Pool::new(options, finisher)));
        reactor.set_source(Box::new(Engine::new(pool.clone(), names)));
        Ok(Client { reactor, pool })
    }

    /// Makes all fetches, up to [`Options::in_flight_max`] at the same time. The reports are in the
    /// order of the fetches. The iterator is read shortly before its fetches can start: at any time
    /// 256 fetches wait, or four for each place in flight where that is more.
    ///
    /// # Errors
    /// [`Error::Io`] if the reactor fails. The failure of a fetch is in its report.
    pub fn run(
        &mut self,
        fetches: impl IntoIterator<Item = (Fetch, Box<dyn Recipient>)> + 'static,
    ) -> Result<Vec<Report>, Error> {
        let ends = {
            let mut pool = self.pool.borrow_mut();
            pool.ends = pool.options.run.deadline();
            pool.feed(Box::new(fetches.into_iter()));
            pool.ends
        };
        if self.reactor.was_stopped() {
            self.pool.borrow_mut().give_up(&|| Error::Interrupted);
        }
        self.reactor.set_deadline(ends);
        let ran = self.reactor.run();
        let results = self.pool.borrow_mut().results();
        ran.map_err(|error| Error::Io("waiting for events", error))?;
        Ok(results)
    }

    /// The deadline of a call that begins now.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.pool.borrow().options.run.deadline()
    }

    /// Replaces the timeout of the options for the next calls. `None`: no timeout.
    pub fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.pool.borrow_mut().options.run.timeout = timeout;
    }

    /// Replaces [`Options::notify`] for the next calls.
    pub fn set_notify(&mut self, notify: Option<Notify>) {
        self.pool.borrow_mut().options.notify = notify;
    }

    /// Makes one fetch and returns the body of the response, whatever its status. After a failure
    /// the body is the part that was received before.
    ///
    /// # Errors
    /// Those of [`run`](Client::run). The failure of the fetch is in the report; a body of more
    /// than `bytes_max` bytes is such a failure.
    pub fn gather(&mut self, fetch: Fetch, bytes_max: usize) -> Result<(Report, Vec<u8>), Error> {
        let (report, collected) = self.collect(fetch, bytes_max)?;
        Ok((report, collected.body))
    }

    /// Makes one fetch and returns the response, whatever its status.
    ///
    /// # Errors
    /// The [`Failure`] of the fetch; a body of more than
    /// [`COLLECTED_BYTES_MAX`](Client::COLLECTED_BYTES_MAX) bytes is one.
    pub fn ask(&mut self, fetch: Fetch) -> Result<Answer, Failure> {
        let all = self.collect(fetch, Client::COLLECTED_BYTES_MAX);
        let (report, collected) = all.map_err(|error| Failure::from(&error))?;
        report.outcome.clone()?;
        let (status, headers, body) = (collected.status, collected.headers, collected.body);
        Ok(Answer { status, url: report.url.clone(), headers, body, report })
    }

    fn collect(&mut self, fetch: Fetch, bytes_max: usize) -> Result<(Report, Collected), Error> {
        let collected = Rc::new(RefCell::new(Collected { bytes_max, ..Collected::default() }));
        let recipient: Box<dyn Recipient> = Box::new(Collecting(collected.clone()));
        let report = self.run([(fetch, recipient)])?.pop().ok_or(Error::Interrupted)?;
        let collected = std::mem::take(&mut *collected.borrow_mut());
        Ok((report, collected))
    }
}

/// A complete response.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The URL of the last request, after all redirects.
    pub url: Url,
    /// The fields of the head.
    pub headers: Headers,
    /// The body, decoded as [`Options::codings`] says.
    pub body: Vec<u8>,
    /// The result of the fetch, with its redirects and timings.
    pub report: Report,
}

#[derive(Default)]
struct Collected {
    bytes_max: usize,
    status: u16,
    headers: Headers,
    body: Vec<u8>,
}

struct Collecting(Rc<RefCell<Collected>>);

impl Recipient for Collecting {
    fn head(&mut self, head: &Head, _: &Announced, _: &mut Finisher) -> Result<bool, Failure> {
        let mut collected = self.0.borrow_mut();
        (collected.status, collected.headers) = (head.status, head.headers.clone());
        Ok(true)
    }

    fn body(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let Collected { bytes_max, body, .. } = &mut *self.0.borrow_mut();
        let (max, len) = (*bytes_max, body.len());
        if bytes.len() > max - len {
            let error =
                crate::error::Error::too_large("collected_bytes_max", max as u64, len as u64, "");
            return Err(Failure::from(&Error::Session(error)));
        }
        body.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self, _: &mut Finisher) -> Result<After, Failure> {
        Ok(After::Done)
    }

    fn restart(&mut self) -> bool {
        self.0.borrow_mut().body.clear();
        true
    }
}
