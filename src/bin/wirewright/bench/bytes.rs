//! Whether the bytes that arrive are those that were sent: a block, again and again.

use super::said;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use wirewright::net::files::Destination;

/// Is given what arrives: offset, bytes.
pub type Seen<'a> = &'a mut dyn FnMut(u64, &[u8]);

/// Fails unless both are the same.
pub fn same(expected: &[u8], got: &[u8]) -> Result<(), String> {
    verdict(expected == got)
}

pub fn verdict(right: bool) -> Result<(), String> {
    if right { Ok(()) } else { Err("other bytes came out than went in".to_owned()) }
}

/// Whether bytes are those of the repeated block at that offset.
pub fn is_block(block: &[u8], offset: u64, bytes: &[u8]) -> bool {
    let first = piece(block, offset, bytes.len(), u64::MAX);
    let tail = &bytes[first.len()..];
    bytes.starts_with(first)
        && (tail.is_empty() || is_block(block, offset + first.len() as u64, tail))
}

/// Fails unless the file has exactly `size` bytes, those of the repeated block.
pub fn compare_file(path: &Path, block: &[u8], size: u64) -> Result<(), String> {
    let mut file = File::open(path).map_err(said)?;
    let (mut offset, mut piece) = (0, vec![0; 1 << 18]);
    loop {
        let len = file.read(&mut piece).map_err(said)?;
        if len == 0 {
            return verdict(offset == size);
        }
        verdict(is_block(block, offset, &piece[..len]))?;
        offset += len as u64;
    }
}

/// The bytes at an offset of a file of `size` bytes that is the block again and again: at most
/// `len`, fewer where the block or the file ends.
pub fn piece(block: &[u8], offset: u64, len: usize, size: u64) -> &[u8] {
    let at = (offset % block.len() as u64) as usize;
    let left = usize::try_from(size - offset).unwrap_or(usize::MAX);
    &block[at..at + len.min(block.len() - at).min(left)]
}

/// A destination that takes everything and keeps nothing; checksums are compared before it.
pub fn nowhere() -> Destination {
    Destination::Function(Arc::new(|_, bytes: &[u8]| {
        std::hint::black_box(bytes);
    }))
}

/// Compares what arrives with the block.
pub struct Compared {
    right: AtomicBool,
    bytes: AtomicU64,
}

impl Compared {
    /// A destination that compares, and what it found.
    pub fn with(block: &Arc<[u8]>) -> (Destination, Arc<Compared>) {
        let compared =
            Arc::new(Compared { right: AtomicBool::new(true), bytes: AtomicU64::new(0) });
        let (block, notes) = (block.clone(), compared.clone());
        let compare = move |offset, bytes: &[u8]| {
            notes.right.fetch_and(is_block(&block, offset, bytes), Ordering::Relaxed);
            notes.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        };
        (Destination::Function(Arc::new(compare)), compared)
    }

    /// Fails unless exactly so many bytes came, all of them right.
    pub fn verdict(&self, bytes: u64) -> Result<(), String> {
        let right = self.right.load(Ordering::Relaxed);
        verdict(right && self.bytes.load(Ordering::Relaxed) == bytes)
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
        let block: Arc<[u8]> = Arc::from(&b"abc"[..]);
        let feed = |pieces: &[&str]| {
            let (destination, compared) = Compared::with(&block);
            let Destination::Function(sink) = destination else { unreachable!() };
            let mut offset = 0;
            for piece in pieces {
                sink(offset, piece.as_bytes());
                offset += piece.len() as u64;
            }
            compared.verdict(4)
        };
        assert_eq!(feed(&["abc", "a"]), Ok(()));
        for wrong in [&[][..], &["abc"], &["abca", "b"], &["xbca"], &["abc", "b"]] {
            assert!(feed(wrong).is_err(), "{wrong:?}");
        }
    }
}
