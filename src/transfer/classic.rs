//! The classic protocol: the server sends one unframed JSON object and reads nothing; the client
//! sends nothing.
//!
//! Specification: `PROTOCOL.md` §2.
//!
//! ```text
//!   server ─▶ {"filename":"guido.jpg","filedata":"R0lGODlhAQ…"}  end of stream ─▶ client
//!
//!   ClassicServer   Head ─begin─▶ Payload ─offer …─▶ Closing
//!   ClassicClient   the states of `envelope::Decoder`, up to the end of the stream
//! ```
//!
//! | limit | default | what it guards against |
//! |---|---|---|
//! | [`rest_bytes_max`](Limits::rest_bytes_max) | 65,536 | endless members beside the file |
//! | [`transfer_wait`](Limits::transfer_wait) | 30 s | a peer that sends or reads nothing |
//! | [`payload_quantum`](Limits::payload_quantum) | 4,096 | progress by single bytes |

use super::message::PAYLOAD_KEY;
use crate::buffer::Buffer;
use crate::envelope::{self, Decoder, Encoder};
use crate::error::Error;
use crate::name::Name;
use crate::session::{AbortReason, Received, Session, Wait, WaitKind, Wanted, Wants};
use crate::text::PeerText;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const SECTION: &str = "PROTOCOL §2";

/// The members beside the payload.
#[derive(Debug, Serialize, Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    filename: PeerText<'a>,
}

/// The limits of both sides.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The greatest length in bytes of everything outside the payload.
    pub rest_bytes_max: usize,
    /// The longest wait for the next [`payload_quantum`](Limits::payload_quantum) bytes, on both
    /// sides.
    pub transfer_wait: Duration,
    /// How many bytes of payload count as progress.
    pub payload_quantum: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            rest_bytes_max: 65_536,
            transfer_wait: Duration::from_secs(30),
            payload_quantum: 4096,
        }
    }
}

/// The server's side: sends one file, reads nothing.
#[derive(Debug)]
pub struct ClassicServer {
    limits: Limits,
    name: Box<str>,
    left: u64,
    sent: u64,
    state: Sending,
}

#[derive(Debug)]
enum Sending {
    Head,
    Payload(Encoder),
    Closing,
}

/// The space that is reserved for the end of the object, in bytes.
const TAIL_BYTES: usize = 8;

/// The least space in `out` for which the file is read, in bytes of base64 text.
const OFFER_ROOM_MIN: usize = 1024;

impl ClassicServer {
    /// A session that sends a file of `size` bytes under the last segment of `name`.
    pub fn new(limits: Limits, name: &Name, size: u64) -> ClassicServer {
        ClassicServer {
            limits,
            name: name.base().into(),
            left: size,
            sent: 0,
            state: Sending::Head,
        }
    }
}

impl Session for ClassicServer {
    type Event<'a> = ();

    /// Discards what the client sends: it has no meaning in this protocol.
    fn receive<'a>(
        &'a mut self,
        input: &'a [u8],
        _scratch: &'a mut [u8],
    ) -> Result<Received<()>, Error> {
        Ok(Received::need_input(input.len()))
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn offer(&mut self, payload: &[u8], out: &mut Buffer) -> Result<usize, Error> {
        if payload.len() as u64 > self.left {
            return Err(Error::Misuse("more bytes than the size of the file"));
        }
        self.transmit(out);
        let Sending::Payload(encoder) = &mut self.state else { return Ok(0) };
        let take =
            payload.len().min(Encoder::raw_len_max(out.free_len().saturating_sub(TAIL_BYTES)));
        encoder.push(&payload[..take], out)?;
        self.left -= take as u64;
        self.sent += take as u64;
        if self.left == 0 && out.free_len() >= TAIL_BYTES {
            std::mem::take(encoder).finish(out)?;
            self.state = Sending::Closing;
        }
        Ok(take)
    }

    fn transmit(&mut self, out: &mut Buffer) {
        if matches!(self.state, Sending::Head) {
            let head = Head { filename: PeerText::from(&*self.name) };
            if envelope::begin(&head, PAYLOAD_KEY, out).is_ok() {
                self.state = Sending::Payload(Encoder::new());
            }
        }
    }

    fn wants(&self) -> Wants {
        match self.state {
            Sending::Head | Sending::Payload(_) => Wants::Payload,
            Sending::Closing => Wants::Close,
        }
    }

    fn idle_timeout(&self) -> Duration {
        self.limits.transfer_wait
    }

    fn progress(&self) -> u64 {
        self.sent / self.limits.payload_quantum
    }

    /// At the end of the file `len` is 0: an empty offer makes the session write the end.
    fn wanted(&self, out: &Buffer) -> Option<Wanted> {
        let fits =
            matches!(self.state, Sending::Payload(_)) && out.free_tail_len() > OFFER_ROOM_MIN;
        let max = Encoder::raw_len_max(out.free_tail_len().saturating_sub(TAIL_BYTES));
        let len = max.min(usize::try_from(self.left).unwrap_or(usize::MAX));
        fits.then_some(Wanted { offset: self.sent, len })
    }

    fn waits_for(&self) -> Wait {
        Wait::from("the client to read")
    }

    /// Ends the stream without the closing brace, so that the client finds the file incomplete.
    fn abort(&mut self, _reason: AbortReason, _text: &str) {
        self.state = Sending::Closing;
    }
}

/// What the client received.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// Bytes of the file.
    Payload {
        /// Their offset in the file, in bytes.
        offset: u64,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// The object is complete: the file has this name and size.
    Complete {
        /// The name as the server sent it. It may be any text; [`safe`](crate::name::safe) makes a
        /// file name of it.
        name: PeerText<'static>,
        /// The size of the file, in bytes.
        size: u64,
    },
}

/// The client's side: receives one file, sends nothing.
#[derive(Debug)]
pub struct ClassicClient {
    limits: Limits,
    decoder: Decoder,
    /// A byte was received.
    has_input: bool,
    received: u64,
    failed: Option<Box<Error>>,
}

impl ClassicClient {
    /// A client at the beginning of a stream.
    pub fn new(limits: Limits) -> ClassicClient {
        let envelope_limits = envelope::Limits { rest_bytes_max: limits.rest_bytes_max };
        let decoder = Decoder::new(PAYLOAD_KEY, envelope_limits);
        ClassicClient { limits, decoder, has_input: false, received: 0, failed: None }
    }

    fn complete(&self) -> Result<Event<'static>, Error> {
        let Some(size) = self.decoder.payload_len() else {
            return Err(Error::malformed("the object has the member filedata", 0, SECTION));
        };
        let head: Head<'_> = self.decoder.parse(SECTION)?;
        Ok(Event::Complete { name: head.filename.keep(), size })
    }
}

impl Session for ClassicClient {
    type Event<'a> = Event<'a>;

    fn receive<'a>(
        &'a mut self,
        input: &'a [u8],
        scratch: &'a mut [u8],
    ) -> Result<Received<Event<'a>>, Error> {
        if let Some(error) = &self.failed {
            return Err((**error).clone());
        }
        self.has_input |= !input.is_empty();
        let step = self.decoder.feed(input, scratch)?;
        let consumed = step.consumed;
        match step.event {
            envelope::Event::More | envelope::Event::PayloadStart => {
                Ok(Received::need_input(consumed))
            }
            envelope::Event::Payload(len) => {
                let offset = self.received;
                self.received += len as u64;
                Ok(Received::event(consumed, Event::Payload { offset, bytes: &scratch[..len] }))
            }
            envelope::Event::End => match self.complete() {
                Ok(event) => Ok(Received::event(consumed, event)),
                Err(error) => {
                    self.failed = Some(Box::new(error.clone()));
                    Err(error)
                }
            },
        }
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        match &self.failed {
            Some(error) => Err((**error).clone()),
            None => self.decoder.finish(),
        }
    }

    fn transmit(&mut self, _out: &mut Buffer) {}

    fn wants(&self) -> Wants {
        Wants::Read
    }

    fn idle_timeout(&self) -> Duration {
        self.limits.transfer_wait
    }

    fn progress(&self) -> u64 {
        self.received / self.limits.payload_quantum
    }

    fn is_receiving(&self) -> bool {
        self.received > 0
    }

    fn waits_for(&self) -> Wait {
        match self.has_input {
            true => Wait::from("the server's file"),
            false => Wait::new(WaitKind::FirstWords, "the first byte of the file"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(size: usize, out_limit: usize, piece: usize) -> (Vec<u8>, PeerText<'static>) {
        let raw: Vec<u8> = (0..size).map(|i| (i * 7 + i / 251) as u8).collect();
        let name = Name::new("dir/汇总 数据.jpg").unwrap();
        let mut server = ClassicServer::new(Limits::default(), &name, size as u64);
        let mut client = ClassicClient::new(Limits::default());
        let (mut offered, mut got, mut whole) = (0, Vec::new(), None);
        let mut scratch = [0; 100];
        while whole.is_none() {
            let mut out = Buffer::with_limit(out_limit);
            let piece = &raw[offered..(offered + piece).min(size)];
            offered += server.offer(piece, &mut out).unwrap();
            let mut input = out.readable();
            while !input.is_empty() {
                let received = client.receive(input, &mut scratch).unwrap();
                input = &input[received.consumed..];
                match received.into_event() {
                    Some(Event::Payload { offset, bytes }) => {
                        assert_eq!(offset, got.len() as u64);
                        got.extend_from_slice(bytes);
                    }
                    Some(Event::Complete { name, size }) => {
                        assert_eq!(size, got.len() as u64);
                        whole = Some(name);
                    }
                    None => {}
                }
            }
        }
        assert_eq!(server.wants(), Wants::Close);
        assert_eq!(client.receive_eof(), Ok(()));
        assert_eq!(got, raw);
        (got, whole.unwrap())
    }

    #[test]
    fn any_size_through_any_buffer() {
        for size in [0, 1, 2, 3, 4, 5, 100, 1000] {
            for limit in [64, 65, 66, 67, 100, 4096] {
                for piece in [1, 2, 3, 64, 1000] {
                    assert_eq!(round(size, limit, piece).1.as_raw_str(), "汇总 数据.jpg");
                }
            }
        }
    }

    #[test]
    fn a_stream_cut_short_is_incomplete() {
        let text = br#"{"filename":"a","filedata":"Zm9v"}"#;
        for cut in 0..text.len() {
            let mut client = ClassicClient::new(Limits::default());
            let (mut input, mut scratch) = (&text[..cut], [0; 64]);
            while !input.is_empty() {
                input = &input[client.receive(input, &mut scratch).unwrap().consumed..];
            }
            assert_eq!(client.receive_eof().unwrap_err().kind(), "incomplete", "{cut}");
        }
    }

    /// Any text is passed on: the application that saves the file makes it safe.
    #[test]
    fn any_text_is_a_name() {
        for name in ["../x", "/etc/x", "a/b", "a\\b", "", "..", "a\0b"] {
            let text = serde_json::json!({ "filedata": "", "filename": name }).to_string();
            let mut client = ClassicClient::new(Limits::default());
            let (mut input, mut scratch, mut told) = (text.as_bytes(), [0; 64], None);
            while !input.is_empty() {
                let received = client.receive(input, &mut scratch).unwrap();
                input = &input[received.consumed..];
                if let Some(Event::Complete { name, .. }) = received.into_event() {
                    told = Some(name);
                }
            }
            assert_eq!(told.as_ref().map(PeerText::as_raw_str), Some(name));
        }
    }
}
