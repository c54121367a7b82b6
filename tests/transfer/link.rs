//! A client and a server that meet in memory: the bytes go over in pieces of one size.

use crate::app::App;
use crate::host::{CLIENT_NONCE, Host, frame, objects, rows};
use serde_json::Value;
use std::collections::BTreeMap;
use wirewright::buffer::Buffer;
use wirewright::digest::{DigestKind, Digester};
use wirewright::error::Error;
use wirewright::name::Name;
use wirewright::session::{Session as _, Wanted, Wants};
use wirewright::transfer::client::{self, Client, Event};
use wirewright::transfer::server;

/// The sizes of pieces that every simple conversation is held with.
pub const PIECES: [usize; 7] = [1, 2, 3, 7, 64, 1000, usize::MAX];

/// Who spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    Client,
    Server,
}

/// Changes messages on their way; false takes one away.
type Tamper = Box<dyn FnMut(From, &mut Value) -> bool>;

/// Both sides and the wires between them.
pub struct Link {
    pub client: Client,
    pub host: Host,
    /// What the client has to say and has not said.
    pub up: Buffer,
    to_host: Vec<u8>,
    to_client: Vec<u8>,
    inbox: Vec<u8>,
    piece: usize,
    tamper: Option<Tamper>,
    digest: DigestKind,
    /// The events of the client but payload, as words.
    pub log: Vec<String>,
    /// What is to be put, by request.
    pub sources: BTreeMap<u64, Vec<u8>>,
    /// What came, by request.
    pub got: BTreeMap<u64, Vec<u8>>,
    pub error: Option<Error>,
    /// The texts of requests that failed.
    pub texts: Vec<String>,
    room: Vec<u8>,
}

impl Link {
    pub fn new(client: client::Config, server: server::Config, app: App, piece: usize) -> Link {
        Link {
            client: Client::new(client, CLIENT_NONCE),
            host: Host::new(server, app),
            up: Buffer::with_limit(1 << 20),
            to_host: Vec::new(),
            to_client: Vec::new(),
            inbox: Vec::new(),
            piece,
            tamper: None,
            digest: DigestKind::None,
            log: Vec::new(),
            sources: BTreeMap::new(),
            got: BTreeMap::new(),
            error: None,
            texts: Vec::new(),
            room: vec![0; 70_000],
        }
    }

    /// Both sides as they come, already greeted.
    pub fn plain(app: App, piece: usize) -> Link {
        let mut link = Link::new(client::Config::default(), server::Config::default(), app, piece);
        link.run();
        assert_eq!(link.take_log(), ["welcome blake3"]);
        link
    }

    pub fn tamper(&mut self, tamper: impl FnMut(From, &mut Value) -> bool + 'static) {
        self.tamper = Some(Box::new(tamper));
    }

    pub fn get(&mut self, name: &str) -> u64 {
        self.client.get(&Name::new(name).expect("a name"), None).expect("room for a request")
    }

    pub fn put(&mut self, name: &str, bytes: &[u8], overwrite: bool) -> u64 {
        let name = Name::new(name).expect("a name");
        let (size, etag) = (bytes.len() as u64, crate::app::etag(bytes));
        let id = self.client.put(&name, size, &etag, overwrite).expect("room for a request");
        self.sources.insert(id, bytes.to_vec());
        id
    }

    /// The client hears messages as if the server had said them.
    pub fn hear(&mut self, texts: &[&str]) {
        texts.iter().for_each(|text| self.inbox.extend(frame(text)));
        self.client_hears();
    }

    /// Until nothing moves any more.
    pub fn run(&mut self) {
        while self.step() {}
    }

    /// One piece each way; false if there was none.
    pub fn step(&mut self) -> bool {
        self.client_speaks();
        let up: Vec<u8> = self.to_host.drain(..self.piece.min(self.to_host.len())).collect();
        self.host.feed(&up);
        let said = self.host.out.readable().to_vec();
        self.host.out.consume(said.len());
        let said = self.pass(From::Server, said);
        self.to_client.extend(said);
        let down: Vec<u8> = self.to_client.drain(..self.piece.min(self.to_client.len())).collect();
        self.inbox.extend_from_slice(&down);
        self.client_hears();
        self.client_speaks();
        self.host.turn();
        !(up.is_empty() && down.is_empty() && self.to_host.is_empty() && self.host.out.is_empty())
    }

    /// The other side of each has gone.
    pub fn client_eof(&mut self) {
        if let Err(error) = self.client.receive_eof() {
            self.fail(error);
        }
    }

    fn client_speaks(&mut self) {
        self.client.transmit(&mut self.up);
        while let (Some(id), Some(Wanted { offset, len })) =
            (self.client.sending_id(), self.client.wanted(&self.up))
        {
            let from = usize::try_from(offset).expect("a small file");
            let payload = &self.sources[&id][from..from + len.min(self.host.stint)];
            let taken = self.client.offer(payload, &mut self.up).expect("what was wanted");
            if taken == 0 {
                break;
            }
        }
        let said = self.up.readable().to_vec();
        self.up.consume(said.len());
        let said = self.pass(From::Client, said);
        self.to_host.extend(said);
    }

    fn pass(&mut self, from: From, said: Vec<u8>) -> Vec<u8> {
        let Some(tamper) = &mut self.tamper else { return said };
        let mut passed = Vec::new();
        for (object, bytes) in objects(&said).into_iter().zip(rows(&said)) {
            let mut changed = object.clone();
            match tamper(from, &mut changed) {
                // The proof of the token covers the hellos byte for byte.
                true if changed == object => passed.extend(bytes),
                true => passed.extend(frame(&changed.to_string())),
                false => {}
            }
        }
        passed
    }

    fn client_hears(&mut self) {
        while self.error.is_none() {
            let received = match self.client.receive(&self.inbox, &mut self.room) {
                Ok(received) => received,
                Err(error) => return self.fail(error),
            };
            let (consumed, none) = (received.consumed, !received.is_event());
            let ready = match received.into_event() {
                Some(Event::Payload { id, offset, bytes }) => {
                    let got = self.got.entry(id).or_default();
                    assert_eq!(offset, got.len() as u64, "payload in line");
                    got.extend_from_slice(bytes);
                    None
                }
                Some(Event::Ready { id, offset }) => Some((id, offset)),
                Some(event) => {
                    if let Event::Welcome(kind) = event {
                        self.digest = kind;
                    }
                    if let Event::Failed { text, .. } = &event {
                        self.texts.push(text.as_raw_str().to_owned());
                    }
                    self.log.push(note(&event));
                    None
                }
                None => None,
            };
            self.inbox.drain(..consumed);
            if let Some((id, offset)) = ready {
                self.start(id, offset);
            }
            if none && consumed == 0 {
                return;
            }
        }
    }

    fn start(&mut self, id: u64, offset: u64) {
        self.log.push(format!("ready {id} from {offset}"));
        let mut digester = Digester::new(self.digest);
        digester.update(&self.sources[&id][..usize::try_from(offset).expect("a small file")]);
        self.client.start_put(id, digester).expect("a put that was granted");
    }

    fn fail(&mut self, error: Error) {
        assert_eq!(self.client.wants(), Wants::Close, "{error}");
        self.error = Some(error);
        self.client_speaks();
    }

    /// The events since it was last asked.
    pub fn take_log(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log)
    }

    /// The events of the last steps of requests: they end exactly once.
    pub fn ends(&self) -> Vec<String> {
        let ends = ["received", "done", "failed"];
        let is_end = |line: &&String| ends.iter().any(|end| line.starts_with(end));
        self.log.iter().filter(is_end).map(|line| line[..].to_owned()).collect()
    }

    /// The error of the client stays for ever.
    pub fn stays(&mut self) {
        let error = self.error.clone().expect("the client has failed");
        for input in [&b""[..], b"x", b"\0\0\0\x02{}"] {
            let again = self.client.receive(input, &mut self.room).expect_err("it stays");
            assert_eq!(again, error);
        }
        assert_eq!(self.client.receive_eof(), Err(error.clone()));
        assert_eq!(self.client.receive(b"", &mut self.room), Err(error));
        assert_eq!(self.client.wants(), Wants::Close);
        let mut out = Buffer::with_limit(1 << 20);
        self.client.transmit(&mut out);
        assert_eq!(self.client.offer(b"abc", &mut out), Ok(0));
        assert!(out.is_empty(), "its last words are said once");
    }

    /// The code of the error both sides are in, as the peer's own answer.
    pub fn refused(&self) -> Option<&str> {
        match &self.error {
            Some(Error::Refused { code, .. }) => Some(code.as_raw_str()),
            _ => None,
        }
    }
}

/// An event of a client in few words.
pub fn note(event: &Event<'_>) -> String {
    match event {
        Event::Welcome(kind) => format!("welcome {kind}"),
        Event::Entries { id, entries, skipped, more, .. } => {
            let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_raw_str()).collect();
            let skipped = if *skipped > 0 { format!(" less {skipped}") } else { String::new() };
            format!("entries {id} [{}]{skipped} more {more}", names.join(" "))
        }
        Event::File { id, size, offset, .. } => format!("file {id} {size} from {offset}"),
        Event::Verified { id, chunk } => {
            format!("verified {id} {}+{}", chunk.offset, chunk.len)
        }
        Event::Received { id, digest } => {
            format!("received {id} {}", digest.as_deref().unwrap_or("none"))
        }
        Event::Done { id, digest, durability } => {
            format!("done {id} {} {}", digest.as_deref().unwrap_or("none"), durability.as_str())
        }
        Event::Failed { id, code, .. } => format!("failed {id} {}", code),
        Event::Payload { .. } | Event::Ready { .. } => unreachable!("taken before"),
    }
}
