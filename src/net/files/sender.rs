//! One file that is sent: what is not sent is hashed, then the rest is sent.
//!
//! Specification: `PROTOCOL.md` §6 (the digest is of the whole file) and §7.4 (a change is
//! noticed by the side that sends).
//!
//! ```text
//!   new ─▶ start_at(offset) ─▶ hash_step … ─▶ take_digester ─▶ send …
//!            └ not called: from the beginning ────────────────▶┘
//! ```

use super::{FileError, Source};
use crate::buffer::Buffer;
use crate::digest::{DigestKind, Digester};
use crate::error::Error;
use crate::session::{Session, Wanted};

/// See the head of this module.
#[derive(Debug)]
pub(crate) struct FileSender {
    source: Source,
    /// Where it begins to send, in bytes.
    offset: u64,
    /// How much of what lies before that is hashed.
    hashed: u64,
    digester: Digester,
}

impl FileSender {
    /// Sends all of it, and hashes nothing.
    pub(crate) fn new(source: Source) -> FileSender {
        FileSender { source, offset: 0, hashed: 0, digester: Digester::None }
    }

    /// Sends what lies behind `offset`, which is within the file. What lies before it is hashed.
    pub(crate) fn start_at(&mut self, offset: u64, kind: DigestKind) {
        (self.offset, self.hashed, self.digester) = (offset, 0, Digester::new(kind));
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Where it begins to send, in bytes.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether nothing is left to be hashed before it can send.
    pub(crate) fn is_hashed(&self) -> bool {
        self.hashed == self.offset || matches!(self.digester, Digester::None)
    }

    /// Hashes at most one `scratch` full of what is not sent. Not after
    /// [`is_hashed`](FileSender::is_hashed).
    pub(crate) fn hash_step(&mut self, scratch: &mut [u8]) -> Result<(), FileError> {
        let len = usize::try_from(self.offset - self.hashed).unwrap_or(usize::MAX);
        let bytes = self.source.read(self.hashed, len, scratch)?;
        self.digester.update(bytes);
        self.hashed += bytes.len() as u64;
        Ok(())
    }

    /// The digest that has seen what is not sent, for the session that sends the rest.
    pub(crate) fn take_digester(&mut self) -> Digester {
        std::mem::replace(&mut self.digester, Digester::None)
    }

    /// Gives the session the bytes that it wants, as long as `out` has room for them. `sent` is
    /// told of each piece, in bytes, also where a later one fails.
    /// The outer error is one of the session, the inner one of [`Source::read`].
    pub(crate) fn send<S: Session>(
        &self,
        session: &mut S,
        out: &mut Buffer,
        scratch: &mut [u8],
        mut sent: impl FnMut(usize),
    ) -> Result<Result<(), FileError>, Error> {
        session.transmit(out);
        while let Some(Wanted { offset, len }) = session.wanted(out) {
            let bytes = match self.source.read(offset, len, scratch) {
                Ok(bytes) => bytes,
                Err(error) => return Ok(Err(error)),
            };
            let taken = session.offer(bytes, out)?;
            sent(taken);
            if taken == 0 {
                break;
            }
        }
        Ok(Ok(()))
    }
}
