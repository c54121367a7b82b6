//! The memory budget of the connections of a reactor, and which connections are ended first when it
//! is exceeded.
//!
//! ```text
//!   memory_bytes_budget ─┬─ live connections × CONNECTION_BYTES   (the fixed cost of each)
//!                        └─ variable: leftover input, output, queued requests, listings, TLS
//! ```
//!
//! All memory of a connection is accounted: peers choose the number of connections, so even a small
//! allowance for each would be unbounded. Over the budget the connection that holds the most for
//! the longest time without progress is ended first; connections that make progress are ended last.

use super::limits::Limits;
use std::cmp::Reverse;
use std::time::Duration;

/// What a connection costs while it does nothing, in bytes: its slot and timer, the connection, the
/// session and its application. Measured with `serve` on x86-64 Linux.
pub(super) const CONNECTION_BYTES: usize = 1280;

/// One in so many parts of the budget is kept for variable memory, however many connections there
/// are.
const VARIABLE_SHARE_MIN: usize = 8;

/// A search frees memory until one in so many parts of the budget is free, so that the next byte
/// does not need another search.
const RELIEF_SHARE: usize = 8;

/// After a search that did not free enough, the next one is due when one in so many parts of the
/// budget is held in addition.
const RETRY_SHARE: usize = 32;

/// A connection without progress for this long is stalled.
const STALL_MIN: Duration = Duration::from_millis(250);

/// A connection whose peer has not read for this long may be ended, and the kernel drops its unsent
/// data. The time is long because a slow peer's reads are only seen when a whole segment was sent.
const UNREAD_MIN: Duration = Duration::from_secs(2);

/// A connection that holds no more than this, in bytes, holds only storage for the next message.
/// Its memory is accounted, but connections that hold more are ended first.
const LIGHT_BYTES_MAX: usize = 2048;

/// Two kinds of memory, each with a budget of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    /// Memory of this process.
    Process,
    /// Sent bytes that the kernel keeps until the peer reads them.
    Kernel,
}

/// The sum of one kind of memory that all connections hold, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Account {
    held: usize,
    /// How much was still held after the last search, if that was more than the budget; 0
    /// otherwise.
    tried: usize,
}

impl Account {
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// One connection now holds `now` bytes instead of `before`.
    pub(super) fn change(&mut self, before: usize, now: usize) {
        self.held = self.held - before + now;
    }

    /// How many bytes have to be freed now. `None` within the budget of `max` bytes, and if the
    /// last search failed and little was added since.
    pub(super) fn excess(&self, max: usize) -> Option<usize> {
        let is_due = self.held > max && self.held > self.tried + max / RETRY_SHARE;
        is_due.then(|| self.held - (max - max / RELIEF_SHARE))
    }

    /// Time has passed: a search may find more than the last one did.
    pub(super) fn search_again(&mut self) {
        self.tried = 0;
    }

    /// A search has ended.
    pub(super) fn searched(&mut self, max: usize) {
        self.tried = if self.held > max { self.held } else { 0 };
    }
}

/// How much memory `live` connections may hold beyond what each one costs, in bytes.
pub(super) fn variable_bytes_max(limits: &Limits, live: usize) -> usize {
    let max = limits.memory_bytes_budget;
    max.saturating_sub(live.saturating_mul(CONNECTION_BYTES)).max(max / VARIABLE_SHARE_MIN)
}

/// The order in which connections are ended: the greatest rank first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    stage: Stage,
    /// Bytes × milliseconds without progress; 0 for what an idle connection holds.
    weight: u64,
    /// Progress that was made, up to [`PROGRESS_MAX`]: a connection that was served before is ended
    /// later.
    progress: Reverse<u64>,
    stalled: Duration,
}

/// In the order of eviction, the last first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// It holds at most [`LIGHT_BYTES_MAX`].
    Light,
    /// It makes progress.
    Moving,
    /// It is new, and has asked for nothing yet.
    New,
    /// It makes no progress.
    Stalled,
    /// It is flushing or lingering.
    Ending,
}

/// More progress than this makes no difference: it is the hello and the beginning of one request.
const PROGRESS_MAX: u64 = 2;

impl Rank {
    /// Whether a connection without progress for `stalled` may be ended for the memory that the
    /// kernel holds.
    pub(super) fn is_unread(stalled: Duration) -> bool {
        stalled >= UNREAD_MIN
    }

    /// The rank of a connection that is flushing or lingering since `since`.
    pub(super) fn ending(held: usize, since: Duration) -> Rank {
        Rank { stage: Stage::Ending, ..Rank::open(held, 0, since, 0) }
    }

    /// The rank of a connection that holds `held` bytes, `permanent` of them as long as it is open,
    /// and has made no progress for `stalled`.
    pub(super) fn open(held: usize, permanent: usize, stalled: Duration, progress: u64) -> Rank {
        let stage = match (held <= LIGHT_BYTES_MAX, stalled >= STALL_MIN, progress) {
            (true, ..) => Stage::Light,
            (_, true, _) => Stage::Stalled,
            (_, false, 0..PROGRESS_MAX) => Stage::New,
            (_, false, _) => Stage::Moving,
        };
        let milliseconds = u64::try_from(stalled.as_millis()).unwrap_or(u64::MAX);
        let weight = match held.saturating_sub(permanent) {
            0..=LIGHT_BYTES_MAX => 0,
            bytes => (bytes as u64).saturating_mul(milliseconds.saturating_add(1)),
        };
        Rank { stage, weight, progress: Reverse(progress.min(PROGRESS_MAX)), stalled }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_over_the_budget_is_over_it() {
        let held = |bytes| {
            let mut account = Account::default();
            account.change(0, bytes);
            account
        };
        assert_eq!(held(799).excess(800), None);
        assert_eq!(held(800).excess(800), None);
        // An eighth is freed with it.
        assert_eq!(held(801).excess(800), Some(101));
    }

    #[test]
    fn a_search_that_found_too_little_is_repeated_when_more_is_held() {
        let mut account = Account::default();
        account.change(0, 900);
        account.searched(800);
        for (held, excess) in [(924, None), (925, None), (926, Some(226))] {
            account.change(account.held(), held);
            assert_eq!(account.excess(800), excess, "{held}");
        }
        account.change(926, 800);
        account.searched(800);
        account.change(800, 801);
        assert_eq!(account.excess(800), Some(101));
    }

    #[test]
    fn a_slow_reader_is_given_time() {
        let moment = Duration::from_millis(1);
        let stalled = [UNREAD_MIN - moment, UNREAD_MIN, UNREAD_MIN + moment];
        assert_eq!(stalled.map(Rank::is_unread), [false, true, true]);
    }

    #[test]
    fn what_connections_cost_is_part_of_the_budget() {
        let limits = Limits { memory_bytes_budget: 80 * CONNECTION_BYTES, ..Limits::default() };
        let max = |live| variable_bytes_max(&limits, live) / CONNECTION_BYTES;
        let expected = [(0, 80), (1, 79), (69, 11), (70, 10), (71, 10), (usize::MAX, 10)];
        for (live, left) in expected {
            assert_eq!(max(live), left, "{live}");
        }
    }

    #[test]
    fn the_greediest_and_oldest_go_first_and_progress_is_kept() {
        const TLS: usize = 14 << 10;
        let seconds = Duration::from_secs;
        let moment = STALL_MIN - Duration::from_millis(1);
        // Each of them goes before the next.
        let order = [
            Rank::ending(1 << 20, moment),
            Rank::open(16 << 10, 0, seconds(9), 0),
            Rank::open(16 << 10, 0, seconds(8), 0),
            Rank::open(32 << 10, 0, seconds(3), 9),
            Rank::open(LIGHT_BYTES_MAX + 1, 0, STALL_MIN, 9),
            // Idle under TLS: first whoever asked for nothing, then whoever is idle for longer.
            Rank::open(TLS + LIGHT_BYTES_MAX, TLS, seconds(1), 0),
            Rank::open(TLS, TLS, seconds(200), 900),
            Rank::open(TLS + 1, TLS, seconds(150), 2),
            Rank::open(TLS, TLS, seconds(100), 2),
            Rank::open(16 << 10, 0, moment, PROGRESS_MAX - 1),
            Rank::open(1 << 20, 0, moment, PROGRESS_MAX),
            Rank::open(LIGHT_BYTES_MAX + 1, 0, moment, PROGRESS_MAX),
            // Idle, and without TLS.
            Rank::open(LIGHT_BYTES_MAX, 0, seconds(200), 1),
            Rank::open(0, 0, seconds(100), 2),
        ];
        assert!(order.windows(2).all(|pair| pair[0] > pair[1]), "{order:#?}");
    }
}
