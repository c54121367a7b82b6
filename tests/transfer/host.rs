//! A server with its application, fed with bytes and drained of bytes.

use crate::app::{App, Happened};
use serde_json::Value;
use std::sync::Arc;
use wirewright::buffer::Buffer;
use wirewright::error::Error;
use wirewright::session::{Session as _, Wanted, Wants};
use wirewright::transfer::server::{Config, Server};

/// A nonce of the server's, of 16 bytes.
pub const SERVER_NONCE: &str = "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e";

/// A nonce of the client's.
pub const CLIENT_NONCE: &str = "c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1";

/// The hello that a raw client begins with.
pub const HELLO: &str = concat!(
    r#"{"type":"hello","versions":[1],"max_frame":1048576,"digests":["sha256","none"],"#,
    r#""nonce":"c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1"}"#
);

/// One frame around a JSON text.
pub fn frame(json: &str) -> Vec<u8> {
    let len = u32::try_from(json.len()).expect("a short text");
    [&len.to_be_bytes()[..], json.as_bytes()].concat()
}

/// Frames around JSON texts.
pub fn frames(texts: &[&str]) -> Vec<u8> {
    texts.iter().flat_map(|text| frame(text)).collect()
}

/// The frames in bytes that hold whole ones only.
pub fn rows(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while let Some(prefix) = bytes.first_chunk::<4>() {
        let (row, rest) = bytes.split_at(4 + u32::from_be_bytes(*prefix) as usize);
        found.push(row);
        bytes = rest;
    }
    assert!(bytes.is_empty(), "whole rows only");
    found
}

/// The JSON objects of whole frames.
pub fn objects(bytes: &[u8]) -> Vec<Value> {
    let object = |row: &&[u8]| serde_json::from_slice(&row[4..]).expect("JSON");
    rows(bytes).iter().map(object).collect()
}

/// A server, what it has not eaten yet, and what it has to say.
pub struct Host {
    pub server: Server,
    pub app: App,
    pub out: Buffer,
    pub inbox: Vec<u8>,
    pub error: Option<Error>,
    /// How much of what is wanted is offered at once, here and by the client.
    pub stint: usize,
    room: Vec<u8>,
}

impl Host {
    pub fn new(config: Config, app: App) -> Host {
        Host::with_nonce(config, app, SERVER_NONCE)
    }

    pub fn with_nonce(config: Config, app: App, nonce: &str) -> Host {
        Host {
            server: Server::new(Arc::new(config), nonce),
            app,
            out: Buffer::with_limit(1 << 20),
            inbox: Vec::new(),
            error: None,
            stint: usize::MAX,
            room: vec![0; 70_000],
        }
    }

    /// One that has been greeted.
    pub fn greeted(app: App) -> Host {
        let mut host = Host::new(Config::default(), app);
        host.feed(&frame(HELLO));
        assert_eq!(host.said()[0]["type"], "hello");
        host
    }

    /// Feeds bytes and lets it do what follows from them.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.inbox.extend_from_slice(bytes);
        self.turn();
    }

    /// Feeds messages.
    pub fn hear(&mut self, texts: &[&str]) {
        self.feed(&frames(texts));
    }

    /// The loop law: receive until nothing more, transmit.
    pub fn turn(&mut self) {
        while self.error.is_none() {
            self.speak();
            match self.server.receive(&self.inbox, &mut self.room) {
                Ok(received) => {
                    let (consumed, event) =
                        (received.consumed, received.into_event().map(Happened::from));
                    self.inbox.drain(..consumed);
                    match event {
                        Some(event) => self.app.act(&mut self.server, event),
                        None if consumed == 0 => break,
                        None => {}
                    }
                }
                Err(error) => self.fail(error),
            }
        }
        self.speak();
    }

    /// Says the end of the client's stream.
    pub fn eof(&mut self) {
        if let Err(error) = self.server.receive_eof() {
            self.fail(error);
        }
        self.turn();
    }

    fn fail(&mut self, error: Error) {
        assert_eq!(self.server.wants(), Wants::Close, "{error}");
        self.error = Some(error);
    }

    fn speak(&mut self) {
        self.app.next_pages(&mut self.server);
        self.server.transmit(&mut self.out);
        while let Some(Wanted { offset, len }) = self.server.wanted(&self.out) {
            let payload = &self.app.source(offset)[..len.min(self.stint)];
            let taken = self.server.offer(payload, &mut self.out).expect("what was wanted");
            if taken == 0 {
                break;
            }
        }
    }

    /// What it said since it was last asked.
    pub fn said(&mut self) -> Vec<Value> {
        let said = objects(self.out.readable());
        self.out.consume(self.out.len());
        said
    }

    /// The types of what it said, with id and code: `file 1`, `error 2 not_found`.
    pub fn words(&mut self) -> Vec<String> {
        self.said().iter().map(words).collect()
    }

    /// The error it is in stays for ever, whatever comes.
    pub fn stays(&mut self) {
        let error = self.error.clone().expect("it has failed");
        for input in [&b""[..], b"x", b"\0\0\0\x02{}", &frame(HELLO)] {
            let again = self.server.receive(input, &mut self.room).expect_err("it stays");
            assert_eq!(again, error);
        }
        assert_eq!(self.server.receive_eof(), Err(error.clone()));
        assert_eq!(self.server.receive(b"", &mut self.room), Err(error));
        assert_eq!(self.server.wants(), Wants::Close);
        self.out.consume(self.out.len());
        self.server.transmit(&mut self.out);
        assert_eq!(self.server.offer(b"abc", &mut self.out), Ok(0));
        assert!(self.out.is_empty(), "its last words are said once");
    }
}

/// A message in few words.
pub fn words(message: &Value) -> String {
    let mut words = vec![message["type"].as_str().expect("a type").to_owned()];
    words.extend(message["id"].as_u64().map(|id| id.to_string()));
    words.extend(message["code"].as_str().map(str::to_owned));
    if message["fatal"] == true {
        words.push("fatal".to_owned());
    }
    words.join(" ")
}
