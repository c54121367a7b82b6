//! A rung of the ladder, and its figures.
//!
//! ```text
//!   check ─▶ five rounds of: run, run, … until the slice is over ─▶ min, median, max
//!                            └─ bytes, processor time of each side, peak of memory
//! ```

use super::bytes::{Compared, discard};
use super::machine::{self, Ticks};
use super::setup::Setup;
use super::sides;
use super::verdict::Load;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wirewright::net::files::{Destination, SinkFn};

/// The limit that a rung is compared with.
#[derive(Debug, Clone, Copy)]
pub enum Limit {
    /// The rung has no limit.
    None,
    /// A share of another rung.
    Share(&'static str, f64),
    /// Other rungs in series: 1 / Σ(1/rate).
    Series(&'static [&'static str]),
}

impl Limit {
    /// The rungs that make up the limit.
    pub fn parts(&self) -> &[&'static str] {
        match self {
            Limit::None => &[],
            Limit::Share(of, _) => std::slice::from_ref(of),
            Limit::Series(parts) => parts,
        }
    }

    /// The rate of the limit, where the other rungs have these rates.
    pub fn of(&self, rate: impl Fn(&str) -> Option<f64>) -> Option<f64> {
        match self {
            Limit::None => None,
            Limit::Share(of, share) => rate(of).map(|rate| rate * share),
            Limit::Series(parts) => {
                let each: Option<Vec<f64>> = parts.iter().map(|part| rate(part)).collect();
                each.map(|rates| 1.0 / rates.iter().map(|rate| 1.0 / rate).sum::<f64>())
            }
        }
    }

    /// The processor seconds of the limit for 10⁹ bytes of FILE, where the other rungs have these
    /// costs.
    pub fn cost_of(&self, cost: impl Fn(&str) -> Option<f64>) -> Option<f64> {
        match self {
            Limit::None => None,
            Limit::Share(of, share) => cost(of).map(|cost| cost / share),
            Limit::Series(parts) => parts.iter().map(|part| cost(part)).sum(),
        }
    }
}

/// The medium of a rung. Rates in one medium can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// From cache to cache, in one thread.
    Cache,
    /// Through a socket.
    Wire,
}

/// The outcome of one run of a rung.
#[derive(Debug, Clone, Copy)]
pub struct Moved {
    /// Bytes of FILE that arrived.
    pub bytes: u64,
    /// Processor time of the sending side, where it can be told apart. The rest of the process is
    /// the receiving side.
    pub sender: Option<Duration>,
}

impl Moved {
    /// Bytes that a single thread moved.
    pub fn alone(bytes: u64) -> Moved {
        Moved { bytes, sender: None }
    }
}

/// One run of a rung: the bytes to send, and the comparison of the received bytes.
pub struct Transfer<'a> {
    pub setup: &'a Setup,
    /// The bytes that are sent repeatedly.
    pub block: &'a Arc<[u8]>,
    /// How many bytes of FILE are moved.
    pub size: u64,
    /// Compares the received bytes; `None` in the timed part.
    pub compared: Option<Arc<Compared>>,
}

impl<'a> Transfer<'a> {
    /// A run that is timed.
    pub fn timed(setup: &'a Setup, block: &'a Arc<[u8]>) -> Transfer<'a> {
        Transfer { setup, block, size: setup.size, compared: None }
    }

    /// A run whose bytes are compared with those that are expected.
    pub fn check(
        setup: &'a Setup,
        block: &'a Arc<[u8]>,
        expected: &Arc<[u8]>,
        size: u64,
    ) -> Transfer<'a> {
        Transfer { setup, block, size, compared: Some(Compared::new(expected)) }
    }

    /// A sink for the received bytes.
    pub fn sink(&self) -> SinkFn {
        self.compared.as_ref().map_or_else(discard, Compared::sink)
    }

    pub fn destination(&self) -> Destination {
        Destination::Function(self.sink())
    }
}

/// Moves bytes once, or fails.
pub type Run = fn(&Transfer<'_>) -> Result<Moved, String>;

/// How a rung is checked before it is timed.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// Two blocks and a few bytes more are moved, and compared with what was sent.
    Bytes,
    /// The rung receives no bytes, so its result is compared in another way.
    Own(fn(&Setup) -> Result<(), String>),
}

/// One rung.
#[derive(Debug, Clone, Copy)]
pub struct Rung {
    pub name: &'static str,
    /// A short description.
    pub what: &'static str,
    pub place: Place,
    /// The block that is sent.
    pub block: fn(&Setup) -> &Arc<[u8]>,
    pub limit: Limit,
    pub run: Run,
    pub check: Check,
}

impl Rung {
    /// Fails if the rung does not move the right bytes.
    pub fn check(&self, setup: &Setup) -> Result<(), String> {
        match self.check {
            Check::Bytes => self.compare(setup, (self.block)(setup)),
            Check::Own(check) => check(setup),
        }
    }

    fn compare(&self, setup: &Setup, expected: &Arc<[u8]>) -> Result<(), String> {
        let block = (self.block)(setup);
        let transfer = Transfer::check(setup, block, expected, block.len() as u64 * 2 + 7);
        let moved = (self.run)(&transfer)?;
        transfer.compared.map_or(Ok(()), |compared| compared.verdict(moved.bytes))
    }
}

/// The figures of a rung, one value for each round.
pub struct Figure {
    pub rung: Rung,
    /// Bytes of FILE a second in units of 10⁹.
    pub rates: Vec<f64>,
    /// Processor seconds of the sender for 10⁹ bytes of FILE; empty where there are no two sides.
    pub sender: Vec<f64>,
    /// Processor seconds of the receiver for 10⁹ bytes of FILE, or of both sides where they cannot
    /// be told apart.
    pub receiver: Vec<f64>,
    /// Processor time of other processes in the same time.
    pub load: Load,
    pub peak_rss: u64,
}

impl Figure {
    pub fn new(rung: &Rung) -> Figure {
        let (rates, sender, receiver) = (Vec::new(), Vec::new(), Vec::new());
        Figure { rung: *rung, rates, sender, receiver, load: Load::default(), peak_rss: 0 }
    }

    /// One round: runs until the slice is over.
    pub fn measure(&mut self, setup: &Setup) -> Result<(), String> {
        machine::reset_peak();
        let ticks = Ticks::now();
        let transfer = Transfer::timed(setup, (self.rung.block)(setup));
        let (before, began) = (sides::process(), Instant::now());
        let (mut bytes, mut sender) = (0, Some(Duration::ZERO));
        while bytes == 0 || began.elapsed() < setup.slice {
            let moved = (self.rung.run)(&transfer)?;
            if moved.bytes == 0 {
                return Err("the rung moved no bytes".to_owned());
            }
            bytes += moved.bytes;
            sender = sender.zip(moved.sender).map(|(sum, more)| sum + more);
        }
        let elapsed = began.elapsed();
        let spent = sides::process().saturating_sub(before);
        self.note(bytes, elapsed, spent, sender);
        if let Some((before, now)) = ticks.zip(Ticks::now()) {
            self.load.others += now.busy_since(before).saturating_sub(spent);
            self.load.available += elapsed * machine::cores();
        }
        self.peak_rss = self.peak_rss.max(machine::peak_rss());
        Ok(())
    }

    fn note(&mut self, bytes: u64, elapsed: Duration, spent: Duration, sender: Option<Duration>) {
        let each_gb = |time: Duration| time.as_secs_f64() / (bytes as f64 / 1e9);
        self.rates.push(super::gb_per_s(bytes, elapsed));
        self.sender.extend(sender.map(each_gb));
        self.receiver.push(each_gb(spent.saturating_sub(sender.unwrap_or_default())));
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::bench::setup::tests::small;

    /// A figure with these rates and one processor second for 10⁹ bytes.
    pub fn figure(name: &'static str, limit: Limit, rates: [f64; 3]) -> Figure {
        let rung = Rung { name, limit, ..rung(|_| Ok(Moved::alone(1))) };
        Figure { rates: rates.to_vec(), receiver: vec![1.0], ..Figure::new(&rung) }
    }

    fn rung(run: Run) -> Rung {
        let (place, limit, check) = (Place::Cache, Limit::None, Check::Bytes);
        Rung { name: "x", what: "", place, block: Setup::block, limit, run, check }
    }

    #[test]
    fn doing_nothing_fails() {
        let mut figure = Figure::new(&rung(|_| Ok(Moved::alone(0))));
        assert_eq!(figure.measure(&small()), Err("the rung moved no bytes".to_owned()));
        assert!(figure.rates.is_empty());
        let mut figure = Figure::new(&rung(|_| Err("no".to_owned())));
        assert_eq!(figure.measure(&small()), Err("no".to_owned()));
    }

    #[test]
    fn other_bytes_and_none_are_noticed_on_every_rung() {
        let setup = small();
        for rung in crate::bench::ladder::ladder() {
            assert_eq!(rung.check(&setup), Ok(()), "{}", rung.name);
            let other = setup.constant();
            let other = if Arc::ptr_eq((rung.block)(&setup), other) { &setup.block } else { other };
            if matches!(rung.check, Check::Bytes) {
                assert!(rung.compare(&setup, other).is_err(), "{}", rung.name);
            }
        }
        assert!(rung(|transfer| Ok(Moved::alone(transfer.size))).check(&setup).is_err());
        assert!(rung(|_| Ok(Moved::alone(0))).check(&setup).is_err());
    }

    #[test]
    fn sides_are_apart_where_they_are_known() {
        let mut figure = Figure::new(&rung(|_| Ok(Moved::alone(1))));
        let second = Duration::from_secs(1);
        figure.note(2_000_000_000, second, 4 * second, None);
        assert_eq!((&figure.rates[..], &figure.sender[..]), (&[2.0][..], &[][..]));
        figure.note(2_000_000_000, second, 4 * second, Some(second));
        assert_eq!((&figure.sender[..], &figure.receiver[..]), (&[0.5][..], &[2.0, 1.5][..]));
    }

    #[test]
    fn limits() {
        let rate = |name: &str| match name {
            "a" => Some(2.0),
            "b" => Some(4.0),
            _ => None,
        };
        assert_eq!(Limit::None.of(rate), None);
        assert_eq!(Limit::Share("b", 0.75).of(rate), Some(3.0));
        assert_eq!(Limit::Series(&["a", "b", "b"]).of(rate), Some(1.0));
        assert_eq!(Limit::Series(&["a", "c"]).of(rate), None);
        assert_eq!(Limit::None.cost_of(rate), None);
        assert_eq!(Limit::Share("a", 0.5).cost_of(rate), Some(4.0));
        assert_eq!(Limit::Series(&["a", "b", "b"]).cost_of(rate), Some(10.0));
        assert_eq!(Limit::Series(&["a", "c"]).cost_of(rate), None);
    }
}
