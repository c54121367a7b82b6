//! A put whose name is taken: the same content is success, other content is a conflict.
//!
//! Specification: `PROTOCOL.md` §7.3.
//!
//! ```text
//!   put, no overwrite ─▶ a regular file of that size? ─▶ Comparing ─▶ ready, offset = size
//!                          └ no, or no digest: exists       (hash it)
//!   end with the client's digest ─┬ equal ─▶ Finishing ─▶ done
//!                                 └ other ─▶ exists
//! ```

use super::{GONE, No, Serving, Stop, Task};
use crate::digest::{DigestKind, Digester};
use crate::name::Name;
use crate::net::connection::Turn;
use crate::net::files::{FileError, Root};
use crate::net::transfer::admission::Permit;
use crate::net::transport::Error;
use crate::transfer::server::Server;

impl Serving {
    /// Something has the name that a client puts without `overwrite`.
    pub(super) fn begin_compare(
        &self,
        kind: DigestKind,
        root: &Root,
        name: &Name,
        size: u64,
        permit: Permit,
    ) -> Result<Task, No> {
        let existing = Box::new(root.existing(name)?);
        if kind == DigestKind::None || existing.source().size() != size {
            return Err(FileError::Exists.into());
        }
        if self.ended {
            return Err(GONE);
        }
        Ok(Task::Comparing { existing, at: 0, digester: Digester::new(kind), permit })
    }

    /// Hashes a piece of the file that has the name, or asks the client for its digest.
    pub(super) fn compare(
        &mut self,
        session: &mut Server,
        scratch: &mut [u8],
    ) -> Result<Turn, Stop> {
        let Task::Comparing { existing, at, digester, .. } = &mut self.task else {
            return Ok(Turn::Done);
        };
        match existing.hash_piece(at, digester, scratch) {
            Ok(true) => {}
            Ok(false) => return Ok(Turn::Again),
            // It was written meanwhile: it has other content now.
            Err(FileError::Changed) => return Err(FileError::Exists.into()),
            Err(error) => return Err(error.into()),
        }
        let Task::Comparing { existing, digester, permit, .. } =
            std::mem::replace(&mut self.task, Task::None)
        else {
            return Ok(Turn::Done);
        };
        session.stands(digester).map_err(Error::from)?;
        self.task = Task::Existing(existing, permit);
        Ok(Turn::Again)
    }
}
