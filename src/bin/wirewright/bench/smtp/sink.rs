//! A server that takes mail and throws it away: what senders are measured against.
//!
//! ```text
//!   220 ─▶ Commands: EHLO MAIL RCPT… DATA ─354─▶ Content ─ lone dot ─▶ 250, counted ─▶ Commands
//!                    RSET NOOP QUIT                        └ bytes to whoever looks
//! ```
//!
//! Specification: RFC 5321 §4.1 (commands and their order), §4.5.2 (dots), RFC 2920 (it takes
//! groups of commands), RFC 1870, RFC 6152, RFC 6531 (what it says that it takes).
//!
//! It passes over a message at vector speed, a line at a time, so that a fast sender waits for the
//! wire rather than for it. It believes whatever it is told of names and addresses, keeps nothing,
//! and is meant for loopback.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use wirewright::buffer::Buffer;
use wirewright::error::Error;
use wirewright::net::connection::NewConnection;
use wirewright::net::reactor::{Accept, Accepted};
use wirewright::net::transport::endpoint;
use wirewright::net::transport::stream::Stream;
use wirewright::session::{Received, Session, Wants};
use wirewright::smtp::data::{Event, Unstuffer};

/// How long a client may be silent: RFC 5321 §4.5.3.2.7.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// The longest command line, in bytes: RFC 5321 §4.5.3.1.4, with room for its extensions.
const LINE_BYTES_MAX: usize = 4096;

/// Replies that wait to be sent, in bytes; with more, nothing further is heard.
const REPLIES_BYTES_MAX: usize = 16 << 10;

const OFFER: &str = "250-sink\r\n250-PIPELINING\r\n250-SIZE\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n";

/// What all connections of a sink have taken.
#[derive(Debug, Default)]
pub struct Taken {
    messages: AtomicU64,
    bytes: AtomicU64,
}

impl Taken {
    /// Whole messages, and their bytes without doubled dots.
    pub fn counts(&self) -> (u64, u64) {
        (self.messages.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    fn add(&self, bytes: u64) {
        self.messages.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Is shown the bytes of messages as they come.
pub type Seen = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// Makes a sink for whoever comes.
#[derive(Clone)]
pub struct Acceptor {
    pub taken: Arc<Taken>,
    pub seen: Option<Seen>,
}

impl Acceptor {
    fn connection(&self, socket: mio::net::TcpStream) -> Option<NewConnection> {
        endpoint::tune(&socket).ok()?;
        Some(NewConnection::new(Stream::plain(socket), Sink::new(self.clone()), ()))
    }
}

impl Accept for Acceptor {
    fn accept(&mut self, socket: mio::net::TcpStream, _: SocketAddr) -> Accepted {
        self.connection(socket).into()
    }
}

/// What comes next.
enum Next {
    Command,
    Content(Unstuffer),
    /// QUIT was said.
    Nothing,
}

/// One connection.
struct Sink {
    acceptor: Acceptor,
    next: Next,
    /// There was a MAIL.
    has_sender: bool,
    recipients: u64,
    /// Bytes of the message that is coming.
    message: u64,
    replies: Vec<u8>,
    heard: u64,
}

impl Sink {
    fn new(acceptor: Acceptor) -> Sink {
        Sink {
            acceptor,
            next: Next::Command,
            has_sender: false,
            recipients: 0,
            message: 0,
            replies: b"220 sink ESMTP\r\n".to_vec(),
            heard: 0,
        }
    }

    fn reply(&mut self, text: &str) {
        self.replies.extend_from_slice(text.as_bytes());
    }

    /// Eats one command, if there is a whole one.
    fn command(&mut self, input: &[u8]) -> Result<usize, Error> {
        let Some(end) = memchr::memchr(b'\n', input) else {
            let (max, section) = (LINE_BYTES_MAX as u64, "RFC 5321 §4.5.3.1.4");
            let (limit, offset) = ("line_bytes_max", self.heard);
            return match input.len() {
                0..LINE_BYTES_MAX => Ok(0),
                _ => Err(Error::TooLarge { limit, max, offset, section }),
            };
        };
        let line = String::from_utf8_lossy(&input[..end]).trim_end().to_ascii_uppercase();
        match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => self.begin_anew(OFFER),
            "HELO" | "RSET" => self.begin_anew("250 2.0.0 as you like\r\n"),
            "NOOP" => self.reply("250 2.0.0 still here\r\n"),
            "MAIL" if !self.has_sender => {
                self.has_sender = true;
                self.reply("250 2.1.0 sender taken\r\n");
            }
            "RCPT" if self.has_sender => {
                self.recipients += 1;
                self.reply("250 2.1.5 recipient taken\r\n");
            }
            "DATA" if self.recipients > 0 => {
                (self.next, self.message) = (Next::Content(Unstuffer::new()), 0);
                self.reply("354 go on\r\n");
            }
            "MAIL" | "RCPT" | "DATA" => self.reply("503 5.5.1 not now\r\n"),
            "QUIT" => {
                self.next = Next::Nothing;
                self.reply("221 2.0.0 good-bye\r\n");
            }
            _ => self.reply("502 5.5.1 unknown here\r\n"),
        }
        Ok(end + 1)
    }

    fn begin_anew(&mut self, reply: &str) {
        (self.has_sender, self.recipients) = (false, 0);
        self.reply(reply);
    }

    /// Goes on with a message.
    fn content(&mut self, input: &[u8]) -> Result<usize, Error> {
        let Next::Content(unstuffer) = &mut self.next else { return Ok(0) };
        let (eaten, event) = unstuffer.feed(input)?;
        match event {
            Event::More => {}
            Event::Text(bytes) => {
                self.message += bytes.len() as u64;
                if let Some(seen) = &self.acceptor.seen {
                    seen(bytes);
                }
            }
            Event::End => {
                self.acceptor.taken.add(self.message);
                self.next = Next::Command;
                self.begin_anew("250 2.0.0 taken\r\n");
            }
        }
        Ok(eaten)
    }
}

impl Session for Sink {
    type Event<'a> = ();

    fn receive<'a>(
        &'a mut self,
        input: &'a [u8],
        _scratch: &'a mut [u8],
    ) -> Result<Received<()>, Error> {
        if self.replies.len() >= REPLIES_BYTES_MAX {
            return Ok(Received::need_drain());
        }
        let step = match self.next {
            Next::Command => self.command(input)?,
            Next::Content(_) => self.content(input)?,
            Next::Nothing => input.len(),
        };
        self.heard += step as u64;
        Ok(Received::need_input(step))
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        self.next = Next::Nothing;
        Ok(())
    }

    fn transmit(&mut self, out: &mut Buffer) {
        if self.replies.len() <= out.room() && out.append(&self.replies).is_ok() {
            self.replies.clear();
        }
    }

    fn wants(&self) -> Wants {
        match self.next {
            Next::Nothing if self.replies.is_empty() => Wants::Close,
            _ => Wants::Read,
        }
    }

    fn idle_timeout(&self) -> Duration {
        IDLE_TIMEOUT
    }

    fn progress(&self) -> u64 {
        self.heard
    }

    /// A message may be long, and it is not known how long: so reads are always large.
    fn is_receiving(&self) -> bool {
        true
    }

    fn memory(&self) -> usize {
        self.replies.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// What is said to a text that comes in pieces, what was taken, and what was seen.
    fn talk(text: &str, piece: usize) -> (String, (u64, u64), String) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let copy = seen.clone();
        let show: Seen = Arc::new(move |bytes| copy.lock().unwrap().extend_from_slice(bytes));
        let acceptor = Acceptor { taken: Arc::default(), seen: Some(show) };
        let mut sink = Sink::new(acceptor.clone());
        let (mut out, mut held) = (Buffer::with_limit(1 << 16), Vec::new());
        for piece in text.as_bytes().chunks(piece) {
            held.extend_from_slice(piece);
            loop {
                match sink.receive(&held, &mut []).unwrap().consumed {
                    0 => break,
                    consumed => drop(held.drain(..consumed)),
                }
            }
            sink.transmit(&mut out);
        }
        let said = String::from_utf8(out.readable().to_vec()).unwrap();
        let codes = said.lines().filter(|line| line.as_bytes()[3] == b' ').map(|line| &line[..3]);
        let codes = codes.collect::<Vec<_>>().join(" ");
        let seen = String::from_utf8(seen.lock().unwrap().clone()).unwrap();
        (codes, acceptor.taken.counts(), seen)
    }

    #[test]
    fn conversations_in_any_pieces() {
        let message = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n..x\r\ny\r\n.\r\n";
        for (text, codes, taken, seen) in [
            ("EHLO x\r\nQUIT\r\n".to_owned(), "220 250 221", (0, 0), ""),
            (message.to_owned(), "220 250 250 354 250", (1, 7), ".x\r\ny\r\n"),
            (message.repeat(2), "220 250 250 354 250 250 250 354 250", (2, 14), ".x\r\ny\r\n"),
            ("DATA\r\nRCPT TO:<c>\r\nVRFY a\r\nnoop\r\n".into(), "220 503 503 502 250", (0, 0), ""),
            ("MAIL FROM:<>\r\nMAIL FROM:<>\r\nRSET\r\n".into(), "220 250 503 250", (0, 0), ""),
        ] {
            for piece in 1..=text.len() {
                let (said, counts, shown) = talk(&text, piece);
                assert_eq!((&*said, counts), (codes, taken), "{text:?} by {piece}");
                assert_eq!(shown, seen.repeat(taken.0 as usize), "{text:?} by {piece}");
            }
        }
    }

    #[test]
    fn a_line_without_an_end_is_an_error() {
        let mut sink = Sink::new(Acceptor { taken: Arc::default(), seen: None });
        let received = sink.receive(&[b'x'; LINE_BYTES_MAX - 1], &mut []).unwrap();
        assert_eq!(received.consumed, 0);
        assert!(sink.receive(&[b'x'; LINE_BYTES_MAX], &mut []).is_err());
    }
}
