//! The receiver's counts: received, lost, duplicated and reordered datagrams.
//!
//! ```text
//!   sequence   … ┌────────── window ──────────┐
//!          late  │ 1 1 0 1 1 1 1 0 1 1 1 1 1 1 │ next … ahead_max … implausible
//!                └─ 1: duplicate; 0: reordered        └ in order, with or without a gap
//! ```
//!
//! The window has one bit for each of the newest sequences, so memory does not grow with the run. A
//! datagram older than the window may be the first copy or a further one: it is counted as late and
//! not as received. So *sent = received + lost* always holds, and `lost` includes late datagrams.

use super::{Datagram, DecodeError};

/// The limits of a receiver and of an assembly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For how many of the newest sequences duplicates are detected, with one bit for each; rounded
    /// up to a multiple of 64.
    pub window: usize,
    /// How far a sequence may be ahead of the next expected one. A greater one is counted as
    /// implausible, so that one forged sequence does not count the run as lost. The limit also
    /// bounds how late a receiver may begin.
    pub ahead_max: u64,
    /// How many ranges of a file are stored at a time. Each takes about 50 bytes.
    pub ranges_max: usize,
    /// The greatest size of a file in bytes.
    pub file_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { window: 65_536, ahead_max: 1 << 32, ranges_max: 65_536, file_bytes_max: 1 << 40 }
    }
}

/// How one datagram was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The first copy, in order.
    Received,
    /// The first copy, after one with a greater sequence: RFC 4737 §3.3.
    Reordered,
    /// A further copy.
    Duplicate,
    /// Older than the window.
    Late,
    /// The end of the run, or a copy of it.
    End,
    /// Shorter than a header, or than the length in its header.
    Short,
    /// Not a datagram of this protocol.
    Foreign,
    /// Of another run than the first datagram.
    OtherRun,
    /// With an impossible sequence, or with a file in a run without one, or the reverse.
    Implausible,
}

/// The counts of a run. `received + lost` is how many were sent, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// Datagrams of which at least one copy was received.
    pub received: u64,
    /// Datagrams of which no copy was received, up to the end of the run; without an end, up to the
    /// newest.
    pub lost: u64,
    /// Further copies.
    pub duplicated: u64,
    /// Received datagrams that arrived after one with a greater sequence (RFC 4737 §3.3).
    pub reordered: u64,
    /// Copies older than the window, which are not in the counts above.
    pub late: u64,
    /// Shorter than a header, or than the length in their header.
    pub short: u64,
    /// Not datagrams of this protocol, or of this run but from another address.
    pub foreign: u64,
    /// Datagrams of another run.
    pub other_run: u64,
    /// With an impossible sequence, or with a file in a run without one, or the reverse.
    pub implausible: u64,
    /// Bytes of the received datagrams with their headers, without those of IP and UDP.
    pub bytes: u64,
    /// Interarrival jitter of the received datagrams (RFC 3550 §6.4.1), in nanoseconds.
    pub jitter_ns: u64,
    /// The time from the first received datagram to the last, in nanoseconds.
    pub elapsed_ns: u64,
    /// Bits a second in that time, without the first datagram, which begins it.
    pub bits_per_second: u64,
    /// How many datagrams were sent, if the end of the run was received.
    pub sent: Option<u64>,
}

/// Counts the datagrams of one run.
#[derive(Debug)]
pub struct Receiver {
    limits: Limits,
    /// The run, and whether it carries a file.
    run: Option<(u64, bool)>,
    /// One more than the greatest sequence received: `NextExp` of RFC 4737.
    next: u64,
    /// Bit `sequence % window` is 1 if that sequence was received.
    seen: Vec<u64>,
    counts: Report,
    /// When the last received datagram arrived and was sent.
    last: Option<(u64, u64)>,
    first_ns: u64,
    first_bytes: u64,
    /// Sixteen times the jitter, as in RFC 3550 §A.8.
    jitter_16: u64,
}

/// The greatest difference that counts for the jitter, in nanoseconds: 52 days. The time stamps of
/// a peer may have any value.
const DIFFERENCE_NS_MAX: u64 = 1 << 52;

impl Receiver {
    /// A receiver without counts. Allocates the window: 8 KiB by default.
    pub fn new(limits: Limits) -> Receiver {
        let words = limits.window.div_ceil(64).max(1);
        Receiver {
            limits: Limits { window: words * 64, ..limits },
            run: None,
            next: 0,
            seen: vec![0; words],
            counts: Report::default(),
            last: None,
            first_ns: 0,
            first_bytes: 0,
            jitter_16: 0,
        }
    }

    /// The run that is counted: that of the first plausible datagram.
    pub fn run(&self) -> Option<u64> {
        self.run.map(|(run, _)| run)
    }

    /// Counts a datagram as foreign without decoding it: for one that was not sent from the address
    /// of the run.
    pub fn refuse(&mut self) -> Arrival {
        self.counts.foreign += 1;
        Arrival::Foreign
    }

    /// Decodes and counts a datagram that arrived at `now_ns`, on the receiver's clock.
    pub fn receive(&mut self, bytes: &[u8], now_ns: u64) -> Arrival {
        let datagram = match Datagram::decode(bytes) {
            Ok(datagram) => datagram,
            Err(DecodeError::Short) => {
                self.counts.short += 1;
                return Arrival::Short;
            }
            Err(DecodeError::Foreign) => return self.refuse(),
        };
        let belongs_to_file = datagram.kind.belongs_to_file();
        match self.run {
            Some((run, _)) if run != datagram.run => {
                self.counts.other_run += 1;
                return Arrival::OtherRun;
            }
            Some((_, known)) if known != belongs_to_file => return self.implausible(),
            _ => {}
        }
        let arrival = match datagram.kind.is_end() {
            false => self.receive_data(&datagram, bytes.len() as u64, now_ns),
            true => self.receive_end(datagram.sequence),
        };
        // An implausible datagram does not choose the run, since it would exclude the real one.
        if arrival != Arrival::Implausible {
            self.run = Some((datagram.run, belongs_to_file));
        }
        arrival
    }

    fn implausible(&mut self) -> Arrival {
        self.counts.implausible += 1;
        Arrival::Implausible
    }

    fn receive_data(&mut self, datagram: &Datagram<'_>, bytes: u64, now_ns: u64) -> Arrival {
        let sequence = datagram.sequence;
        let too_far = sequence.saturating_sub(self.next) > self.limits.ahead_max;
        // The number of sent datagrams has to fit into 64 bits.
        let past_end = sequence >= self.counts.sent.unwrap_or(u64::MAX);
        if too_far || past_end {
            return self.implausible();
        }
        let arrival = if sequence >= self.next {
            self.advance(sequence);
            Arrival::Received
        } else if self.next - sequence > self.limits.window as u64 {
            self.counts.late += 1;
            return Arrival::Late;
        } else if self.is_seen(sequence) {
            self.counts.duplicated += 1;
            return Arrival::Duplicate;
        } else {
            self.counts.reordered += 1;
            Arrival::Reordered
        };
        self.mark(sequence);
        self.counts.received += 1;
        self.counts.bytes += bytes;
        self.measure(datagram.time_ns, now_ns, bytes);
        arrival
    }

    fn receive_end(&mut self, sent: u64) -> Arrival {
        let agrees = match self.counts.sent {
            Some(before) => sent == before,
            None => sent >= self.next && sent - self.next <= self.limits.ahead_max,
        };
        if !agrees {
            return self.implausible();
        }
        self.counts.sent = Some(sent);
        Arrival::End
    }

    /// Moves the window so that `sequence` is its newest, and clears the bits in between.
    fn advance(&mut self, sequence: u64) {
        if sequence - self.next >= self.limits.window as u64 {
            self.seen.fill(0);
        } else {
            for passed in self.next..=sequence {
                let (word, bit) = self.place(passed);
                self.seen[word] &= !bit;
            }
        }
        self.next = sequence + 1;
    }

    fn place(&self, sequence: u64) -> (usize, u64) {
        let at = (sequence % self.limits.window as u64) as usize;
        (at / 64, 1 << (at % 64))
    }

    fn is_seen(&self, sequence: u64) -> bool {
        let (word, bit) = self.place(sequence);
        self.seen[word] & bit != 0
    }

    fn mark(&mut self, sequence: u64) {
        let (word, bit) = self.place(sequence);
        self.seen[word] |= bit;
    }

    /// RFC 3550 §6.4.1, in the integers of §A.8: J += (|D| − J) / 16, in order of arrival.
    fn measure(&mut self, sent_ns: u64, now_ns: u64, bytes: u64) {
        let Some((last_now, last_sent)) = self.last.replace((now_ns, sent_ns)) else {
            (self.first_ns, self.first_bytes) = (now_ns, bytes);
            return;
        };
        let arrived = i128::from(now_ns) - i128::from(last_now);
        let sent = i128::from(sent_ns) - i128::from(last_sent);
        let difference = (arrived - sent).unsigned_abs().min(u128::from(DIFFERENCE_NS_MAX)) as u64;
        self.jitter_16 = self.jitter_16 + difference - ((self.jitter_16 + 8) >> 4);
    }

    /// The counts so far.
    pub fn report(&self) -> Report {
        let elapsed = self.last.map_or(0, |(now, _)| now.saturating_sub(self.first_ns));
        let bits = u128::from(self.counts.bytes - self.first_bytes) * 8 * 1_000_000_000;
        let rate = bits.checked_div(u128::from(elapsed)).unwrap_or(0);
        Report {
            lost: self.counts.sent.unwrap_or(self.next) - self.counts.received,
            jitter_ns: self.jitter_16 >> 4,
            elapsed_ns: elapsed,
            bits_per_second: u64::try_from(rate).unwrap_or(u64::MAX),
            ..self.counts
        }
    }
}
