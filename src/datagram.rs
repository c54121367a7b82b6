//! Numbered, time-stamped datagrams, which show how the network loses, duplicates, reorders and
//! delays datagrams.
//!
//! What it is for: to measure what TCP hides. UDP (RFC 768) guarantees nothing: a datagram may be
//! lost, duplicated, reordered or delayed. Here the sender numbers and time-stamps its datagrams,
//! and the receiver counts what happened to them. `wirewright udp` and `net::datagrams` do this
//! over sockets.
//!
//! Specification: this page for the bytes, RFC 4737 §3.3 for reordering, RFC 3550 §6.4.1 for the
//! jitter.
//!
//! ```text
//!    0       4  5  6     8            16           24           32
//!   ┌───────┬──┬──┬─────┬────────────┬────────────┬────────────┬─────────
//!   │"wwdg" │01│ k│ len │    run     │  sequence  │  time, ns  │ payload …
//!   └───────┴──┴──┴─────┴────────────┴────────────┴────────────┴─────────
//!     magic  │  │   └ of the whole datagram, in bytes        all numbers big-endian
//!            │  └ 0 data, 2 part of a file: sequence counts from 0
//!            │    1 end,  3 end of a file: sequence is how many were sent
//!            └ version
//! ```
//!
//! `run` is a random number that the sender chooses once, so that late datagrams of an earlier run
//! are recognized. `time` counts from the beginning of the run: it reveals nothing about the
//! sender's clock, and the clocks of both sides need not agree.
//!
//! A run carries either padding or a file. A file is divided into parts, each of which is sent
//! once:
//!
//! ```text
//!   file   0────────1352─────2704─────4056─────5000        size 5000
//!   sent     part 0   part 1   part 2   part 3   end end end …
//!   received part 0            part 2            end
//!   missing           1352 … 2703       4056 … 4999        never sent again
//! ```
//!
//! # States
//!
//! There is no connection, so there are no states of one. The receiver classifies each datagram by
//! its run, kind and sequence as an [`Arrival`]:
//!
//! ```text
//!   bytes ─ decode ─┬─ no ──▶ Short, Foreign
//!                   └─ yes ─┬─ another run ──────────────────────────▶ OtherRun
//!                           ├─ k = 1, 3 ─────────────────────────────▶ End (1)
//!                           ├─ ahead_max ahead, or past the end ─────▶ Implausible
//!                           ├─ the newest so far ────────────────────▶ Received
//!                           ├─ older than the window ────────────────▶ Late
//!                           └─ in the window ─┬─ not seen before ────▶ Reordered
//!                                             └─ seen ───────────────▶ Duplicate
//!
//!   (1) Implausible if it contradicts an earlier end, or a sequence that was received
//! ```
//!
//! # Limits
//!
//! [`Limits`], and two lengths.
//!
//! | name | default | what it guards against |
//! |---|---|---|
//! | [`window`] | 65,536 | memory that grows with the run: one bit for each datagram |
//! | [`ahead_max`] | 4,294,967,296 | one forged sequence that counts the run as lost |
//! | [`ranges_max`] | 65,536 | memory for a file that arrives in many pieces |
//! | [`file_bytes_max`] | 1,099,511,627,776 | a forged part far beyond the end of the file |
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
//! - [`Datagram`]: one datagram, encoded and decoded. [`DecodeError`] is the reason for one that is
//!   invalid.
//! - [`Part`], [`FileEnd`]: the payload of the datagrams of a file.
//! - [`Receiver`]: the receiver's counts.
//! - [`Assembly`]: which bytes of a file were received; [`Ranges`] is the set that it uses.
//! - [`Pacer`]: when the sender may send the next datagram.

mod assembly;
mod pacer;
mod part;
mod ranges;
mod receiver;
#[cfg(test)]
mod tests;

pub use assembly::Assembly;
pub use pacer::Pacer;
pub use part::{DIGEST_BYTES, FileEnd, PART_HEADER_BYTES, Part};
pub use ranges::Ranges;
pub use receiver::{Arrival, Limits, Receiver, Report};

/// Length of the header in bytes, which is the least length of a datagram.
pub const HEADER_BYTES: usize = 32;

/// The greatest length of a datagram over IPv4 in bytes: 65,535 less the headers of IP and UDP.
pub const DATAGRAM_BYTES_MAX: usize = 65_507;

const MAGIC: &[u8; 4] = b"wwdg";
const VERSION: u8 = 1;

/// The kind of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A counted datagram with any payload.
    Data,
    /// The end of a run: its sequence is how many counted datagrams were sent, so that the loss of
    /// the last ones is detected. It is sent more than once, since it may be lost, too.
    End,
    /// A counted datagram with a piece of a file: its payload is a [`Part`].
    Part,
    /// The end of a run with a file: like [`Kind::End`], with a [`FileEnd`] as its payload.
    FileEnd,
}

impl Kind {
    /// Indexed by the byte of the header.
    const ALL: [Kind; 4] = [Kind::Data, Kind::End, Kind::Part, Kind::FileEnd];

    /// Whether it ends a run, so that its sequence is how many datagrams were sent.
    pub fn is_end(self) -> bool {
        matches!(self, Kind::End | Kind::FileEnd)
    }

    /// Whether its run carries a file.
    pub fn belongs_to_file(self) -> bool {
        matches!(self, Kind::Part | Kind::FileEnd)
    }

    /// Whether `payload` is valid for this kind.
    fn takes(self, payload: &[u8]) -> bool {
        match self {
            Kind::Data | Kind::End => true,
            Kind::Part => Part::decode(payload).is_some(),
            Kind::FileEnd => FileEnd::decode(payload).is_some(),
        }
    }
}

/// One datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Its kind.
    pub kind: Kind,
    /// The number of the sender's run.
    pub run: u64,
    /// Its sequence, from 0; in an end how many datagrams were sent.
    pub sequence: u64,
    /// When it was sent, in nanoseconds from the beginning of the run.
    pub time_ns: u64,
    /// The bytes after the header.
    pub payload: &'a [u8],
}

/// Why bytes are not a valid datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// Shorter than a header, or than the length in its header.
    Short,
    /// Another magic, version or kind, longer than the length in its header, or with a payload that
    /// is invalid for its kind.
    Foreign,
}

impl<'a> Datagram<'a> {
    /// Encodes the datagram into `out`, whose content is replaced.
    ///
    /// # Panics
    /// If it is longer than [`DATAGRAM_BYTES_MAX`].
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

    /// Decodes one complete datagram.
    ///
    /// # Errors
    /// [`DecodeError`] for bytes that [`encode`](Datagram::encode) does not write.
    pub fn decode(bytes: &'a [u8]) -> Result<Datagram<'a>, DecodeError> {
        let Some((header, payload)) = bytes.split_at_checked(HEADER_BYTES) else {
            return Err(DecodeError::Short);
        };
        let is_ours = &header[..4] == MAGIC && header[4] == VERSION;
        let Some(kind) = Kind::ALL.get(usize::from(header[5])).filter(|_| is_ours) else {
            return Err(DecodeError::Foreign);
        };
        let len = usize::from(u16::from_be_bytes([header[6], header[7]]));
        if bytes.len() < len {
            return Err(DecodeError::Short);
        }
        if bytes.len() > len || !kind.takes(payload) {
            return Err(DecodeError::Foreign);
        }
        let number = |at: usize| header[at..at + 8].iter().fold(0, |n, b| n << 8 | u64::from(*b));
        let (run, sequence, time_ns) = (number(8), number(16), number(24));
        Ok(Datagram { kind: *kind, run, sequence, time_ns, payload })
    }

    /// The piece of a file in it, if its kind is [`Kind::Part`].
    pub fn part(&self) -> Option<Part<'a>> {
        Part::decode(self.payload).filter(|_| self.kind == Kind::Part)
    }

    /// The end of a file in it, if its kind is [`Kind::FileEnd`].
    pub fn file_end(&self) -> Option<FileEnd> {
        FileEnd::decode(self.payload).filter(|_| self.kind == Kind::FileEnd)
    }
}
