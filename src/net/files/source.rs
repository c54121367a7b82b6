//! Where the bytes of a file that is sent come from.

use super::{FileError, Root, SourceFile, rfc3339};
use crate::name::Name;
use std::sync::Arc;
use std::time::SystemTime;

/// A file in memory that stands for one of any size: its block again and again. For measuring.
#[derive(Debug, Clone)]
pub struct Memory {
    /// The block.
    pub block: Arc<[u8]>,
    /// Length of the whole, in bytes.
    pub size: u64,
}

/// What a server serves.
#[derive(Debug, Clone)]
pub enum Sources {
    /// Files beneath a root.
    Files(Root),
    /// The same bytes under every name.
    Memory(Memory),
}

impl Sources {
    /// Opens the file with that name.
    ///
    /// # Errors
    /// [`FileError::NotFound`] and what else a root has.
    pub fn open(&self, name: &Name) -> Result<Source, FileError> {
        match self {
            Sources::Files(root) => root.source(name).map(Source::File),
            Sources::Memory(memory) => Ok(Source::Memory(memory.clone())),
        }
    }
}

/// One file that is being sent.
#[derive(Debug)]
pub enum Source {
    /// An open file.
    File(SourceFile),
    /// Memory.
    Memory(Memory),
}

impl Source {
    /// Length in bytes.
    pub fn size(&self) -> u64 {
        match self {
            Source::File(source) => source.size(),
            Source::Memory(memory) => memory.size,
        }
    }

    /// When it was changed last, in RFC 3339.
    pub fn modified(&self) -> String {
        rfc3339(match self {
            Source::File(source) => source.modified(),
            Source::Memory(_) => SystemTime::UNIX_EPOCH,
        })
    }

    /// Names this version of it.
    pub fn etag(&self) -> &str {
        match self {
            Source::File(source) => source.etag(),
            Source::Memory(_) => "memory",
        }
    }

    /// The bytes that are sent next: `len` of them from `offset`, read into `scratch` if they are
    /// not in memory. Fewer only where `scratch` is shorter, or the block ends.
    ///
    /// # Errors
    /// Those of [`SourceFile::read_piece`], which notices that the file has changed.
    pub fn read<'a>(
        &'a self,
        offset: u64,
        len: usize,
        scratch: &'a mut [u8],
    ) -> Result<&'a [u8], FileError> {
        match self {
            Source::File(source) => source.read_piece(offset, len, scratch),
            Source::Memory(memory) => {
                let at = (offset % memory.block.len() as u64) as usize;
                Ok(&memory.block[at..(at + len).min(memory.block.len())])
            }
        }
    }
}
