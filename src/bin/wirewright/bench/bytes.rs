//! Compares received bytes with those that were sent: one block, repeated.

use super::said;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use wirewright::net::files::{Destination, SinkFn};

/// Fails unless both are the same.
pub fn same(expected: &[u8], got: &[u8]) -> Result<(), String> {
    verdict(expected == got)
}

fn verdict(right: bool) -> Result<(), String> {
    if right { Ok(()) } else { Err("the received bytes differ from those sent".to_owned()) }
}

/// Whether `bytes` are those of the repeated block at `offset`.
fn is_block(block: &[u8], offset: u64, bytes: &[u8]) -> bool {
    let first = piece(block, offset, bytes.len(), u64::MAX);
    let tail = &bytes[first.len()..];
    bytes.starts_with(first)
        && (tail.is_empty() || is_block(block, offset + first.len() as u64, tail))
}

/// The bytes at an offset of a file of `size` bytes that repeats the block: at most `len`, fewer
/// where the block or the file ends.
pub fn piece(block: &[u8], offset: u64, len: usize, size: u64) -> &[u8] {
    let at = (offset % block.len() as u64) as usize;
    let left = usize::try_from(size - offset).unwrap_or(usize::MAX);
    &block[at..at + len.min(block.len() - at).min(left)]
}

/// A sink that drops all bytes; checksums are compared before it.
pub fn discard() -> SinkFn {
    Arc::new(|_, bytes: &[u8]| {
        std::hint::black_box(bytes);
    })
}

/// A destination that drops all bytes.
pub fn nowhere() -> Destination {
    Destination::Function(discard())
}

/// Compares received bytes with the repeated block, and counts them.
pub struct Compared {
    block: Arc<[u8]>,
    right: AtomicBool,
    bytes: AtomicU64,
}

impl Compared {
    pub fn new(block: &Arc<[u8]>) -> Arc<Compared> {
        let (right, bytes) = (AtomicBool::new(true), AtomicU64::new(0));
        Arc::new(Compared { block: block.clone(), right, bytes })
    }

    /// Compares bytes at an offset of a file.
    pub fn note(&self, offset: u64, bytes: &[u8]) {
        self.right.fetch_and(is_block(&self.block, offset, bytes), Ordering::Relaxed);
        self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
    }

    /// Compares a file from its beginning to its end.
    pub fn note_file(&self, path: &Path) -> Result<(), String> {
        let mut file = File::open(path).map_err(said)?;
        let (mut offset, mut piece) = (0, vec![0; 1 << 18]);
        loop {
            match file.read(&mut piece).map_err(said)? {
                0 => return Ok(()),
                len => {
                    self.note(offset, &piece[..len]);
                    offset += len as u64;
                }
            }
        }
    }

    /// A sink that compares.
    pub fn sink(self: &Arc<Compared>) -> SinkFn {
        let compared = self.clone();
        Arc::new(move |offset, bytes: &[u8]| compared.note(offset, bytes))
    }

    /// A destination that compares.
    pub fn destination(self: &Arc<Compared>) -> Destination {
        Destination::Function(self.sink())
    }

    /// Fails unless exactly `bytes` bytes were received, at least one, all of them equal to those
    /// sent.
    pub fn verdict(&self, bytes: u64) -> Result<(), String> {
        let count = self.bytes.load(Ordering::Relaxed);
        verdict(bytes > 0 && self.right.load(Ordering::Relaxed) && count == bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_again_and_again() {
        for (offset, bytes, right) in [
            (0, &b"abcabca"[..], true),
            (2, b"ca", true),
            (3_000_000_000_001, b"bc", true),
            (0, b"", true),
            (1, b"abc", false),
            (0, b"abcabd", false),
        ] {
            assert_eq!(is_block(b"abc", offset, bytes), right, "{offset} {bytes:?}");
        }
    }

    #[test]
    fn nothing_too_little_and_other_bytes_are_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let block: Arc<[u8]> = Arc::from(&b"abc"[..]);
        let feed = |pieces: &[&str], size: u64| {
            let compared = Compared::new(&block);
            let mut offset = 0;
            for piece in pieces {
                compared.sink()(offset, piece.as_bytes());
                offset += piece.len() as u64;
            }
            std::fs::write(&path, pieces.concat()).unwrap();
            let in_file = Compared::new(&block);
            in_file.note_file(&path).unwrap();
            assert_eq!(in_file.verdict(size), compared.verdict(size));
            compared.verdict(size)
        };
        assert_eq!(feed(&["abc", "a"], 4), Ok(()));
        for wrong in [&[][..], &["abc"], &["abca", "b"], &["xbca"], &["abc", "b"]] {
            assert!(feed(wrong, 4).is_err(), "{wrong:?}");
        }
        assert!(feed(&[], 0).is_err());
        assert!(Compared::new(&block).note_file(folder.path()).is_err());
    }
}
