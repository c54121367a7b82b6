//! The text of the progress line, as a function of the counts and the time.
//!
//! ```text
//!   waiting  ─▶  12.0 MiB of 48.0 MiB  25%  6.0 MiB/s  ETA 6s  ─▶  48.0 MiB, verifying
//!                12.0 MiB  6.0 MiB/s                                (the length is not known)
//!                12.0 MiB of 48.0 MiB  25%  stalled for 4s
//! ```
//!
//! There is no percentage without a known length. The rate is that of the last seconds. Bytes of an
//! earlier run count as done, but not in the rate.

use super::report::size;
use std::collections::VecDeque;
use std::time::Duration;
use wirewright::net::Activity;

/// Over how much time the rate is taken.
const WINDOW: Duration = Duration::from_secs(5);

/// After so long without a byte a transfer is called stalled.
const STALLED_AFTER: Duration = Duration::from_secs(3);

/// The shortest time from which a rate is taken.
const RATE_AFTER: Duration = Duration::from_millis(500);

/// The longest ETA that is shown: beyond it the rate says enough.
const ETA_MAX: Duration = Duration::from_secs(100 * 3600);

/// How much of the window one sample stands for.
const SAMPLE: Duration = Duration::from_millis(100);

/// The counts at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Bytes that travelled in this run.
    pub moved: u64,
    /// Bytes that an earlier run had left.
    pub kept: u64,
    /// Bytes in all, where that is known.
    pub total: Option<u64>,
    /// What is waited for.
    pub activity: Activity,
}

/// How many bytes are taken for sending at a time at least, where the rate is limited.
const PIECE_BYTES: u64 = 4096;

/// The recent rate of a transfer.
#[derive(Debug)]
pub struct Pace {
    stalled_after: Duration,
    /// When, and how many bytes had travelled by then. The first one is older than the window,
    /// where there is one that old.
    samples: VecDeque<(Duration, u64)>,
    /// When the last byte came.
    last_byte: Duration,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace::limited(None)
    }
}

impl Pace {
    /// The beginning of a transfer, limited to `rate` bytes a second. For a rate-limited transfer
    /// the stall timeout is at least the time that one piece takes.
    pub fn limited(rate: Option<u64>) -> Pace {
        let piece = rate.map_or(0, |rate| 2 * PIECE_BYTES / rate.max(1));
        let stalled_after = STALLED_AFTER.max(Duration::from_secs(piece));
        Pace { stalled_after, samples: VecDeque::new(), last_byte: Duration::ZERO }
    }

    /// At `now`, counted from the beginning, `moved` bytes have travelled.
    pub fn record(&mut self, now: Duration, moved: u64) {
        let last = self.samples.back().copied();
        if last.is_none_or(|(_, before)| before != moved) {
            self.last_byte = now;
        }
        if last.is_none_or(|(then, _)| now >= then + SAMPLE) {
            self.samples.push_back((now, moved));
        } else if let Some(last) = self.samples.back_mut() {
            last.1 = moved;
        }
        while self.samples.get(1).is_some_and(|(then, _)| *then + WINDOW <= now) {
            self.samples.pop_front();
        }
    }

    /// Bytes a second over the window; `None` where too little time has passed to say.
    fn rate(&self, now: Duration) -> Option<f64> {
        let (first, last) = (self.samples.front()?, self.samples.back()?);
        let span = now.saturating_sub(first.0);
        (span >= RATE_AFTER).then(|| (last.1 - first.1) as f64 / span.as_secs_f64())
    }

    /// For how long no byte has come, where that is long.
    fn stalled(&self, now: Duration) -> Option<Duration> {
        let idle = now.saturating_sub(self.last_byte);
        (idle >= self.stalled_after).then_some(idle)
    }
}

/// The numbers of the line, without what stands before them.
pub fn numbers(counts: &Counts, pace: &Pace, now: Duration) -> String {
    let done = counts.moved + counts.kept;
    let ended = match counts.activity {
        Activity::Moving if counts.total.is_some_and(|total| done >= total) => Some("finishing"),
        Activity::Moving => None,
        Activity::Waiting => Some("waiting"),
        Activity::Verifying => Some("verifying"),
        Activity::Storing => Some("storing"),
        Activity::AwaitingServer => Some("waiting for the server to store it"),
    };
    match ended {
        Some(activity) if done == 0 => activity.to_owned(),
        Some(activity) => format!("{}, {activity}", size(done)),
        None if counts.moved == 0 => "waiting".to_owned(),
        None => moving(done, counts, pace, now),
    }
}

fn moving(done: u64, counts: &Counts, pace: &Pace, now: Duration) -> String {
    let mut text = match counts.total {
        Some(total) => {
            let percent = (done as f64 / total as f64 * 100.0) as u64;
            format!("{} of {} {percent:>2}%", size(done), size(total))
        }
        None => size(done),
    };
    if let Some(idle) = pace.stalled(now) {
        return text + &format!(" stalled for {}s", idle.as_secs());
    }
    let Some(rate) = pace.rate(now) else { return text };
    text += &format!(" {}/s", size(rate as u64));
    let left = counts.total.map(|total| (total - done) as f64 / rate);
    let eta = left.and_then(|left| Duration::try_from_secs_f64(left.ceil()).ok());
    if let Some(eta) = eta.filter(|eta| *eta <= ETA_MAX) {
        text += &format!(" ETA {}", span(eta));
    }
    text
}

/// A span of time for people: `6s`, `3m12s`, `2h05m`.
pub fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn at(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn counts(moved: u64, kept: u64, total: Option<u64>) -> Counts {
        Counts { moved, kept, total, activity: Activity::Moving }
    }

    /// A transfer that moved `per_second` bytes from 0 s to `until`.
    fn steady(per_second: u64, until: f64) -> Pace {
        let mut pace = Pace::default();
        let steps = (until * 10.0) as u64;
        (0..=steps).for_each(|n| pace.record(at(n as f64 / 10.0), per_second * n / 10));
        pace
    }

    #[test]
    fn before_the_first_byte_it_waits() {
        let pace = Pace::default();
        for total in [None, Some(0), Some(5 * MIB)] {
            let waiting = Counts { activity: Activity::Waiting, ..counts(0, 0, total) };
            assert_eq!(numbers(&waiting, &pace, at(9.0)), "waiting", "{total:?}");
        }
        assert_eq!(numbers(&counts(0, 0, Some(MIB)), &pace, at(0.0)), "waiting");
        // What an earlier run left is no progress of this one.
        assert_eq!(numbers(&counts(0, MIB, Some(2 * MIB)), &pace, at(1.0)), "waiting");
        assert_eq!(numbers(&counts(0, 0, Some(0)), &pace, at(1.0)), "finishing");
    }

    #[test]
    fn a_known_length_has_a_percentage_and_an_eta() {
        let pace = steady(6 * MIB, 2.0);
        let shown = numbers(&counts(12 * MIB, 0, Some(48 * MIB)), &pace, at(2.0));
        assert_eq!(shown, "12.0 MiB of 48.0 MiB 25% 6.0 MiB/s ETA 6s");
        let resumed = numbers(&counts(12 * MIB, 24 * MIB, Some(48 * MIB)), &pace, at(2.0));
        assert_eq!(resumed, "36.0 MiB of 48.0 MiB 75% 6.0 MiB/s ETA 2s");
    }

    #[test]
    fn an_unknown_length_has_neither() {
        let pace = steady(6 * MIB, 2.0);
        assert_eq!(numbers(&counts(12 * MIB, 0, None), &pace, at(2.0)), "12.0 MiB 6.0 MiB/s");
    }

    #[test]
    fn it_is_never_a_hundred_percent_before_the_end() {
        let pace = steady(MIB, 3.0);
        let shown = numbers(&counts(3 * MIB - 1, 0, Some(3 * MIB)), &pace, at(3.0));
        assert!(shown.starts_with("3.0 MiB of 3.0 MiB 99%"), "{shown}");
        assert_eq!(
            numbers(&counts(3 * MIB, 0, Some(3 * MIB)), &pace, at(3.0)),
            "3.0 MiB, finishing"
        );
    }

    #[test]
    fn the_rate_is_of_the_last_seconds() {
        let mut pace = steady(100 * MIB, 10.0);
        let moved = 1000 * MIB;
        (1..=100).for_each(|n| pace.record(at(10.0 + n as f64 / 10.0), moved + n * MIB / 10));
        let shown = numbers(&counts(moved + 10 * MIB, 0, None), &pace, at(20.0));
        assert_eq!(shown, "1010.0 MiB 1.0 MiB/s");
    }

    #[test]
    fn a_limit_of_our_own_is_no_stall() {
        for (rate, stalled_at) in [(None, 3), (Some(1 << 20), 3), (Some(1024), 8), (Some(1), 8192)]
        {
            let mut pace = Pace::limited(rate);
            pace.record(Duration::ZERO, 4096);
            let at = Duration::from_secs(stalled_at);
            assert_eq!(pace.stalled(at - Duration::from_millis(1)), None, "{rate:?}");
            assert_eq!(pace.stalled(at), Some(at), "{rate:?}");
        }
    }

    #[test]
    fn a_stall_is_said_and_ends() {
        let mut pace = steady(MIB, 2.0);
        let stalled = counts(2 * MIB, 0, Some(4 * MIB));
        pace.record(at(4.9), 2 * MIB);
        assert!(numbers(&stalled, &pace, at(4.9)).contains("/s"));
        pace.record(at(5.0), 2 * MIB);
        assert_eq!(numbers(&stalled, &pace, at(5.0)), "2.0 MiB of 4.0 MiB 50% stalled for 3s");
        pace.record(at(64.0), 2 * MIB);
        assert!(numbers(&stalled, &pace, at(64.0)).ends_with("stalled for 62s"));
        pace.record(at(64.1), 3 * MIB);
        let shown = numbers(&counts(3 * MIB, 0, Some(4 * MIB)), &pace, at(64.1));
        assert!(!shown.contains("stalled"), "{shown}");
    }

    #[test]
    fn too_slow_for_an_eta_shows_none() {
        let pace = steady(1, 4.0);
        let shown = numbers(&counts(4, 0, Some(1 << 50)), &pace, at(4.0));
        assert_eq!(shown, "4 B of 1024.0 TiB  0% 1 B/s".replace("1024.0 TiB", "1.0 PiB"));
    }

    #[test]
    fn after_the_last_byte_it_says_what_is_waited_for() {
        let pace = steady(MIB, 3.0);
        for (activity, text) in [
            (Activity::Verifying, "3.0 MiB, verifying"),
            (Activity::Storing, "3.0 MiB, storing"),
            (Activity::AwaitingServer, "3.0 MiB, waiting for the server to store it"),
            (Activity::Waiting, "3.0 MiB, waiting"),
        ] {
            let counts = Counts { activity, ..counts(3 * MIB, 0, Some(3 * MIB)) };
            assert_eq!(numbers(&counts, &pace, at(3.0)), text);
        }
    }

    #[test]
    fn spans_for_people() {
        for (seconds, text) in [(0, "0s"), (59, "59s"), (192, "3m12s"), (7500, "2h05m")] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }
}
