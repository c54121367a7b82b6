//! The rungs with files: from the page cache to `/dev/null`, to a file, to a file with fsync.

use super::bytes::piece;
use super::rung::{Moved, Transfer};
use super::running::{Getting, Running};
use super::said;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use wirewright::digest::DigestKind;
use wirewright::net::files::{Destination, Durability, Root, Sources};
use wirewright::net::transfer::server;

/// A folder with a file of `size` bytes, which is in the page cache once it has been written.
fn folder(transfer: &Transfer<'_>, size: u64) -> Result<PathBuf, String> {
    let folder = transfer.setup.folder.path().join(format!("from-{size}"));
    if !folder.is_dir() {
        std::fs::create_dir(&folder).map_err(said)?;
        write_block(&folder.join("file"), transfer.block, size)?;
    }
    Ok(folder)
}

fn serve(transfer: &Transfer<'_>) -> Result<Running, String> {
    // The check runs first, so it also writes the file of the timed runs.
    folder(transfer, transfer.setup.size)?;
    let root = Root::open(&folder(transfer, transfer.size)?).map_err(said)?;
    let options = server::Options::new(Sources::Files(root));
    Running::start(options.with_threads(transfer.setup.threads))
}

/// Writes a file of `size` bytes of the repeated block.
pub fn write_block(path: &Path, block: &[u8], size: u64) -> Result<(), String> {
    let mut file = File::create(path).map_err(said)?;
    let mut written = 0;
    while written < size {
        let bytes = piece(block, written, block.len(), size);
        file.write_all(bytes).map_err(said)?;
        written += bytes.len() as u64;
    }
    Ok(())
}

pub fn null(transfer: &Transfer<'_>) -> Result<Moved, String> {
    let destination = match &transfer.compared {
        Some(compared) => compared.destination(),
        None => Destination::from_path("/dev/null".as_ref()).map_err(said)?,
    };
    Getting::new(DigestKind::None, &destination).run(&serve(transfer)?, transfer.size)
}

fn into_file(transfer: &Transfer<'_>, durability: Durability) -> Result<Moved, String> {
    let path = transfer.setup.folder.path().join("into");
    let destination = Destination::File(path.clone());
    let mut getting = Getting::new(DigestKind::Blake3, &destination);
    getting.options.durability = durability;
    let moved = getting.run(&serve(transfer)?, transfer.size)?;
    transfer.compared.as_ref().map_or(Ok(()), |compared| compared.note_file(&path))?;
    Ok(moved)
}

pub fn cached(transfer: &Transfer<'_>) -> Result<Moved, String> {
    into_file(transfer, Durability::Rename)
}

pub fn durable(transfer: &Transfer<'_>) -> Result<Moved, String> {
    into_file(transfer, Durability::Fsync)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::setup::tests::small;

    #[test]
    fn the_check_prepares_the_file_of_the_timed_runs() {
        let setup = small();
        let check = Transfer::check(&setup, &setup.block, &setup.block, 7);
        assert_eq!(cached(&check).unwrap().bytes, 7);
        let prepared = setup.folder.path().join(format!("from-{}/file", setup.size));
        assert_eq!(std::fs::metadata(prepared).unwrap().len(), setup.size);
        assert_eq!(null(&Transfer::timed(&setup, &setup.block)).unwrap().bytes, setup.size);
    }
}
