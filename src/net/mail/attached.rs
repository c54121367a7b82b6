//! Attached files. A file is open only while its content is read, so that the limit of descriptors
//! does not limit the number of attachments.

use crate::net::files::{FileError, SourceFile};
use std::path::{Path, PathBuf};

/// A file that is attached to a message.
///
/// Made from an open [`SourceFile`], the file stays open. Made [at a path](AttachedFile::at_path),
/// it is opened again whenever its content is read.
#[derive(Debug)]
pub struct AttachedFile(State);

#[derive(Debug)]
enum State {
    Open(SourceFile),
    Closed { path: PathBuf, size: u64, etag: Box<str> },
}

impl AttachedFile {
    /// Opens a regular file, notes its size and its entity tag, and closes it again.
    ///
    /// # Errors
    /// Those of [`SourceFile::from_path`].
    pub fn at_path(path: &Path) -> Result<AttachedFile, FileError> {
        let source = SourceFile::from_path(path)?;
        let (path, size, etag) = (path.to_owned(), source.size(), source.etag().into());
        Ok(AttachedFile(State::Closed { path, size, etag }))
    }

    /// The size in bytes when the file was first opened.
    pub fn size(&self) -> u64 {
        match &self.0 {
            State::Open(source) => source.size(),
            State::Closed { size, .. } => *size,
        }
    }

    /// The file to read from. `opened` keeps the file open between two reads.
    ///
    /// # Errors
    /// [`FileError::Changed`] if the entity tag of the file at the path has changed; those of
    /// [`SourceFile::from_path`].
    pub(super) fn source<'a>(
        &'a self,
        opened: &'a mut Option<SourceFile>,
    ) -> Result<&'a SourceFile, FileError> {
        let (path, etag) = match &self.0 {
            State::Open(source) => return Ok(source),
            State::Closed { path, etag, .. } => (path, etag),
        };
        match *opened {
            Some(ref source) => Ok(source),
            None => {
                let source = SourceFile::from_path(path)?;
                if source.etag() != &**etag {
                    return Err(FileError::Changed);
                }
                Ok(opened.insert(source))
            }
        }
    }
}

impl From<SourceFile> for AttachedFile {
    fn from(source: SourceFile) -> AttachedFile {
        AttachedFile(State::Open(source))
    }
}
