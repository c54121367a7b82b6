//! Where the bytes of a file that is received go.

use super::Comparing;
use super::descriptor;
use super::finisher::{Finisher, Job, Pending};
use super::outlet;
use super::{AnonymousFile, Durability, ExistingFile, FileError, Partial, Provenance, Root};
use crate::digest::crc32;
use crate::name::Name;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Takes the bytes of a file in order: offset, bytes.
pub type SinkFn = Arc<dyn Fn(u64, &[u8]) + Send + Sync>;

/// Where files are to go.
#[derive(Clone)]
pub enum Destination {
    /// Below this directory, each under its own relative name.
    Directory(PathBuf),
    /// This one file.
    File(PathBuf),
    /// Straight into this device, pipe or terminal.
    Device(Arc<File>),
    /// To a function, for measuring.
    Function(SinkFn),
}

impl Destination {
    /// What `path` means: an existing directory or one that ends in `/` (it is made), `-` for
    /// standard output, a descriptor of this process, a device or pipe, or else a file.
    ///
    /// # Errors
    /// What the system said if a directory cannot be made, or a descriptor or device not be opened.
    pub fn from_path(path: &Path) -> Result<Destination, FileError> {
        let text = path.as_os_str().as_encoded_bytes();
        let number = if text == b"-" { Some(1) } else { descriptor::at_path(path) };
        if let Some(number) = number {
            let opened = descriptor::open(number);
            let opened = opened.map_err(FileError::from)?;
            return Ok(Destination::Device(Arc::new(opened)));
        }
        if text.ends_with(b"/") {
            std::fs::create_dir_all(path).map_err(FileError::from)?;
        }
        match std::fs::metadata(path) {
            Ok(meta) if meta.is_dir() => Ok(Destination::Directory(path.to_owned())),
            Ok(meta) if !meta.is_file() => {
                let device = File::options().write(true).open(path);
                let device = device.map_err(FileError::from)?;
                Ok(Destination::Device(Arc::new(device)))
            }
            _ => Ok(Destination::File(path.to_owned())),
        }
    }

    /// Whether more than one file can go there.
    pub fn takes_many(&self) -> bool {
        matches!(self, Destination::Directory(_) | Destination::Function(_))
    }

    /// Looks at the place of one file. `root` is kept for the next one: a directory is opened once.
    pub(crate) fn open(&self, name: &Name, root: &mut Option<Root>) -> Result<Sink, FileError> {
        self.open_by(name, root, Root::partial)
    }

    /// The same where it is known that nothing is left over of it.
    pub(crate) fn open_new(&self, name: &Name, root: &mut Option<Root>) -> Result<Sink, FileError> {
        self.open_by(name, root, Root::new_partial)
    }

    fn open_by(
        &self,
        name: &Name,
        root: &mut Option<Root>,
        partial: impl FnOnce(&Root, &Name) -> Result<Partial, FileError>,
    ) -> Result<Sink, FileError> {
        Ok(match self {
            Destination::Directory(path) => {
                Sink::Partial(Box::new(partial(opened(path, root)?, name)?))
            }
            Destination::File(path) => Sink::Partial(Box::new(Partial::at_path(path)?)),
            Destination::Device(device) => Sink::Device(device.clone()),
            Destination::Function(sink) => Sink::Function(sink.clone()),
        })
    }

    /// The regular file that stands at the place of one in a directory, not behind a symlink.
    pub(crate) fn existing(&self, name: &Name, root: &mut Option<Root>) -> Option<ExistingFile> {
        let Destination::Directory(path) = self else { return None };
        opened(path, root).ok()?.existing(name).ok()
    }

    /// Whether the user named the file itself, so that it may be replaced.
    pub(crate) fn names_the_file(&self) -> bool {
        matches!(self, Destination::File(_))
    }

    /// Whether something may be left over of unfinished files that go there.
    pub(crate) fn has_leftovers(&self) -> bool {
        match self {
            Destination::Directory(path) => Root::open(path).is_ok_and(|root| root.has_leftovers()),
            Destination::File(_) => true,
            Destination::Device(_) | Destination::Function(_) => false,
        }
    }

    /// The local path of a file, for reports. `None` where it is no file.
    pub fn path(&self, name: &Name) -> Option<PathBuf> {
        match self {
            Destination::Directory(path) => Some(path.join(name.as_str())),
            Destination::File(path) => Some(path.clone()),
            Destination::Device(_) | Destination::Function(_) => None,
        }
    }
}

/// The directory, opened once.
fn opened<'a>(path: &Path, root: &'a mut Option<Root>) -> Result<&'a Root, FileError> {
    Ok(match root {
        Some(root) => root,
        None => root.insert(Root::open(path)?),
    })
}

/// The place of one file.
pub(crate) enum Sink {
    Partial(Box<Partial>),
    AnonymousFile(Box<AnonymousFile>),
    Device(Arc<File>),
    Function(SinkFn),
    /// A file that is here already, and is compared.
    ExistingFile(Box<Comparing>),
}

impl Sink {
    /// Writes bytes; what does not take them now is waited for no longer than until `deadline`.
    pub(crate) fn write(
        &mut self,
        offset: u64,
        bytes: &[u8],
        deadline: Option<Instant>,
    ) -> Result<(), FileError> {
        match self {
            Sink::Partial(partial) => partial.write_at(bytes, offset),
            Sink::AnonymousFile(file) => file.write(bytes),
            Sink::Device(device) => Ok(outlet::write(device, bytes, deadline)?),
            Sink::Function(sink) => {
                sink(offset, bytes);
                Ok(())
            }
            // More of it came than its server had listed.
            Sink::ExistingFile(_) => Err(FileError::Changed),
        }
    }

    /// Counts bytes that no chunk verifies, for there are none on their wire.
    pub(crate) fn count(&mut self, offset: u64, bytes: &[u8]) -> Result<(), FileError> {
        match self {
            Sink::Partial(partial) => {
                partial.chunk_verified(offset, bytes.len() as u64, crc32(bytes))
            }
            Sink::AnonymousFile(_)
            | Sink::Device(_)
            | Sink::Function(_)
            | Sink::ExistingFile(_) => Ok(()),
        }
    }

    /// When [`record_if_due`](Sink::record_if_due) has something to record.
    pub(crate) fn record_due(&self) -> Option<Instant> {
        match self {
            Sink::Partial(partial) => partial.record_due(),
            Sink::AnonymousFile(file) => file.record_due(),
            Sink::Device(_) | Sink::Function(_) | Sink::ExistingFile(_) => None,
        }
    }

    /// Records what has come, where it is time to: a kill then costs no more than came since.
    pub(crate) fn record_if_due(&mut self, now: Instant) {
        match self {
            Sink::Partial(partial) => partial.record_if_due(now),
            Sink::AnonymousFile(file) => {
                if let Some(partial) = file.record_if_due(now) {
                    *self = Sink::Partial(Box::new(partial));
                }
            }
            Sink::Device(_) | Sink::Function(_) | Sink::ExistingFile(_) => {}
        }
    }

    /// Lets go of a file that is not whole; whether what has come of it is kept, if it can be gone
    /// on with.
    pub(crate) fn keep(self) -> bool {
        match self {
            Sink::Partial(_) => true,
            Sink::AnonymousFile(file) => file.record().is_some(),
            Sink::Device(_) | Sink::Function(_) | Sink::ExistingFile(_) => false,
        }
    }

    /// Makes what is whole durable, and with `overwrite` puts it in place of what has its name;
    /// `None` where nothing is stored.
    pub(crate) fn finish(
        self,
        durability: Durability,
        overwrite: bool,
        finisher: &mut Finisher,
    ) -> Option<Pending> {
        match self {
            Sink::Partial(partial) => {
                Some(finisher.run(Job::Finish(Box::new(partial.finish(durability, overwrite)))))
            }
            Sink::AnonymousFile(file) => {
                Some(finisher.run(Job::AnonymousFile(*file, durability, overwrite)))
            }
            Sink::Device(_) | Sink::Function(_) | Sink::ExistingFile(_) => None,
        }
    }

    /// Remembers with the finished file where it came from.
    pub(crate) fn set_provenance(&mut self, provenance: Provenance) {
        match self {
            Sink::Partial(partial) => partial.set_provenance(provenance),
            Sink::AnonymousFile(file) => file.keep_provenance(&provenance),
            Sink::Device(_) | Sink::Function(_) | Sink::ExistingFile(_) => {}
        }
    }

    /// Whether a file can stand there, as far as is seen without writing.
    pub(crate) fn check(&mut self, overwrite: bool) -> Result<(), FileError> {
        match self {
            Sink::Partial(partial) => {
                partial.check()?;
                if !overwrite && partial.is_taken()? { Err(FileError::Exists) } else { Ok(()) }
            }
            Sink::AnonymousFile(_)
            | Sink::Device(_)
            | Sink::Function(_)
            | Sink::ExistingFile(_) => Ok(()),
        }
    }

    /// Gives what is whole its name: at once where nothing is synced, for that is quicker than to
    /// ask another thread, and there where it is.
    pub(crate) fn finish_here(
        self,
        durability: Durability,
        overwrite: bool,
        finisher: &mut Finisher,
    ) -> Result<Option<Pending>, FileError> {
        match self {
            Sink::Partial(partial) if durability != Durability::Fsync => {
                partial.finish(durability, overwrite).run().map(|()| None)
            }
            Sink::AnonymousFile(file) if durability != Durability::Fsync => {
                file.finish(durability, overwrite).map(|()| None)
            }
            target => Ok(target.finish(durability, overwrite, finisher)),
        }
    }

    pub(crate) fn discard(self) {
        if let Sink::Partial(partial) = self {
            // What cannot be removed now is overwritten by the next run.
            let _ = partial.discard();
        }
    }
}
