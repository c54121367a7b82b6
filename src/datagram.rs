//! Numbered, time-stamped datagrams: what a network without promises does to them.
//!
//! What it is for: to see what UDP does and TCP hides. A sender numbers and stamps, a receiver
//! keeps books; `wirewright udp` and `net::datagrams` bring both to the sockets.
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
//!            │  └ 0 data, 2 part of a file: sequence counts from 0
//!            │    1 end,  3 seal of a file: sequence is how many were sent
//!            └ version
//! ```
//!
//! `run` is a random number that the sender draws once: datagrams of an earlier run which are still
//! on their way are told apart by it. `time` counts from the sender's own beginning, so nothing is
//! learned about its clock, and no clocks need to agree.
//!
//! A run carries either filling or a file, which is cut into parts, each sent once and never again:
//!
//! ```text
//!   file   0────────1352─────2704─────4056─────5000        size 5000
//!   sent     part 0   part 1   part 2   part 3   seal seal seal …
//!   came     part 0            part 2            seal
//!   missing           1352 … 2703       4056 … 4999        nobody sends it again
//! ```
//!
//! # States
//!
//! A datagram has no conversation around it, so there are no states of a connection. What the books
//! make of one depends on the number it bears, [`Entry`]:
//!
//! ```text
//!   bytes ─ decode ─┬─ no ──▶ Short, Foreign
//!                   └─ yes ─┬─ another run ──────────────────────────▶ OtherRun
//!                           ├─ k = 1, 3 ─────────────────────────────▶ End (1)
//!                           ├─ ahead_max ahead, or past the end ─────▶ Implausible
//!                           ├─ the newest so far ────────────────────▶ Received
//!                           ├─ behind the window ────────────────────▶ Late
//!                           └─ in the window ─┬─ not seen before ────▶ Reordered
//!                                             └─ seen ───────────────▶ Duplicate
//!
//!   (1) Implausible where it contradicts an earlier end, or what has come already
//! ```
//!
//! # Limits
//!
//! [`Limits`], and two lengths.
//!
//! | name | default | what it guards against |
//! |---|---|---|
//! | [`window`] | 65,536 | memory that grows with the run: one bit for each of so many |
//! | [`ahead_max`] | 4,294,967,296 | one forged number that turns the run into loss |
//! | [`ranges_max`] | 65,536 | a file that comes in so many pieces; more are not placed |
//! | [`file_bytes_max`] | 1,099,511,627,776 | a forged part far behind the end of the file |
//! | [`DATAGRAM_BYTES_MAX`] | 65,507 | a datagram that IPv4 cannot carry |
//! | [`HEADER_BYTES`] | 32 | a datagram too short to be counted |
//!
//! [`window`]: Limits::window
//! [`ahead_max`]: Limits::ahead_max
//! [`ranges_max`]: Limits::ranges_max
//! [`file_bytes_max`]: Limits::file_bytes_max
//!
//! # Where to look
//!
//! - [`Datagram`]: one of them, encoded and decoded. What does not fit is [`Alien`].
//! - [`Part`], [`Seal`]: what the datagrams of a file carry.
//! - [`Ledger`]: the receiver's books.
//! - [`Assembly`]: which bytes of a file came; [`Ranges`] is the set below it.
//! - [`Pacer`]: when the sender may send the next one.

mod assembly;
mod ledger;
mod pacer;
mod part;
mod ranges;
#[cfg(test)]
mod tests;

pub use assembly::Assembly;
pub use ledger::{Entry, Ledger, Limits, Report};
pub use pacer::Pacer;
pub use part::{DIGEST_BYTES, PART_HEADER_BYTES, Part, Seal};
pub use ranges::Ranges;

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
    /// One of those that are counted, and a piece of a file: its payload is a [`Part`].
    Part,
    /// The end of a file: as [`Kind::End`], and its payload is a [`Seal`].
    Seal,
}

impl Kind {
    /// By the byte that stands for each.
    const ALL: [Kind; 4] = [Kind::Data, Kind::End, Kind::Part, Kind::Seal];

    /// Whether it tells an end: its sequence is how many were sent.
    pub fn is_end(self) -> bool {
        matches!(self, Kind::End | Kind::Seal)
    }

    /// Whether it is of a run that carries a file.
    pub fn is_of_file(self) -> bool {
        matches!(self, Kind::Part | Kind::Seal)
    }

    /// Whether what stands behind the header can be a payload of this kind.
    fn takes(self, payload: &[u8]) -> bool {
        match self {
            Kind::Data | Kind::End => true,
            Kind::Part => Part::decode(payload).is_some(),
            Kind::Seal => Seal::decode(payload).is_some(),
        }
    }
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
    /// Another magic, version or kind, longer than its header says, or a payload that is none of
    /// its kind.
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
        out.extend_from_slice(&[VERSION, self.kind as u8]);
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
        let is_ours = &header[..4] == MAGIC && header[4] == VERSION;
        let Some(kind) = Kind::ALL.get(usize::from(header[5])).filter(|_| is_ours) else {
            return Err(Alien::Foreign);
        };
        let len = usize::from(u16::from_be_bytes([header[6], header[7]]));
        if bytes.len() < len {
            return Err(Alien::Short);
        }
        if bytes.len() > len || !kind.takes(payload) {
            return Err(Alien::Foreign);
        }
        let number = |at: usize| header[at..at + 8].iter().fold(0, |n, b| n << 8 | u64::from(*b));
        let (run, sequence, time_ns) = (number(8), number(16), number(24));
        Ok(Datagram { kind: *kind, run, sequence, time_ns, payload })
    }

    /// The piece of a file that it carries, if it is one.
    pub fn part(&self) -> Option<Part<'a>> {
        Part::decode(self.payload).filter(|_| self.kind == Kind::Part)
    }

    /// The end of a file that it tells, if it does.
    pub fn seal(&self) -> Option<Seal> {
        Seal::decode(self.payload).filter(|_| self.kind == Kind::Seal)
    }
}
