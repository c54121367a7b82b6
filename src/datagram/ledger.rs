//! The receiver's books: what came, what did not, and in which order.
//!
//! ```text
//!   sequence   … ┌────────── window ──────────┐
//!          late  │ 1 1 0 1 1 1 1 0 1 1 1 1 1 1 │ next … ahead_max … implausible
//!                └─ seen: duplicate; else reordered   └ in order, with or without a gap
//! ```
//!
//! One bit stands for one of the newest datagrams, so memory does not grow with the run. What comes
//! from behind the window can be the first copy or the second: it is counted as late and nowhere
//! else. So *sent = received + lost* always, and `lost` counts what was late, too.

use super::{Alien, Datagram};

/// The bounds of a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many of the newest datagrams are told apart, each by one bit; taken up to a multiple of
    /// 64.
    pub window: usize,
    /// How far beyond the newest a sequence may lie. What is farther is counted as implausible, so
    /// that one forged number does not turn the run into loss. A receiver may also begin so much
    /// later than the sender.
    pub ahead_max: u64,
    /// How many ranges of a file are remembered at a time, and so, but for one, how many holes.
    /// Each takes about 50 bytes.
    pub ranges_max: usize,
    /// The greatest size of a file in bytes.
    pub file_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { window: 65_536, ahead_max: 1 << 32, ranges_max: 65_536, file_bytes_max: 1 << 40 }
    }
}

/// What became of one datagram in the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// The first copy, not before any that was sent later.
    Received,
    /// The first copy, but one that was sent later came before: RFC 4737 §3.3.
    Reordered,
    /// A further copy.
    Duplicate,
    /// From behind the window.
    Late,
    /// The end of the run was told, maybe once more.
    End,
    /// Shorter than it should be.
    Short,
    /// None of ours.
    Foreign,
    /// Of another run than the first that was heard.
    OtherRun,
    /// With a number that cannot be, or of another kind of run than it is.
    Implausible,
}

/// The figures of a run. `received + lost` is what was sent, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// Datagrams of which at least one copy came.
    pub received: u64,
    /// Datagrams of which none came, up to the announced end; without one up to the newest.
    pub lost: u64,
    /// Further copies.
    pub duplicated: u64,
    /// Of those received: overtaken by one that was sent later (RFC 4737 §3.3).
    pub reordered: u64,
    /// Copies from behind the window; they are in none of the figures above.
    pub late: u64,
    /// Too short to be ours.
    pub short: u64,
    /// None of ours, or of this run but not from its sender.
    pub foreign: u64,
    /// Ours, but of another run.
    pub other_run: u64,
    /// With a number that cannot be, or of another kind of run than it is.
    pub implausible: u64,
    /// Bytes of those received, headers included.
    pub bytes: u64,
    /// Interarrival jitter in nanoseconds (RFC 3550 §6.4.1), over those received.
    pub jitter_ns: u64,
    /// From the first that was received to the last, in nanoseconds.
    pub elapsed_ns: u64,
    /// Bits a second in that time, the first datagram left out: it only starts the clock.
    pub bits_per_second: u64,
    /// How many were sent, if the sender's end was heard.
    pub sent: Option<u64>,
}

/// The books of one run.
#[derive(Debug)]
pub struct Ledger {
    limits: Limits,
    /// The run, and whether it carries a file.
    run: Option<(u64, bool)>,
    /// One more than the greatest sequence that came: `NextExp` of RFC 4737.
    next: u64,
    /// Bit `sequence % window` of each of the newest.
    seen: Vec<u64>,
    counts: Report,
    /// Arrival and sending of the last one received.
    last: Option<(u64, u64)>,
    first_ns: u64,
    first_bytes: u64,
    /// Sixteen times the jitter, as in RFC 3550 §A.8.
    jitter_16: u64,
}

/// The greatest difference that enters the jitter, in nanoseconds: 52 days. The stamps are the
/// peer's, and may be anything.
const DIFFERENCE_NS_MAX: u64 = 1 << 52;

impl Ledger {
    /// Empty books. Takes the memory of the window: 8 KiB by default.
    pub fn new(limits: Limits) -> Ledger {
        let words = limits.window.div_ceil(64).max(1);
        Ledger {
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

    /// The run whose books these are: that of the first datagram that could be entered.
    pub fn run(&self) -> Option<u64> {
        self.run.map(|(run, _)| run)
    }

    /// Enters a datagram that is not to be trusted, whatever it says: for one of this run that did
    /// not come from where the run comes from.
    pub fn refuse(&mut self) -> Entry {
        self.counts.foreign += 1;
        Entry::Foreign
    }

    /// Enters whatever came at `now_ns`, on the receiver's clock.
    pub fn enter(&mut self, bytes: &[u8], now_ns: u64) -> Entry {
        let datagram = match Datagram::decode(bytes) {
            Ok(datagram) => datagram,
            Err(Alien::Short) => {
                self.counts.short += 1;
                return Entry::Short;
            }
            Err(Alien::Foreign) => return self.refuse(),
        };
        let is_of_file = datagram.kind.is_of_file();
        match self.run {
            Some((run, _)) if run != datagram.run => {
                self.counts.other_run += 1;
                return Entry::OtherRun;
            }
            Some((_, known)) if known != is_of_file => return self.disbelieve(),
            _ => {}
        }
        let entry = match datagram.kind.is_end() {
            false => self.enter_data(&datagram, bytes.len() as u64, now_ns),
            true => self.enter_end(datagram.sequence),
        };
        // What cannot be is of no run: it would shut the true one out.
        if entry != Entry::Implausible {
            self.run = Some((datagram.run, is_of_file));
        }
        entry
    }

    fn disbelieve(&mut self) -> Entry {
        self.counts.implausible += 1;
        Entry::Implausible
    }

    fn enter_data(&mut self, datagram: &Datagram<'_>, bytes: u64, now_ns: u64) -> Entry {
        let sequence = datagram.sequence;
        let too_far = sequence.saturating_sub(self.next) > self.limits.ahead_max;
        // How many were sent has to be a number, too.
        let past_end = sequence >= self.counts.sent.unwrap_or(u64::MAX);
        if too_far || past_end {
            return self.disbelieve();
        }
        let entry = if sequence >= self.next {
            self.advance(sequence);
            Entry::Received
        } else if self.next - sequence > self.limits.window as u64 {
            self.counts.late += 1;
            return Entry::Late;
        } else if self.is_seen(sequence) {
            self.counts.duplicated += 1;
            return Entry::Duplicate;
        } else {
            self.counts.reordered += 1;
            Entry::Reordered
        };
        self.mark(sequence);
        self.counts.received += 1;
        self.counts.bytes += bytes;
        self.measure(datagram.time_ns, now_ns, bytes);
        entry
    }

    fn enter_end(&mut self, sent: u64) -> Entry {
        let agrees = match self.counts.sent {
            Some(before) => sent == before,
            None => sent >= self.next && sent - self.next <= self.limits.ahead_max,
        };
        if !agrees {
            return self.disbelieve();
        }
        self.counts.sent = Some(sent);
        Entry::End
    }

    /// Moves the window so that `sequence` is its newest; those in between have not come.
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

    /// The figures up to now.
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
