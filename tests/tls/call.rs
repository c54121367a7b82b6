//! A session that says what it was given, and notes what it hears; the reactor under it.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use wirewright::buffer::Buffer;
use wirewright::net::Error;
use wirewright::net::connection::{Application, Limits, NewConnection, Tap};
use wirewright::net::reactor::{Reactor, ReactorBuilder};
use wirewright::net::transport::stream::Stream;
use wirewright::net::transport::tls::{ClientTls, NamedTls};
use wirewright::session::{Received, Session, Wants};

/// The certificate for `localhost`, its own root, that the bench uses.
pub const CERTIFICATE: &[u8] = include_bytes!("../../src/bin/wirewright/bench/localhost.pem");

/// Trusts that certificate.
pub fn localhost() -> NamedTls {
    ClientTls::new(Some(CERTIFICATE)).unwrap().named("localhost").unwrap()
}

/// What a conversation noted.
#[derive(Default)]
pub struct Heard {
    /// What came before TLS was up.
    pub clear: Vec<u8>,
    /// What came after.
    pub bytes: Vec<u8>,
    /// How often it was told that TLS is up.
    pub secured: usize,
    /// The peer ended its half as it should.
    pub eof: bool,
    /// The stream ended as it should not: why, in words.
    pub aborted: Option<String>,
    /// How it ended.
    pub outcome: Option<Result<(), Error>>,
    /// What the tap noted: a mark for each way, remarks as they are.
    pub tapped: Vec<String>,
}

impl Heard {
    /// The error it ended with.
    pub fn error(&self) -> &Error {
        self.outcome.as_ref().unwrap().as_ref().unwrap_err()
    }
}

/// What to do.
#[derive(Default)]
pub struct Call {
    /// Begin with TLS.
    pub tls: Option<NamedTls>,
    /// After the first line from the peer TLS begins.
    pub upgrades: bool,
    /// With these settings.
    pub upgrade: Option<NamedTls>,
    /// What is said under TLS, or at once where there will be none.
    pub says: Vec<u8>,
    /// An improper end is no error.
    pub tolerant: bool,
    /// Take so many bytes at a time; 0 for all.
    pub sip: usize,
    /// End when so many have come; 0 for when the peer ends.
    pub enough: usize,
}

struct Caller {
    call: Call,
    said: usize,
    /// The line before TLS has not come.
    in_clear: bool,
    wants_tls: bool,
    ended: bool,
    heard: Rc<RefCell<Heard>>,
}

impl Session for Caller {
    type Event<'a> = ();

    fn receive<'a>(
        &'a mut self,
        input: &'a [u8],
        _: &'a mut [u8],
    ) -> Result<Received<()>, wirewright::error::Error> {
        let mut heard = self.heard.borrow_mut();
        if self.wants_tls {
            return Ok(Received::need_drain());
        }
        if self.in_clear {
            let line = input.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            heard.clear.extend_from_slice(&input[..line]);
            (self.in_clear, self.wants_tls) = (line == 0, line > 0);
            return Ok(Received::need_input(line));
        }
        let len = if self.call.sip == 0 { input.len() } else { input.len().min(self.call.sip) };
        heard.bytes.extend_from_slice(&input[..len]);
        self.ended |= self.call.enough > 0 && heard.bytes.len() >= self.call.enough;
        Ok(Received::need_input(len))
    }

    fn receive_eof(&mut self) -> Result<(), wirewright::error::Error> {
        self.heard.borrow_mut().eof = true;
        self.ended = true;
        Ok(())
    }

    fn transmit(&mut self, out: &mut Buffer) {
        if self.in_clear || self.wants_tls {
            return;
        }
        let rest = &self.call.says[self.said..];
        let len = rest.len().min(out.free_tail_len());
        out.append(&rest[..len]).unwrap();
        self.said += len;
    }

    fn wants(&self) -> Wants {
        match (self.wants_tls, self.ended, self.said < self.call.says.len()) {
            (true, ..) => Wants::Upgrade,
            (_, true, _) => Wants::Close,
            (_, _, true) => Wants::Payload,
            _ => Wants::Read,
        }
    }

    fn idle_timeout(&self) -> Duration {
        Duration::from_secs(20)
    }

    fn progress(&self) -> u64 {
        self.heard.borrow().bytes.len() as u64
    }

    fn is_receiving(&self) -> bool {
        true
    }
}

/// What the session does not see: TLS, and how the connection ended.
struct Watcher {
    upgrade: Option<NamedTls>,
}

impl Application<Caller> for Watcher {
    fn on_event(&mut self, (): ()) -> Result<(), Error> {
        Ok(())
    }

    fn on_abort(&mut self, session: &mut Caller, why: std::io::Error) -> Result<(), Error> {
        session.heard.borrow_mut().aborted = Some(why.to_string());
        session.ended = true;
        if session.call.tolerant { Ok(()) } else { Err(Error::Io("reading", why)) }
    }

    fn client_tls(&self) -> Option<NamedTls> {
        self.upgrade.clone()
    }

    fn secured(&mut self, session: &mut Caller, _: &Stream) {
        session.wants_tls = false;
        session.heard.borrow_mut().secured += 1;
    }

    fn closed(&mut self, session: &mut Caller, outcome: Result<(), Error>) {
        session.heard.borrow_mut().outcome = Some(outcome);
    }
}

struct Ear(Rc<RefCell<Heard>>);

impl Ear {
    fn note(&mut self, text: &str) {
        let tapped = &mut self.0.borrow_mut().tapped;
        if tapped.last().is_none_or(|last| last != text) {
            tapped.push(text.to_owned());
        }
    }
}

impl Tap for Ear {
    fn sent(&mut self, _: &[u8]) {
        self.note("->");
    }

    fn received(&mut self, _: &[u8]) {
        self.note("<-");
    }

    fn remark(&mut self, text: &str) {
        self.note(text);
    }

    fn secured(&mut self) {
        self.note("secured");
    }
}

/// Runs it to its end.
pub fn call(address: SocketAddr, call: Call) -> Heard {
    let heard = Rc::new(RefCell::new(Heard::default()));
    let tap = Some(Box::new(Ear(heard.clone())) as Box<dyn Tap>);
    let watcher = Watcher { upgrade: call.upgrade.clone() };
    let session = Caller {
        said: 0,
        in_clear: call.upgrades,
        wants_tls: false,
        ended: false,
        heard: heard.clone(),
        call,
    };
    let mut reactor = Reactor::new(ReactorBuilder::new().unwrap(), 1, Limits::default());
    reactor.open(&address.to_string(), move |reactor, socket| {
        let socket = socket.unwrap();
        let stream = match &session.call.tls {
            Some(tls) => Stream::tls_client(socket, tls),
            None => Stream::plain(socket),
        };
        reactor.add(NewConnection::new(stream, session, watcher).with_tap(tap)).unwrap();
    });
    reactor.run().unwrap();
    heard.take()
}
