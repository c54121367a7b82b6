//! Whether a file that an earlier run fetched is still right.
//!
//! Specification: RFC 9110 §13.1.2 (If-None-Match), §13.1.3 (If-Modified-Since), §8.8.3.2 (weak
//! comparison), §15.4.5 (304).
//!
//! ```text
//!   200  ETag, Last-Modified ─▶ remembered with the file
//!   next run of the same URL ─▶ If-None-Match, If-Modified-Since ─┬─ 304: the file stays
//!                                                                 ├─ 200, same tag: it stays
//!                                                                 └─ 200: the file anew
//! ```
//!
//! A server may ignore the conditions. So the tag or the date of a 200 is compared here as the
//! server would have compared it: what makes a 304 there must not make a failure here.

use super::recipient::Announced;
use crate::http::message::head::Head;
use crate::http::message::headers::Headers;
use crate::net::files::{Provenance, http_date, parse_http_date};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The finished file of an earlier run, and the version that it is.
pub(super) struct ConnectionState {
    pub(super) len: u64,
    tag: String,
    modified: SystemTime,
}

impl ConnectionState {
    /// The file at `path`, if it came from the source with this mark and nobody wrote to it since.
    pub(super) fn of(path: &Path, mark: &str) -> Option<ConnectionState> {
        let known = Provenance::of(path)?;
        let tag = known.text.strip_prefix(mark)?.strip_prefix(' ')?.to_owned();
        let len = std::fs::metadata(path).ok()?.len();
        Some(ConnectionState { len, tag, modified: known.modified })
    }

    /// Adds the conditions under which the file would be fetched anew.
    pub(super) fn ask(&self, headers: &mut Headers) -> Option<()> {
        headers.push("If-Modified-Since", http_date(self.modified)?.as_bytes()).ok()?;
        match &*self.tag {
            "" => Some(()),
            tag => headers.push("If-None-Match", tag.as_bytes()).ok(),
        }
    }

    /// Whether a 200 is the answer of a server that ignores conditions, and of the same version.
    pub(super) fn is_repeated_by(&self, head: &Head, announced: &Announced) -> bool {
        let is_len = announced.len.is_none_or(|len| len == self.len);
        let is_same = match &*self.tag {
            "" => modified(head) == Some(self.modified),
            tag => field(head, "ETag").is_some_and(|its| opaque(its) == opaque(tag)),
        };
        head.status == 200 && is_len && is_same
    }
}

/// An entity tag without its mark of weakness.
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

fn field<'a>(head: &'a Head, name: &'static str) -> Option<&'a str> {
    str::from_utf8(head.headers.get(name)?.value).ok()
}

fn modified(head: &Head) -> Option<SystemTime> {
    field(head, "Last-Modified").and_then(parse_http_date)
}

/// What a later run can ask with about the file of this response; `None` where it has neither date
/// nor tag.
pub(super) fn provenance(head: &Head, mark: &str) -> Option<Provenance> {
    let tag = field(head, "ETag").unwrap_or_default();
    let modified = match modified(head) {
        Some(modified) => modified,
        None if tag.is_empty() => return None,
        None => UNIX_EPOCH + Duration::from_secs(now()?.as_secs()),
    };
    Some(Provenance { modified, text: format!("{mark} {tag}") })
}

fn now() -> Option<Duration> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok()
}
