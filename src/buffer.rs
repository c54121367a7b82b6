//! A bounded byte queue, for bytes that wait to be written or parsed.
//!
//! ```text
//!   0 ........ start ########## end .......... limit
//!     (free)         (readable)     (writable)
//! ```
//!
//! Every session appends its output to a buffer
//! ([`Session::transmit`](crate::session::Session::transmit)). The limit of the buffer bounds the
//! memory that a peer takes which does not read.
//!
//! start ≤ end ≤ length of the storage holds after every step. The storage grows with its content
//! up to the limit, and can be taken away when it is empty.
//!
//! ```text
//!            append, space + commit              consume
//!   empty ──────────────────────────▶ waiting ──────────────▶ empty, its cursors back at 0
//!                                      │    ▲
//!           no room for a message:   └────┘  nothing is appended, the session keeps it
//! ```
//!
//! | limit | default | what it guards against |
//! |---|---|---|
//! | [`Buffer::with_limit`] | the caller's | a queue that grows because the peer does not read |
//! | [`SCRATCH_BYTES_MIN`] | 64 | scratch space too short for one step of a decoder |
//!
//! ```
//! use wirewright::buffer::Buffer;
//!
//! let mut out = Buffer::with_limit(8);
//! out.append(b"hello")?;
//! assert!(out.append(b" world").is_err()); // all of the bytes, or none
//! assert_eq!(out.readable(), b"hello");
//! out.consume(5);
//! assert_eq!(out.free_tail_len(), 8);
//! # Ok::<(), wirewright::error::Error>(())
//! ```

use crate::error::Error;
use std::fmt;

/// The least scratch space for decoded payload that a codec or a session accepts, in bytes.
pub const SCRATCH_BYTES_MIN: usize = 64;

/// A queue of bytes with a limit.
#[derive(Default)]
pub struct Buffer {
    /// Initialized storage, longer than what is readable.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    limit: usize,
}

/// Prints the cursors only: the bytes may be many, or secret.
impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Buffer { bytes, start, end, limit, .. } = self;
        write!(f, "Buffer({start}..{end} of {}, at most {limit})", bytes.len())
    }
}

impl Buffer {
    /// An empty buffer that holds at most `limit` bytes. It allocates when bytes are appended.
    pub fn with_limit(limit: usize) -> Buffer {
        Buffer { limit, ..Buffer::default() }
    }

    /// An empty buffer over existing storage, which saves its allocation and initialization.
    pub fn with_storage(storage: Vec<u8>, limit: usize) -> Buffer {
        Buffer { bytes: storage, limit, ..Buffer::default() }
    }

    /// Takes the storage out of the buffer; readable bytes are lost.
    pub fn take_storage(&mut self) -> Vec<u8> {
        (self.start, self.end) = (0, 0);
        std::mem::take(&mut self.bytes)
    }

    /// The greatest number of bytes that the buffer holds.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Changes the limit. Bytes beyond a smaller limit stay readable.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Allocated memory, in bytes.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// How many bytes are readable.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether nothing is readable.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// How many bytes may still be appended.
    pub fn free_len(&self) -> usize {
        self.limit.saturating_sub(self.len())
    }

    /// How many bytes may be appended without moving readable bytes to the front: the whole limit
    /// when the buffer is empty. Bulk payload is appended into this space only, so that it is not
    /// copied twice.
    pub fn free_tail_len(&self) -> usize {
        self.limit.saturating_sub(self.end)
    }

    /// The readable bytes, oldest first.
    pub fn readable(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Drops the `count` oldest readable bytes.
    ///
    /// # Panics
    /// If `count` exceeds [`len`](Buffer::len).
    pub fn consume(&mut self, count: usize) {
        assert!(count <= self.len(), "consumed more than was readable");
        self.start += count;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        self.check();
    }

    /// Space for exactly `count` bytes after the readable ones. They become readable with
    /// [`commit`](Buffer::commit).
    ///
    /// # Errors
    /// [`Error::TooLarge`] if `count` exceeds [`free_len`](Buffer::free_len).
    pub fn space(&mut self, count: usize) -> Result<&mut [u8], Error> {
        if count > self.free_len() {
            return Err(Error::TooLarge {
                limit: "buffer_bytes",
                max: self.limit as u64,
                offset: 0,
                section: "",
            });
        }
        if self.end + count > self.bytes.len() {
            self.make_space(count);
        }
        self.check();
        Ok(&mut self.bytes[self.end..self.end + count])
    }

    /// Makes `count` bytes readable that were written into [`space`](Buffer::space).
    ///
    /// # Panics
    /// If `count` exceeds the space.
    pub fn commit(&mut self, count: usize) {
        assert!(self.end + count <= self.bytes.len(), "committed more than the space");
        self.end += count;
        self.check();
    }

    /// Appends a copy of `bytes`.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if `bytes` exceed [`free_len`](Buffer::free_len); none is appended then.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.space(bytes.len())?.copy_from_slice(bytes);
        self.commit(bytes.len());
        Ok(())
    }

    /// Keeps the `len` oldest readable bytes and drops the others.
    pub fn truncate(&mut self, len: usize) {
        self.end = self.end.min(self.start + len);
        self.check();
    }

    /// Overwrites readable bytes from position `at` on, such as a length prefix once the length is
    /// known.
    ///
    /// # Panics
    /// If the range exceeds the readable bytes.
    pub fn overwrite(&mut self, at: usize, bytes: &[u8]) {
        assert!(at + bytes.len() <= self.len(), "overwrote bytes that are not readable");
        self.bytes[self.start + at..self.start + at + bytes.len()].copy_from_slice(bytes);
    }

    /// Makes the storage long enough for `count` bytes after `end`: first by moving the readable
    /// bytes to the front, then by growing.
    fn make_space(&mut self, count: usize) {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let needed = self.end + count;
        if needed > self.bytes.len() {
            let doubled = (self.bytes.len() * 2).max(64).min(self.limit);
            let len = needed.max(doubled);
            self.bytes.reserve_exact(len - self.bytes.len());
            self.bytes.resize(len, 0);
        }
    }

    fn check(&self) {
        debug_assert!(self.start <= self.end && self.end <= self.bytes.len());
    }
}

/// For serde_json, which writes messages directly into the buffer.
impl std::io::Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.append(bytes).map_err(std::io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_move_and_storage_is_reused() {
        let mut buffer = Buffer::with_limit(100);
        buffer.append(b"hello world").unwrap();
        buffer.consume(6);
        assert_eq!(buffer.readable(), b"world");
        buffer.append(&[b'x'; 95]).unwrap();
        assert_eq!(buffer.len(), 100);
        assert_eq!(buffer.free_len(), 0);
        assert!(matches!(buffer.append(b"y"), Err(Error::TooLarge { max: 100, .. })));
        assert!(buffer.capacity() <= 128);
        buffer.consume(100);
        assert!(buffer.is_empty());
    }

    #[test]
    fn limit_is_exact() {
        for (count, fits) in [(7, true), (8, true), (9, false)] {
            assert_eq!(Buffer::with_limit(8).append(&vec![0; count]).is_ok(), fits, "{count}");
        }
    }

    #[test]
    fn truncate_and_overwrite() {
        let mut buffer = Buffer::with_limit(16);
        buffer.append(b"xx____body").unwrap();
        buffer.consume(2);
        buffer.overwrite(0, b"0004");
        assert_eq!(buffer.readable(), b"0004body");
        buffer.truncate(4);
        assert_eq!(buffer.readable(), b"0004");
    }
}
