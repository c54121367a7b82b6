//! Progress, drawn while a call of the library runs.
//!
//! ```text
//!   the call ─▶ Meter ◀─ every 100 ms ─ a thread ─▶ stderr
//! ```

use super::args::Common;
use super::report::Progress;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use wirewright::net::Meter;

/// How often progress is drawn anew.
const DRAW_EVERY: Duration = Duration::from_millis(100);

/// What stands before the numbers.
#[derive(Debug, Clone)]
pub enum Label {
    /// These words; the meter knows how many bytes there are in all.
    Words(String),
    /// How many files of `count` have ended. How long those are that have not begun, nobody knows.
    /// So many things had ended `before`.
    Files { count: usize, before: u64 },
}

impl Label {
    fn text(&self, meter: &Meter) -> String {
        match self {
            Label::Words(words) => words.clone(),
            Label::Files { count, before } => {
                format!("{}/{count} files", meter.ended().saturating_sub(*before))
            }
        }
    }
}

/// Draws how far a meter is, until it is dropped.
pub struct Drawing {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drawing {
    /// Begins to draw, unless the arguments speak against it.
    pub fn start(meter: Arc<Meter>, label: Label, common: &Common) -> Drawing {
        Drawing::start_if(!common.quiet && !common.trace, meter, label)
    }

    /// Begins to draw, where that is wanted.
    pub fn start_if(enabled: bool, meter: Arc<Meter>, label: Label) -> Drawing {
        let done = Arc::new(AtomicBool::new(false));
        let ended = done.clone();
        let draw = move || {
            let total = matches!(label, Label::Words(_)).then_some(0);
            let progress = Progress::new(total, &label.text(&meter), enabled);
            while progress.is_drawn() && !ended.load(Ordering::Relaxed) {
                match label {
                    Label::Words(_) => progress.set_total(meter.total()),
                    Label::Files { .. } => progress.set_label(&label.text(&meter)),
                }
                progress.set(meter.done());
                std::thread::park_timeout(DRAW_EVERY);
            }
            progress.finish();
        };
        // Where the system gives no thread, nothing is drawn; the work goes on.
        let thread = std::thread::Builder::new().name("progress".to_owned()).spawn(draw).ok();
        Drawing { done, thread }
    }
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
