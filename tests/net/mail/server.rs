//! A scripted server: each connection does what its script says, step by step, and what the client
//! says has to be what the script expects. Lines and messages are kept.

use crate::listening::{Listening, WAIT};
use socket2::{Domain, SockRef, Socket, Type};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the client has said on one connection.
#[derive(Debug, Default, Clone)]
pub struct Said {
    /// Its commands, without their line ends.
    pub lines: Vec<String>,
    /// Messages whose end came, as they are on the wire, without the lone dot.
    pub messages: Vec<Vec<u8>>,
}

impl Said {
    /// The commands that begin so.
    pub fn those(&self, verb: &str) -> Vec<&str> {
        self.lines.iter().map(|line| &**line).filter(|line| line.starts_with(verb)).collect()
    }
}

/// What the script talks through: the socket, or TLS on it.
pub trait Duplex: Read + Write + Send {}

impl<T: Read + Write + Send> Duplex for T {}

/// The server's side of one connection.
pub struct Conn {
    /// Numbered from 1.
    pub number: usize,
    pub socket: TcpStream,
    pub stream: Box<dyn Duplex>,
    held: Vec<u8>,
    said: Arc<Mutex<Vec<Said>>>,
    /// Whether everything is said byte by byte, with a pause behind each.
    pub drips: bool,
}

impl Conn {
    /// Says lines, each given its end. A client that has gone hears nothing.
    pub fn say(&mut self, lines: &[&str]) {
        let text: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let len = if self.drips { 1 } else { text.len().max(1) };
        for piece in text.as_bytes().chunks(len) {
            if self.stream.write_all(piece).and_then(|()| self.stream.flush()).is_err() {
                return;
            }
            if self.drips {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// The next line, or none where the client has closed.
    pub fn line(&mut self) -> Option<String> {
        let len = self.until(b"\r\n")?;
        let mut line: Vec<u8> = self.held.drain(..len).collect();
        line.truncate(len - 2);
        let line = String::from_utf8(line).expect("a command is text");
        assert!(!line.contains(['\r', '\n']), "{line:?}");
        self.said(|said| said.lines.push(line.clone()));
        Some(line)
    }

    /// A line that has to come.
    pub fn hear(&mut self, expected: &str) {
        assert_eq!(self.line().as_deref(), Some(expected), "connection {}", self.number);
    }

    /// A line that begins so has to come.
    pub fn hear_verb(&mut self, verb: &str) -> String {
        let line = self.line().unwrap_or_else(|| panic!("{verb} does not come"));
        assert!(line.starts_with(verb), "{line:?} is no {verb}");
        line
    }

    /// The greeting, and what is offered.
    pub fn open(&mut self, offers: &[&str]) {
        self.say(&["220 mx.example ready"]);
        self.hear("EHLO [127.0.0.1]");
        self.offer(offers);
    }

    /// The reply to EHLO.
    pub fn offer(&mut self, offers: &[&str]) {
        let (last, before) = offers.split_last().unwrap_or((&"HELP", &[]));
        let before: String = before.iter().map(|offer| format!("250-{offer}\r\n")).collect();
        self.say(&[&format!("250-mx.example\r\n{before}250 {last}")]);
    }

    /// An envelope that is taken whole, up to 354.
    pub fn envelope(&mut self) -> Option<()> {
        let mut line = self.line()?;
        if line == "QUIT" {
            self.say(&["221 bye"]);
            return None;
        }
        assert!(line.starts_with("MAIL FROM:<"), "{line:?}");
        while line != "DATA" {
            self.say(&["250 Ok"]);
            line = self.line().expect("an envelope that goes on");
        }
        self.say(&["354 go"]);
        Some(())
    }

    /// A content up to its lone dot.
    pub fn content(&mut self) -> Vec<u8> {
        let found = match self.more_until(|held| held.len() >= 3) {
            true if self.held.starts_with(b".\r\n") => Some(3),
            _ => self.until(b"\r\n.\r\n"),
        };
        let len = found.expect("the end of a message");
        let mut message: Vec<u8> = self.held.drain(..len).collect();
        message.truncate(len - 3);
        self.said(|said| said.messages.push(message.clone()));
        message
    }

    /// Takes messages until QUIT.
    pub fn take_all(&mut self) {
        while self.envelope().is_some() {
            self.content();
            self.say(&["250 2.0.0 queued"]);
        }
    }

    /// Takes one message.
    pub fn take(&mut self) {
        self.envelope().expect("another message");
        self.content();
        self.say(&["250 2.0.0 queued"]);
    }

    /// Reads until so much of a content has come.
    pub fn some(&mut self, len: usize) {
        assert!(self.more_until(|held| held.len() >= len), "{} bytes came", self.held.len());
    }

    /// Takes so many bytes.
    pub fn exactly(&mut self, len: usize) -> Vec<u8> {
        self.some(len);
        self.held.drain(..len).collect()
    }

    /// What comes until the client closes, with what was not taken before.
    pub fn gone(&mut self) -> Vec<u8> {
        self.more_until(|_| false);
        std::mem::take(&mut self.held)
    }

    /// Ends the connection by a reset.
    pub fn reset(self) {
        SockRef::from(&self.socket).set_linger(Some(Duration::ZERO)).unwrap();
    }

    fn said(&self, note: impl FnOnce(&mut Said)) {
        note(&mut self.said.lock().unwrap()[self.number - 1]);
    }

    /// The length of what is held up to the end of `what`, once it has come.
    fn until(&mut self, what: &[u8]) -> Option<usize> {
        let mut searched: usize = 0;
        let mut found = None;
        self.more_until(|held| {
            let from = searched.saturating_sub(what.len());
            let at = held[from..].windows(what.len()).position(|window| window == what);
            (searched, found) = (held.len(), at.map(|at| from + at + what.len()));
            found.is_some()
        });
        found
    }

    /// Reads until it is enough; false where the stream ended before.
    fn more_until(&mut self, mut is_enough: impl FnMut(&[u8]) -> bool) -> bool {
        let mut piece = vec![0; 64 << 10];
        while !is_enough(&self.held) {
            match self.stream.read(&mut piece) {
                Ok(read @ 1..) => self.held.extend_from_slice(&piece[..read]),
                Ok(0) => return false,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return false,
                Err(error) => panic!("connection {}: {error}", self.number),
            }
        }
        true
    }
}

/// See the head of this file; it ends as its listener does.
pub struct Server {
    said: Arc<Mutex<Vec<Said>>>,
    listening: Listening,
}

impl Server {
    /// Gives every connection to a script.
    pub fn start(script: impl Fn(Conn) + Send + Sync + 'static) -> Server {
        Server::on(TcpListener::bind("127.0.0.1:0").unwrap(), script)
    }

    /// The same on a listener of the test.
    pub fn on(listener: TcpListener, script: impl Fn(Conn) + Send + Sync + 'static) -> Server {
        let said: Arc<Mutex<Vec<Said>>> = Arc::default();
        let kept = said.clone();
        let listening = Listening::start(listener, move |number, socket| {
            {
                let mut all = kept.lock().unwrap();
                let len = all.len().max(number);
                all.resize(len, Said::default());
            }
            let stream = Box::new(socket.try_clone().unwrap());
            let (said, held) = (kept.clone(), Vec::new());
            script(Conn { number, socket, stream, held, said, drips: false });
        });
        Server { said, listening }
    }

    pub fn address(&self) -> SocketAddr {
        self.listening.address
    }

    /// How many connections have come.
    pub fn accepts(&self) -> usize {
        self.listening.accepts()
    }

    /// What was said on each connection.
    pub fn said(&self) -> Vec<Said> {
        self.said.lock().unwrap().clone()
    }

    /// All messages that came whole, on all connections.
    pub fn messages(&self) -> Vec<Vec<u8>> {
        self.said().into_iter().flat_map(|said| said.messages).collect()
    }
}

/// How long a client may take in all: it fails before its server does.
pub const PATIENCE: Duration = WAIT.saturating_mul(2);

/// A listener whose connections take a few KiB at a time.
pub fn narrow() -> TcpListener {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.set_recv_buffer_size(4096).unwrap();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(16).unwrap();
    listener.into()
}
