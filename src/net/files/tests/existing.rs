//! A file that stands under its name already, while its content is hashed.

use super::{content, name, scene};
use crate::digest::{DigestKind, Digester};
use crate::net::files::FileError;
use std::fs::OpenOptions;
use std::io::Write;

/// Hashes a file in pieces of 64 bytes after `change`; ends at the latest after ten steps.
fn hash_after(change: impl FnOnce(&std::path::Path)) -> Option<Result<String, FileError>> {
    let (dir, root) = scene();
    let path = dir.path().join("x");
    std::fs::write(&path, content(100)).unwrap();
    let existing = root.existing(&name("x")).unwrap();
    change(&path);
    let (mut at, mut digester) = (0, Digester::new(DigestKind::Blake3));
    let mut step = || existing.hash_piece(&mut at, &mut digester, &mut [0; 64]);
    let ended = (0..10).map(|_| step()).find(|step| !matches!(step, Ok(false)))?;
    Some(ended.map(|_| digester.finish().unwrap()))
}

#[test]
fn all_of_it_is_hashed() {
    let digest = hash_after(|_| {}).unwrap().unwrap();
    assert_eq!(digest, format!("blake3:{}", blake3::hash(&content(100)).to_hex()));
}

#[test]
fn one_that_became_longer_or_shorter_has_other_content() {
    let grow = |path: &std::path::Path| {
        let mut file = OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(&content(100)).unwrap();
    };
    let cut = |path: &std::path::Path| {
        OpenOptions::new().write(true).open(path).unwrap().set_len(70).unwrap();
    };
    assert!(matches!(hash_after(grow), Some(Err(FileError::Exists))));
    assert!(matches!(hash_after(cut), Some(Err(FileError::Exists))));
}
