//! What comes: from the socket to the session, and what is read away at the end.

use super::shared::{ROOM_BYTES, Shared, copy, grow};
use super::{Connection, End, Phase, Verdict, is_not_now};
use crate::buffer::Buffer;
use crate::net::transport::Error;
use crate::net::transport::refuse_tls;
use crate::net::transport::tls::Fault;
use crate::session::Wants;
use std::io::{self, ErrorKind};

impl Connection {
    /// Feeds what was left over, and if all of that was taken what the socket has.
    pub(super) fn take_input(&mut self, shared: &mut Shared) -> Result<usize, End> {
        grow(&mut shared.payload, ROOM_BYTES);
        let held = self.leftover.len();
        let eaten = self.driver.receive(self.leftover.readable(), &mut shared.payload)?;
        self.leftover.consume(eaten);
        if !self.leftover.is_empty() || !self.may_read() {
            return Ok(held - self.leftover.len());
        }
        self.leftover = Buffer::default();
        let bulk = self.driver.is_receiving();
        let len = shared.read_len(bulk);
        let read = match self.stream.read(&mut shared.input[..len]) {
            Ok(0) => {
                self.eof = true;
                self.driver.receive_eof()?;
                return Ok(held + 1);
            }
            Ok(read) => read,
            Err(error) if is_not_now(&error) => return Ok(held),
            Err(error) => {
                self.break_off(error)?;
                return Ok(held + 1);
            }
        };
        self.heard += read as u64;
        let may_hold_more = self.stream.is_tls() || self.stream.ready().share.is_limited();
        self.drained = read < len && !may_hold_more;
        shared.bulk_read += if bulk { read } else { 0 };
        let input = &shared.input[..read];
        if let Some(tap) = &mut self.tap {
            tap.received(input);
        }
        let is_first = self.heard == read as u64;
        if is_first && !self.stream.is_tls() {
            refuse_tls(input)?;
        }
        let eaten = self.driver.receive(input, &mut shared.payload)?;
        self.leftover = copy(&input[eaten..]);
        Ok(held + read)
    }

    /// Whether all that has come was heard, as far as is known without asking once more: a read
    /// that fills less than its room has emptied the socket (epoll(7)), unless the end came too.
    pub(super) fn is_silent(&self) -> bool {
        let ready = self.stream.ready();
        let drained = self.drained && !ready.closed.get();
        let unread = ready.readable.get() || ready.share.is_starved();
        self.leftover.is_empty() && (drained || !unread)
    }

    /// Whether the socket may be asked. Where TLS is to begin the next byte belongs to it.
    fn may_read(&self) -> bool {
        let upgrades = self.driver.wants() == Wants::Upgrade;
        !self.eof && !upgrades && self.stream.ready().readable.get()
    }

    /// The stream did not end as it should: the application judges what that means.
    fn break_off(&mut self, error: io::Error) -> Result<(), End> {
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

    /// Reads away what the peer still says, so that our close does not turn into a reset which
    /// destroys what it has not read yet.
    pub(super) fn linger(&mut self, shared: &mut Shared, left: usize) -> Verdict {
        let mut left = left.min(shared.limits.linger_bytes_max);
        let len = shared.read_len(false);
        while left > 0 {
            match self.stream.read(&mut shared.input[..len]) {
                Ok(0) => return Verdict::Closed,
                Ok(read) => left = left.saturating_sub(read),
                Err(error) if is_not_now(&error) => {
                    self.phase = Phase::Lingering { left };
                    return Verdict::Wait;
                }
                Err(_) => return Verdict::Closed,
            }
        }
        Verdict::Closed
    }
}
