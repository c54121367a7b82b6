//! Input: from the socket to the session, and discarded input while the connection lingers.

use super::shared::{PAYLOAD_BYTES, Shared, copy, grow};
use super::{Connection, End, Phase, Verdict, is_would_block};
use crate::buffer::Buffer;
use crate::error;
use crate::net::transport::Error;
use crate::net::transport::refuse_tls;
use crate::net::transport::tls::Fault;
use crate::session::Wants;
use std::io::{self, ErrorKind};

impl Connection {
    /// Offers the session its leftover input, then reads the socket. Returns how many bytes were
    /// consumed or read.
    pub(super) fn take_input(&mut self, shared: &mut Shared) -> Result<usize, End> {
        grow(&mut shared.payload, PAYLOAD_BYTES);
        let held = self.leftover.len();
        let taken = self.driver.receive(self.leftover.readable(), &mut shared.payload)?;
        self.leftover.consume(taken.consumed);
        if self.leftover.is_empty() {
            self.leftover = Buffer::default();
        } else if !taken.needs_input {
            return Ok(taken.consumed);
        }
        if !self.may_read() {
            return Ok(taken.consumed);
        }
        let len = shared.read_len(self.driver.is_receiving());
        match self.stream.read(&mut shared.input[..len]) {
            Ok(0) => {
                self.eof = true;
                self.driver.receive_eof()?;
                Ok(held + 1)
            }
            Ok(read) => {
                self.note_read(read, len, shared)?;
                self.offer_input(read, shared)?;
                Ok(held + read)
            }
            Err(error) if is_would_block(&error) => Ok(taken.consumed),
            Err(error) => {
                self.read_failed(error)?;
                Ok(held + 1)
            }
        }
    }

    /// Counts the bytes that were read and shows them to the tap.
    fn note_read(&mut self, read: usize, len: usize, shared: &mut Shared) -> Result<(), End> {
        self.received += read as u64;
        let may_hold_more = self.stream.is_tls() || self.stream.ready().share.is_limited();
        self.drained = read < len && !may_hold_more;
        shared.bulk_read += if self.driver.is_receiving() { read } else { 0 };
        let input = &shared.input[..read];
        if let Some(tap) = &mut self.tap {
            tap.received(input);
        }
        if self.received == read as u64 && !self.stream.is_tls() {
            refuse_tls(input)?;
        }
        Ok(())
    }

    /// Offers the session the bytes that were read, after its leftover input.
    fn offer_input(&mut self, read: usize, shared: &mut Shared) -> Result<(), End> {
        let joined;
        let input = match self.leftover.readable() {
            [] => &shared.input[..read],
            part => {
                if part.len() + read > shared.limits.leftover_bytes_max {
                    let what = "the session leaves more input over than leftover_bytes_max";
                    return Err(End::Failed(error::Error::Misuse(what).into()));
                }
                joined = [part, &shared.input[..read]].concat();
                &joined[..]
            }
        };
        let taken = self.driver.receive(input, &mut shared.payload)?;
        self.leftover = copy(&input[taken.consumed..]);
        Ok(())
    }

    /// Whether all received bytes have been parsed, as far as is known without another system call:
    /// a read that does not fill its buffer has emptied the socket (epoll(7)), unless the peer has
    /// ended its half as well.
    pub(super) fn is_drained(&self) -> bool {
        let ready = self.stream.ready();
        let drained = self.drained && !ready.closed.get();
        let unread = ready.readable.get() || ready.share.is_starved();
        self.leftover.is_empty() && (drained || !unread)
    }

    /// Whether the socket may be read. Before an upgrade it may not: the next byte belongs to the
    /// TLS handshake.
    fn may_read(&self) -> bool {
        let upgrades = self.driver.wants() == Wants::Upgrade;
        !self.eof && !upgrades && self.stream.ready().readable.get()
    }

    /// The read failed. After a reset or a truncation the application decides whether that is an
    /// error.
    fn read_failed(&mut self, error: io::Error) -> Result<(), End> {
        if let Some(fault) = error.get_ref().and_then(|inner| inner.downcast_ref::<Fault>())
            && *fault != Fault::Truncated
        {
            return Err(End::Failed(fault.clone().into()));
        }
        match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset => {
                self.eof = true;
                Ok(self.driver.receive_abort(error)?)
            }
            _ => Err(End::Failed(Error::Io("reading", error))),
        }
    }

    /// Reads and discards remaining input: closing a socket that holds unread input resets the
    /// connection (RFC 1122 §4.2.2.13), and the reset may destroy output that the peer has not
    /// read.
    pub(super) fn linger(&mut self, shared: &mut Shared, left: usize) -> Verdict {
        let mut left = left.min(shared.limits.linger_bytes_max);
        let len = shared.read_len(false);
        while left > 0 {
            match self.stream.read(&mut shared.input[..len]) {
                Ok(0) => return Verdict::Closed,
                Ok(read) => left = left.saturating_sub(read),
                Err(error) if is_would_block(&error) => {
                    self.phase = Phase::Lingering { left };
                    return Verdict::Wait;
                }
                Err(_) => return Verdict::Closed,
            }
        }
        Verdict::Closed
    }
}
