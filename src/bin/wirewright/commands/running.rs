//! How a command runs: from the arguments that all of them share to the options of the library.

use crate::args::Common;
use crate::output::watch;
use wirewright::net::RunOptions;
use wirewright::net::connection::TapMaker;

/// The options of a call that is traced by `tap` and moves at most `rate` bytes a second. What is
/// left of `--timeout` counts from here; that of a server counts from its beginning.
pub fn run_options(common: &Common, tap: Option<TapMaker>, rate: Option<u64>) -> RunOptions {
    RunOptions::default()
        .with_timeout(watch::left().or(common.timeout))
        .with_stop_at_signals(true)
        .with_tap(tap)
        .with_rate_limit(rate)
}
