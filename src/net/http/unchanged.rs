//! Whether a file that an earlier run fetched is still right.
//!
//! Specification: RFC 9110 §13.1.2 (If-None-Match), §13.1.3 (If-Modified-Since), §15.4.5 (304).
//!
//! ```text
//!   200  ETag, Last-Modified ─▶ remembered with the file
//!   next run of the same URL ─▶ If-None-Match, If-Modified-Since ─┬─ 304: the file stays
//!                                                                 └─ 200: the file anew
//! ```

use crate::http::message::head::Head;
use crate::http::message::headers::Headers;
use crate::net::files::{Provenance, http_date, parse_http_date};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Adds the conditions under which the file at `path` would be fetched anew; `None` where there is
/// none that came from the source with this mark.
pub(super) fn ask(path: &Path, mark: &str, headers: &mut Headers) -> Option<()> {
    let known = Provenance::of(path)?;
    let tag = known.text.strip_prefix(mark)?.strip_prefix(' ')?;
    headers.push("If-Modified-Since", http_date(known.modified)?.as_bytes()).ok()?;
    if tag.is_empty() { Some(()) } else { headers.push("If-None-Match", tag.as_bytes()).ok() }
}

/// What a later run can ask with about the file of this response; `None` where it has neither date
/// nor tag.
pub(super) fn provenance(head: &Head, mark: &str) -> Option<Provenance> {
    let one = |name| str::from_utf8(head.headers.get(name)?.value).ok();
    let tag = one("ETag").unwrap_or_default();
    let modified = match one("Last-Modified").and_then(parse_http_date) {
        Some(modified) => modified,
        None if tag.is_empty() => return None,
        None => UNIX_EPOCH + Duration::from_secs(now()?.as_secs()),
    };
    Some(Provenance { modified, text: format!("{mark} {tag}") })
}

fn now() -> Option<Duration> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok()
}
