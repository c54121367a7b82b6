//! Scripted servers: a thread for each connection, which records every request it reads and does
//! what its script says.

use crate::listening::Listening;
use socket2::SockRef;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    /// From the method to the empty line.
    pub head: String,
    pub body: Vec<u8>,
}

impl Request {
    pub fn method(&self) -> &str {
        self.head.split(' ').next().unwrap()
    }

    pub fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    /// The values of a field.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields.filter(|(its, _)| its.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    /// The value of a field that stands there once.
    pub fn get(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(all.len() <= 1, "{name} stands there more than once: {}", self.head);
        all.first().copied()
    }
}

/// The server's side of one connection.
pub struct Conn {
    /// Numbered from 1.
    pub number: usize,
    stream: TcpStream,
    held: Vec<u8>,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Conn {
    /// The next request, its body counted; `None` where the client has closed.
    pub fn request(&mut self) -> Option<Request> {
        let head_len = loop {
            if let Some(at) = self.held.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.more() {
                assert!(self.held.is_empty(), "half a head: {:?}", self.held.escape_ascii());
                return None;
            }
        };
        let head = self.held.drain(..head_len).collect();
        let head = String::from_utf8(head).expect("a head of ours is text");
        let mut request = Request { head, body: Vec::new() };
        let len = request.get("Content-Length").map_or(0, |len| len.parse().unwrap());
        while self.held.len() < len {
            assert!(self.more(), "a body ended after {} of {len} bytes", self.held.len());
        }
        request.body = self.held.drain(..len).collect();
        self.seen.lock().unwrap().push(request.clone());
        Some(request)
    }

    /// The head of a request, whose body stays unread.
    pub fn begins(&mut self) -> String {
        while !self.held.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
            assert!(self.more(), "half a head: {:?}", self.held.escape_ascii());
        }
        String::from_utf8_lossy(&self.held).into_owned()
    }

    /// A request that has to come.
    pub fn must(&mut self) -> Request {
        self.request().expect("another request")
    }

    /// Reads once; false at the end of the stream.
    fn more(&mut self) -> bool {
        let mut piece = [0; 64 << 10];
        let mut read = self.stream.read(&mut piece);
        while matches!(&read, Err(error) if error.kind() == ErrorKind::Interrupted) {
            read = self.stream.read(&mut piece);
        }
        match read {
            Ok(read) => {
                self.held.extend_from_slice(&piece[..read]);
                read > 0
            }
            // A client may drop a connection with bytes of ours unread.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            Err(error) => panic!("connection {}: {error}", self.number),
        }
    }

    /// Sends; false where the client has gone.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    /// Sends a byte at a time.
    pub fn drip(&mut self, bytes: &[u8], pause: Duration) -> bool {
        bytes.chunks(1).all(|byte| {
            std::thread::sleep(pause);
            self.send(byte)
        })
    }

    /// Whether the client has sent nothing more so far.
    pub fn is_quiet(&mut self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).unwrap();
        let is_silent = matches!(&peeked, Err(error) if error.kind() == ErrorKind::WouldBlock);
        self.held.is_empty() && is_silent
    }

    /// Reads away what comes until the client closes.
    pub fn gone(&mut self) {
        while self.more() {
            self.held.clear();
        }
    }

    /// Ends the connection by a reset.
    pub fn reset(self) {
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }
}

/// See the head of this file; it ends as its listener does.
pub struct Server {
    seen: Arc<Mutex<Vec<Request>>>,
    listening: Listening,
}

impl Server {
    /// Gives every connection to a script.
    pub fn start(script: impl Fn(Conn) + Send + Sync + 'static) -> Server {
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let kept = seen.clone();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let listening = Listening::start(listener, move |number, stream| {
            script(Conn { number, stream, held: Vec::new(), seen: kept.clone() });
        });
        Server { seen, listening }
    }

    /// Answers every request on every connection.
    pub fn answering(answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> Server {
        Server::start(move |mut conn| {
            while let Some(request) = conn.request() {
                let answer = answer(&request);
                if !conn.is_quiet() || !conn.send(answer) {
                    // The client has closed, for it never sends two requests at a time.
                    assert!(conn.request().is_none(), "a request before the answer");
                    return;
                }
            }
        })
    }

    /// How many connections have come.
    pub fn accepts(&self) -> usize {
        self.listening.accepts()
    }

    /// All requests in the order in which they came.
    pub fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

impl std::ops::Deref for Server {
    type Target = SocketAddr;

    fn deref(&self) -> &SocketAddr {
        &self.listening.address
    }
}

/// A response with a body of known length.
pub fn ok(body: impl AsRef<[u8]>) -> Vec<u8> {
    answer("200 OK", "", body)
}

/// A response with further fields, each with its line end.
pub fn answer(status: &str, fields: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}
