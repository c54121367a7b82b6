//! What is told while a call runs.

use super::report::Report;
use crate::http::url::Url;
use crate::net::report::Failure;
use std::sync::Arc;
use std::time::Duration;

/// What has happened to a fetch.
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice<'a> {
    /// A try has failed, and another one follows after a wait.
    Retry {
        /// What was asked for.
        url: &'a Url,
        /// Why the try has failed.
        why: &'a Failure,
        /// How long is waited.
        wait: Duration,
        /// Which retry follows, counted from 1.
        retry: u32,
        /// How many there may be.
        retries_max: u32,
    },
    /// A fetch has ended, well or not.
    Ended(&'a Report),
}

/// Takes notices, on the thread of the call.
pub type Notify = Arc<dyn Fn(&Notice<'_>) + Send + Sync>;
