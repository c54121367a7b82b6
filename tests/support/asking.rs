//! The client's side of these tests: short ways to ask, and a recipient that writes all down.

use std::cell::RefCell;
use std::fmt::Display;
use std::rc::Rc;
use std::time::Duration;
use wirewright::http::message::head::Head;
use wirewright::http::message::headers::Headers;
use wirewright::http::request::Method;
use wirewright::http::url::Url;
use wirewright::net::files::finisher::Finisher;
use wirewright::net::http::{After, Announced, Body, Client, Fetch, Options, Recipient, Report};
use wirewright::net::{Failure, RunOptions};

/// How long anything here is waited for, on a machine that is busy.
pub const WAIT: Duration = Duration::from_secs(20);

/// A client whose calls end in any case.
pub fn client(set: impl FnOnce(&mut Options)) -> Client {
    let run = RunOptions::default().with_timeout(2 * WAIT);
    let mut options = Options::default().with_run(run).with_heads(true);
    set(&mut options);
    Client::new(options).unwrap()
}

pub fn url(server: impl Display, path: &str) -> Url {
    Url::parse(&format!("http://{server}{path}")).unwrap()
}

pub fn get(server: impl Display, path: &str) -> Fetch {
    Fetch::get(url(server, path))
}

/// A request of any method, with a body if there is one.
pub fn request(method: &str, server: impl Display, path: &str, body: Option<&[u8]>) -> Fetch {
    let mut fetch = Fetch::new(Method::new(method).unwrap(), url(server, path));
    if let Some(body) = body {
        fetch.body = Body::Bytes(body.into());
    }
    fetch
}

/// What a recipient was told.
#[derive(Debug, Default, Clone)]
pub struct Heard {
    pub interims: Vec<u16>,
    pub status: u16,
    pub headers: Headers,
    pub len: Option<u64>,
    pub body: Vec<u8>,
    pub trailers: Headers,
    pub ended: usize,
    pub failed: usize,
}

impl Heard {
    pub fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }
}

struct Writing(Rc<RefCell<Heard>>);

impl Recipient for Writing {
    fn interim(&mut self, head: &Head) {
        self.0.borrow_mut().interims.push(head.status);
    }

    fn head(&mut self, head: &Head, said: &Announced, _: &mut Finisher) -> Result<bool, Failure> {
        let mut heard = self.0.borrow_mut();
        assert_eq!(heard.status, 0, "one final response");
        (heard.status, heard.len, heard.headers) = (head.status, said.len, head.headers.clone());
        Ok(true)
    }

    fn body(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.0.borrow_mut().body.extend_from_slice(bytes);
        Ok(())
    }

    fn trailers(&mut self, headers: &Headers) {
        self.0.borrow_mut().trailers = headers.clone();
    }

    fn end(&mut self, _: &mut Finisher) -> Result<After, Failure> {
        self.0.borrow_mut().ended += 1;
        Ok(After::Done)
    }

    fn failed(&mut self) {
        self.0.borrow_mut().failed += 1;
    }
}

/// Makes all fetches in one call. A recipient hears of an end or of a failure, and once.
pub fn fetch_all(client: &mut Client, fetches: Vec<Fetch>) -> Vec<(Report, Heard)> {
    let heard: Vec<Rc<RefCell<Heard>>> = fetches.iter().map(|_| Rc::default()).collect();
    let recipients =
        heard.clone().into_iter().map(|heard| Box::new(Writing(heard)) as Box<dyn Recipient>);
    let reports = client.run(fetches.into_iter().zip(recipients)).unwrap();
    assert_eq!(reports.len(), heard.len());
    let all = reports.into_iter().zip(heard.iter().map(|heard| heard.borrow().clone()));
    all.map(|(report, heard)| {
        let expected = if report.outcome.is_ok() { (1, 0) } else { (0, 1) };
        assert_eq!((heard.ended, heard.failed), expected, "{report:?}");
        (report, heard)
    })
    .collect()
}

pub fn fetch(client: &mut Client, fetch: Fetch) -> (Report, Heard) {
    fetch_all(client, vec![fetch]).pop().unwrap()
}

/// `ok`, or the code of the failure.
pub fn code(report: &Report) -> &str {
    report.outcome.as_ref().map_or_else(|failure| failure.code.as_raw_str(), |()| "ok")
}

/// Why it failed, for people.
pub fn why(report: &Report) -> &str {
    report.outcome.as_ref().map_or_else(|failure| failure.text.as_raw_str(), |()| "")
}

/// A fetch that has to succeed.
pub fn good(client: &mut Client, what: Fetch) -> (Report, Heard) {
    let (report, heard) = fetch(client, what);
    assert_eq!(report.outcome, Ok(()), "{report:?}");
    (report, heard)
}
