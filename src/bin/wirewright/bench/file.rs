//! The rungs with files: from the page cache to nowhere, to a file, to the disk.

use super::bytes::compare_file;
use super::rung::Moved;
use super::running::{Getting, Running};
use super::said;
use super::setup::Setup;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use wirewright::digest::DigestKind;
use wirewright::net::files::{Destination, Sources};
use wirewright::net::files::{Durability, Root};
use wirewright::net::transfer::server;

/// Serves a file of the setup's size, which is made by the first rung that needs it and is in the
/// page cache then.
fn serve(setup: &Setup) -> Result<Running, String> {
    let folder = setup.folder.path().join("from");
    let path = folder.join("file");
    if std::fs::metadata(&path).map_or(0, |meta| meta.len()) != setup.size {
        std::fs::create_dir_all(&folder).map_err(said)?;
        write_block(&path, &setup.block, setup.size)?;
    }
    let root = Root::open(&folder).map_err(said)?;
    let options = server::Options::new(Sources::Files(root));
    Running::start(server::Options { threads: setup.threads, ..options })
}

/// Makes a file of `size` bytes of the repeated block.
pub fn write_block(path: &Path, block: &[u8], size: u64) -> Result<(), String> {
    let mut file = File::create(path).map_err(said)?;
    let mut left = size;
    while left > 0 {
        let len = (block.len() as u64).min(left);
        file.write_all(&block[..len as usize]).map_err(said)?;
        left -= len;
    }
    Ok(())
}

fn into_file(setup: &Setup) -> PathBuf {
    setup.folder.path().join("into")
}

fn get_file(setup: &Setup, durability: Durability) -> Result<Moved, String> {
    let destination = Destination::File(into_file(setup));
    let mut getting = Getting::new(DigestKind::Blake3, &destination);
    getting.options.durability = durability;
    getting.run(&serve(setup)?, setup.size)
}

pub fn null(setup: &Setup) -> Result<Moved, String> {
    let null = Destination::from_path("/dev/null".as_ref()).map_err(said)?;
    Getting::new(DigestKind::None, &null).run(&serve(setup)?, setup.size)
}

pub fn cached(setup: &Setup) -> Result<Moved, String> {
    get_file(setup, Durability::Rename)
}

pub fn durable(setup: &Setup) -> Result<Moved, String> {
    get_file(setup, Durability::Fsync)
}

pub fn check(setup: &Setup) -> Result<(), String> {
    get_file(setup, Durability::Rename)?;
    let path = into_file(setup);
    compare_file(&path, &setup.block, setup.size)?;
    std::fs::remove_file(&path).map_err(said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::setup::tests::small;

    #[test]
    fn files_arrive_and_others_are_noticed() {
        let setup = small();
        assert_eq!(check(&setup), Ok(()));
        for run in [null, cached, durable] {
            assert_eq!(run(&setup).unwrap().bytes, setup.size);
        }
        let path = into_file(&setup);
        assert_eq!(compare_file(&path, &setup.block, setup.size), Ok(()));
        assert!(compare_file(&path, &setup.block, setup.size + 1).is_err());
        assert!(compare_file(&path, setup.constant(), setup.size).is_err());
        assert!(compare_file(setup.folder.path(), &setup.block, 0).is_err());
    }
}
