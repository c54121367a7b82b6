//! Bounded bytes with cursors: what waits to be written, or to be read.
//!
//! ```text
//!   0 ........ start ########## end .......... limit
//!     (free)         (readable)     (writable)
//! ```
//!
//! Every session writes into one ([`Session::transmit`](crate::session::Session::transmit)), and
//! it is what bounds a peer that does not read.
//!
//! start ≤ end ≤ limit holds after every step. `searched` remembers how far a search for a
//! delimiter got, so that input which comes one byte at a time is still searched in linear time.
//! Storage grows with the bytes that are really there, up to the limit, and can be given back when
//! it is empty.
//!
//! ```text
//!            append, space + commit              consume
//!   empty ──────────────────────────▶ waiting ──────────────▶ empty, its cursors back at 0
//!                                      │    ▲
//!                  no room for a row:  └────┘  nothing is written, the row waits
//! ```
//!
//! | limit | default | what it guards against |
//! |---|---|---|
//! | [`Buffer::with_limit`] | the caller's | a queue that grows because nobody takes from it |
//! | [`SCRATCH_BYTES_MIN`] | 64 | a room that could not hold one step of a decoder |
//!
//! ```
//! use wirewright::buffer::Buffer;
//!
//! let mut out = Buffer::with_limit(8);
//! out.append(b"hello")?;
//! assert!(out.append(b" world").is_err()); // a row is written whole, or not at all
//! assert_eq!(out.readable(), b"hello");
//! out.consume(5);
//! assert_eq!(out.tail_room(), 8);
//! # Ok::<(), wirewright::error::Error>(())
//! ```

use crate::error::Error;
use std::fmt;

/// The least room for decoded payload that may be handed to a codec or a session, in bytes.
pub const SCRATCH_BYTES_MIN: usize = 64;

/// A queue of bytes that never holds more than its limit.
#[derive(Default)]
pub struct Buffer {
    /// Storage; its length is what has been taken from the allocator, not what is used.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    searched: usize,
    limit: usize,
}

/// Its cursors alone: it is long, and what it holds may be a secret.
impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Buffer { bytes, start, end, limit, .. } = self;
        write!(f, "Buffer({start}..{end} of {}, at most {limit})", bytes.len())
    }
}

impl Buffer {
    /// An empty buffer that will hold at most `limit` bytes. Takes no memory yet.
    pub fn with_limit(limit: usize) -> Buffer {
        Buffer { limit, ..Buffer::default() }
    }

    /// A buffer over storage that was used before, so that it need not be cleared again.
    pub fn with_storage(storage: Vec<u8>, limit: usize) -> Buffer {
        Buffer { bytes: storage, limit, ..Buffer::default() }
    }

    /// Gives the storage away; what was readable is lost.
    pub fn take_storage(&mut self) -> Vec<u8> {
        (self.start, self.end, self.searched) = (0, 0, 0);
        std::mem::take(&mut self.bytes)
    }

    /// The greatest number of bytes it will hold.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Changes the limit. Bytes that are already there stay, even beyond it.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Memory taken from the allocator, in bytes.
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
    pub fn room(&self) -> usize {
        self.limit.saturating_sub(self.len())
    }

    /// How many bytes may be appended without moving those that wait: all of the room when it is
    /// empty. Who appends in bulk asks this, and waits for the rest to be consumed.
    pub fn tail_room(&self) -> usize {
        self.limit.saturating_sub(self.end)
    }

    /// The bytes that wait, oldest first.
    pub fn readable(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Drops the `count` oldest bytes.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn consume(&mut self, count: usize) {
        assert!(count <= self.len(), "consumed more than was readable");
        self.start += count;
        self.searched = self.searched.max(self.start);
        if self.start == self.end {
            (self.start, self.end, self.searched) = (0, 0, 0);
        }
        self.check();
    }

    /// Room for exactly `count` more bytes behind the readable ones; [`commit`](Buffer::commit)
    /// makes them count.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if the limit does not allow so many.
    pub fn space(&mut self, count: usize) -> Result<&mut [u8], Error> {
        if count > self.room() {
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

    /// Counts `count` bytes that were written into [`space`](Buffer::space).
    ///
    /// # Panics
    /// If there was not so much space.
    pub fn commit(&mut self, count: usize) {
        assert!(self.end + count <= self.bytes.len(), "committed more than there was space for");
        self.end += count;
        self.check();
    }

    /// Appends a copy of `bytes`.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if they do not all fit; then none is appended.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.space(bytes.len())?.copy_from_slice(bytes);
        self.commit(bytes.len());
        Ok(())
    }

    /// Cuts back to the `len` oldest readable bytes.
    pub fn truncate(&mut self, len: usize) {
        self.end = self.end.min(self.start + len);
        self.searched = self.searched.min(self.end);
        self.check();
    }

    /// Overwrites readable bytes from position `at`: the back-fill of a length prefix.
    ///
    /// # Panics
    /// If they do not lie within what is readable.
    pub fn overwrite(&mut self, at: usize, bytes: &[u8]) {
        assert!(at + bytes.len() <= self.len(), "overwrote what is not there");
        self.bytes[self.start + at..self.start + at + bytes.len()].copy_from_slice(bytes);
    }

    /// Finds `needle` in the readable bytes, looking at each byte only once over all calls. The
    /// position counts from the oldest readable byte and stays findable until it is consumed.
    pub fn find(&mut self, needle: u8) -> Option<usize> {
        let from = self.searched.max(self.start);
        let found = memchr::memchr(needle, &self.bytes[from..self.end]);
        self.searched = found.map_or(self.end, |at| from + at);
        self.check();
        found.map(|at| from + at - self.start)
    }

    /// Makes the storage long enough for `count` bytes behind `end`: first by moving what is
    /// readable to the front, then by growing.
    fn make_space(&mut self, count: usize) {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.searched = self.searched.max(self.start) - self.start;
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
        debug_assert!(self.searched <= self.end);
    }
}

/// So that serde_json can write a message straight into the buffer.
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
        assert_eq!(buffer.room(), 0);
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
    fn find_goes_on_where_it_stopped() {
        let mut buffer = Buffer::with_limit(1 << 20);
        for _ in 0..1000 {
            buffer.append(b"a").unwrap();
            assert_eq!(buffer.find(b'\n'), None);
            assert_eq!(buffer.searched, buffer.end);
        }
        buffer.append(b"\nb\n").unwrap();
        assert_eq!(buffer.find(b'\n'), Some(1000));
        assert_eq!(buffer.find(b'\n'), Some(1000));
        buffer.consume(1001);
        assert_eq!(buffer.find(b'\n'), Some(1));
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
