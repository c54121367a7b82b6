//! The receiver's file: what came of it, and where it stands.
//!
//! ```text
//!   part ─▶ assembly: which of its bytes are new? ─▶ the unfinished file, if one is kept
//!   end  ─▶ whole? ─▶ read it once more ─▶ the digest that was told? ─▶ its name
//! ```
//!
//! Specification: [`crate::datagram`]. Without a path nothing is stored: then what did not come is
//! told all the same, but not whether what came is right.

use super::{FileReceived, ReceiveOptions};
use crate::datagram::{Assembly, Datagram, Part};
use crate::digest::hex;
use crate::net::files::{Durability, FileError, SparseFile};
use crate::net::report::Meter;
use crate::net::transport::Error;
use std::path::PathBuf;
use std::sync::Arc;

pub(super) struct Keeping {
    assembly: Assembly,
    kept: Option<(PathBuf, SparseFile)>,
    /// Counts the bytes of the file that are new.
    meter: Arc<Meter>,
}

/// A digest as people and reports write it.
pub(super) fn digest_text(digest: &[u8]) -> String {
    format!("blake3:{}", hex(digest))
}

impl Keeping {
    pub(super) fn new(options: &ReceiveOptions) -> Result<Keeping, FileError> {
        let path = options.path.as_ref();
        let kept = path.map(|path| Ok::<_, FileError>((path.clone(), SparseFile::at_path(path)?)));
        let (kept, meter) = (kept.transpose()?, options.run.meter.clone());
        Ok(Keeping { assembly: Assembly::new(options.limits), kept, meter })
    }

    /// A datagram of the run, for what it says of the file.
    pub(super) fn hear(&mut self, datagram: &[u8]) -> Result<(), FileError> {
        let Ok(datagram) = Datagram::decode(datagram) else { return Ok(()) };
        if let Some(seal) = datagram.seal() {
            self.assembly.seal(&seal);
        }
        match datagram.part() {
            Some(part) if self.assembly.admit(&part) => self.place(&part),
            _ => Ok(()),
        }
    }

    /// Nothing that came before is replaced, and nothing of a part that contradicts it is stored.
    fn place(&mut self, part: &Part<'_>) -> Result<(), FileError> {
        if let Some((_, file)) = &self.kept {
            if !agrees(file, self.assembly.overlaps(part))? {
                self.assembly.disagree();
                return Ok(());
            }
            for (offset, bytes) in self.assembly.gaps(part) {
                file.write_at(bytes, offset)?;
            }
        }
        let before = self.assembly.received();
        self.assembly.enter(part);
        self.meter.add(self.assembly.received() - before);
        Ok(())
    }

    /// What came, if the run carried a file. One that is kept, whole and right gets its name.
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
        if let (Some((path, file)), Some(told), true) =
            (self.kept, digest, self.assembly.is_complete())
        {
            let is_right = file.digest(size)? == told;
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
