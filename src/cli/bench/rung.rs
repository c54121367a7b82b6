//! The rungs of the ladder, and what was measured on each.

use super::{compute, machine, wire};
use std::time::{Duration, Instant};
use wirewright::transfer::sender::CHUNK_BYTES;

/// What a rung may be held against.
#[derive(Debug, Clone)]
pub enum Limit {
    /// Nothing: it is a limit itself.
    None,
    /// A share of another rung.
    Share(&'static str, f64),
    /// What other rungs give one after the other: 1 / Σ(1/rate).
    Series(&'static [&'static str]),
}

/// One rung.
#[derive(Debug, Clone)]
pub struct Rung {
    pub name: &'static str,
    /// What it does, in a few words.
    pub what: &'static str,
    pub limit: Limit,
    /// Moves bytes once and says how many of FILE; an error if it did not.
    pub run: fn(&Setup) -> Result<u64, String>,
    /// Fails if [`run`](Rung::run) does not do what it says.
    pub check: fn(&Setup) -> Result<(), String>,
}

/// What base64 leaves of a wire.
const OF_THE_WIRE: f64 = 0.75;

/// All rungs, from the bottom.
pub fn ladder() -> Vec<Rung> {
    let wire = |of| Limit::Share(of, OF_THE_WIRE);
    let rung = |name, what, limit, run, check| Rung { name, what, limit, run, check };
    vec![
        rung("copy", "memory copy, in cache", Limit::None, compute::copy, compute::check_copy),
        rung(
            "base64-encode",
            "the kernel alone",
            Limit::None,
            compute::encode,
            compute::check_encode,
        ),
        rung(
            "base64-decode",
            "the kernel alone",
            Limit::None,
            compute::decode,
            compute::check_decode,
        ),
        rung(
            "search",
            "the end of a run (memchr2)",
            Limit::None,
            compute::search,
            compute::check_search,
        ),
        rung(
            "envelope-encode",
            "a whole object",
            Limit::Series(&["base64-encode"]),
            compute::envelope_encode,
            compute::check_envelope_encode,
        ),
        rung(
            "envelope-decode",
            "a whole object",
            Limit::Series(&["base64-decode", "search"]),
            compute::envelope_decode,
            compute::check_envelope_decode,
        ),
        rung("crc32", "of each chunk", Limit::None, compute::crc32, compute::check_crc32),
        rung("blake3", "of the whole file", Limit::None, compute::blake3, compute::check_blake3),
        rung(
            "session",
            "client and server in memory, no digest",
            Limit::Series(&["envelope-encode", "crc32", "envelope-decode", "crc32"]),
            wire::session,
            wire::check_session,
        ),
        rung(
            "loopback-raw",
            "bytes over TCP, best of a sweep",
            Limit::None,
            wire::raw,
            wire::check_raw,
        ),
        rung(
            "loopback",
            "framed, memory to memory, no digest",
            wire("loopback-raw"),
            wire::framed,
            wire::check_framed,
        ),
        rung(
            "loopback-blake3",
            "the same, with the default digest",
            wire("loopback-raw"),
            wire::framed_blake3,
            wire::check_framed,
        ),
        rung(
            "get-null",
            "file in page cache to /dev/null, no digest",
            wire("loopback-raw"),
            wire::get_null,
            wire::check_get,
        ),
        rung(
            "file",
            "file to file, blake3, not synced",
            wire("loopback-raw"),
            wire::get_file,
            wire::check_get,
        ),
        rung(
            "file-durable",
            "the same, fsynced: the defaults",
            wire("loopback-raw"),
            wire::get_durable,
            wire::check_get,
        ),
        rung(
            "classic",
            "unframed, memory to memory",
            wire("loopback-raw"),
            wire::classic,
            wire::check_classic,
        ),
        rung(
            "copy-again",
            "the first rung once more: noise",
            Limit::Share("copy", 1.0),
            compute::copy,
            compute::check_copy,
        ),
    ]
}

/// What the rungs are measured with.
pub struct Setup {
    /// How many bytes of FILE a rung with a wire moves at a time.
    pub size: u64,
    /// How long a rung runs in each round.
    pub slice: Duration,
    /// Random bytes: a whole number of chunks.
    pub block: Vec<u8>,
    pub raw: wire::RawSizes,
    pub folder: tempdir::Folder,
}

use super::machine::tempdir;

/// How long the block of random bytes is, in chunks.
const BLOCK_CHUNKS: usize = 21;

impl Setup {
    pub fn new(size: u64, slice: Duration) -> Result<Setup, String> {
        let block = machine::random(CHUNK_BYTES * BLOCK_CHUNKS);
        let folder = tempdir::Folder::new()?;
        let raw = wire::RawSizes::sweep(size.min(256 << 20))?;
        Ok(Setup { size, slice, block, raw, folder })
    }

    /// One chunk of the block.
    pub fn chunk(&self) -> &[u8] {
        &self.block[..CHUNK_BYTES]
    }
}

/// What was measured on a rung.
pub struct Figure {
    pub rung: Rung,
    /// Bytes of FILE a second in units of 10⁹, one for each round.
    pub rates: Vec<f64>,
    /// Processor seconds for 10⁹ bytes of FILE, of the whole process.
    pub processor: Vec<f64>,
    pub peak_rss: u64,
}

impl Figure {
    pub fn new(rung: &Rung) -> Figure {
        Figure { rung: rung.clone(), rates: Vec::new(), processor: Vec::new(), peak_rss: 0 }
    }

    pub fn check(&self, setup: &Setup) -> Result<(), String> {
        (self.rung.check)(setup)
    }

    /// One round: runs until the slice is over.
    pub fn measure(&mut self, setup: &Setup) -> Result<(), String> {
        machine::reset_peak();
        let before = machine::processor_time();
        let (began, mut bytes) = (Instant::now(), 0);
        while bytes == 0 || began.elapsed() < setup.slice {
            let moved = (self.rung.run)(setup)?;
            if moved == 0 {
                return Err("it moved nothing".to_owned());
            }
            bytes += moved;
        }
        self.rates.push(super::gb_per_s(bytes, began.elapsed()));
        let spent = machine::processor_time().saturating_sub(before);
        self.processor.push(spent.as_secs_f64() / (bytes as f64 / 1e9));
        self.peak_rss = self.peak_rss.max(machine::peak_rss());
        Ok(())
    }

    pub fn median(&self) -> Option<f64> {
        median(&self.rates)
    }
}

/// The middle of some numbers.
pub fn median(numbers: &[f64]) -> Option<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len().checked_sub(1)? / 2;
    let (low, high) = (sorted[middle], sorted[sorted.len() / 2]);
    Some((low + high) / 2.0)
}

/// What the limit of a rung comes to, in units of 10⁹ bytes a second.
pub fn limit(figures: &[Figure], limit: &Limit) -> Option<f64> {
    let rate = |name: &str| figures.iter().find(|f| f.rung.name == name)?.median();
    match limit {
        Limit::None => None,
        Limit::Share(of, share) => rate(of).map(|rate| rate * share),
        Limit::Series(parts) => {
            let each: Option<Vec<f64>> = parts.iter().map(|part| rate(part)).collect();
            each.map(|rates| 1.0 / rates.iter().map(|rate| 1.0 / rate).sum::<f64>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0]), Some(2.5));
    }

    #[test]
    fn limits_name_rungs_that_are_there() {
        let all = ladder();
        for rung in &all {
            let parts: Vec<&str> = match &rung.limit {
                Limit::None => vec![],
                Limit::Share(of, _) => vec![of],
                Limit::Series(parts) => parts.to_vec(),
            };
            assert!(parts.iter().all(|part| all.iter().any(|r| r.name == *part)), "{}", rung.name);
        }
    }
}
