//! Where files that are received go.

use super::descriptor;
use super::receiver::Sink;
use super::{ExistingFile, FileError, FileReceiver, Partial, Root};
use crate::digest::DigestKind;
use crate::name::Name;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

    /// Looks at the place of one file and, unless it `is_new`, at what is left over of it, which is
    /// digested by `kind`. `root` is kept for the next one: a directory is opened once.
    pub(crate) fn open(
        &self,
        name: &Name,
        kind: DigestKind,
        is_new: bool,
        root: &mut Option<Root>,
    ) -> Result<FileReceiver, FileError> {
        let partial = match self {
            Destination::Directory(path) => {
                let root = opened(path, root)?;
                if is_new { root.new_partial(name)? } else { root.partial(name)? }
            }
            Destination::File(path) => Partial::at_path(path)?,
            Destination::Device(device) => {
                return Ok(FileReceiver::new(Sink::Device(device.clone()), kind));
            }
            Destination::Function(take) => {
                return Ok(FileReceiver::new(Sink::Function(take.clone()), kind));
            }
        };
        Ok(FileReceiver::partial(partial, kind))
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
