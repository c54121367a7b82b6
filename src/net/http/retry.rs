//! When a fetch that failed is made again by itself, and after which wait.
//!
//! Specification: RFC 9110 §9.2.2 (idempotent methods), §10.2.3 (Retry-After), §15.5.9 (408), §15.6
//! (500 to 504); RFC 6585 §4 (429).
//!
//! ```text
//!   a try fails ─┬─ the method is not idempotent ─────────────────────▶ failed
//!                ├─ no retry is left ─────────────────────────────────▶ failed
//!                ├─ neither the connection nor a transient status ────▶ failed
//!                ├─ Retry-After asks for more than wait_max ──────────▶ failed
//!                ├─ the timeout of the call would be over by then ────▶ failed
//!                └─ otherwise: wait, and then the first URL again
//! ```
//!
//! The rules are those of curl's `--retry`, with two differences: a lost connection is transient
//! too, and a wait that is too long ends the fetch at once. As in curl and wget, the retries are
//! counted for each fetch in all: progress does not reset the count.

use crate::http::message::headers::Headers;
use crate::net::files::parse_http_date;
use crate::net::report::{Failure, FailureKind};
use std::time::{Duration, Instant, SystemTime};

/// The statuses after which another try may help. 522 and 524 are those of proxies that did not
/// reach their origin in time; curl counts them too.
const TRANSIENT: [u16; 8] = [408, 429, 500, 502, 503, 504, 522, 524];

/// How often a fetch is made again, and after which waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// How many times each fetch is made again at most; 0: never.
    pub count_max: u32,
    /// The wait before the first retry. It doubles with each further one.
    pub first_wait: Duration,
    /// The longest wait. A server that asks for more with `Retry-After` is not asked again.
    pub wait_max: Duration,
}

impl Default for Retries {
    /// No retries; waits as those of curl.
    fn default() -> Retries {
        Retries {
            count_max: 0,
            first_wait: Duration::from_secs(1),
            wait_max: Duration::from_secs(600),
        }
    }
}

impl Retries {
    /// The wait after `made` retries: what the server asks for, or else the next of our own.
    pub(super) fn wait(&self, made: u32, asked: Option<Duration>) -> Duration {
        let doubled =
            1_u32.checked_shl(made).and_then(|factor| self.first_wait.checked_mul(factor));
        let own = doubled.unwrap_or(self.wait_max).min(self.wait_max);
        asked.filter(|asked| !asked.is_zero()).unwrap_or(own)
    }
}

/// What is left of the retries of one fetch.
#[derive(Debug)]
pub(super) struct Budget {
    retries: Retries,
    /// When the call ends.
    ends: Option<Instant>,
    /// Why there is no other try, where its wait is the reason.
    refusal: Option<String>,
}

impl Budget {
    pub(super) fn new(retries: Retries, ends: Option<Instant>) -> Budget {
        Budget { retries, ends, refusal: None }
    }

    /// Whether there may be another try at all.
    pub(super) fn has_retries(&self) -> bool {
        self.retries.count_max > 0
    }

    /// How long to wait before another try after `made` retries, where the server may have asked
    /// for a wait; `None` where there is none.
    pub(super) fn wait(&mut self, made: u32, asked: Option<Duration>) -> Option<Duration> {
        let Retries { count_max, wait_max, .. } = self.retries;
        if made >= count_max || self.refusal.is_some() {
            return None;
        }
        let (wait, now) = (self.retries.wait(made, asked), Instant::now());
        let due = now.checked_add(wait);
        let is_in_time = due.is_some_and(|due| self.ends.is_none_or(|ends| due < ends));
        self.refusal = match () {
            () if wait > wait_max => Some(too_long(wait, wait_max)),
            () if !is_in_time => Some(too_late(wait, asked == Some(wait))),
            () => None,
        };
        self.refusal.is_none().then_some(wait)
    }

    /// Why there is no other try, where that is to be said.
    pub(super) fn refusal(&mut self) -> Option<String> {
        self.refusal.take()
    }
}

/// What is said of a wait that is longer than the limit. Only a server asks for such a one.
fn too_long(wait: Duration, wait_max: Duration) -> String {
    let max = wait_max.as_secs();
    // A number that is no number of seconds here has come as the longest wait.
    match wait.as_secs() {
        u64::MAX => format!("; it asks for a wait (Retry-After) longer than {max} s (wait_max)"),
        seconds => format!(
            "; it asks for a wait of {seconds} s (Retry-After), longer than {max} s (wait_max)"
        ),
    }
}

/// What is said of a wait that ends after the call.
fn too_late(wait: Duration, is_asked: bool) -> String {
    let asked = if is_asked { " (Retry-After)" } else { "" };
    let seconds = wait.as_secs_f64();
    format!("; no other try: a wait of {seconds} s{asked} does not fit into the timeout")
}

/// Whether another try may help after a response with this status.
pub(super) fn is_transient_status(status: u16) -> bool {
    TRANSIENT.contains(&status)
}

/// Whether another try may help after this failure: the connection did not come about, was lost or
/// was silent. Where TLS failed, it would fail again.
pub(super) fn is_transient(failure: &Failure) -> bool {
    failure.kind == FailureKind::Connection && failure.tls.is_none()
}

/// The wait that a response asks for: `Retry-After` in seconds, or until a date. A date in the past
/// is a wait of 0; what is neither seconds nor a date is ignored.
pub(super) fn asked_wait(headers: &Headers, now: SystemTime) -> Option<Duration> {
    let value = str::from_utf8(headers.get("Retry-After")?.value).ok()?;
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number of seconds can have are a very long wait.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    Some(parse_http_date(value)?.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::transport::Error;
    use crate::net::transport::tls::Fault;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_double_up_to_the_limit() {
        let retries = Retries::default();
        for (made, seconds) in [(0, 1), (1, 2), (2, 4), (9, 512), (10, 600), (31, 600), (99, 600)] {
            assert_eq!(retries.wait(made, None), SECOND * seconds, "{made}");
            assert_eq!(retries.wait(made, Some(Duration::ZERO)), SECOND * seconds, "{made}");
            assert_eq!(retries.wait(made, Some(7 * SECOND)), 7 * SECOND, "{made}");
        }
        let none = Retries { first_wait: Duration::ZERO, ..retries };
        assert_eq!(none.wait(3, None), Duration::ZERO);
    }

    #[test]
    fn what_a_server_may_ask_for() {
        let now = parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        for (value, seconds) in [
            ("0", Some(0)),
            ("120", Some(120)),
            ("007", Some(7)),
            ("99999999999999999999999999", Some(u64::MAX)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some(30)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
            ("Sat, 05 Nov 1994 08:49:37 GMT", Some(0)),
            ("Thu, 31 Dec 9998 23:59:59 GMT", Some(252_586_653_022)),
            ("-5", None),
            ("+5", None),
            ("1.5", None),
            ("5 s", None),
            ("", None),
            ("soon", None),
        ] {
            let mut headers = Headers::new();
            headers.push("Retry-After", value.as_bytes()).unwrap();
            let wait = asked_wait(&headers, now);
            assert_eq!(wait, seconds.map(Duration::from_secs), "{value:?}");
        }
        assert_eq!(asked_wait(&Headers::new(), now), None);
    }

    #[test]
    fn what_is_transient() {
        for status in [200, 206, 301, 304, 400, 401, 403, 404, 410, 416, 425, 501, 505, 521] {
            assert!(!is_transient_status(status), "{status}");
        }
        for status in TRANSIENT {
            assert!(is_transient_status(status), "{status}");
        }
        let failure = |kind, code: &'static str| Failure { kind, ..Failure::new(code, "text") };
        assert!(is_transient(&failure(FailureKind::Connection, "incomplete")));
        let tls = Error::Tls(Fault::Closed);
        assert!(!is_transient(&Failure::from(&tls)));
        assert!(!is_transient(&failure(FailureKind::Interrupted, "interrupted")));
        assert!(!is_transient(&failure(FailureKind::Local, "no_space")));
        assert!(!is_transient(&failure(FailureKind::Peer, "malformed")));
    }
}
