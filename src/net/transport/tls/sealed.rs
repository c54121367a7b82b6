//! What stands between the TLS library and the socket: records on their way, in bulk.
//!
//! The library reads the five bytes of a record's head and then its body, and writes each record,
//! with a system call of its own. Here many of them share one:
//!
//! ```text
//!   library ◀─ head, body, head, body … ─ input ◀─ one read(2) ── socket
//!   library ── record, record, record … ─▶ output ─ one write(2) ─▶ socket
//! ```
//!
//! `readable` of the socket is only cleared by a read(2), and that happens only when `input` is
//! empty: so what stands there is never forgotten. During the handshake nothing is gathered, for
//! the library gives the socket away when it fails, and the peer has to see the alert that says
//! why.
//!
//! During the handshake the ServerHello is also read as it passes, because native-tls does not tell
//! version and cipher suite: a client reads it in the bytes that come, a server in those that go.

use crate::buffer::Buffer;
use crate::net::transport::socket::{Socket, note};
use crate::server_hello::{Reader, ServerHello};
use std::io::{self, ErrorKind, Read, Write};

/// The largest read of records, in bytes. More is not faster.
const AHEAD_BYTES_MAX: usize = 64 << 10;

/// The read of records during the handshake, in bytes: one record.
const AHEAD_BYTES_MIN: usize = 16 << 10;

/// The most records that are gathered for one write, in bytes. More is not faster: it is what the
/// socket takes at a time.
const GATHER_BYTES_MAX: usize = 128 << 10;

/// The longest record, in bytes: 2^14 of payload and 2048 that a cipher may add (RFC 5246 §6.2.3),
/// behind a head of 5.
const RECORD_BYTES_MAX: usize = (16 << 10) + 2048 + 5;

/// Storage for records that the streams of a reactor lend each other.
#[derive(Debug, Default)]
pub struct Spare {
    input: Vec<u8>,
    output: Vec<u8>,
}

/// Which side of TLS we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

/// A socket under TLS.
#[derive(Debug)]
pub(crate) struct Sealed {
    socket: Socket,
    /// Records that came and that the library did not ask for yet.
    input: Buffer,
    /// Records that the socket did not take yet.
    output: Buffer,
    /// How much is read ahead now.
    ahead: usize,
    /// How many records are gathered now; none during the handshake.
    gather: Option<usize>,
    side: Side,
    /// What the server says at the beginning of the handshake.
    hello: Reader,
    /// The library has seen the end of what the peer sends.
    ended: bool,
}

impl Sealed {
    pub(super) fn new(socket: Socket, side: Side) -> Sealed {
        Sealed {
            socket,
            input: Buffer::with_limit(AHEAD_BYTES_MAX),
            output: Buffer::with_limit(GATHER_BYTES_MAX),
            ahead: AHEAD_BYTES_MIN,
            gather: None,
            side,
            hello: Reader::default(),
            ended: false,
        }
    }

    pub(crate) fn socket(&mut self) -> &mut Socket {
        &mut self.socket
    }

    /// Whether nothing has come from the peer yet, not even its end.
    pub(super) fn is_silent(&self) -> bool {
        self.input.is_empty() && is_silent(&self.socket)
    }

    /// The ServerHello of the handshake, if it has passed and was understood.
    pub(super) fn server_hello(&self) -> Option<ServerHello> {
        self.hello.server_hello()
    }

    /// From now on records are gathered.
    pub(super) fn begin_to_gather(&mut self) {
        self.gather = Some(GATHER_BYTES_MAX);
    }

    /// Reads about as many bytes of records ahead as are asked for of what is in them.
    pub(super) fn set_ahead(&mut self, asked: usize) {
        self.ahead = asked.clamp(AHEAD_BYTES_MIN, AHEAD_BYTES_MAX);
    }

    /// Whether one more record may be made. Where there is none there is always room for one, and
    /// at the end for an alert besides.
    pub(super) fn has_room(&self) -> bool {
        let max = self.gather.unwrap_or(0).min(GATHER_BYTES_MAX);
        self.output.is_empty() || self.output.len() + 2 * RECORD_BYTES_MAX <= max
    }

    pub(super) fn unsent(&self) -> usize {
        self.output.len()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(crate) fn memory(&self) -> usize {
        self.input.capacity() + self.output.capacity() + self.hello.memory()
    }

    /// Writes what was gathered.
    pub(super) fn drain(&mut self) -> io::Result<()> {
        while !self.output.is_empty() {
            let count = self.socket.write(self.output.readable())?;
            self.output.consume(count);
        }
        Ok(())
    }

    pub(crate) fn lend(&mut self, spare: &mut Spare, gather_bytes_max: usize) {
        self.gather = self.gather.map(|_| gather_bytes_max);
        lend(&mut self.input, &mut spare.input);
        lend(&mut self.output, &mut spare.output);
    }

    pub(crate) fn give_back(&mut self, spare: &mut Spare, scarce: bool) {
        give_back(&mut self.input, &mut spare.input, scarce);
        give_back(&mut self.output, &mut spare.output, scarce);
    }
}

/// Whether there is nothing to read, not even the end. Reads nothing.
fn is_silent(socket: &Socket) -> bool {
    let came = note(|| socket.inner.peek(&mut [0]), &socket.ready.readable);
    matches!(came, Err(error) if error.kind() == ErrorKind::WouldBlock)
}

/// Storage for a buffer that has none.
fn lend(buffer: &mut Buffer, spare: &mut Vec<u8>) {
    if buffer.capacity() == 0 {
        *buffer = Buffer::with_storage(std::mem::take(spare), buffer.limit());
    }
}

/// Takes the storage of an empty buffer, and of one that holds little where memory is scarce.
fn give_back(buffer: &mut Buffer, spare: &mut Vec<u8>, scarce: bool) {
    if buffer.is_empty() || (scarce && buffer.len() < buffer.capacity() / 4) {
        let mut rest = Buffer::with_limit(buffer.limit());
        let kept = rest.append(buffer.readable());
        debug_assert!(kept.is_ok(), "the limit is the same");
        let storage = std::mem::replace(buffer, rest).take_storage();
        if storage.capacity() > spare.capacity() {
            *spare = storage;
        }
    }
}

impl Read for Sealed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.input.is_empty() {
            let space = self.input.space(self.ahead).map_err(io::Error::other)?;
            let count = self.socket.read(space)?;
            self.input.commit(count);
            self.ended = count == 0;
            if self.gather.is_none() && self.side == Side::Client {
                self.hello.feed(self.input.readable());
            }
        }
        let waiting = self.input.readable();
        let count = waiting.len().min(buffer.len());
        buffer[..count].copy_from_slice(&waiting[..count]);
        self.input.consume(count);
        Ok(count)
    }
}

impl Write for Sealed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.gather.is_none() {
            let count = self.socket.write(bytes)?;
            if self.side == Side::Server {
                self.hello.feed(&bytes[..count]);
            }
            return Ok(count);
        }
        if self.output.room() < bytes.len() {
            // Only where the library says more than it was asked to; then it waits, as it would
            // for a socket that is full.
            self.drain()?;
        }
        match self.output.append(bytes) {
            Ok(()) => Ok(bytes.len()),
            Err(_) => Err(ErrorKind::WouldBlock.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
