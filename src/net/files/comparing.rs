//! A file that stands here already, hashed piece by piece to compare it with one of a server.

use super::{FileError, Standing};
use crate::digest::Digester;

/// A file that is here, and is being hashed.
pub(crate) struct Comparing {
    standing: Standing,
    at: u64,
    pub(crate) etag: Box<str>,
}

impl Comparing {
    pub(crate) fn new(standing: Standing, etag: Box<str>) -> Comparing {
        Comparing { standing, at: 0, etag }
    }

    /// Where the file ends, in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.standing.source().size()
    }

    /// Hashes at most one `scratch` full; true when all of it is.
    pub(crate) fn step(
        &mut self,
        digester: &mut Digester,
        scratch: &mut [u8],
    ) -> Result<bool, FileError> {
        self.standing.hash_piece(&mut self.at, digester, scratch)
    }
}
