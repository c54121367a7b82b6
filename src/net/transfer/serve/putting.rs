//! The answer to a put: what is there of the file is checked, the rest taken, and it gets its
//! name. Where the name is taken, the same content is success and other content is a conflict.
//!
//! Specification: `PROTOCOL.md` §7; §7.3 for a name that is taken.
//!
//! ```text
//!   put ─┬ an unfinished file ─▶ Checking (verify) ─▶ ready, offset ─▶ the rest ──┬─▶ Finishing
//!        └ no overwrite, and a regular file of that size has the name             │
//!            └▶ Checking (hash) ─▶ ready, offset = size ─▶ end, with their digest ┤ equal
//!                                                                                 └ other: exists
//! ```

use super::{GONE, No, Put, Serving, Stop, Task};
use crate::digest::DigestKind;
use crate::name::Name;
use crate::net::connection::Turn;
use crate::net::files::{FileError, FileReceiver, Root, Sources, file_bytes_max};
use crate::net::transport::Error;
use crate::transfer::Code;
use crate::transfer::server::Server;

/// A put for which no descriptors are left.
const CROWDED: No = No::Code(Code::Busy, "as many files are being written as may be at a time");

impl Serving {
    pub(super) fn begin_put(&self, kind: DigestKind, name: &Name, put: Put) -> Result<Task, No> {
        let Sources::Files(root) = &self.context.sources else {
            return Err(No::Code(Code::ReadOnly, "this server takes no files"));
        };
        if root.single_name().is_some() {
            return Err(No::Code(Code::ReadOnly, "this server offers one file, and takes none"));
        }
        if !self.context.writable {
            return Err(No::Code(Code::ReadOnly, "this server takes no files"));
        }
        let permit = self.context.admission.put().ok_or(CROWDED)?;
        let receiver = self.look(kind, root, name, &put)?;
        Ok(Task::Checking { receiver, put, permit })
    }

    /// Looks at what stands under the name, where a client puts without `overwrite`, or else at
    /// what is left over there. What is left over of another version is removed.
    fn look(
        &self,
        kind: DigestKind,
        root: &Root,
        name: &Name,
        put: &Put,
    ) -> Result<FileReceiver, No> {
        if !put.overwrite && root.exists(name) {
            let existing = root.existing(name)?;
            if kind == DigestKind::None || existing.source().size() != put.size {
                return Err(FileError::Exists.into());
            }
            return match self.ended {
                true => Err(GONE),
                false => Ok(FileReceiver::existing(existing, &put.etag, kind)),
            };
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
        let mut receiver = FileReceiver::partial(root.partial(name)?, kind);
        if receiver.leftover() != Some((&put.etag, put.size)) {
            receiver.discard_leftover()?;
        }
        Ok(receiver)
    }

    /// Checks what there is of a file that is put, and grants the put.
    pub(super) fn check(&mut self, session: &mut Server, scratch: &mut [u8]) -> Result<Turn, Stop> {
        let task = std::mem::replace(&mut self.task, Task::None);
        let Task::Checking { mut receiver, put, permit } = task else { return Ok(Turn::Done) };
        if !receiver.verify_step(scratch)? {
            self.task = Task::Checking { receiver, put, permit };
            return Ok(Turn::Again);
        }
        receiver.begin(Some(&put.etag), Some(put.size), &mut self.context.finisher.borrow_mut())?;
        let digester = receiver.take_digester();
        let granted = match receiver.is_existing() {
            true => session.compare(digester),
            false => session.ready(receiver.verified(), digester),
        };
        granted.map_err(Error::from)?;
        self.task = Task::Receiving { receiver, overwrite: put.overwrite, permit };
        Ok(Turn::Again)
    }

    /// The file that was put is whole: over to the other thread.
    pub(super) fn received(&mut self) {
        let task = std::mem::replace(&mut self.task, Task::None);
        let Task::Receiving { receiver, overwrite, permit } = task else { return };
        let Some(mut job) = receiver.finish(self.context.durability, overwrite) else { return };
        job.make_room();
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
