//! A file that stands here already, hashed piece by piece to compare it with one of a server.

use super::{ExistingFile, FileError};
use crate::digest::Digester;

/// A file that is here, and is being hashed.
pub(crate) struct Comparing {
    existing: ExistingFile,
    at: u64,
    pub(crate) etag: Box<str>,
}

impl Comparing {
    pub(crate) fn new(existing: ExistingFile, etag: Box<str>) -> Comparing {
        Comparing { existing, at: 0, etag }
    }

    /// Where the file ends, in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.existing.source().size()
    }

    /// Hashes at most one `scratch` full; true when all of it is.
    pub(crate) fn step(
        &mut self,
        digester: &mut Digester,
        scratch: &mut [u8],
    ) -> Result<bool, FileError> {
        self.existing.hash_piece(&mut self.at, digester, scratch)
    }
}
