//! The oracles of the datagram receiver: its ledger and its file assembly are compared with naive
//! ones that store every entry and every byte.

use std::collections::HashSet;
use wirewright::datagram::{
    Arrival, Assembly, Datagram, DecodeError, FileEnd, HEADER_BYTES, Kind, Limits, Part, Receiver,
    Report,
};

/// The reports are compared after so many records, because the naive report is slow.
const COMPARE_EVERY: usize = 8;

/// The property. The input: the window, `ahead_max`, then records of three bytes: the kind of
/// datagram, its argument, the time that passes. At the end the whole input is one datagram.
/// `check_file` reads the same records as parts of a file.
pub fn check(data: &[u8]) {
    let [window, ahead, script @ ..] = data else { return };
    check_file(usize::from(*window), script);
    let limits =
        Limits { window: usize::from(*window), ahead_max: u64::from(*ahead), ..Limits::default() };
    let (mut receiver, mut naive) = (Receiver::new(limits), Naive::new(limits));
    let (mut newest, mut now) = (0u64, 0u64);
    for (at, record) in script.chunks_exact(3).enumerate() {
        let bytes = datagram(record[0], u64::from(record[1]), &mut newest, now);
        now += u64::from(record[2]) << (record[0] >> 5);
        round_trips(&bytes);
        assert_eq!(receiver.receive(&bytes, now), naive.receive(&bytes, now), "{bytes:?}");
        if at % COMPARE_EVERY == 0 {
            assert_eq!(receiver.report(), naive.report());
        }
    }
    round_trips(data);
    assert_eq!(receiver.receive(data, now), naive.receive(data, now));
    let report = receiver.report();
    assert_eq!(report, naive.report());
    assert!(report.sent.is_none_or(|sent| report.received + report.lost == sent));
    assert!(report.reordered <= report.received);
}

/// The datagram of a record: mostly the next sequence number, or one near it.
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
    let (mut bytes, mut payload) = (Vec::new(), vec![0; 3]);
    // Every fourth argument makes a run that carries a file.
    if argument % 4 == 3 {
        kind = if kind == Kind::End { Kind::FileEnd } else { Kind::Part };
        match kind {
            Kind::FileEnd => FileEnd { size: argument, digest: None }.encode(&mut payload),
            _ => Part { size: argument, offset: argument - 2, bytes: &[1; 2] }.encode(&mut payload),
        }
    }
    Datagram { kind, run, sequence, time_ns, payload: &payload }.encode(&mut bytes);
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
            let (part, file_end) = (datagram.part(), datagram.file_end());
            assert_eq!(part.is_some(), datagram.kind == Kind::Part);
            assert_eq!(file_end.is_some(), datagram.kind == Kind::FileEnd);
            if let Some(part) = part {
                assert!(!part.bytes.is_empty() && part.end() <= part.size);
                part.encode(&mut again);
                assert_eq!(again, datagram.payload);
            }
            if let Some(file_end) = file_end {
                file_end.encode(&mut again);
                assert_eq!(again, datagram.payload);
            }
        }
        Err(DecodeError::Short) => {
            assert!(bytes.len() < HEADER_BYTES || bytes.starts_with(b"wwdg\x01"))
        }
        Err(DecodeError::Foreign) => assert!(bytes.len() >= HEADER_BYTES),
    }
}

/// The size of the file in `check_file`, in bytes.
const FILE_BYTES: usize = 320;

/// Compares the assembly with a naive one that keeps every byte in an `Option`. A record is a byte
/// of flags, the offset of a part, and its length.
fn check_file(ranges_max: usize, script: &[u8]) {
    let limits = Limits { ranges_max, file_bytes_max: FILE_BYTES as u64 + 1, ..Limits::default() };
    let mut assembly = Assembly::new(limits);
    let mut naive = NaiveFile { limits, size: None, kept: [None; FILE_BYTES], refused: (0, 0) };
    let mut kept = [0; FILE_BYTES];
    for (count, record) in script.chunks_exact(3).enumerate() {
        let (choice, at, len) = (record[0], usize::from(record[1]), usize::from(record[2]) % 33);
        // Mostly the bytes of the file, sometimes others.
        let own = |at: usize| (at as u8).wrapping_mul(7) ^ u8::from(choice % 16 == 1);
        let bytes: Vec<u8> = (at..at + len.max(1)).map(own).collect();
        let size = match choice % 16 {
            2 => FILE_BYTES as u64 + 1,
            3 => FILE_BYTES as u64 + 2,
            _ => FILE_BYTES as u64,
        };
        let part = Part { size, offset: at as u64, bytes: &bytes };
        take(&mut assembly, &mut kept, &part);
        naive.take(&part);
        if count % COMPARE_EVERY == 0 {
            naive.agrees_with(&assembly, &kept);
        }
    }
    naive.agrees_with(&assembly, &kept);
}

/// Gives a part to the assembly and keeps its bytes.
fn take(assembly: &mut Assembly, kept: &mut [u8], part: &Part<'_>) {
    if !assembly.admit(part) {
        return;
    }
    let place = |offset: u64, bytes: &[u8]| offset as usize..offset as usize + bytes.len();
    if assembly.overlaps(part).any(|(offset, bytes)| kept[place(offset, bytes)] != *bytes) {
        return assembly.disagree();
    }
    for (offset, bytes) in assembly.gaps(part) {
        kept[place(offset, bytes)].copy_from_slice(bytes);
    }
    assembly.insert(part);
}

/// A file as an `Option` of each byte.
struct NaiveFile {
    limits: Limits,
    size: Option<u64>,
    kept: [Option<u8>; FILE_BYTES],
    /// Counts of conflicting and unplaced parts.
    refused: (u64, u64),
}

impl NaiveFile {
    fn ranges(&self) -> usize {
        let begins =
            |at: &usize| self.kept[*at].is_some() && (*at == 0 || self.kept[at - 1].is_none());
        (0..FILE_BYTES).filter(begins).count()
    }

    fn take(&mut self, part: &Part<'_>) {
        match self.size {
            Some(known) if known != part.size => return self.refused.0 += 1,
            None if part.size > self.limits.file_bytes_max => return self.refused.1 += 1,
            _ => self.size = Some(part.size),
        }
        let (from, to) = (part.offset as usize, part.end() as usize);
        let touched = &self.kept[from.saturating_sub(1)..(to + 1).min(FILE_BYTES)];
        if self.ranges() >= self.limits.ranges_max && touched.iter().all(Option::is_none) {
            return self.refused.1 += 1;
        }
        let place = &mut self.kept[from..to];
        let differs = |(kept, byte): (&Option<u8>, &u8)| kept.is_some_and(|kept| kept != *byte);
        if place.iter().zip(part.bytes).any(differs) {
            return self.refused.0 += 1;
        }
        place.iter_mut().zip(part.bytes).for_each(|(kept, byte)| *kept = Some(*byte));
    }

    fn agrees_with(&self, assembly: &Assembly, kept: &[u8]) {
        assert_eq!(assembly.size(), self.size);
        assert_eq!((assembly.disagreeing(), assembly.unplaced()), self.refused);
        let came = self.kept.iter().flatten().count() as u64;
        assert_eq!(assembly.received(), came);
        assert_eq!(assembly.is_complete(), self.size == Some(came));
        let mut missing = [false; FILE_BYTES + 1];
        let mut end = 0;
        for range in assembly.missing() {
            // Ranges are ordered, not empty and not adjacent.
            assert!(range.start < range.end && (range.start > end || end == 0));
            end = range.end;
            missing[range.start as usize..range.end as usize].fill(true);
        }
        for at in 0..self.size.unwrap_or(0) {
            let byte = self.kept.get(at as usize).copied().flatten();
            assert_eq!(missing[at as usize], byte.is_none(), "{at}");
            assert!(byte.is_none_or(|byte| kept[at as usize] == byte), "{at}");
        }
    }
}

/// A ledger that stores every sequence number, and computes each count anew for a report.
struct Naive {
    window: u64,
    ahead_max: u64,
    /// The run, and whether it carries a file.
    run: Option<(u64, bool)>,
    /// The datagrams and their sequence numbers (0 for none), in order of arrival.
    arrivals: Vec<(Arrival, u64)>,
    /// Arrival time, sending time and length of the datagrams received.
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
            arrivals: Vec::new(),
            received: Vec::new(),
            sent: None,
        }
    }

    fn numbers(&self) -> impl Iterator<Item = u64> {
        let came = |arrival: Arrival| matches!(arrival, Arrival::Received | Arrival::Reordered);
        self.arrivals.iter().filter(move |(arrival, _)| came(*arrival)).map(|(_, number)| *number)
    }

    /// `NextExp` of RFC 4737.
    fn next(&self) -> u64 {
        self.numbers().max().map_or(0, |newest| newest + 1)
    }

    fn receive(&mut self, bytes: &[u8], now: u64) -> Arrival {
        let (arrival, sequence) = match Datagram::decode(bytes) {
            Err(DecodeError::Short) => (Arrival::Short, 0),
            Err(DecodeError::Foreign) => (Arrival::Foreign, 0),
            Ok(datagram) => (self.judge(&datagram), datagram.sequence),
        };
        if let (Arrival::Received | Arrival::Reordered, Ok(datagram)) =
            (arrival, Datagram::decode(bytes))
        {
            self.received.push((now, datagram.time_ns, bytes.len() as u64));
        }
        self.arrivals.push((arrival, sequence));
        arrival
    }

    fn judge(&mut self, datagram: &Datagram<'_>) -> Arrival {
        let own = (datagram.run, matches!(datagram.kind, Kind::Part | Kind::FileEnd));
        match self.run {
            Some((run, _)) if run != own.0 => return Arrival::OtherRun,
            Some(run) if run != own => return Arrival::Implausible,
            _ => {}
        }
        let arrival = self.judge_own(datagram);
        if arrival != Arrival::Implausible {
            self.run = Some(own);
        }
        arrival
    }

    fn judge_own(&mut self, datagram: &Datagram<'_>) -> Arrival {
        let (sequence, next) = (datagram.sequence, self.next());
        if sequence > next.saturating_add(self.ahead_max) {
            return Arrival::Implausible;
        }
        let is_end = matches!(datagram.kind, Kind::End | Kind::FileEnd);
        match (is_end, self.sent) {
            (true, Some(sent)) if sent != sequence => Arrival::Implausible,
            (true, _) if sequence < next => Arrival::Implausible,
            (true, _) => {
                self.sent = Some(sequence);
                Arrival::End
            }
            (false, Some(sent)) if sequence >= sent => Arrival::Implausible,
            (false, _) if sequence >= next => Arrival::Received,
            (false, _) if sequence + self.window < next => Arrival::Late,
            (false, _) if self.numbers().any(|number| number == sequence) => Arrival::Duplicate,
            (false, _) => Arrival::Reordered,
        }
    }

    fn report(&self) -> Report {
        let of =
            |wanted: Arrival| self.arrivals.iter().filter(move |(arrival, _)| *arrival == wanted);
        let count = |wanted: Arrival| of(wanted).count() as u64;
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
            duplicated: count(Arrival::Duplicate),
            reordered: count(Arrival::Reordered),
            late: count(Arrival::Late),
            short: count(Arrival::Short),
            foreign: count(Arrival::Foreign),
            other_run: count(Arrival::OtherRun),
            implausible: count(Arrival::Implausible),
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
