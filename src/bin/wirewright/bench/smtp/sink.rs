//! A server that accepts mail and discards it, to measure senders.
//!
//! ```text
//!   220 ─▶ Command: EHLO MAIL RCPT… DATA ─354─▶ Content ─ lone dot ─▶ 250, counted ─▶ Command
//!                    RSET NOOP QUIT                        └ bytes to `seen`
//! ```
//!
//! Specification: RFC 5321 §4.1 (commands and their order), §4.5.2 (dot-stuffing), RFC 2920
//! (PIPELINING), RFC 1870 (SIZE), RFC 6152 (8BITMIME), RFC 6531 (SMTPUTF8).
//!
//! The sink scans messages with vector instructions, so that a fast sender is not limited by the
//! sink. It checks neither host names nor addresses, stores nothing, and is meant for loopback.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use wirewright::buffer::Buffer;
use wirewright::error::Error;
use wirewright::session::{Received, Session, Wants};
use wirewright::smtp::data::{Event, Unstuffer};

/// How long the sink waits for a command: RFC 5321 §4.5.3.2.7.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// The longest command line, in bytes: RFC 5321 §4.5.3.1.4, and more for extensions.
const LINE_BYTES_MAX: usize = 4096;

/// The length of unsent replies in bytes at which the sink stops reading.
const REPLIES_BYTES_MAX: usize = 16 << 10;

const OFFER: &str = "250-sink\r\n250-PIPELINING\r\n250-SIZE\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n";

/// The messages that all connections of a sink have accepted.
#[derive(Debug, Default)]
pub struct Taken {
    messages: AtomicU64,
    bytes: AtomicU64,
}

impl Taken {
    /// The number of messages, and their bytes without stuffed dots.
    pub fn counts(&self) -> (u64, u64) {
        (self.messages.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    fn add(&self, bytes: u64) {
        self.messages.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Called with the bytes of messages.
pub type Seen = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// What the sink expects next.
enum Next {
    Command,
    Content(Unstuffer),
    /// QUIT was received.
    Nothing,
}

/// One connection.
pub struct Sink {
    taken: Arc<Taken>,
    seen: Option<Seen>,
    next: Next,
    /// Whether MAIL was received.
    has_sender: bool,
    recipients: u64,
    /// The bytes of the current message so far.
    message: u64,
    replies: Vec<u8>,
    heard: u64,
}

impl Sink {
    pub fn new(taken: Arc<Taken>, seen: Option<Seen>) -> Sink {
        Sink {
            taken,
            seen,
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

    /// Consumes one command, if it is complete.
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
            "HELO" | "RSET" => self.begin_anew("250 2.0.0 ok\r\n"),
            "NOOP" => self.reply("250 2.0.0 ok\r\n"),
            "MAIL" if !self.has_sender => {
                self.has_sender = true;
                self.reply("250 2.1.0 sender ok\r\n");
            }
            "RCPT" if self.has_sender => {
                self.recipients += 1;
                self.reply("250 2.1.5 recipient ok\r\n");
            }
            "DATA" if self.recipients > 0 => {
                (self.next, self.message) = (Next::Content(Unstuffer::new()), 0);
                self.reply("354 send the message\r\n");
            }
            "MAIL" | "RCPT" | "DATA" => self.reply("503 5.5.1 bad sequence of commands\r\n"),
            "QUIT" => {
                self.next = Next::Nothing;
                self.reply("221 2.0.0 good-bye\r\n");
            }
            _ => self.reply("502 5.5.1 command not implemented\r\n"),
        }
        Ok(end + 1)
    }

    fn begin_anew(&mut self, reply: &str) {
        (self.has_sender, self.recipients) = (false, 0);
        self.reply(reply);
    }

    /// Consumes a part of a message.
    fn content(&mut self, input: &[u8]) -> Result<usize, Error> {
        let Next::Content(unstuffer) = &mut self.next else { return Ok(0) };
        let (eaten, event) = unstuffer.feed(input)?;
        match event {
            Event::More => {}
            Event::Text(bytes) => {
                self.message += bytes.len() as u64;
                if let Some(seen) = &self.seen {
                    seen(bytes);
                }
            }
            Event::End => {
                self.taken.add(self.message);
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
        if self.replies.len() <= out.free_len() && out.append(&self.replies).is_ok() {
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

    /// The length of a message is not known, so reads are always large.
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

    /// Feeds a text in pieces; gives the reply codes, the counts and the bytes of messages.
    fn talk(text: &str, piece: usize) -> (String, (u64, u64), String) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let copy = seen.clone();
        let show: Seen = Arc::new(move |bytes| copy.lock().unwrap().extend_from_slice(bytes));
        let taken = Arc::<Taken>::default();
        let mut sink = Sink::new(taken.clone(), Some(show));
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
        (codes, taken.counts(), seen)
    }

    #[test]
    fn dialogues_in_any_pieces() {
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
        let mut sink = Sink::new(Arc::default(), None);
        let received = sink.receive(&[b'x'; LINE_BYTES_MAX - 1], &mut []).unwrap();
        assert_eq!(received.consumed, 0);
        assert!(sink.receive(&[b'x'; LINE_BYTES_MAX], &mut []).is_err());
    }
}
