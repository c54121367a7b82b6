//! Many clients on one thread that connect first and then send their requests at the same time.
//!
//! ```text
//!   connect … connect ─▶ hello, hello … ─▶ all are in ─(idle: memory, time)─▶ gate opens
//!                                                                               │ began
//!                        get, get … ─▶ payload … ─▶ the last verified end ◀─────┘
//! ```
//!
//! So the measured time excludes connecting, and idle connections can be measured. The reactor and
//! the driver are the product's and run on this thread; another thread opens the gate.

use crate::bench::{NONCE, name, said};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};
use wirewright::buffer::Buffer;
use wirewright::digest::DigestKind;
use wirewright::name::Name;
use wirewright::net::Error;
use wirewright::net::connection::{Application, Limits, NewConnection, Turn};
use wirewright::net::files::SinkFn;
use wirewright::net::reactor::{Reactor, ReactorBuilder};
use wirewright::net::transport::stream::Stream;
use wirewright::transfer::client::{Client, Config, Event};

/// The deadline of a run.
const ALL_WAIT: Duration = Duration::from_secs(120);

/// The state that all connections share.
struct Common {
    name: Name,
    open: Arc<AtomicBool>,
    /// The number of connections without a greeting.
    missing: Cell<usize>,
    all_in: Sender<()>,
    /// Where the received bytes go.
    sink: SinkFn,
    bytes: Cell<u64>,
    ended: Cell<Instant>,
    error: RefCell<Option<String>>,
}

struct Fetching {
    greeted: bool,
    asked: bool,
    received: bool,
    common: Rc<Common>,
}

impl Fetching {
    fn greet(&mut self) {
        self.greeted = true;
        let missing = self.common.missing.get() - 1;
        self.common.missing.set(missing);
        if missing == 0 {
            // The other thread may have given up waiting.
            let _ = self.common.all_in.send(());
        }
    }
}

impl Application<Client> for Fetching {
    fn on_event(&mut self, event: Event<'_>) -> Result<(), Error> {
        let common = &self.common;
        match event {
            Event::Welcome(_) => self.greet(),
            Event::Payload { offset, bytes, .. } => {
                common.bytes.set(common.bytes.get() + bytes.len() as u64);
                (common.sink)(offset, bytes);
            }
            Event::Received { .. } => {
                common.ended.set(Instant::now());
                self.received = true;
            }
            Event::Failed { code, text, .. } => {
                let (code, text) = (code.into(), text.keep());
                return Err(wirewright::error::Error::Refused { code, text }.into());
            }
            _ => {}
        }
        Ok(())
    }

    fn poll(
        &mut self,
        session: &mut Client,
        _out: &mut Buffer,
        _scratch: &mut [u8],
    ) -> Result<Turn, Error> {
        if self.received {
            session.end();
        }
        if self.greeted && !self.asked {
            if !self.common.open.load(Ordering::Acquire) {
                return Ok(Turn::Parked);
            }
            session.get(&self.common.name, None)?;
            self.asked = true;
        }
        Ok(Turn::Done)
    }

    fn closed(&mut self, _session: &mut Client, outcome: Result<(), Error>) {
        if let Err(error) = outcome {
            self.common.error.borrow_mut().get_or_insert_with(|| error.to_string());
        }
    }
}

/// Clients that get a file each at the same time.
pub struct Clients<'a> {
    pub endpoint: &'a str,
    pub connections: usize,
    /// The name of the file that each client gets.
    pub file: &'a str,
    /// The length of the file.
    pub each: u64,
    /// Where the received bytes go.
    pub sink: SinkFn,
}

impl Clients<'_> {
    /// Gets all files at the same time. When all connections are greeted, `idle` is called on
    /// another thread while they wait. Returns the time from the first request to the last verified
    /// end, and the result of `idle`.
    pub fn run<T: Send>(&self, idle: impl FnOnce() -> T + Send) -> Result<(Duration, T), String> {
        let (all_in, wait) = channel();
        let common = Rc::new(Common {
            name: name(self.file)?,
            open: Arc::default(),
            missing: Cell::new(self.connections),
            all_in,
            sink: self.sink.clone(),
            bytes: Cell::new(0),
            ended: Cell::new(Instant::now()),
            error: RefCell::default(),
        });
        let mut reactor =
            Reactor::new(ReactorBuilder::new().map_err(said)?, usize::MAX, Limits::default());
        reactor.set_deadline(Some(Instant::now() + ALL_WAIT));
        connect(self.endpoint.to_owned(), self.connections, &mut reactor, &common);
        let (open, waker) = (common.open.clone(), reactor.waker());
        let conducted = std::thread::scope(|scope| {
            let conduct = move || {
                wait.recv_timeout(ALL_WAIT).ok()?;
                let found = idle();
                let began = Instant::now();
                open.store(true, Ordering::Release);
                waker.wake().ok()?;
                Some((began, found))
            };
            let conductor = std::thread::Builder::new().spawn_scoped(scope, conduct);
            let conductor = conductor.map_err(said)?;
            let ran = reactor.run().map_err(said);
            // This drops the sender, so that the other thread stops waiting for missing clients.
            drop(reactor);
            let verdict = ran.and_then(|()| self.verdict(&common));
            drop(common);
            let conducted = conductor.join().map_err(|_| "a thread panicked".to_owned())?;
            verdict.map(|ended| (ended, conducted))
        });
        match conducted? {
            (ended, Some((began, found))) => Ok((ended.saturating_duration_since(began), found)),
            (_, None) => Err("not all connections were greeted".to_owned()),
        }
    }

    fn verdict(&self, common: &Common) -> Result<Instant, String> {
        if let Some(error) = common.error.take() {
            return Err(error);
        }
        let all = self.each * self.connections as u64;
        match common.bytes.get() {
            bytes if bytes == all => Ok(common.ended.get()),
            bytes => Err(format!("{bytes} of {all} bytes were received")),
        }
    }
}

/// Opens `left` connections, one after the other: all at once they would not fit into the backlog
/// of the server.
fn connect(endpoint: String, left: usize, reactor: &mut Reactor, common: &Rc<Common>) {
    let Some(left) = left.checked_sub(1) else { return };
    let common = common.clone();
    reactor.open(&endpoint.clone(), move |reactor, socket| {
        let config = Config { digests: vec![DigestKind::None], ..Config::default() };
        let session = Client::new(config, NONCE);
        let (greeted, asked, received) = (false, false, false);
        let fetching = Fetching { greeted, asked, received, common: common.clone() };
        let added = socket.map_err(said).and_then(|socket| {
            let new = NewConnection::new(Stream::plain(socket), session, fetching);
            reactor.add(new).map_err(said)
        });
        match added {
            Ok(_) => connect(endpoint, left, reactor, &common),
            Err(error) => drop(common.error.borrow_mut().get_or_insert(error)),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::bytes::{Compared, discard};
    use crate::bench::running::{Running, memory};
    use crate::bench::setup::tests::small;

    #[test]
    fn all_wait_for_each_other_and_bring_their_files() {
        let setup = small();
        let server = Running::start(memory(&setup.block, 9000, 1)).unwrap();
        let clients = |each, sink| {
            let endpoint = &*server.endpoint;
            Clients { endpoint, connections: 20, file: "x", each, sink }.run(|| 7)
        };
        let compared = Compared::new(&setup.block);
        let (elapsed, found) = clients(9000, compared.sink()).unwrap();
        assert!(elapsed > Duration::ZERO && found == 7);
        assert_eq!(compared.verdict(20 * 9000), Ok(()));
        assert!(clients(9001, discard()).is_err());
    }

    #[test]
    fn a_server_that_is_none_is_an_error() {
        let nobody = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let endpoint = nobody.local_addr().unwrap().to_string();
        drop(nobody);
        let (endpoint, sink) = (&*endpoint, discard());
        let clients = Clients { endpoint, connections: 2, file: "x", each: 1, sink };
        assert!(clients.run(|| ()).is_err());
    }
}
