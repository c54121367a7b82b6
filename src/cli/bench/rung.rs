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
    let mut all = in_cache();
    all.extend(on_the_wire());
    let again = Limit::Share("copy", 1.0);
    let what = "the first rung once more: noise";
    all.push(Rung { limit: again, ..free("copy-again", what, compute::copy, compute::check_copy) });
    all
}

type Run = fn(&Setup) -> Result<u64, String>;
type Check = fn(&Setup) -> Result<(), String>;

/// A rung that is a limit itself.
fn free(name: &'static str, what: &'static str, run: Run, check: Check) -> Rung {
    Rung { name, what, limit: Limit::None, run, check }
}

/// A rung that can be as fast as others give one after the other.
fn series(
    name: &'static str,
    what: &'static str,
    parts: &'static [&'static str],
    run: Run,
    check: Check,
) -> Rung {
    Rung { limit: Limit::Series(parts), ..free(name, what, run, check) }
}

/// A rung that can be as fast as the wire, less what base64 takes of it.
fn wired(name: &'static str, what: &'static str, run: Run, check: Check) -> Rung {
    Rung { limit: Limit::Share("loopback-raw", OF_THE_WIRE), ..free(name, what, run, check) }
}

fn in_cache() -> Vec<Rung> {
    use compute::{
        check_blake3, check_copy, check_crc32, check_decode, check_encode, check_envelope_decode,
        check_envelope_encode, check_search,
    };
    let encode = &["base64-encode"];
    let decode = &["base64-decode", "search"];
    vec![
        free("copy", "memory copy, in cache", compute::copy, check_copy),
        free("base64-encode", "the kernel alone", compute::encode, check_encode),
        free("base64-decode", "the kernel alone", compute::decode, check_decode),
        free("search", "the end of a run (memchr2)", compute::search, check_search),
        series(
            "envelope-encode",
            "a whole object",
            encode,
            compute::envelope_encode,
            check_envelope_encode,
        ),
        series(
            "envelope-decode",
            "a whole object",
            decode,
            compute::envelope_decode,
            check_envelope_decode,
        ),
        free("crc32", "of each chunk", compute::crc32, check_crc32),
        free("blake3", "of the whole file", compute::blake3, check_blake3),
    ]
}

fn on_the_wire() -> Vec<Rung> {
    use wire::{check_classic, check_framed, check_get, check_raw, check_session};
    let both = &["envelope-encode", "crc32", "envelope-decode", "crc32"];
    vec![
        series("session", "client and server in memory", both, wire::session, check_session),
        free("loopback-raw", "bytes over TCP, best of a sweep", wire::raw, check_raw),
        wired("loopback", "framed, memory to memory, no digest", wire::framed, check_framed),
        wired("loopback-blake3", "the same, default digest", wire::framed_blake3, check_framed),
        wired("get-null", "cached file to /dev/null, no digest", wire::get_null, check_get),
        wired("file", "file to file, blake3, not synced", wire::get_file, check_get),
        wired("file-durable", "the same, fsynced: the defaults", wire::get_durable, check_get),
        wired("classic", "unframed, memory to memory", wire::classic, check_classic),
    ]
}

/// What the rungs are measured with.
pub struct Setup {
    /// How many bytes of FILE a rung with a wire moves at a time.
    pub size: u64,
    /// Over how many connections the framed rungs from memory move it, each with its share.
    pub connections: usize,
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
    pub fn new(size: u64, connections: usize, slice: Duration) -> Result<Setup, String> {
        let block = machine::random(CHUNK_BYTES * BLOCK_CHUNKS);
        let folder = tempdir::Folder::new()?;
        let raw = wire::RawSizes::sweep(size.min(256 << 20))?;
        Ok(Setup { size, connections, slice, block, raw, folder })
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
