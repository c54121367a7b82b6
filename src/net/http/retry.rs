//! When a failed fetch is retried, and after which wait.
//!
//! Specification: RFC 9110 §9.2.2 (idempotent methods), §10.2.3 (Retry-After), §15.5.9 (408), §15.6
//! (500 to 504); RFC 6585 §4 (429).
//!
//! ```text
//!   an attempt fails ─┬─ the method is not idempotent ─────────────────▶ failed
//!                     ├─ no retry is left ─────────────────────────────▶ failed
//!                     ├─ neither the connection nor a transient status ▶ failed
//!                     ├─ Retry-After is longer than wait_max ──────────▶ failed
//!                     ├─ the wait would exceed the timeout of the call ▶ failed
//!                     └─ otherwise: wait, then request the first URL again
//! ```
//!
//! The rules are those of curl's `--retry`, with two differences: a lost connection is transient
//! too, and a wait that is too long fails the fetch at once. As in curl and wget, progress does not
//! reset the count of retries of a fetch.

use crate::http::message::headers::Headers;
use crate::net::files::parse_http_date;
use crate::net::report::{Failure, FailureKind};
use std::time::{Duration, Instant, SystemTime};

/// The transient statuses. 522 and 524 are sent by proxies whose origin timed out; curl retries
/// them too.
const TRANSIENT: [u16; 8] = [408, 429, 500, 502, 503, 504, 522, 524];

/// How often a failed fetch is retried, and after which waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// The maximum number of retries of a fetch. Default: 0.
    pub count_max: u32,
    /// The wait before the first retry. It doubles with each further retry. Default: 1 s.
    pub first_wait: Duration,
    /// The longest wait. A longer `Retry-After` fails the fetch. Default: 600 s.
    pub wait_max: Duration,
}

impl Default for Retries {
    /// No retries; the waits are those of curl.
    fn default() -> Retries {
        Retries {
            count_max: 0,
            first_wait: Duration::from_secs(1),
            wait_max: Duration::from_secs(600),
        }
    }
}

impl Retries {
    /// The wait after `made` retries: that of `Retry-After`, or else the doubled first wait.
    pub(super) fn wait(&self, made: u32, asked: Option<Duration>) -> Duration {
        let doubled =
            1_u32.checked_shl(made).and_then(|factor| self.first_wait.checked_mul(factor));
        let own = doubled.unwrap_or(self.wait_max).min(self.wait_max);
        asked.filter(|asked| !asked.is_zero()).unwrap_or(own)
    }
}

/// The retries of one fetch.
#[derive(Debug)]
pub(super) struct Budget {
    retries: Retries,
    /// The deadline of the call.
    ends: Option<Instant>,
    /// Why there is no retry, where its wait is the reason.
    refusal: Option<String>,
}

impl Budget {
    pub(super) fn new(retries: Retries, ends: Option<Instant>) -> Budget {
        Budget { retries, ends, refusal: None }
    }

    /// Whether the options allow retries.
    pub(super) fn has_retries(&self) -> bool {
        self.retries.count_max > 0
    }

    /// The wait before the next retry after `made` retries; `None` where there is no retry. `asked`
    /// is the wait of `Retry-After`.
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

    /// Takes the text that says why there is no retry, if its wait is the reason.
    pub(super) fn refusal(&mut self) -> Option<String> {
        self.refusal.take()
    }
}

/// The text about a `Retry-After` that is longer than the limit.
fn too_long(wait: Duration, wait_max: Duration) -> String {
    let max = wait_max.as_secs();
    // `asked_wait` returns this maximum for a number that does not fit into 64 bits.
    match wait.as_secs() {
        u64::MAX => format!("; its Retry-After is longer than {max} s (wait_max)"),
        seconds => {
            format!("; its Retry-After of {seconds} s is longer than {max} s (wait_max)")
        }
    }
}

/// The text about a wait that ends after the deadline of the call.
fn too_late(wait: Duration, is_asked: bool) -> String {
    let asked = if is_asked { " (Retry-After)" } else { "" };
    let seconds = wait.as_secs_f64();
    format!("; not retried: a wait of {seconds} s{asked} would exceed the timeout")
}

/// Whether a response with this status is retried.
pub(super) fn is_transient_status(status: u16) -> bool {
    TRANSIENT.contains(&status)
}

/// Whether this failure is retried: the connection failed, was lost or timed out. A failure of TLS
/// is not transient.
pub(super) fn is_transient(failure: &Failure) -> bool {
    failure.kind == FailureKind::Connection && failure.tls.is_none()
}

/// The wait that a response asks for: `Retry-After` in seconds, or until a date. A date in the past
/// is a wait of 0; what is neither seconds nor a date is ignored.
pub(super) fn asked_wait(headers: &Headers, now: SystemTime) -> Option<Duration> {
    let value = str::from_utf8(headers.get("Retry-After")?.value).ok()?;
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that does not fit into 64 bits is the longest wait.
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
