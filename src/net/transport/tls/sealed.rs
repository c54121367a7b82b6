//! Buffers records between the TLS library and the socket.
//!
//! The library makes one call for the five bytes of a record's header, one for its body, and one to
//! write each record. With these buffers many calls share one system call:
//!
//! ```text
//!   library ◀─ head, body, head, body … ─ input ◀─ one read(2) ── socket
//!   library ── record, record, record … ─▶ output ─ one write(2) ─▶ socket
//! ```
//!
//! `readable` of the socket is only cleared by a read(2), which is only made when `input` is empty,
//! so buffered input is never forgotten. During the handshake writes are not gathered: if it fails,
//! the library drops the socket, and the alert must have been written before.
//!
//! During the handshake the ServerHello is also parsed as it passes, because native-tls does not
//! report the version and the cipher suite: by a client in its input, by a server in its output.

use crate::buffer::Buffer;
use crate::net::transport::socket::{Socket, note};
use crate::server_hello::{Reader, ServerHello};
use std::io::{self, ErrorKind, Read, Write};

/// The largest read, in bytes. More is not faster.
const AHEAD_BYTES_MAX: usize = 64 << 10;

/// The least read, also used during the handshake, in bytes: one record.
const AHEAD_BYTES_MIN: usize = 16 << 10;

/// The most that is gathered for one write, in bytes. More is not faster, because the socket
/// accepts no more at a time.
const GATHER_BYTES_MAX: usize = 128 << 10;

/// The longest record, in bytes: a header of 5, 2^14 of payload, and 2048 that a cipher may add
/// (RFC 5246 §6.2.3).
const RECORD_BYTES_MAX: usize = (16 << 10) + 2048 + 5;

/// Storage for record buffers, shared by the streams of a reactor.
#[derive(Debug, Default)]
pub struct Spare {
    input: Vec<u8>,
    output: Vec<u8>,
}

/// The side of a TLS connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

/// A socket with record buffers.
#[derive(Debug)]
pub(crate) struct Sealed {
    socket: Socket,
    /// Records that were received and not yet read by the library.
    input: Buffer,
    /// Records that the socket has not accepted yet.
    output: Buffer,
    /// The length of the next read, in bytes.
    ahead: usize,
    /// How many bytes are gathered for one write; `None` during the handshake.
    gather: Option<usize>,
    side: Side,
    /// Parses the ServerHello of the handshake.
    hello: Reader,
    /// The library has read the end of the connection.
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

    /// Whether nothing was received from the peer yet, not even its end.
    pub(super) fn has_no_input(&self) -> bool {
        self.input.is_empty() && has_no_input(&self.socket)
    }

    /// The ServerHello of the handshake, if it has passed and could be parsed.
    pub(super) fn server_hello(&self) -> Option<ServerHello> {
        self.hello.server_hello()
    }

    /// Gathers records from now on.
    pub(super) fn begin_to_gather(&mut self) {
        self.gather = Some(GATHER_BYTES_MAX);
    }

    /// Sets the length of the next reads to the payload that is asked for, within bounds.
    pub(super) fn set_ahead(&mut self, asked: usize) {
        self.ahead = asked.clamp(AHEAD_BYTES_MIN, AHEAD_BYTES_MAX);
    }

    /// Whether one more record fits, and an alert after it. Always true if there is none.
    pub(super) fn accepts_record(&self) -> bool {
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

    /// Writes the gathered records.
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

/// Whether the socket has nothing to read, not even the end. Peeks only.
fn has_no_input(socket: &Socket) -> bool {
    let came = note(|| socket.inner.peek(&mut [0]), &socket.ready.readable);
    matches!(came, Err(error) if error.kind() == ErrorKind::WouldBlock)
}

/// Lends storage to a buffer that has none.
fn lend(buffer: &mut Buffer, spare: &mut Vec<u8>) {
    if buffer.capacity() == 0 {
        *buffer = Buffer::with_storage(std::mem::take(spare), buffer.limit());
    }
}

/// Takes the storage of an empty buffer; when memory is scarce, also of a buffer that is mostly
/// empty.
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
        if self.output.free_len() < bytes.len() {
            // Only if the library writes more than it was asked to. If the socket blocks, the
            // library waits.
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
