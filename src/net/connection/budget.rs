//! The memory budget: what the connections of a reactor hold together, and which of them goes first
//! where that is too much.
//!
//! ```text
//!   memory_bytes_budget ─┬─ live connections × CONNECTION_BYTES   (what each costs at least)
//!                        └─ variable: unjudged input, output, requests that wait, walks, TLS
//! ```
//!
//! Nothing is free for a connection: an allowance for each of them, however small, is multiplied by
//! a number that peers choose. Over the budget the connection goes first that holds the most for
//! the longest time without progress; connections that make progress go last.

use super::limits::Limits;
use std::cmp::Reverse;
use std::time::Duration;

/// What a connection costs while it does nothing, in bytes: its slot and timer, the connection, the
/// session and its application. Measured with `serve` on x86-64 Linux.
pub(super) const CONNECTION_BYTES: usize = 1280;

/// However many connections there are, this part of the budget is left for what they move.
const VARIABLE_SHARE_MIN: usize = 8;

/// The budget holds again when this part of it is free: so that not every byte needs a search.
const RELIEF_SHARE: usize = 8;

/// The next search is due when the connections hold this part of the budget more than after the
/// last one, where that one did not find enough.
const RETRY_SHARE: usize = 32;

/// Without progress for so long a connection is stalled.
const STALL_MIN: Duration = Duration::from_millis(250);

/// A peer that does not read for so long may lose what the kernel holds for it. A slow one is given
/// time: it shows that it reads only now and then, when a segment has gone.
const UNREAD_MIN: Duration = Duration::from_secs(2);

/// Of a connection that holds no more than this, in bytes, the end frees next to nothing: storage
/// for the next message. It is counted, but whoever holds more goes first.
const LIGHT_BYTES_MAX: usize = 2048;

/// Two kinds of memory, each with a budget of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    /// Memory of this process.
    Process,
    /// Sent bytes that the kernel keeps until the peer reads them.
    Kernel,
}

/// What connections hold of one kind of memory.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Account {
    held: usize,
    /// How much was left over by a search that did not find enough.
    tried: usize,
}

impl Account {
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// One connection holds `now` where it held `before`.
    pub(super) fn change(&mut self, before: usize, now: usize) {
        self.held = self.held - before + now;
    }

    /// How many bytes have to be freed now; `None` within the budget of `max`, and where a search
    /// for them was made a moment ago.
    pub(super) fn excess(&self, max: usize) -> Option<usize> {
        let is_due = self.held > max && self.held > self.tried + max / RETRY_SHARE;
        is_due.then(|| self.held - (max - max / RELIEF_SHARE))
    }

    /// Time has passed: a search may find more than the last one did.
    pub(super) fn search_again(&mut self) {
        self.tried = 0;
    }

    /// A search is over.
    pub(super) fn searched(&mut self, max: usize) {
        self.tried = if self.held > max { self.held } else { 0 };
    }
}

/// How much memory `live` connections may hold beyond what each one costs, in bytes.
pub(super) fn variable_bytes_max(limits: &Limits, live: usize) -> usize {
    let max = limits.memory_bytes_budget;
    max.saturating_sub(live.saturating_mul(CONNECTION_BYTES)).max(max / VARIABLE_SHARE_MIN)
}

/// The order in which connections go: the greatest goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    stage: Stage,
    /// Bytes × milliseconds without progress; 0 for what an idle connection holds.
    weight: u64,
    /// Progress made, as far as it matters: whoever was served before goes later.
    progress: Reverse<u64>,
    stalled: Duration,
}

/// From those that go last to those that go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// It holds next to nothing: its end would free nothing.
    Light,
    /// It makes progress.
    Moving,
    /// It came a moment ago, and has asked for nothing yet.
    New,
    /// It makes no progress.
    Stalled,
    /// It is over: only its last bytes are still to be read.
    Ending,
}

/// More progress than this makes no difference: the hello and one request that was begun.
const PROGRESS_MAX: u64 = 2;

impl Rank {
    /// Whether a connection has to go that makes no progress for so long, for what the kernel
    /// holds.
    pub(super) fn is_unread(stalled: Duration) -> bool {
        stalled >= UNREAD_MIN
    }

    /// The rank of a connection that is over.
    pub(super) fn ending(held: usize, since: Duration) -> Rank {
        Rank { stage: Stage::Ending, ..Rank::open(held, 0, since, 0) }
    }

    /// The rank of a connection that holds `held` bytes, `lasting` of them as long as it is open
    /// whatever it does, and has made no progress for so long.
    pub(super) fn open(held: usize, lasting: usize, stalled: Duration, progress: u64) -> Rank {
        let stage = match (held <= LIGHT_BYTES_MAX, stalled >= STALL_MIN, progress) {
            (true, ..) => Stage::Light,
            (_, true, _) => Stage::Stalled,
            (_, false, 0..PROGRESS_MAX) => Stage::New,
            (_, false, _) => Stage::Moving,
        };
        let milliseconds = u64::try_from(stalled.as_millis()).unwrap_or(u64::MAX);
        let weight = match held.saturating_sub(lasting) {
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
