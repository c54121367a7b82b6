//! The answer to a put: what is there of the file is checked, the rest taken, and it gets its
//! name.
//!
//! Specification: `PROTOCOL.md` §7.

use super::{GONE, No, Put, Serving, Stop, Task};
use crate::digest::{DigestKind, Digester};
use crate::name::Name;
use crate::net::connection::Turn;
use crate::net::files::Sources;
use crate::net::files::finisher::Job;
use crate::net::files::{FileError, file_bytes_max};
use crate::net::transport::Error;
use crate::transfer::server::Server;

/// A put for which no descriptors are left.
const CROWDED: No = No::Code("busy", "as many files are being written as may be at a time");

impl Serving {
    pub(super) fn begin_put(&self, kind: DigestKind, name: &Name, put: Put) -> Result<Task, No> {
        let Sources::Files(root) = &self.context.sources else {
            return Err(No::Code("read_only", "this server takes no files"));
        };
        if root.single_name().is_some() {
            return Err(No::Code("read_only", "this server offers one file, and takes none"));
        }
        if !self.context.writable {
            return Err(No::Code("read_only", "this server takes no files"));
        }
        let permit = self.context.admission.put().ok_or(CROWDED)?;
        if !put.overwrite && root.exists(name) {
            return self.begin_compare(kind, root, name, put.size, permit);
        }
        // No file system keeps offsets beyond this.
        let is_endless = i64::try_from(put.size).is_err();
        let limit = file_bytes_max().filter(|max| put.size > *max);
        if limit.is_some() || is_endless {
            return Err(No::File(FileError::TooLarge(limit)));
        }
        if self.ended {
            return Err(GONE);
        }
        let mut partial = root.partial(name)?;
        let same = (&*put.etag, put.size);
        if partial.leftover().is_some_and(|leftover| leftover != same) {
            partial.discard()?;
            partial = root.partial(name)?;
        }
        let digester = Digester::new(kind);
        Ok(Task::Checking { partial: Box::new(partial), digester, put, permit })
    }

    /// Checks what there is of a file that is put again.
    pub(super) fn check(&mut self, session: &mut Server, scratch: &mut [u8]) -> Result<Turn, Stop> {
        let Task::Checking { partial, digester, put, .. } = &mut self.task else {
            return Ok(Turn::Done);
        };
        if partial.leftover().is_some()
            && !partial.verify_step(scratch, &mut |bytes| digester.update(bytes))?
        {
            return Ok(Turn::Again);
        }
        partial.begin(&put.etag, put.size)?;
        self.context.finisher.borrow_mut().write_behind(partial, put.size);
        if session.digest_kind() != DigestKind::None {
            partial.count_unverified();
        }
        let offset = partial.verified();
        let Task::Checking { partial, mut digester, put, permit } =
            std::mem::replace(&mut self.task, Task::None)
        else {
            return Ok(Turn::Done);
        };
        if offset == 0 {
            digester = Digester::new(session.digest_kind());
        }
        session.ready(offset, digester).map_err(Error::from)?;
        self.task = Task::Receiving { partial, overwrite: put.overwrite, permit };
        Ok(Turn::Again)
    }

    /// The file that was put is whole: over to the other thread.
    pub(super) fn received(&mut self) {
        let durability = self.context.durability;
        let (job, permit) = match std::mem::replace(&mut self.task, Task::None) {
            Task::Receiving { partial, overwrite, permit } => {
                let finish = partial.finish(durability, overwrite).making_room();
                (Job::Finish(Box::new(finish)), permit)
            }
            Task::Existing(existing, permit) => (Job::ExistingFile(*existing, durability), permit),
            _ => return,
        };
        let pending = self.context.finisher.borrow_mut().run_holding(job, permit);
        self.task = Task::Finishing(pending);
    }

    pub(super) fn finish(&mut self, session: &mut Server) -> Result<Turn, Stop> {
        let Task::Finishing(pending) = &self.task else { return Ok(Turn::Done) };
        let Some(outcome) = pending.poll() else { return Ok(Turn::Parked) };
        outcome?;
        session.done(self.context.durability.into()).map_err(Error::from)?;
        self.transferred(Ok(()));
        self.task = Task::None;
        Ok(Turn::Again)
    }
}
