//! Tests of the room `files`, against a real file system in a temporary directory.
//!
//! ```text
//!   names · walking · growing · resuming · recording · anonymous · existing · sparse · hostile
//!   modes
//! ```

mod anonymous;
mod existing;
mod growing;
mod hostile;
mod modes;
mod names;
mod recording;
mod resuming;
mod sparse;
mod walking;

use super::{FileError, Partial, Root};
use crate::name::Name;
use std::path::Path;
use tempfile::TempDir;

const MIB: usize = 1 << 20;
const CHUNK: usize = 196_608;

fn scene() -> (TempDir, Root) {
    let dir = TempDir::new().unwrap();
    let root = Root::open(dir.path()).unwrap();
    (dir, root)
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// Bytes that are different everywhere.
fn content(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    bytes
}

/// Writes and verifies `data[from..to]` in chunks.
fn grow(partial: &mut Partial, data: &[u8], from: usize, to: usize) {
    let mut at = from;
    for chunk in data[from..to].chunks(CHUNK) {
        partial.write_at(chunk, at as u64).unwrap();
        let crc32 = crc32fast::hash(chunk);
        partial.chunk_verified(at as u64, chunk.len() as u64, crc32).unwrap();
        at += chunk.len();
    }
}

/// Verifies what is left over and gives back what was seen.
fn verify(partial: &mut Partial, scratch: usize) -> Vec<u8> {
    let (mut seen, mut scratch) = (Vec::new(), vec![0; scratch]);
    while !partial.verify_step(&mut scratch, &mut |bytes| seen.extend_from_slice(bytes)).unwrap() {}
    assert_eq!(seen.len() as u64, partial.verified());
    seen
}

/// The names in a directory, sorted.
fn names_in(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The path of the one file in a directory with that extension.
fn with_extension(dir: &Path, extension: &str) -> Option<std::path::PathBuf> {
    let mut found = names_in(dir).into_iter().filter(|name| name.ends_with(extension));
    let first = found.next()?;
    assert_eq!(found.next(), None);
    Some(dir.join(first))
}

fn code<T>(result: Result<T, FileError>) -> &'static str {
    result.err().expect("an error").code()
}
