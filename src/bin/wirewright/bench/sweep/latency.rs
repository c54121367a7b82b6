//! The latency of a get on an idle server, measured with an open loop.
//!
//! ```text
//!   due:    |    |    |    |    |    |       fixed times, which do not depend on answers
//!   sent:   |    |         ||||      |       late where the client was delayed
//!   done:    |    |         |||||     |      latency = done − due: the delay counts
//! ```
//!
//! A closed loop sends the next request after the answer. While the server is slow, such a loop
//! sends fewer requests and under-reports the delay (coordinated omission). All samples are kept.
//! The same bytes without reactor and protocol are measured as well; the difference is the cost of
//! the product.

use super::echo::Echo;
use super::plain_client::PlainClient;
use crate::bench::bytes::discard;
use crate::bench::result::{Measure, Point, Sweep, Unit};
use crate::bench::running::{Running, memory};
use crate::bench::setup::{ROUNDS, Setup};
use crate::bench::stats::{Spread, percentile};
use std::time::{Duration, Instant};
use wirewright::digest::DigestKind;
use wirewright::transfer::client::Event;

const FILE_BYTES: usize = 1024;

/// Requests a second, and the names of their lines: of gets, and of bare bytes.
const RATES: [(u32, [&str; 2]); 2] =
    [(1_000, ["1,000/s", "1,000/s bare"]), (10_000, ["10,000/s", "10,000/s bare"])];

const PERCENTILES: [f64; 5] = [50.0, 90.0, 99.0, 99.9, 100.0];

/// The key of the number of samples.
const SAMPLES: &str = "samples";

/// The bounds of the duration of a round. All samples are kept, so there is an upper bound.
const ROUND_MIN: Duration = Duration::from_millis(500);
const ROUND_MAX: Duration = Duration::from_secs(20);

/// How long before a due time the sleep ends; the thread spins for the rest.
const WAKE_EARLY: Duration = Duration::from_micros(150);

/// The number of unanswered requests of a connection at which a server stops reading.
const PENDING_MAX: usize = 64;

/// A round that ends this much later than its last due time has failed.
const LATE_MAX: Duration = Duration::from_secs(30);

/// Sends requests at due times, and returns the nanoseconds from due to done, unsorted.
fn ask(client: &mut PlainClient, rate: u32, count: usize) -> Result<Vec<u64>, String> {
    let began = Instant::now();
    let due = |number: usize| began + Duration::from_secs(1) / rate * number as u32;
    let over = due(count) + LATE_MAX;
    let (mut asked, mut first_id, mut samples) = (0, None, Vec::with_capacity(count));
    while samples.len() < count {
        let now = Instant::now();
        if now > over {
            return Err(format!("{} of {count} requests were answered", samples.len()));
        }
        while asked < count && due(asked) <= now && client.pending() < PENDING_MAX {
            let id = client.ask()?;
            first_id.get_or_insert(id);
            asked += 1;
        }
        if client.pending() == 0 {
            wait(due(asked));
            continue;
        }
        client.step(&mut |event| {
            if let (Event::Received { id, .. }, Some(first)) = (event, first_id) {
                let late = Instant::now() - due((id - first) as usize);
                samples.push(late.as_nanos() as u64);
            }
        })?;
    }
    Ok(samples)
}

/// As [`ask`], with bare bytes: each answer is awaited before the next request.
fn ask_echo(echo: &mut Echo, rate: u32, count: usize) -> Result<Vec<u64>, String> {
    let began = Instant::now();
    let once = |number: usize| {
        let due = began + Duration::from_secs(1) / rate * number as u32;
        wait(due);
        echo.ask()?;
        Ok((Instant::now() - due).as_nanos() as u64)
    };
    (0..count).map(once).collect()
}

/// Sleeps until shortly before a moment, then spins.
fn wait(moment: Instant) {
    let left = moment.saturating_duration_since(Instant::now());
    if left > WAKE_EARLY {
        std::thread::sleep(left - WAKE_EARLY);
    }
    while Instant::now() < moment {
        std::hint::spin_loop();
    }
}

/// The percentiles of all samples, with the spread of those of single rounds.
fn points(series: &str, rounds: &[Vec<u64>]) -> Vec<Point> {
    let sorted = |samples: &[u64]| {
        let mut sorted = samples.to_vec();
        sorted.sort_unstable();
        sorted
    };
    let (each, all): (Vec<Vec<u64>>, Vec<u64>) =
        (rounds.iter().map(|round| sorted(round)).collect(), sorted(&rounds.concat()));
    let micros = |samples: &[u64], share: f64| percentile(samples, share) as f64 / 1e3;
    let point = |hundredths: f64| {
        let share = hundredths / 100.0;
        let rounds: Vec<f64> = each.iter().map(|round| micros(round, share)).collect();
        let y = Spread { median: micros(&all, share), ..Spread::of(&rounds) };
        Point::new(series, hundredths, y)
    };
    let mut points = PERCENTILES.map(point).to_vec();
    if let Some(first) = points.first_mut() {
        first.more.insert(SAMPLES.to_owned(), all.len() as f64);
    }
    points
}

pub fn latency(setup: &Setup) -> Result<Sweep, String> {
    let round = setup.slice.clamp(ROUND_MIN, ROUND_MAX);
    sweep(setup, round)
}

fn sweep(setup: &Setup, round: Duration) -> Result<Sweep, String> {
    let block = setup.block[..FILE_BYTES].into();
    let server = Running::start(memory(&block, FILE_BYTES as u64, setup.threads))?;
    let mut client = PlainClient::connect(&server.endpoint, DigestKind::Blake3)?;
    if client.get(&discard())? != FILE_BYTES as u64 {
        return Err("the received length is wrong".to_owned());
    }
    client.no_waiting()?;
    let mut echo = Echo::start()?;
    let mut samples = RATES.map(|_| [Vec::new(), Vec::new()]);
    for _ in 0..ROUNDS {
        for ((rate, _), [gets, bare]) in RATES.iter().zip(&mut samples) {
            let count = (round.as_secs_f64() * f64::from(*rate)).ceil() as usize;
            gets.push(ask(&mut client, *rate, count)?);
            bare.push(ask_echo(&mut echo, *rate, count)?);
        }
    }
    let lines = RATES.iter().flat_map(|(_, names)| names).zip(samples.iter().flatten());
    let points = lines.flat_map(|(line, rounds)| points(line, rounds)).collect();
    let what = "one get of 1 KiB on an idle server over loopback, from when it was due to its \
                verified end; an open loop, so what was late counts as late";
    let axes =
        [("percentile of all requests", Unit::Percentile), ("microseconds", Unit::Microseconds)];
    let notes = [
        "bare: as many bytes there and back between two threads that do nothing else; what the \
         machine itself adds",
        "the client polls while it waits for an answer; min and max are those of the rounds, \
         the value is of all samples",
    ];
    Ok(Sweep {
        measures: vec![Measure::new(SAMPLES, "samples:", Unit::Count)],
        notes: notes.map(str::to_owned).to_vec(),
        ..Sweep::new("latency", what, axes, points)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::setup::tests::small;

    #[test]
    fn every_request_is_a_sample() {
        let sweep = sweep(&small(), Duration::from_millis(10)).unwrap();
        assert_eq!((sweep.points.len(), sweep.lines().len()), (20, 4));
        let counts: Vec<f64> =
            sweep.points.iter().flat_map(|point| point.more.values().copied()).collect();
        assert_eq!(counts, [50.0, 50.0, 500.0, 500.0]);
        let slowest = |point: &&Point| point.x == 100.0;
        assert!(sweep.points.iter().filter(slowest).all(|point| point.y.median > 0.0));
    }

    #[test]
    fn percentiles_are_of_all_samples_and_rounds_make_the_band() {
        let points = points("x", &[vec![3000, 1000, 2000], vec![9000, 5000, 4000]]);
        let at = |which: usize| (points[which].x, points[which].y);
        assert_eq!(at(0), (50.0, Spread { min: 2.0, median: 3.0, max: 5.0 }));
        assert_eq!(at(4), (100.0, Spread { min: 3.0, median: 9.0, max: 9.0 }));
    }

    #[test]
    fn waiting_ends_in_time() {
        let moment = Instant::now() + Duration::from_millis(2);
        wait(moment);
        assert!(Instant::now() >= moment);
        wait(moment);
    }
}
