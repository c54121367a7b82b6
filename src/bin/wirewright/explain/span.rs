//! A span of bytes of any length, of which only the two ends are kept; and the last bytes of the
//! stream.
//!
//! ```text
//!   first ▓▓▓▓▓▓▓▓ … 1,048,560 bytes, not kept … ▓▓▓▓ last
//!   path  Value ─▶ After ─▶ Key
//! ```

use std::collections::VecDeque;

/// How many bytes of the beginning of a span are kept.
const FIRST_BYTES: usize = 256;

/// How many bytes of the end of a span are kept.
const LAST_BYTES: usize = 2 * ROW_BYTES;

/// Bytes in a row.
pub const ROW_BYTES: usize = 8;

/// A span of up to this length in bytes is shown in full.
const ALL_BYTES: u64 = 48;

/// The beginning of a longer span that is shown, in bytes.
const HEAD_BYTES: u64 = 24;

/// How many states of a span are kept.
const PATH_STATES: usize = 8;

/// Adjacent bytes, and the states of the parser while it consumed them.
#[derive(Debug, Clone)]
pub struct Span {
    /// Offset in the stream of the first byte.
    pub at: u64,
    len: u64,
    first: Vec<u8>,
    last: VecDeque<u8>,
    path: Vec<&'static str>,
}

/// One row of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// The offset of the first byte, and the bytes.
    Bytes(u64, Vec<u8>),
    /// This many bytes are left out.
    Gap(u64),
}

impl Span {
    /// An empty span at offset `at`, with the parser in `state`.
    pub fn new(at: u64, state: &'static str) -> Span {
        Span { at, len: 0, first: Vec::new(), last: VecDeque::new(), path: vec![state] }
    }

    /// The length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Offset in the stream of the first byte behind the span.
    pub fn end(&self) -> u64 {
        self.at + self.len
    }

    /// The kept beginning: the whole span if it is short.
    pub fn first(&self) -> &[u8] {
        &self.first
    }

    /// The last byte.
    pub fn last(&self) -> Option<u8> {
        self.last.back().copied()
    }

    /// Whether some bytes of the span were not kept.
    pub fn is_cut(&self) -> bool {
        self.len > self.first.len() as u64
    }

    /// The states of the parser, in order.
    pub fn path(&self) -> &[&'static str] {
        &self.path
    }

    /// The last state.
    pub fn state(&self) -> &'static str {
        self.path.last().copied().unwrap_or("")
    }

    /// Adds bytes at the end.
    pub fn push(&mut self, bytes: &[u8]) {
        let room = FIRST_BYTES.saturating_sub(self.first.len());
        self.first.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.last.extend(&bytes[bytes.len().saturating_sub(LAST_BYTES)..]);
        self.last.drain(..self.last.len().saturating_sub(LAST_BYTES));
        self.len += bytes.len() as u64;
    }

    /// Adds a state that the parser has reached.
    pub fn reach(&mut self, state: &'static str) {
        if self.state() == state {
            return;
        }
        if self.path.len() == PATH_STATES {
            self.path.pop();
        }
        self.path.push(state);
    }

    /// Adds the span that follows.
    pub fn absorb(&mut self, next: &Span) {
        self.reach(next.state());
        if next.len <= LAST_BYTES as u64 {
            return self.push(&next.first);
        }
        let room = FIRST_BYTES.saturating_sub(self.first.len());
        self.first.extend_from_slice(&next.first[..next.first.len().min(room)]);
        self.last.clone_from(&next.last);
        self.len += next.len;
    }

    /// The rows that show the span.
    pub fn rows(&self) -> Vec<Row> {
        if self.len <= ALL_BYTES {
            return rows(self.at, &self.first);
        }
        let tail = ROW_BYTES as u64 + self.len % ROW_BYTES as u64;
        let mut out = rows(self.at, &self.first[..HEAD_BYTES as usize]);
        out.push(Row::Gap(self.len - HEAD_BYTES - tail));
        let last: Vec<u8> = self.last.iter().copied().collect();
        out.extend(rows(self.end() - tail, &last[last.len() - tail as usize..]));
        out
    }
}

/// Bytes in rows.
pub fn rows(at: u64, bytes: &[u8]) -> Vec<Row> {
    let row =
        |(index, row): (usize, &[u8])| Row::Bytes(at + (index * ROW_BYTES) as u64, row.to_vec());
    bytes.chunks(ROW_BYTES).enumerate().map(row).collect()
}

/// How many bytes of the stream are kept: more than the limits of a head and of the members beside
/// a payload, so that a fault that is detected late can still be shown.
const PAST_BYTES: usize = 160 << 10;

/// The last bytes of the stream.
#[derive(Debug, Default)]
pub struct Past {
    bytes: Vec<u8>,
    /// How many bytes there were in all.
    end: u64,
}

impl Past {
    /// How many bytes there were in all.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Adds received bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.end += bytes.len() as u64;
        self.bytes.extend_from_slice(&bytes[bytes.len().saturating_sub(PAST_BYTES)..]);
        if self.bytes.len() > 2 * PAST_BYTES {
            self.bytes.drain(..self.bytes.len() - PAST_BYTES);
        }
    }

    /// The kept bytes between two offsets, and the offset of the first one.
    pub fn slice(&self, from: u64, to: u64) -> (u64, &[u8]) {
        let held = self.bytes.len().min(PAST_BYTES) as u64;
        let (from, to) = (from.max(self.end - held), to.min(self.end));
        let back = |at: u64| self.bytes.len() - (self.end - at) as usize;
        (from, if from < to { &self.bytes[back(from)..back(to)] } else { &[] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_kept_and_cuts_do_not_matter() {
        let bytes: Vec<u8> = (0..=255u8).cycle().take(1000).collect();
        for len in [0, 1, 8, 47, 48, 49, 63, 64, 65, 300, 1000] {
            let mut whole = Span::new(5, "A");
            whole.push(&bytes[..len]);
            for piece in [1, 3, 17, 400] {
                let mut cut = Span::new(5, "A");
                bytes[..len].chunks(piece).for_each(|part| cut.push(part));
                assert_eq!(cut.rows(), whole.rows(), "{len} by {piece}");
                let mut joined = Span::new(5, "A");
                for part in bytes[..len].chunks(piece) {
                    let mut next = Span::new(joined.end(), "A");
                    next.push(part);
                    joined.absorb(&next);
                }
                assert_eq!(joined.rows(), whole.rows(), "{len} by {piece}, joined");
            }
            let shown: u64 = whole.rows().iter().fold(0, |sum, row| match row {
                Row::Bytes(at, row) => {
                    assert_eq!(row[0], bytes[(*at - 5) as usize]);
                    sum + row.len() as u64
                }
                Row::Gap(len) => sum + len,
            });
            assert_eq!((shown, whole.end()), (len as u64, 5 + len as u64));
        }
    }

    #[test]
    fn a_path_has_no_steps_on_the_spot_and_an_end() {
        let mut span = Span::new(0, "A");
        ["A", "B", "B", "C"].into_iter().for_each(|state| span.reach(state));
        assert_eq!(span.path(), ["A", "B", "C"]);
        (0..20).for_each(|turn| span.reach(if turn % 2 == 0 { "D" } else { "E" }));
        assert_eq!((span.path().len(), span.state()), (PATH_STATES, "E"));
    }

    #[test]
    fn the_past_is_bounded() {
        let bytes: Vec<u8> = (0..3 * PAST_BYTES).map(|at| (at / 7) as u8).collect();
        for piece in [1000, PAST_BYTES, 3 * PAST_BYTES] {
            let mut past = Past::default();
            bytes.chunks(piece).for_each(|part| past.push(part));
            let from = 2 * PAST_BYTES as u64;
            assert_eq!(past.slice(0, from + 2), (from, &bytes[from as usize..from as usize + 2]));
            assert_eq!(past.slice(5, 7).1, b"");
            assert!(past.bytes.capacity() <= 4 * PAST_BYTES + piece);
        }
    }
}
