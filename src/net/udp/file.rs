//! The receiver's file: which parts arrived, and the file that they are written to.
//!
//! ```text
//!   part ─▶ assembly: which bytes are new? ─▶ the unfinished file, if there is a path
//!   end  ─▶ complete? ─▶ read once more ─▶ the digest matches? ─▶ renamed into place
//! ```
//!
//! Specification: [`crate::datagram`]. Without a path nothing is stored: missing bytes are reported
//! all the same, but the digest is not verified.

use super::{FileReceived, ReceiveOptions};
use crate::datagram::{Assembly, Datagram, Part};
use crate::digest::hex;
use crate::net::files::{Durability, FileError, SparseFile};
use crate::net::report::Meter;
use crate::net::transport::Error;
use std::path::PathBuf;
use std::sync::Arc;

pub(super) struct FileAssembly {
    assembly: Assembly,
    stored: Option<(PathBuf, SparseFile)>,
    /// Counts the bytes of the file, each once.
    meter: Arc<Meter>,
}

/// A digest as reports show it.
pub(super) fn digest_text(digest: &[u8]) -> String {
    format!("blake3:{}", hex(digest))
}

impl FileAssembly {
    pub(super) fn new(options: &ReceiveOptions) -> Result<FileAssembly, FileError> {
        let path = options.path.as_ref();
        let stored =
            path.map(|path| Ok::<_, FileError>((path.clone(), SparseFile::at_path(path)?)));
        let (stored, meter) = (stored.transpose()?, options.run.meter.clone());
        Ok(FileAssembly { assembly: Assembly::new(options.limits), stored, meter })
    }

    /// Takes the part or the file_end out of a datagram of the run.
    pub(super) fn receive(&mut self, datagram: &[u8]) -> Result<(), FileError> {
        let Ok(datagram) = Datagram::decode(datagram) else { return Ok(()) };
        if let Some(file_end) = datagram.file_end() {
            self.assembly.file_end(&file_end);
        }
        match datagram.part() {
            Some(part) if self.assembly.admit(&part) => self.place(&part),
            _ => Ok(()),
        }
    }

    /// Stores the new bytes of a part. Bytes that were stored before are not replaced, and a part
    /// that contradicts them is dropped.
    fn place(&mut self, part: &Part<'_>) -> Result<(), FileError> {
        if let Some((_, file)) = &self.stored {
            if !agrees(file, self.assembly.overlaps(part))? {
                self.assembly.disagree();
                return Ok(());
            }
            for (offset, bytes) in self.assembly.gaps(part) {
                file.write_at(bytes, offset)?;
            }
        }
        let before = self.assembly.received();
        self.assembly.insert(part);
        self.meter.add(self.assembly.received() - before);
        Ok(())
    }

    /// Ends the file, if the run carried one. If it is stored, complete and its digest matches, it
    /// is renamed into place.
    pub(super) fn finish(self, durability: Durability) -> Result<Option<FileReceived>, Error> {
        let Some(size) = self.assembly.size() else { return Ok(None) };
        let digest = self.assembly.digest();
        let mut received = FileReceived {
            size,
            bytes: self.assembly.received(),
            missing: self.assembly.missing().collect(),
            disagreeing: self.assembly.disagreeing(),
            unplaced: self.assembly.unplaced(),
            digest: digest.map(|digest| digest_text(&digest)),
            verified: None,
            path: None,
        };
        if let (Some((path, file)), Some(expected), true) =
            (self.stored, digest, self.assembly.is_complete())
        {
            let is_right = file.digest(size)? == expected;
            received.verified = Some(is_right);
            if is_right {
                file.finish(durability)?;
                received.path = Some(path);
            }
        }
        Ok(Some(received))
    }
}

fn agrees<'p>(
    file: &SparseFile,
    pieces: impl Iterator<Item = (u64, &'p [u8])>,
) -> Result<bool, FileError> {
    for (offset, bytes) in pieces {
        if !file.is_same(bytes, offset)? {
            return Ok(false);
        }
    }
    Ok(true)
}
