//! A peer of the framed wire by hand: it says what it likes, and reads what it is told.

use serde_json::Value;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// Longer than any deadline of a server in these tests.
const PATIENCE: Duration = Duration::from_secs(30);

pub const HELLO: &str = r#"{"type":"hello","versions":[1],"max_frame":1048576,"digests":["none"],
    "nonce":"00112233445566778899aabbccddeeff"}"#;

pub struct Peer {
    pub stream: TcpStream,
}

/// A frame around a body.
pub fn frame(body: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
    frame.extend_from_slice(body);
    frame
}

impl Peer {
    /// Connected, and silent.
    pub fn connect(address: &str) -> Peer {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Peer { stream }
    }

    /// Both hellos are through.
    pub fn greeted(address: &str) -> Peer {
        let mut peer = Peer::connect(address);
        peer.say(HELLO).unwrap();
        let hello = peer.hear().unwrap().expect("the server's hello");
        assert_eq!(hello["type"], "hello", "{hello}");
        peer
    }

    /// Sends one message.
    pub fn say(&mut self, json: &str) -> io::Result<()> {
        self.stream.write_all(&frame(json.as_bytes()))
    }

    /// The next message; `None` at a clean end.
    pub fn hear(&mut self) -> io::Result<Option<Value>> {
        let mut prefix = [0; 4];
        match self.stream.read_exact(&mut prefix) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        let mut body = vec![0; u32::from_be_bytes(prefix) as usize];
        self.stream.read_exact(&mut body)?;
        Ok(Some(serde_json::from_slice(&body).unwrap()))
    }
}
