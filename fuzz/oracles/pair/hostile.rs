//! One session against a peer whose bytes come from the fuzzer.
//!
//! For any input and any division into pieces: no panic, the same events, output and error, and the
//! error persists; payload at its offset and within its announced size; at most one end of each
//! request; memory in proportion to the input.

use super::greeting::{client_config, client_greeting, server_config, server_greeting};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use wirewright::buffer::Buffer;
use wirewright::digest::{DigestKind, Digester};
use wirewright::error::Error;
use wirewright::name::Name;
use wirewright::session::{Session, Wanted, Wants};
use wirewright::text::PeerText;
use wirewright::transfer::Code;
use wirewright::transfer::client::{self, Client};
use wirewright::transfer::message::{Durability, Entry};
use wirewright::transfer::receiver::Verified;
use wirewright::transfer::server::{self, FileMeta, Request, Server};

pub const NONCE: &str = "000102030405060708090a0b0c0d0e0f";
pub const TOKEN: &[u8] = b"open sesame";

/// More than a session can say to a short input.
const OUT_BYTES_MAX: usize = 1 << 24;

/// What came of some input.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    /// One line for each event; adjacent payload is one.
    log: Vec<String>,
    /// Where the last payload ended, if it is the last of the log.
    run: Option<u64>,
    error: Option<Error>,
    said: Vec<u8>,
    ended: Option<Error>,
}

/// The property. `how` chooses the victim, whether the rest is a stream as it is or bodies divided
/// by NUL, whether there is a token, and whether a good greeting goes before; the first byte is the
/// size of pieces.
pub fn check(how: u8, data: &[u8]) {
    let Some((&step, text)) = data.split_first() else { return };
    let victim = if how & 1 == 0 { server_outcome } else { client_outcome };
    let mut stream = Vec::new();
    if how & 2 == 0 {
        let greeting = if how & 1 == 0 { client_greeting(how) } else { server_greeting(how) };
        greeting.iter().for_each(|body| frame(body.as_bytes(), &mut stream));
    }
    match how & 4 {
        0 => text.split(|byte| *byte == 0).for_each(|body| frame(body, &mut stream)),
        _ => stream.extend_from_slice(text),
    }
    let whole = victim(how, &mut stream.chunks(stream.len().max(1)), 4096);
    let pieces = victim(how, &mut stream.chunks(usize::from(step) + 1), 64);
    assert_eq!(whole, pieces, "in pieces of {}", usize::from(step) + 1);
    // A peer that does not prove the token is not authenticated: its messages make no events.
    let heard = whole.log.iter().any(|line| !line.starts_with("Failed"));
    assert!(!(has_token(how) && how & 2 != 0 && heard), "{:?}", whole.log);
    // What was asked is answered, whatever came behind it; only an error of the client's own takes
    // a request back.
    let takes_back = text.windows(5).any(|word| word == b"error") || text.contains(&b'\\');
    if how & 1 == 0 && !takes_back {
        let is_request =
            |line: &&String| ["List", "Get {", "Put {"].iter().any(|kind| line.starts_with(kind));
        let asked = whole.log.iter().filter(is_request).count();
        assert!(asked <= ends(&whole.said), "{:?}", whole.log);
    }
}

pub fn frame(body: &[u8], stream: &mut Vec<u8>) {
    stream.extend((body.len() as u32).to_be_bytes());
    stream.extend_from_slice(body);
}

pub fn has_token(how: u8) -> bool {
    how & 8 != 0
}

/// What drives a victim: events into lines, and what an application would do.
trait Drive {
    type Session: Session;
    fn see(&mut self, event: <Self::Session as Session>::Event<'_>, outcome: &mut Outcome);
    fn act(&mut self, session: &mut Self::Session, out: &mut Buffer);
    /// Offers all that is wanted.
    fn offer(&mut self, session: &mut Self::Session, out: &mut Buffer);
    /// Memory beyond the session itself, in bytes.
    fn capacity(&self, session: &Self::Session) -> usize;
}

/// Feeds the pieces. The file is offered only where nothing else goes on, so that what is said does
/// not depend on the cuts.
fn drive<D: Drive>(
    mut session: D::Session,
    mut app: D,
    pieces: &mut dyn Iterator<Item = &[u8]>,
    scratch: usize,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut out = Buffer::with_limit(OUT_BYTES_MAX);
    let (mut input, mut scratch) = (Vec::new(), vec![0; scratch]);
    let mut fed = 0;
    for piece in pieces {
        input.extend_from_slice(piece);
        fed += piece.len();
        loop {
            let received = receive(&mut session, &mut app, &input, &mut scratch, &mut outcome);
            session.transmit(&mut out);
            let Some((consumed, quiet)) = received else { break };
            input.drain(..consumed);
            app.act(&mut session, &mut out);
            if quiet && input.is_empty() {
                break;
            }
            if quiet {
                let before = out.len();
                app.offer(&mut session, &mut out);
                assert!(out.len() > before, "it neither reads nor writes");
            }
        }
        assert!(app.capacity(&session) <= 4 * fed + 200_000, "memory by what came");
        if outcome.error.is_some() {
            break;
        }
    }
    finish(&mut session, &mut app, &mut out, &mut scratch, &mut outcome);
    outcome.said = out.readable().to_vec();
    outcome
}

/// One call. Gives what was consumed and whether nothing came of it; nothing after an error.
fn receive<D: Drive>(
    session: &mut D::Session,
    app: &mut D,
    input: &[u8],
    scratch: &mut [u8],
    outcome: &mut Outcome,
) -> Option<(usize, bool)> {
    match session.receive(input, scratch) {
        Ok(received) => {
            let consumed = received.consumed;
            let event = received.into_event();
            let told = event.map(|event| app.see(event, outcome));
            Some((consumed, consumed == 0 && told.is_none()))
        }
        Err(error) => {
            assert!(!matches!(error, Error::Misuse(_)), "the peer is to blame: {error}");
            outcome.error = Some(error);
            outcome.forget_run();
            None
        }
    }
}

/// Without further input: what waits is answered, files are sent to their end.
fn settle<D: Drive>(
    session: &mut D::Session,
    app: &mut D,
    out: &mut Buffer,
    scratch: &mut [u8],
    outcome: &mut Outcome,
) {
    loop {
        let before = out.len();
        app.offer(session, out);
        let received = receive(session, app, b"", scratch, outcome);
        session.transmit(out);
        let Some((_, quiet)) = received else { return };
        app.act(session, out);
        session.transmit(out);
        if quiet && out.len() == before {
            return;
        }
    }
}

/// The stream ends; an error is the same as before.
fn finish<D: Drive>(
    session: &mut D::Session,
    app: &mut D,
    out: &mut Buffer,
    scratch: &mut [u8],
    outcome: &mut Outcome,
) {
    if outcome.error.is_none() {
        settle(session, app, out, scratch, outcome);
    }
    if outcome.error.is_none() {
        outcome.ended = session.receive_eof().err();
        session.transmit(out);
        if outcome.ended.is_none() {
            settle(session, app, out, scratch, outcome);
        }
    }
    if let Some(error) = outcome.error.as_ref().or(outcome.ended.as_ref()) {
        for input in [&b""[..], b"\0\0\0\x02{}"] {
            assert_eq!(session.receive(input, scratch).err().as_ref(), Some(error), "errors stay");
        }
        assert_eq!(session.wants(), Wants::Close);
        session.transmit(out);
    }
}

impl Outcome {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        self.run = None;
        self.log.push(line.to_string());
    }

    /// Payload that goes on where it stopped is one line.
    fn payload(&mut self, offset: u64, bytes: &[u8]) {
        if self.run != Some(offset) {
            self.line(format_args!("from {offset}: "));
        }
        let line = self.log.last_mut().expect("a line");
        bytes.iter().for_each(|byte| write!(line, "{byte:02x}").expect("memory"));
        self.run = Some(offset + bytes.len() as u64);
    }

    /// Of a chunk that ends in an error nothing counts, and how much of it was seen may depend on
    /// the cuts: a run that passes the size of the file is refused as a whole.
    fn forget_run(&mut self) {
        if self.run.take().is_some() {
            self.log.pop();
        }
    }
}

/// A file on its way in.
struct Coming {
    id: u64,
    next: u64,
    /// Up to where it was verified.
    counted: u64,
    size: u64,
}

impl Coming {
    fn payload(&mut self, id: u64, offset: u64, bytes: &[u8]) {
        assert_eq!((id, offset), (self.id, self.next));
        self.next += bytes.len() as u64;
        assert!(self.next <= self.size, "no more than was announced");
    }

    fn verified(&mut self, id: u64, chunk: Verified) {
        assert_eq!((id, chunk.offset), (self.id, self.counted));
        self.counted += chunk.len;
        assert_eq!(self.counted, self.next);
    }

    fn received(&self, id: u64) {
        assert_eq!((id, self.next, self.counted), (self.id, self.size, self.size), "it is whole");
    }
}

/// In what a server said, no request has two ends; how many have one.
fn ends(mut said: &[u8]) -> usize {
    let mut ended = BTreeSet::new();
    while let Some((len, rest)) = said.split_first_chunk::<4>() {
        let (body, rest) = rest.split_at(u32::from_be_bytes(*len) as usize);
        said = rest;
        let body: serde_json::Value = serde_json::from_slice(body).expect("JSON");
        let ends = match body["type"].as_str().expect("a type") {
            "end" | "done" => true,
            "entries" => body["more"] == false,
            // A message of unknown type may bear the id of a request that goes on.
            "error" => body["id"].is_u64() && body["code"] != "unknown_type",
            _ => false,
        };
        assert!(!ends || ended.insert(body["id"].as_u64()), "two ends: {body}");
    }
    ended.len()
}

// ---- the server as the victim ------------------------------------------------------------------

/// Answers everything at once.
#[derive(Default)]
struct ServerDrive {
    asked: Option<Request>,
    received: bool,
    coming: Option<Coming>,
}

fn server_outcome(how: u8, pieces: &mut dyn Iterator<Item = &[u8]>, scratch: usize) -> Outcome {
    let session = Server::new(server_config(how), NONCE);
    let outcome = drive(session, ServerDrive::default(), pieces, scratch);
    ends(&outcome.said);
    outcome
}

/// A file whose bytes are all the same, of a size that its name tells.
fn size_of(name: &Name) -> u64 {
    name.as_str().len() as u64 % 7
}

impl Drive for ServerDrive {
    type Session = Server;

    fn see(&mut self, event: server::Event<'_>, outcome: &mut Outcome) {
        match event {
            server::Event::Request(request) => {
                outcome.line(format_args!("{request:?}"));
                assert!(self.asked.replace(request).is_none(), "one request at a time");
                self.coming = None;
            }
            server::Event::Payload { offset, bytes } => {
                outcome.payload(offset, bytes);
                self.coming.as_mut().expect("a file comes").payload(0, offset, bytes);
            }
            server::Event::Verified(chunk) => {
                outcome.line(format_args!("{chunk:?}"));
                self.coming.as_mut().expect("a file comes").verified(0, chunk);
            }
            server::Event::Received => {
                outcome.line(format_args!("received"));
                self.coming.take().expect("a file comes").received(0);
                self.received = true;
            }
            server::Event::Abandoned { forget, .. } => {
                // The chunk that was open does not count, and a fault may be what ended it.
                outcome.forget_run();
                outcome.line(format_args!("abandoned {forget}"));
                (self.asked, self.received, self.coming) = (None, false, None);
            }
        }
    }

    fn act(&mut self, session: &mut Server, _out: &mut Buffer) {
        if std::mem::take(&mut self.received) {
            session.done(Durability::None).expect("a put is being finished");
        }
        let Some(request) = self.asked.take() else { return };
        let digester = Digester::new(DigestKind::None);
        let done = match request {
            Request::List => {
                let (name, modified) =
                    (PeerText::from("a"), PeerText::from("2026-11-21T18:43:00Z"));
                session.entries(vec![Entry { name, size: 1, modified, etag: None }], false)
            }
            Request::Get { name, offset, .. } if offset <= size_of(&name) => {
                let size = size_of(&name);
                let meta = FileMeta { size, modified: "then", etag: "e", offset };
                session.file(&meta, digester)
            }
            Request::Get { .. } => session.refuse(Code::BadOffset, "past the end"),
            Request::Put { overwrite: true, .. } => session.refuse(Code::NoSpace, "full"),
            Request::Put { size, etag, .. } if etag.len() == 3 => {
                self.coming = Some(Coming { id: 0, next: size, counted: size, size });
                session.compare(digester)
            }
            Request::Put { size, etag, .. } => {
                let offset = if etag.len() == 2 { size / 2 } else { 0 };
                self.coming = Some(Coming { id: 0, next: offset, counted: offset, size });
                session.ready(offset, digester)
            }
        };
        done.expect("a request waits");
    }

    fn offer(&mut self, session: &mut Server, out: &mut Buffer) {
        while let (Wants::Payload, Some(Wanted { len, .. })) =
            (session.wants(), session.wanted(out))
        {
            let taken = session.offer(&vec![b'x'; len], out).expect("what it wanted");
            assert_eq!(taken, len);
        }
    }

    fn capacity(&self, session: &Server) -> usize {
        session.memory()
    }
}

// ---- the client as the victim ------------------------------------------------------------------

/// Has asked for one of each.
struct ClientDrive {
    open: BTreeSet<u64>,
    given_up: Option<u64>,
    ready: Option<u64>,
    coming: Option<Coming>,
}

/// The size of the file that is put.
const PUT_BYTES: u64 = 5;

/// The id of the get that goes on from 3.
const RESUMED: u64 = 2;

fn client_outcome(how: u8, pieces: &mut dyn Iterator<Item = &[u8]>, scratch: usize) -> Outcome {
    let mut session = Client::new(client_config(how), NONCE);
    let name = Name::new("a").expect("a name");
    let digester = Digester::new(DigestKind::None);
    let resume = client::Resume { offset: 3, etag: "e", digester };
    let get = session.get(&name, None).expect("space in the output");
    let rest = session.get(&name, Some(resume)).expect("space in the output");
    let put = session.put(&name, PUT_BYTES, "e", true).expect("space in the output");
    let list = session.list().expect("space in the output");
    let last = session.get(&name, None).expect("space in the output");
    let given_up = [None, Some(get), Some(put), Some(list)][usize::from(how >> 4 & 3)];
    if let Some(id) = given_up {
        session.cancel(id).expect("space in the output");
    }
    let open = BTreeSet::from([get, rest, put, list, last]);
    let app = ClientDrive { open, given_up, ready: None, coming: None };
    drive(session, app, pieces, scratch)
}

impl ClientDrive {
    fn end(&mut self, id: u64) {
        assert!(self.open.remove(&id), "{id} ends once");
    }

    fn live(&self, id: u64) {
        assert!(self.open.contains(&id) && self.given_up != Some(id), "{id} is waited for");
    }
}

impl Drive for ClientDrive {
    type Session = Client;

    fn see(&mut self, event: client::Event<'_>, outcome: &mut Outcome) {
        if let client::Event::Payload { id, offset, bytes } = event {
            self.live(id);
            outcome.payload(offset, bytes);
            return self.coming.as_mut().expect("a file comes").payload(id, offset, bytes);
        }
        outcome.line(format_args!("{event:?}"));
        match event {
            client::Event::Welcome(_) | client::Event::Payload { .. } => {}
            client::Event::Entries { id, more, .. } => {
                self.live(id);
                if !more {
                    self.end(id);
                }
            }
            client::Event::File { id, size, offset, .. } => {
                self.live(id);
                assert_eq!(offset, if id == RESUMED { 3 } else { 0 }, "from where it was asked");
                self.coming = Some(Coming { id, next: offset, counted: offset, size });
            }
            client::Event::Verified { id, chunk } => {
                self.coming.as_mut().expect("a file comes").verified(id, chunk);
            }
            client::Event::Received { id, .. } => {
                self.live(id);
                self.coming.take().expect("a file comes").received(id);
                self.end(id);
            }
            client::Event::Ready { id, offset } => {
                self.live(id);
                assert!(offset <= PUT_BYTES);
                self.ready = Some(id);
            }
            client::Event::Done { id, .. } => {
                self.live(id);
                self.end(id);
            }
            client::Event::Failed { id, .. } => {
                self.end(id);
                self.ready = self.ready.filter(|ready| *ready != id);
            }
        }
    }

    fn act(&mut self, session: &mut Client, out: &mut Buffer) {
        if let Some(id) = self.ready.take() {
            session.start_put(id, Digester::new(DigestKind::None)).expect("it is granted");
            self.offer(session, out);
        }
    }

    fn offer(&mut self, session: &mut Client, out: &mut Buffer) {
        while let Some(Wanted { len, .. }) = session.wanted(out) {
            let taken = session.offer(&vec![b'x'; len], out).expect("what it wanted");
            assert_eq!(taken, len);
        }
    }

    fn capacity(&self, session: &Client) -> usize {
        session.memory()
    }
}
