//! The oracle of the receiver's books: they say what naive ones say, which remember everything.

use std::collections::{HashMap, HashSet};
use wirewright::datagram::{Alien, Datagram, Entry, HEADER_BYTES, Kind, Ledger, Limits, Report};

/// The property. The window and how far ahead, then records: a byte of choices, its argument, how
/// much time goes by. At last the whole input as one datagram.
pub fn check(data: &[u8]) {
    let [window, ahead, script @ ..] = data else { return };
    let limits = Limits { window: usize::from(*window), ahead_max: u64::from(*ahead) };
    let (mut ledger, mut naive) = (Ledger::new(limits), Naive::new(limits));
    let (mut newest, mut now) = (0u64, 0u64);
    for record in script.chunks_exact(3) {
        let bytes = datagram(record[0], u64::from(record[1]), &mut newest, now);
        now += u64::from(record[2]) << (record[0] >> 5);
        round_trips(&bytes);
        assert_eq!(ledger.enter(&bytes, now), naive.enter(&bytes, now), "{bytes:?}");
        assert_eq!(ledger.report(), naive.report());
    }
    round_trips(data);
    assert_eq!(ledger.enter(data, now), naive.enter(data, now));
    let report = ledger.report();
    assert_eq!(report, naive.report());
    assert!(report.sent.is_none_or(|sent| report.received + report.lost == sent));
    assert!(report.reordered <= report.received);
}

/// What a record stands for: mostly the next number, or one near it, in either direction.
fn datagram(choice: u8, argument: u64, newest: &mut u64, now: u64) -> Vec<u8> {
    let (mut kind, mut run, mut time_ns) = (Kind::Data, 7, now / 3);
    let sequence = match choice % 8 {
        0 | 1 => *newest + 1,
        2 => *newest + argument,
        3 => newest.saturating_sub(argument),
        4 => {
            kind = Kind::End;
            *newest + argument % 4
        }
        5 => {
            run = argument;
            *newest
        }
        6 => {
            time_ns = u64::MAX / (argument + 1);
            *newest + 1
        }
        _ => u64::MAX - argument,
    };
    if choice % 8 < 3 {
        *newest = sequence;
    }
    let mut bytes = Vec::new();
    Datagram { kind, run, sequence, time_ns, payload: &[0; 3] }.encode(&mut bytes);
    // Some are cut, some lengthened, some spoilt.
    match choice & 0x18 {
        0x18 if argument.is_multiple_of(16) => bytes.truncate(argument as usize / 8),
        0x18 if argument % 16 == 1 => bytes.push(0),
        0x18 if argument % 16 == 2 => bytes[argument as usize % 6] ^= 0x40,
        _ => {}
    }
    bytes
}

/// What decodes is exactly what encodes to the same bytes.
fn round_trips(bytes: &[u8]) {
    match Datagram::decode(bytes) {
        Ok(datagram) => {
            let mut again = Vec::new();
            datagram.encode(&mut again);
            assert_eq!(again, bytes);
        }
        Err(Alien::Short) => assert!(bytes.len() < HEADER_BYTES || bytes.starts_with(b"wwdg\x01")),
        Err(Alien::Foreign) => assert!(bytes.len() >= HEADER_BYTES),
    }
}

/// Books that remember every number, and count each figure anew when they are asked.
struct Naive {
    window: u64,
    ahead_max: u64,
    run: Option<u64>,
    /// Of each entry its sequence, where it has one, in order of arrival.
    entries: Vec<(Entry, u64)>,
    /// Arrival, sending and length of those received.
    received: Vec<(u64, u64, u64)>,
    sent: Option<u64>,
}

impl Naive {
    fn new(limits: Limits) -> Naive {
        let window = limits.window.max(1).next_multiple_of(64) as u64;
        Naive {
            window,
            ahead_max: limits.ahead_max,
            run: None,
            entries: Vec::new(),
            received: Vec::new(),
            sent: None,
        }
    }

    fn numbers(&self) -> impl Iterator<Item = u64> {
        let came = |entry: Entry| matches!(entry, Entry::Received | Entry::Reordered);
        self.entries.iter().filter(move |(entry, _)| came(*entry)).map(|(_, number)| *number)
    }

    /// `NextExp` of RFC 4737.
    fn next(&self) -> u64 {
        self.numbers().max().map_or(0, |newest| newest + 1)
    }

    fn enter(&mut self, bytes: &[u8], now: u64) -> Entry {
        let (entry, sequence) = match Datagram::decode(bytes) {
            Err(Alien::Short) => (Entry::Short, 0),
            Err(Alien::Foreign) => (Entry::Foreign, 0),
            Ok(datagram) => (self.judge(&datagram), datagram.sequence),
        };
        if let (Entry::Received | Entry::Reordered, Ok(datagram)) = (entry, Datagram::decode(bytes))
        {
            self.received.push((now, datagram.time_ns, bytes.len() as u64));
        }
        self.entries.push((entry, sequence));
        entry
    }

    fn judge(&mut self, datagram: &Datagram<'_>) -> Entry {
        let (sequence, next) = (datagram.sequence, self.next());
        if *self.run.get_or_insert(datagram.run) != datagram.run {
            return Entry::OtherRun;
        }
        if sequence > next.saturating_add(self.ahead_max) {
            return Entry::Implausible;
        }
        match (datagram.kind, self.sent) {
            (Kind::End, Some(sent)) if sent != sequence => Entry::Implausible,
            (Kind::End, _) if sequence < next => Entry::Implausible,
            (Kind::End, _) => {
                self.sent = Some(sequence);
                Entry::End
            }
            (Kind::Data, Some(sent)) if sequence >= sent => Entry::Implausible,
            (Kind::Data, _) if sequence >= next => Entry::Received,
            (Kind::Data, _) if sequence + self.window < next => Entry::Late,
            (Kind::Data, _) if self.numbers().any(|number| number == sequence) => Entry::Duplicate,
            (Kind::Data, _) => Entry::Reordered,
        }
    }

    fn report(&self) -> Report {
        let mut counts: HashMap<&'static str, u64> = HashMap::new();
        for (entry, _) in &self.entries {
            let name = match entry {
                Entry::Received => "in order",
                Entry::Reordered => "reordered",
                Entry::Duplicate => "duplicate",
                Entry::Late => "late",
                Entry::End => "end",
                Entry::Short => "short",
                Entry::Foreign => "foreign",
                Entry::OtherRun => "other run",
                Entry::Implausible => "implausible",
            };
            *counts.entry(name).or_default() += 1;
        }
        let count = |name: &str| counts.get(name).copied().unwrap_or(0);
        let distinct: HashSet<u64> = self.numbers().collect();
        let received = distinct.len() as u64;
        let bytes: u64 = self.received.iter().map(|(_, _, len)| len).sum();
        let first = self.received.first().copied().unwrap_or_default();
        let last = self.received.last().copied().unwrap_or_default();
        let elapsed_ns = last.0 - first.0;
        let bits = u128::from(bytes - first.2) * 8_000_000_000;
        Report {
            received,
            lost: self.sent.unwrap_or(self.next()) - received,
            duplicated: count("duplicate"),
            reordered: count("reordered"),
            late: count("late"),
            short: count("short"),
            foreign: count("foreign"),
            other_run: count("other run"),
            implausible: count("implausible"),
            bytes,
            jitter_ns: self.jitter(),
            elapsed_ns,
            bits_per_second: bits.checked_div(u128::from(elapsed_ns)).unwrap_or(0) as u64,
            sent: self.sent,
        }
    }

    /// RFC 3550 §A.8, over all transit times.
    fn jitter(&self) -> u64 {
        let transit = |(now, sent, _): &(u64, u64, u64)| i128::from(*now) - i128::from(*sent);
        let transits: Vec<i128> = self.received.iter().map(transit).collect();
        let differences = transits.windows(2).map(|two| (two[1] - two[0]).abs().min(1 << 52));
        let scaled = differences.fold(0, |jitter, d| jitter + d - ((jitter + 8) >> 4));
        (scaled >> 4) as u64
    }
}
