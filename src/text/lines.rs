//! Bytes as lines of text for a trace, each of bounded length.

use super::PeerText;
use std::fmt;

/// A longer line is cut, in bytes.
pub(crate) const LINE_BYTES_MAX: usize = 2048;

/// A line that is not whole yet.
#[derive(Default)]
pub(crate) struct Line {
    pub(super) bytes: Vec<u8>,
    /// All its bytes, those left out counted.
    pub(super) len: u64,
}

/// It may be a secret, so nothing of it is shown.
impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({} bytes)", self.len)
    }
}

impl Line {
    /// Takes of `input` up to a line end, and says whether that was there.
    pub(crate) fn take(&mut self, input: &[u8]) -> (usize, bool) {
        let end = memchr::memchr(b'\n', input);
        let taken = end.map_or(input.len(), |at| at + 1);
        let room = LINE_BYTES_MAX.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&input[..taken.min(room)]);
        self.len += taken as u64;
        (taken, end.is_some())
    }

    /// How many bytes it has so far, those left out counted.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// The line without its end, cut if it is long.
    pub(crate) fn end(&mut self) -> String {
        let len = std::mem::take(&mut self.len);
        let bytes = std::mem::take(&mut self.bytes);
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let line = PeerText::from_bytes(line.strip_suffix(b"\r").unwrap_or(line));
        let line = line.as_raw_str().to_owned();
        match len > LINE_BYTES_MAX as u64 {
            true => format!("{line}… ({len} bytes in all)"),
            false => line,
        }
    }
}
