//! Numbered, time-stamped datagrams: what a network without promises does to them.
//!
//! UDP (RFC 768) promises nothing: a datagram may be lost, doubled, overtaken or late. Who numbers
//! and stamps them sees it happen. Specification: this page for the bytes, RFC 4737 §3.3 for what
//! counts as reordered, RFC 3550 §6.4.1 for the jitter.
//!
//! ```text
//!    0       4  5  6     8            16           24           32
//!   ┌───────┬──┬──┬─────┬────────────┬────────────┬────────────┬─────────
//!   │"wwdg" │01│ k│ len │    run     │  sequence  │  time, ns  │ payload …
//!   └───────┴──┴──┴─────┴────────────┴────────────┴────────────┴─────────
//!     magic  │  │   └ of the whole datagram, in bytes        all numbers big-endian
//!            │  └ 0 data: sequence counts from 0; 1 end: sequence is how many were sent
//!            └ version
//! ```
//!
//! `run` is a random number that the sender draws once: datagrams of an earlier run which are still
//! on their way are told apart by it. `time` counts from the sender's own beginning, so nothing is
//! learned about its clock, and no clocks need to agree.
//!
//! - [`Datagram`]: one of them, encoded and decoded. What does not fit is [`Alien`].
//! - [`Ledger`]: the receiver's books.
//! - [`Pacer`]: when the sender may send the next one.

mod ledger;
mod pacer;
#[cfg(test)]
mod tests;

pub use ledger::{Entry, Ledger, Limits, Report};
pub use pacer::Pacer;

/// Length of the header in bytes, and so the least length of a datagram.
pub const HEADER_BYTES: usize = 32;

/// The greatest length of a datagram over IPv4 in bytes: 65,535 less the headers of IP and UDP.
pub const DATAGRAM_BYTES_MAX: usize = 65_507;

const MAGIC: &[u8; 4] = b"wwdg";
const VERSION: u8 = 1;

/// What a datagram is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One of those that are counted.
    Data,
    /// The sender has done: its sequence is how many data datagrams it sent. Without it the loss of
    /// the last ones could not be seen. It is sent more than once, for it may be lost as well.
    End,
}

/// One datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// What it is for.
    pub kind: Kind,
    /// The identity of the sender's run.
    pub run: u64,
    /// Its number, from 0; in an end how many were sent.
    pub sequence: u64,
    /// When it was sent, in nanoseconds from the beginning of the run.
    pub time_ns: u64,
    /// What stands behind the header.
    pub payload: &'a [u8],
}

/// Why bytes are no datagram of ours. They are counted and never trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alien {
    /// Shorter than a header, or than its header says.
    Short,
    /// Another magic, version or kind, or longer than its header says.
    Foreign,
}

impl<'a> Datagram<'a> {
    /// Lays it into `out`, in place of what stands there.
    ///
    /// # Panics
    /// If it is longer than [`DATAGRAM_BYTES_MAX`]: the caller's fault.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let len = HEADER_BYTES + self.payload.len();
        assert!(len <= DATAGRAM_BYTES_MAX, "a datagram of {len} bytes");
        out.clear();
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&[VERSION, u8::from(self.kind == Kind::End)]);
        out.extend_from_slice(&(len as u16).to_be_bytes());
        for number in [self.run, self.sequence, self.time_ns] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(self.payload);
    }

    /// Reads one whole datagram as it came.
    ///
    /// # Errors
    /// [`Alien`] for whatever [`encode`](Datagram::encode) does not make.
    pub fn decode(bytes: &'a [u8]) -> Result<Datagram<'a>, Alien> {
        let Some((header, payload)) = bytes.split_at_checked(HEADER_BYTES) else {
            return Err(Alien::Short);
        };
        let kind = match (&header[..4] == MAGIC, header[4], header[5]) {
            (true, VERSION, 0) => Kind::Data,
            (true, VERSION, 1) => Kind::End,
            _ => return Err(Alien::Foreign),
        };
        let len = usize::from(u16::from_be_bytes([header[6], header[7]]));
        if bytes.len() < len {
            return Err(Alien::Short);
        }
        if bytes.len() > len {
            return Err(Alien::Foreign);
        }
        let number = |at: usize| header[at..at + 8].iter().fold(0, |n, b| n << 8 | u64::from(*b));
        let (run, sequence, time_ns) = (number(8), number(16), number(24));
        Ok(Datagram { kind, run, sequence, time_ns, payload })
    }
}
