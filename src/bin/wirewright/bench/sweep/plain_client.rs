//! A client of the bench over a plain blocking socket, which keeps one connection open.
//!
//! ```text
//!   ask(name) ─▶ Client ─▶ out ─ write ─▶ socket ─ read ─▶ Client ─▶ events
//! ```
//!
//! The product's client connects for each batch of files and closes the connection afterwards. Here
//! the connection stays open, and the measurement chooses the time of each request.

use crate::bench::{NONCE, name, said};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use wirewright::buffer::Buffer;
use wirewright::digest::DigestKind;
use wirewright::net::files::SinkFn;
use wirewright::session::Session;
use wirewright::transfer::client::{Client, Config, Event};
use wirewright::transfer::sender::CHUNK_BYTES;

/// The size of a read, as in the product while a file is received.
const READ_BYTES: usize = 256 << 10;

/// The greatest number of bytes of requests that wait to be sent.
const OUT_BYTES_MAX: usize = 64 << 10;

pub struct PlainClient {
    stream: TcpStream,
    client: Client,
    input: Vec<u8>,
    /// The number of bytes at the beginning of `input` that the session has not consumed.
    held: usize,
    scratch: Vec<u8>,
    out: Buffer,
}

impl PlainClient {
    /// Connects, and waits for the greeting.
    pub fn connect(endpoint: &str, digest: DigestKind) -> Result<PlainClient, String> {
        let stream = TcpStream::connect(endpoint).map_err(said)?;
        stream.set_nodelay(true).map_err(said)?;
        let config = Config { digests: vec![digest], ..Config::default() };
        let mut client = PlainClient {
            stream,
            client: Client::new(config, NONCE),
            input: vec![0; READ_BYTES],
            held: 0,
            scratch: vec![0; CHUNK_BYTES],
            out: Buffer::with_limit(OUT_BYTES_MAX),
        };
        let mut greeted = false;
        while !greeted {
            client.step(&mut |event| greeted |= matches!(event, Event::Welcome(_)))?;
        }
        Ok(client)
    }

    /// Makes the socket non-blocking, so that [`step`](PlainClient::step) does not wait.
    pub fn no_waiting(&mut self) -> Result<(), String> {
        self.stream.set_nonblocking(true).map_err(said)
    }

    /// Queues a request for the file, which the next step sends; returns its number.
    pub fn ask(&mut self) -> Result<u64, String> {
        self.client.get(&name("file")?, None).map_err(said)
    }

    /// The number of unanswered requests.
    pub fn pending(&self) -> usize {
        self.client.pending()
    }

    /// Writes the output, reads once, and reports the events.
    pub fn step(&mut self, heard: &mut dyn FnMut(Event<'_>)) -> Result<(), String> {
        self.client.transmit(&mut self.out);
        while !self.out.is_empty() {
            match self.stream.write(self.out.readable()) {
                Ok(count) => self.out.consume(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(said(error)),
            }
        }
        match self.stream.read(&mut self.input[self.held..]) {
            Ok(0) => Err("the server closed the connection".to_owned()),
            Ok(read) => self.hear(self.held + read, heard),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(said(error)),
        }
    }

    fn hear(&mut self, len: usize, heard: &mut dyn FnMut(Event<'_>)) -> Result<(), String> {
        let mut at = 0;
        loop {
            let received =
                self.client.receive(&self.input[at..len], &mut self.scratch).map_err(said)?;
            let consumed = received.consumed;
            at += consumed;
            match received.into_event() {
                None if consumed == 0 => break,
                None => {}
                Some(Event::Failed { code, text, .. }) => {
                    return Err(format!("{code}: {text}"));
                }
                Some(event) => heard(event),
            }
        }
        self.input.copy_within(at..len, 0);
        self.held = len - at;
        Ok(())
    }

    /// Gets the file and waits for its verified end; the received bytes go to `sink`. Returns their
    /// number.
    pub fn get(&mut self, sink: &SinkFn) -> Result<u64, String> {
        let id = self.ask()?;
        let (mut bytes, mut done) = (0, false);
        while !done {
            self.step(&mut |event| match event {
                Event::Payload { offset, bytes: piece, .. } => {
                    bytes += piece.len() as u64;
                    sink(offset, piece);
                }
                Event::Received { id: ended, .. } => done |= ended == id,
                _ => {}
            })?;
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::bytes::Compared;
    use crate::bench::running::{Running, memory};
    use crate::bench::setup::tests::small;

    #[test]
    fn one_connection_gets_many_files() {
        let setup = small();
        let server = Running::start(memory(&setup.block, 500_000, 1)).unwrap();
        let mut client = PlainClient::connect(&server.endpoint, DigestKind::Blake3).unwrap();
        for _ in 0..3 {
            let compared = Compared::new(&setup.block);
            assert_eq!(client.get(&compared.sink()), Ok(500_000));
            assert_eq!(compared.verdict(500_000), Ok(()));
        }
    }
}
