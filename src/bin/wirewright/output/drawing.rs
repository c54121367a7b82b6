//! Progress, drawn on stderr while a call of the library runs.
//!
//! ```text
//!   the call ─▶ Meter ◀─ every 100 ms ─ a thread ─▶ one line on stderr
//! ```
//!
//! A line is drawn if stderr is a terminal, and erased at the end. [`progress`](super::progress)
//! makes its text.

use super::progress::{Counts, Pace, numbers, span};
use crate::args::Common;
use indicatif::{ProgressBar, ProgressStyle, WeakProgressBar};
use std::io::{self, IsTerminal as _};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use wirewright::net::{Activity, Meter, RunOptions};
use wirewright::text::escape;

/// How often progress is drawn anew.
const DRAW_EVERY: Duration = Duration::from_millis(100);

/// How many names of files in flight are shown.
const NAMES_SHOWN: usize = 3;

// ---- one line --------------------------------------------------------------------------------

/// The line that is drawn now, if one is.
static DRAWN: Mutex<Option<WeakProgressBar>> = Mutex::new(None);

/// Writes something on stderr, above the line that is drawn there.
pub fn above(write: impl FnOnce()) {
    let drawn = DRAWN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match drawn.and_then(|bar| bar.upgrade()) {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

/// One line on stderr that is drawn over and over, and wiped away when it is finished or dropped.
#[derive(Debug)]
pub struct Line(Option<ProgressBar>);

impl Line {
    /// Nothing is ever drawn unless `enabled`, and stderr is a terminal.
    pub fn new(enabled: bool) -> Line {
        if !enabled || !io::stderr().is_terminal() {
            return Line(None);
        }
        let bar = ProgressBar::no_length();
        let style = ProgressStyle::with_template("{wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        *DRAWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar.downgrade());
        Line(Some(bar))
    }

    /// Whether anything is drawn.
    pub fn is_drawn(&self) -> bool {
        self.0.is_some()
    }

    /// Draws this text in place of what stood there.
    pub fn show(&self, text: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(escape(text));
            bar.tick();
        }
    }

    /// Wipes the line away.
    pub fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// Counts the steps of a measurement: `bench: 3 of 24 rungs, 12s`.
#[derive(Debug)]
pub struct Steps {
    line: Line,
    what: &'static str,
    count: usize,
    unit: &'static str,
    since: Instant,
}

impl Steps {
    /// `count` steps, each of which is a `unit`, are to come.
    pub fn new(what: &'static str, count: usize, unit: &'static str, enabled: bool) -> Steps {
        let steps = Steps { line: Line::new(enabled), what, count, unit, since: Instant::now() };
        steps.done(0);
        steps
    }

    /// So many steps are done.
    pub fn done(&self, done: usize) {
        let elapsed = span(self.since.elapsed());
        let (what, count, unit) = (self.what, self.count, self.unit);
        self.line.show(&format!("{what}: {done} of {count} {unit}, {elapsed}"));
    }

    /// Wipes the line away.
    pub fn finish(&self) {
        self.line.finish();
    }
}

/// How far a file has been read by the thread that draws.
#[derive(Debug)]
pub struct Gauge {
    line: Line,
    name: String,
    total: Option<u64>,
    pace: Pace,
    began: Instant,
    next: Duration,
}

impl Gauge {
    /// At the beginning of a file of `total` bytes.
    pub fn new(name: &str, total: Option<u64>, enabled: bool) -> Gauge {
        Gauge {
            line: Line::new(enabled),
            name: name.to_owned(),
            total,
            pace: Pace::default(),
            began: Instant::now(),
            next: Duration::ZERO,
        }
    }

    /// So many bytes are read.
    pub fn set(&mut self, moved: u64) {
        let now = self.began.elapsed();
        if !self.line.is_drawn() || now < self.next {
            return;
        }
        self.next = now + DRAW_EVERY;
        self.pace.record(now, moved);
        let counts = Counts { moved, kept: 0, total: self.total, activity: Activity::Moving };
        self.line.show(&format!("{} {}", self.name, numbers(&counts, &self.pace, now)));
    }

    /// Wipes the line away.
    pub fn finish(&self) {
        self.line.finish();
    }
}

// ---- a meter ---------------------------------------------------------------------------------

/// The text in front of the numbers.
#[derive(Debug, Clone)]
pub enum Label {
    /// The files in flight, or these words where there is none.
    Words(String),
    /// How many files of `count` have ended, and those in flight. The total of bytes is shown once
    /// every file has begun; before that it is unknown. `before` files had ended earlier.
    Files { count: usize, before: u64 },
    /// How many of the files of a transfer have ended, as soon as their number is known; it is 0
    /// before that. Files are sized as they begin, so the bytes of several have no total.
    Transfer { words: String, count: Arc<AtomicUsize> },
}

impl Label {
    fn text(&self, meter: &Meter) -> String {
        let (names, count) = meter.in_flight(NAMES_SHOWN);
        let names: Vec<&str> = names.iter().map(|(name, _)| &**name).collect();
        let mut names = names.join(" ");
        if count > NAMES_SHOWN {
            names += &format!(" +{}", count - NAMES_SHOWN);
        }
        match self {
            Label::Files { count, before } => counted(meter, *count, *before, &names),
            Label::Transfer { count, .. } if count.load(Ordering::Relaxed) > 1 => {
                counted(meter, count.load(Ordering::Relaxed), 0, &names)
            }
            Label::Words(words) | Label::Transfer { words, .. } if names.is_empty() => {
                words.clone()
            }
            Label::Words(_) | Label::Transfer { .. } => names,
        }
    }

    /// How many bytes there are in all, where that is known.
    fn total(&self, meter: &Meter) -> Option<u64> {
        match self {
            Label::Transfer { count, .. } if count.load(Ordering::Relaxed) > 1 => None,
            Label::Words(_) | Label::Transfer { .. } => {
                Some(meter.total()).filter(|total| *total > 0)
            }
            Label::Files { .. } => {
                let is_known = self.left(meter) == meter.sized();
                is_known.then(|| meter.moved() + meter.kept() + meter.due())
            }
        }
    }

    /// How many files have not ended.
    fn left(&self, meter: &Meter) -> u64 {
        let Label::Files { count, before } = self else { return 0 };
        (*count as u64).saturating_sub(meter.ended().saturating_sub(*before))
    }
}

/// How many of `count` files have ended, `before` of them earlier.
fn counted(meter: &Meter, count: usize, before: u64, names: &str) -> String {
    let number = |number: u64, what: &str| match number {
        0 => String::new(),
        number => format!(", {number} {what}"),
    };
    let failed = number(meter.failed(), "failed");
    let postponed = number(meter.postponed(), "to try again");
    let ended = meter.ended().saturating_sub(before);
    let plural = if count == 1 { "" } else { "s" };
    format!("{ended} of {count} file{plural}{failed}{postponed} {names}")
}

/// Draws how far a meter is, until it is dropped.
pub struct Drawing {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drawing {
    /// Begins to draw, unless the arguments speak against it.
    pub fn start(run: &RunOptions, label: Label, common: &Common) -> Drawing {
        Drawing::start_if(!common.quiet && !common.is_traced(), run, label)
    }

    /// Begins to draw, where that is wanted.
    pub fn start_if(enabled: bool, run: &RunOptions, label: Label) -> Drawing {
        let done = Arc::new(AtomicBool::new(false));
        let line = Line::new(enabled);
        if !line.is_drawn() {
            return Drawing { done, thread: None };
        }
        let (ended, meter, rate) = (done.clone(), run.meter.clone(), run.limits.rate());
        let draw = move || draw(&line, &meter, rate, &label, &ended);
        // Where no thread can be had, the transfer goes on without a line.
        let thread = std::thread::Builder::new().name("progress".to_owned()).spawn(draw).ok();
        Drawing { done, thread }
    }
}

fn draw(line: &Line, meter: &Meter, rate: Option<u64>, label: &Label, ended: &AtomicBool) {
    let (began, mut pace) = (Instant::now(), Pace::limited(rate));
    while !ended.load(Ordering::Relaxed) {
        let now = began.elapsed();
        let (moved, kept, total) = (meter.moved(), meter.kept(), label.total(meter));
        pace.record(now, moved);
        let activity = match meter.activity() {
            // Some transfers (mail) count bytes without naming a file; they are not waiting.
            Activity::Waiting if moved > 0 => Activity::Moving,
            activity => activity,
        };
        let counts = Counts { moved, kept, total, activity };
        line.show(&format!("{} {}", label.text(meter), numbers(&counts, &pace, now)));
        std::thread::park_timeout(DRAW_EVERY);
    }
    line.finish();
}

impl Drop for Drawing {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // The thread only draws: if it panicked there is nothing to save.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The listing tells the number of files; before it, and for one file, the address is shown.
    #[test]
    fn a_transfer_counts_its_files_as_soon_as_their_number_is_known() {
        let (meter, count) = (Meter::default(), Arc::new(AtomicUsize::new(0)));
        let label = Label::Transfer { words: "host:1".to_owned(), count: count.clone() };
        for (known, text) in [(0, "host:1"), (1, "host:1"), (5000, "0 of 5000 files ")] {
            count.store(known, Ordering::Relaxed);
            assert_eq!((&*label.text(&meter), label.total(&meter)), (text, None), "{known}");
        }
    }
}
