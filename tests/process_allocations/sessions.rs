//! Transfers without I/O: a client's and a server's session, and the bytes between them.

use wirewright::buffer::Buffer;
use wirewright::digest::{DigestKind, Digester};
use wirewright::error::Error;
use wirewright::name::Name;
use wirewright::session::{Session, Wanted, Wants};
use wirewright::transfer::classic::{self, ClassicClient, ClassicServer};
use wirewright::transfer::client::{self, Client};
use wirewright::transfer::message::Durability;
use wirewright::transfer::sender::CHUNK_BYTES;
use wirewright::transfer::server::{self, FileMeta, Request, Server};

const NONCE: &str = "00112233445566778899aabbccddeeff";

/// Which way the file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Get,
    Put,
}

/// Both sides, what is between them, and what has arrived.
struct Link<'a> {
    client: Client,
    server: Server,
    up: Buffer,
    down: Buffer,
    room: Vec<u8>,
    bytes: &'a [u8],
    arrived: usize,
    done: bool,
}

/// Moves `bytes` over the framed wire.
pub fn framed(way: Way, digest: DigestKind, bytes: &[u8]) {
    let config = client::Config { digests: vec![digest], ..client::Config::default() };
    let mut link = Link {
        client: Client::new(config, NONCE),
        server: Server::new(server::Config::default().into(), NONCE),
        // Room for a few chunks, as in a socket.
        up: Buffer::with_limit(1 << 20),
        down: Buffer::with_limit(1 << 20),
        room: vec![0; CHUNK_BYTES],
        bytes,
        arrived: 0,
        done: false,
    };
    while !link.done {
        link.client_speaks().unwrap();
        while link.server_hears(way, digest).unwrap() {}
        link.server_speaks().unwrap();
        while link.client_hears(way, digest).unwrap() {}
    }
    assert_eq!(link.arrived, bytes.len());
}

impl Link<'_> {
    fn client_speaks(&mut self) -> Result<(), Error> {
        self.client.transmit(&mut self.up);
        while let Some(Wanted { offset, len }) = self.client.wanted(&self.up) {
            let at = offset as usize;
            self.client.offer(&self.bytes[at..at + len], &mut self.up)?;
        }
        Ok(())
    }

    fn server_speaks(&mut self) -> Result<(), Error> {
        while let Some(Wanted { offset, len }) = self.server.wanted(&self.down) {
            let at = offset as usize;
            self.server.offer(&self.bytes[at..at + len], &mut self.down)?;
        }
        self.server.transmit(&mut self.down);
        Ok(())
    }

    /// One event; false if there is nothing more to hear.
    fn server_hears(&mut self, way: Way, digest: DigestKind) -> Result<bool, Error> {
        let received = self.server.receive(self.up.readable(), &mut self.room)?;
        let (consumed, mut asked, mut whole) = (received.consumed, false, false);
        let more = consumed > 0 || received.is_event();
        match received.into_event() {
            Some(server::Event::Payload { offset, bytes }) => {
                self.arrived = arrive(self.arrived, self.bytes, offset, bytes);
            }
            Some(server::Event::Request(Request::Get { .. } | Request::Put { .. })) => asked = true,
            Some(server::Event::Received) => whole = true,
            _ => {}
        }
        self.up.consume(consumed);
        if asked && way == Way::Get {
            let size = self.bytes.len() as u64;
            let meta = FileMeta { size, modified: "1970-01-01T00:00:00Z", etag: "e", offset: 0 };
            self.server.file(&meta, Digester::new(digest))?;
        } else if asked {
            self.server.ready(0, Digester::new(digest))?;
        }
        if whole {
            self.server.done(Durability::None)?;
        }
        Ok(more)
    }

    /// One event; false if there is nothing more to hear.
    fn client_hears(&mut self, way: Way, digest: DigestKind) -> Result<bool, Error> {
        let received = self.client.receive(self.down.readable(), &mut self.room)?;
        let (consumed, mut greeted, mut ready) = (received.consumed, false, None);
        let more = consumed > 0 || received.is_event();
        match received.into_event() {
            Some(client::Event::Payload { offset, bytes, .. }) => {
                self.arrived = arrive(self.arrived, self.bytes, offset, bytes);
            }
            Some(client::Event::Welcome(_)) => greeted = true,
            Some(client::Event::Ready { id, .. }) => ready = Some(id),
            Some(client::Event::Received { .. } | client::Event::Done { .. }) => self.done = true,
            Some(client::Event::Failed { text, .. }) => panic!("{text:?}"),
            _ => {}
        }
        self.down.consume(consumed);
        if greeted {
            let (name, size) = (Name::new("file").unwrap(), self.bytes.len() as u64);
            match way {
                Way::Get => self.client.get(&name, None)?,
                Way::Put => self.client.put(&name, size, "e", false)?,
            };
        }
        if let Some(id) = ready {
            self.client.start_put(id, Digester::new(digest))?;
        }
        Ok(more)
    }
}

/// Moves `bytes` over the classic wire.
pub fn classic(bytes: &[u8]) {
    let limits = classic::Limits::default();
    let name = Name::new("file").unwrap();
    let mut server = ClassicServer::new(limits.clone(), &name, bytes.len() as u64);
    let mut client = ClassicClient::new(limits);
    let (mut out, mut room) = (Buffer::with_limit(1 << 20), vec![0; CHUNK_BYTES]);
    let (mut offered, mut arrived) = (0, 0);
    while server.wants() == Wants::Payload {
        let piece = &bytes[offered..(offered + CHUNK_BYTES).min(bytes.len())];
        offered += server.offer(piece, &mut out).unwrap();
        while !out.is_empty() {
            let received = client.receive(out.readable(), &mut room).unwrap();
            let consumed = received.consumed;
            if let Some(classic::Event::Payload { offset, bytes: piece }) = received.into_event() {
                arrived = arrive(arrived, bytes, offset, piece);
            }
            out.consume(consumed);
        }
    }
    client.receive_eof().unwrap();
    assert_eq!(arrived, bytes.len());
}

/// Compares a piece with what was sent; how much has arrived with it.
fn arrive(arrived: usize, sent: &[u8], offset: u64, piece: &[u8]) -> usize {
    assert_eq!(offset, arrived as u64);
    assert!(*piece == sent[arrived..arrived + piece.len()], "other bytes than were sent");
    arrived + piece.len()
}
