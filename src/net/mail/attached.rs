//! A file that goes along with a message. It is open only while its content is read, so that the
//! limit of descriptors does not limit the files of a message.

use crate::net::files::{FileError, SourceFile};
use std::path::{Path, PathBuf};

/// A file that goes along with a message.
///
/// One made of an open [`SourceFile`] stays open. One [at a path](AttachedFile::at_path) is opened
/// again each time that its content is read.
#[derive(Debug)]
pub struct AttachedFile(State);

#[derive(Debug)]
enum State {
    Open(SourceFile),
    Closed { path: PathBuf, size: u64, etag: Box<str> },
}

impl AttachedFile {
    /// Opens a regular file for its size and its tag, and closes it again.
    ///
    /// # Errors
    /// Those of [`SourceFile::from_path`].
    pub fn at_path(path: &Path) -> Result<AttachedFile, FileError> {
        let source = SourceFile::from_path(path)?;
        let (path, size, etag) = (path.to_owned(), source.size(), source.etag().into());
        Ok(AttachedFile(State::Closed { path, size, etag }))
    }

    /// Its size in bytes when it was opened first.
    pub fn size(&self) -> u64 {
        match &self.0 {
            State::Open(source) => source.size(),
            State::Closed { size, .. } => *size,
        }
    }

    /// The file to read from. `opened` keeps it from one piece to the next.
    ///
    /// # Errors
    /// [`FileError::Changed`] if another file has the path by now, or its tag is another; those of
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
