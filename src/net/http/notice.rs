//! Notifications while a call runs.

use super::report::Report;
use crate::http::url::Url;
use crate::net::report::Failure;
use std::sync::Arc;
use std::time::Duration;

/// An event of a fetch.
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice<'a> {
    /// An attempt has failed, and a retry follows after a wait.
    Retry {
        /// The URL of the failed request.
        url: &'a Url,
        /// Why the attempt failed.
        why: &'a Failure,
        /// The wait before the retry.
        wait: Duration,
        /// The number of the retry, counted from 1.
        retry: u32,
        /// The maximum number of retries.
        retries_max: u32,
    },
    /// A fetch has ended, successfully or not.
    Ended(&'a Report),
}

/// Called with each notice, on the thread of the call.
pub type Notify = Arc<dyn Fn(&Notice<'_>) + Send + Sync>;
