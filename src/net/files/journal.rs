//! The journal of an unfinished file: what it is, and what of it has been proven.
//!
//! Specification: `PROTOCOL.md` §7.1. A text file, only ever appended to:
//!
//! ```text
//!   wirewright-journal-2 <size> <etag> <mark> <sum>\n  the etag escaped with %XX
//!   4194304 9ae0daaf <sum>\n                         a segment: where it ends, its crc32
//!   8388608 00d1f2aa <sum>\n
//!   1258291                                          torn by a kill: the journal ends above
//! ```
//!
//! The mark names the file and the inode of its part, so that a journal proves nothing of another
//! part that was moved beside it. A segment begins where the one before it ends. `<sum>` is the
//! crc32 of the line up to its last space, continued from the `<sum>` of the line above: a torn or
//! lost line, and one of another journal, are noticed, and the journal ends there. A record is
//! written after its data, so that a kill cannot leave a claim without bytes; after a loss of power
//! the checksums tell. The last line may be provisional: the next record is written over it.

use super::FileError;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;

/// The length of an etag that can be kept, in bytes.
pub const ETAG_BYTES_MAX: usize = 1024;

/// A segment is recorded as soon as this many more bytes are verified, or twice as many where bytes
/// are still being written. On a slow connection a timer records bytes before that.
pub const SEGMENT_BYTES_MIN: u64 = 4 << 20;

const MAGIC: &str = "wirewright-journal-2";

/// Escaped three times its length, an etag fits; and so do the other fields.
const LINE_BYTES_MAX: u64 = 3 * ETAG_BYTES_MAX as u64 + 128;

/// What an unfinished file is a copy of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) etag: Box<str>,
    pub(super) size: u64,
}

/// A stretch of the file that was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) crc32: u32,
}

/// A place between two lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    /// Bytes of the journal before it.
    at: u64,
    /// The sum of the line before it.
    sum: u32,
}

/// Reads a journal, up to its end or the first line that does not belong.
#[derive(Debug)]
pub(super) struct Reader {
    input: BufReader<File>,
    size: u64,
    /// Where the last segment ends.
    end: u64,
    /// Behind the last line that was read, and behind the last that was accepted.
    read: Mark,
    accepted: Mark,
}

impl Reader {
    /// Reads the header; `None` if there is no usable one, or one with another mark.
    pub(super) fn open(file: File, mark: &str) -> Option<(Header, Reader)> {
        let start = Mark { at: 0, sum: 0 };
        let input = BufReader::new(file);
        let mut reader = Reader { input, size: 0, end: 0, read: start, accepted: start };
        let line = reader.line()?;
        let mut fields = line.split(' ');
        let (magic, size, etag) = (fields.next()?, fields.next()?, fields.next()?);
        if magic != MAGIC || fields.next() != Some(mark) || fields.next().is_some() {
            return None;
        }
        reader.size = size.parse().ok()?;
        reader.accepted = reader.read;
        let header = Header { etag: unescape(etag)?, size: reader.size };
        Some((header, reader))
    }

    /// The next segment that is claimed.
    pub(super) fn next(&mut self) -> Option<Segment> {
        let line = self.line()?;
        let (end, crc32) = line.split_once(' ')?;
        let (start, end) = (self.end, end.parse().ok()?);
        if end <= start || end > self.size {
            return None;
        }
        self.end = end;
        Some(Segment { start, end, crc32: parse_sum(crc32)? })
    }

    /// The segment that was read last is true: the journal goes on behind it.
    pub(super) fn accept(&mut self) {
        self.accepted = self.read;
    }

    /// A line without its sum, which was right.
    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        let input = Read::by_ref(&mut self.input);
        let len = input.take(LINE_BYTES_MAX).read_until(b'\n', &mut line).ok()?;
        let mut line = String::from_utf8(line).ok()?;
        let (text, sum) = line.strip_suffix('\n')?.rsplit_once(' ')?;
        let sum = parse_sum(sum)?;
        if sum != continue_sum(self.read.sum, text) {
            return None;
        }
        let text_len = text.len();
        self.read = Mark { at: self.read.at + len as u64, sum };
        line.truncate(text_len);
        Some(line)
    }
}

/// Writes a journal.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    mark: Mark,
    /// What is to be written next: at first the header, which goes out together with the first
    /// record. Its storage is used again.
    line: String,
}

impl Journal {
    /// Begins a journal in an empty file.
    pub(super) fn new(file: File, header: &Header, mark: &str) -> Journal {
        let text = format!("{MAGIC} {} {} {mark}", header.size, escape(&header.etag));
        let sum = continue_sum(0, &text);
        Journal { file, mark: Mark { at: 0, sum }, line: format!("{text} {sum:08x}\n") }
    }

    /// Goes on behind the last accepted line, and cuts off what is behind it.
    pub(super) fn resume(reader: Reader) -> io::Result<Journal> {
        let file = reader.input.into_inner();
        file.set_len(reader.accepted.at)?;
        Ok(Journal { file, mark: reader.accepted, line: String::new() })
    }

    /// Says that the bytes from the end of the last segment to `end` count.
    pub(super) fn append(&mut self, end: u64, crc32: u32) -> io::Result<()> {
        let sum = self.write(end, crc32)?;
        self.mark = Mark { at: self.mark.at + self.line.len() as u64, sum };
        self.line.clear();
        Ok(())
    }

    /// Says the same provisionally: the next record is written over this one.
    pub(super) fn append_provisional(&mut self, end: u64, crc32: u32) -> io::Result<()> {
        let begin = self.line.len();
        let written = self.write(end, crc32);
        self.line.truncate(begin);
        written.map(drop)
    }

    /// Takes the provisional record back.
    pub(super) fn retract(&mut self) -> io::Result<()> {
        self.file.set_len(self.mark.at)
    }

    /// Writes a record behind the last segment, and gives its sum.
    fn write(&mut self, end: u64, crc32: u32) -> io::Result<u32> {
        let begin = self.line.len();
        // Writing to a string does not fail.
        let _ = write!(self.line, "{end} {crc32:08x}");
        let sum = continue_sum(self.mark.sum, &self.line[begin..]);
        let _ = writeln!(self.line, " {sum:08x}");
        // At a place and not at the end: what a failed write left behind is written over.
        let written = self.file.write_all_at(self.line.as_bytes(), self.mark.at);
        if let Err(error) = written {
            self.line.truncate(begin);
            return Err(error);
        }
        Ok(sum)
    }

    pub(super) fn into_file(self) -> File {
        self.file
    }
}

impl Header {
    pub(super) fn new(etag: &str, size: u64) -> Result<Header, FileError> {
        if etag.len() > ETAG_BYTES_MAX {
            return Err(FileError::misuse("an etag is longer than ETAG_BYTES_MAX"));
        }
        Ok(Header { etag: etag.into(), size })
    }
}

fn continue_sum(sum: u32, text: &str) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(sum);
    hasher.update(text.as_bytes());
    hasher.finalize()
}

/// Eight lower-case hexadecimal digits and nothing else.
fn parse_sum(text: &str) -> Option<u32> {
    let sum = u32::from_str_radix(text, 16).ok()?;
    (format!("{sum:08x}") == text).then_some(sum)
}

fn escape(etag: &str) -> String {
    let mut out = String::with_capacity(etag.len());
    for byte in etag.bytes() {
        if byte.is_ascii_graphic() && byte != b'%' {
            out.push(byte.into());
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn unescape(text: &str) -> Option<Box<str>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().map(String::into_boxed_str)
}
