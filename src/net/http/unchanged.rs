//! Conditional requests: whether the file of an earlier run is still current.
//!
//! Specification: RFC 9110 §13.1.2 (If-None-Match), §13.1.3 (If-Modified-Since), §8.8.3.2 (weak
//! comparison), §15.4.5 (304).
//!
//! ```text
//!   200  ETag, Last-Modified ─▶ stored with the file
//!   next run of the same URL ─▶ If-None-Match, If-Modified-Since ─┬─ 304: the file is kept
//!                                                                 ├─ 200, same tag: it is kept
//!                                                                 └─ 200: the file is replaced
//! ```
//!
//! A server may ignore the conditions. So the client compares the tag or the date of a 200 as the
//! server would have compared it: a server that ignores conditions must not make the run fail.

use super::recipient::Announced;
use crate::http::message::head::Head;
use crate::http::message::headers::Headers;
use crate::net::files::{Provenance, http_date, parse_http_date};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The file of an earlier run, with its entity tag and date.
pub(super) struct EarlierFile {
    pub(super) len: u64,
    tag: String,
    modified: SystemTime,
}

impl EarlierFile {
    /// The file at `path`, if it came from the URL with this mark and was not modified since.
    pub(super) fn of(path: &Path, mark: &str) -> Option<EarlierFile> {
        let known = Provenance::of(path)?;
        let tag = known.text.strip_prefix(mark)?.strip_prefix(' ')?.to_owned();
        let len = std::fs::metadata(path).ok()?.len();
        Some(EarlierFile { len, tag, modified: known.modified })
    }

    /// Adds the conditions to a request. `None` if one cannot be written as a field.
    pub(super) fn add_conditions(&self, headers: &mut Headers) -> Option<()> {
        headers.push("If-Modified-Since", http_date(self.modified)?.as_bytes()).ok()?;
        match &*self.tag {
            "" => Some(()),
            tag => headers.push("If-None-Match", tag.as_bytes()).ok(),
        }
    }

    /// Whether a 200 carries the same version, from a server that ignored the conditions.
    pub(super) fn is_repeated_by(&self, head: &Head, announced: &Announced) -> bool {
        let is_len = announced.len.is_none_or(|len| len == self.len);
        let is_same = match &*self.tag {
            "" => modified(head) == Some(self.modified),
            tag => field(head, "ETag").is_some_and(|its| opaque(its) == opaque(tag)),
        };
        head.status == 200 && is_len && is_same
    }
}

/// An entity tag without `W/`.
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

fn field<'a>(head: &'a Head, name: &'static str) -> Option<&'a str> {
    str::from_utf8(head.headers.get(name)?.value).ok()
}

fn modified(head: &Head) -> Option<SystemTime> {
    field(head, "Last-Modified").and_then(parse_http_date)
}

/// The validators to store with the file; `None` where the response has neither date nor tag.
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
