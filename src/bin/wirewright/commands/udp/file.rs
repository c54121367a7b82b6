//! A file in datagrams: the parts that were sent, and the parts that are missing.

use crate::output::advice::{Verb, failed_file};
use crate::output::report::size;
use crate::{Exit, Failure};
use serde::Serialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use wirewright::net::files::descriptor;
use wirewright::net::files::{Durability, SourceFile};
use wirewright::net::udp::{FILE_DATAGRAM_BYTES_MIN, FileReceived, FileSent};

/// The maximum number of missing ranges in the text.
const MISSING_SHOWN: usize = 20;

/// What is sent, if a datagram of `len` bytes has room for some of it.
pub fn open(path: &Path, len: u16) -> Result<Arc<SourceFile>, Failure> {
    if usize::from(len) < FILE_DATAGRAM_BYTES_MIN {
        let what = format!("a part of a file needs datagrams of {FILE_DATAGRAM_BYTES_MIN} bytes");
        return Err(Failure::usage("--size", what, "give more, or leave --size out"));
    }
    let source = SourceFile::from_path(path);
    source.map(Arc::new).map_err(|error| failed_file(Verb::Read, path, error))
}

pub fn sent_document(file: &FileSent) -> Value {
    json!({ "size": file.size, "bytes": file.bytes, "digest": file.digest })
}

pub fn sent_text(file: &FileSent) -> String {
    format!(", {} of {} bytes of the file,", file.bytes, file.size)
}

/// A file that was not sent completely is a failure.
pub fn sent_outcome(file: &FileSent, place: &str) -> Result<Exit, Failure> {
    if file.digest.is_some() {
        return Ok(Exit::Done);
    }
    let what = format!("interrupted: {} of {} bytes were sent", file.bytes, file.size);
    Err(Failure::new(place, what, "send it again; nothing goes on where it stopped"))
}

/// Parts arrive in any order, so errors are known only at the end.
pub fn check_output(path: &Path) -> Result<(), Failure> {
    let text = path.as_os_str().as_encoded_bytes();
    let is_other = std::fs::metadata(path).is_ok_and(|meta| !meta.is_file())
        || descriptor::at_path(path).is_some();
    if text != b"-" && !text.ends_with(b"/") && !is_other {
        return Ok(());
    }
    let what = "datagrams carry no name, and parts come in any order";
    Err(Failure::usage(path.display(), what, "give the name of a regular file with -o"))
}

/// A range as text: from the first byte to the last, inclusive.
fn range_text(range: &Range<u64>) -> String {
    match range.end - range.start {
        1 => format!("missing byte {}", range.start),
        len => format!("missing bytes {} to {} ({len} bytes)", range.start, range.end - 1),
    }
}

pub fn received_text(file: &FileReceived) -> Vec<String> {
    let share = if file.size == 0 { 100.0 } else { file.bytes as f64 * 100.0 / file.size as f64 };
    let verified = match (file.verified, file.missing.is_empty()) {
        (Some(true), _) => ", verified",
        (Some(false), _) => ", and not those that were sent",
        (None, true) => ", not verified",
        (None, false) => "",
    };
    let gaps = match file.missing.len() {
        0 => "nothing is missing".to_owned(),
        1 => format!("{} missing in 1 range", size(file.size - file.bytes)),
        count => format!("{} missing in {count} ranges", size(file.size - file.bytes)),
    };
    let (bytes, all) = (file.bytes, file.size);
    let mut lines =
        vec![format!("file: {bytes} of {all} bytes came ({share:.2} %), {gaps}{verified}")];
    lines.extend(file.missing.iter().take(MISSING_SHOWN).map(range_text));
    if let Some(more @ 1..) = file.missing.len().checked_sub(MISSING_SHOWN) {
        lines.push(format!("and {more} more"));
    }
    if file.disagreeing + file.unplaced > 0 {
        let (disagreeing, unplaced) = (file.disagreeing, file.unplaced);
        lines.push(format!("not taken: {disagreeing} disagreeing, {unplaced} beyond the limits"));
    }
    lines
}

/// What came of a file, for JSON. The holes may be many: as values of JSON they would take more
/// memory than a command may.
#[derive(Serialize)]
pub struct Document<'a> {
    size: u64,
    bytes: u64,
    complete: bool,
    missing: Vec<Hole>,
    disagreeing: u64,
    unplaced: u64,
    digest: Option<&'a str>,
    verified: Option<bool>,
    path: Option<Cow<'a, str>>,
    durability: Option<&'static str>,
}

#[derive(Serialize)]
struct Hole {
    offset: u64,
    len: u64,
}

pub fn received_document(file: &FileReceived, durability: Durability) -> Document<'_> {
    let hole = |range: &Range<u64>| Hole { offset: range.start, len: range.end - range.start };
    Document {
        size: file.size,
        bytes: file.bytes,
        complete: file.missing.is_empty(),
        missing: file.missing.iter().map(hole).collect(),
        disagreeing: file.disagreeing,
        unplaced: file.unplaced,
        digest: file.digest.as_deref(),
        verified: file.verified,
        path: file.path.as_deref().map(Path::to_string_lossy),
        durability: file.path.as_ref().map(|_| durability.as_str()),
    }
}

/// Fails unless the file was renamed into place.
pub fn received_outcome(file: Option<&FileReceived>, path: &Path) -> Result<Exit, Failure> {
    let fail = |what: String, hint: &str| Err(Failure::new(path.display(), what, hint));
    let Some(file) = file else {
        return fail("no file came".to_owned(), "send one with wirewright udp send --file");
    };
    match (file.missing.len(), &file.digest, file.verified) {
        (0, Some(_), Some(true)) => Ok(Exit::Done),
        (0, Some(_), _) => fail(
            "what came is not what was sent".to_owned(),
            "run it again; look at the disks and the network",
        ),
        (0, None, _) => fail(
            "all bytes came, but no digest to verify them".to_owned(),
            "send it again: the end of the run was lost",
        ),
        (count, ..) => {
            let (bytes, all) = (file.size - file.bytes, file.size);
            let ranges = if count == 1 { "range" } else { "ranges" };
            let what = format!("{bytes} of {all} bytes are missing, in {count} {ranges}");
            fail(what, "UDP sends nothing again: try a lower --rate, or wirewright put over TCP")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holes(count: u64) -> FileReceived {
        FileReceived {
            size: 4 * count,
            bytes: 2 * count,
            missing: (0..count).map(|at| 4 * at..4 * at + 2).collect(),
            disagreeing: 0,
            unplaced: 0,
            digest: None,
            verified: None,
            path: None,
        }
    }

    #[test]
    fn twenty_ranges_are_told_and_the_rest_is_counted() {
        for (count, lines, last) in [
            (0, 1, "file: 0 of 0 bytes came (100.00 %), nothing is missing, not verified"),
            (1, 2, "missing bytes 0 to 1 (2 bytes)"),
            (19, 20, "missing bytes 72 to 73 (2 bytes)"),
            (20, 21, "missing bytes 76 to 77 (2 bytes)"),
            (21, 22, "and 1 more"),
            (50, 22, "and 30 more"),
        ] {
            let text = received_text(&holes(count));
            assert_eq!((text.len(), text.last().unwrap().as_str()), (lines, last), "{count}");
        }
        assert_eq!(range_text(&(7..8)), "missing byte 7");
    }

    #[test]
    fn only_what_is_whole_and_right_is_received() {
        let whole = || FileReceived { size: 4, bytes: 4, missing: Vec::new(), ..holes(1) };
        let told = || FileReceived { digest: Some("blake3:00".to_owned()), ..whole() };
        for (file, is_good) in [
            (FileReceived { verified: Some(true), ..told() }, true),
            (FileReceived { verified: Some(false), ..told() }, false),
            (told(), false),
            (whole(), false),
            (holes(1), false),
        ] {
            let outcome = received_outcome(Some(&file), Path::new("x"));
            assert_eq!(outcome.is_ok(), is_good, "{file:?}");
        }
        assert!(received_outcome(None, Path::new("x")).is_err());
    }
}
