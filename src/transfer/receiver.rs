//! Receives one file: checks the order, the offsets and the checksums of its chunks, and its
//! digest.
//!
//! Specification: `PROTOCOL.md` §5 and §6.
//!
//! ```text
//!            chunk_start          payload              chunk_end            end
//!   idle ───────────────▶ open ───────────▶ open ───────────────▶ idle … ───────▶ verified
//!        offset is next         within size       length, crc32          size, digest
//! ```

use super::code::Code;
use super::message::{Chunk, End, PAYLOAD_KEY};
use super::place::Place;
use crate::digest::Digester;
use crate::error::Error;
use crate::text::PeerText;

/// A complete chunk with the right offset and checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Offset of its first byte in the file.
    pub offset: u64,
    /// Its length in bytes.
    pub len: u64,
    /// The CRC-32 of its bytes.
    pub crc32: u32,
}

/// Why a file is not accepted. A mismatch ends the transfer, not the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch {
    /// The checksum of a chunk differs.
    Checksum,
    /// The digest or the size of the file differs.
    Digest,
}

impl Mismatch {
    /// The code of the message `error`.
    pub fn code(self) -> Code {
        match self {
            Mismatch::Checksum => Code::ChecksumMismatch,
            Mismatch::Digest => Code::DigestMismatch,
        }
    }
}

/// The chunk that is arriving.
#[derive(Debug)]
struct Open {
    offset: u64,
    crc32: crc32fast::Hasher,
}

/// Receives one file.
#[derive(Debug)]
pub struct Receiver {
    id: u64,
    size: u64,
    first: u64,
    next: u64,
    open: Option<Open>,
    digester: Digester,
}

impl Receiver {
    /// A receiver of the bytes from `offset` to `size`. `digester` has digested the bytes before
    /// `offset`.
    pub fn new(id: u64, offset: u64, size: u64, digester: Digester) -> Receiver {
        Receiver { id, size, first: offset, next: offset, open: None, digester }
    }

    /// The id of the request.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The size of the whole file, in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// How many bytes the sender may be hashing before it sends anything (`PROTOCOL.md` §7.5):
    /// those before the first offset, until the first byte is received.
    pub fn silent_bytes(&self) -> u64 {
        if self.next == self.first { self.first } else { 0 }
    }

    /// Whether a chunk is arriving.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Begins a chunk; `at` is its place in the stream, for errors.
    ///
    /// # Errors
    /// [`Error::Malformed`] if its offset is not the end of the last chunk, or not within the file.
    pub fn chunk_start(&mut self, chunk: &Chunk, at: Place<'_>) -> Result<(), Error> {
        if chunk.offset != self.next {
            let rule = "a chunk begins where the last one ended";
            return Err(Error::malformed(rule, at.value("offset"), "PROTOCOL §5.1"));
        }
        if chunk.offset >= self.size {
            let rule = "no chunk past the size of the file";
            return Err(Error::malformed(rule, at.value("offset"), "PROTOCOL §5.1"));
        }
        self.open = Some(Open { offset: chunk.offset, crc32: crc32fast::Hasher::new() });
        Ok(())
    }

    /// Takes bytes of the chunk, and returns their offset in the file.
    ///
    /// # Errors
    /// [`Error::Malformed`] beyond the size of the file, [`Error::Misuse`] outside a chunk.
    pub fn payload(&mut self, bytes: &[u8], at: Place<'_>) -> Result<u64, Error> {
        let Some(open) = &mut self.open else {
            return Err(Error::Misuse("payload outside a chunk"));
        };
        if bytes.len() as u64 > self.size - self.next {
            let rule = "no byte past the size of the file";
            return Err(Error::malformed(rule, at.value(PAYLOAD_KEY), "PROTOCOL §5.1"));
        }
        open.crc32.update(bytes);
        self.digester.update(bytes);
        let offset = self.next;
        self.next += bytes.len() as u64;
        Ok(offset)
    }

    /// Ends the chunk.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a chunk without bytes, or one before the last whose length is not a
    /// multiple of 3. [`Error::Misuse`] outside a chunk.
    pub fn chunk_end(
        &mut self,
        chunk: &Chunk,
        at: Place<'_>,
    ) -> Result<Result<Verified, Mismatch>, Error> {
        let Some(open) = self.open.take() else {
            return Err(Error::Misuse("the end of a chunk that did not begin"));
        };
        let len = self.next - open.offset;
        if len == 0 {
            let rule = "a chunk carries at least one byte";
            return Err(Error::malformed(rule, at.value(PAYLOAD_KEY), "PROTOCOL §5.2"));
        }
        if !len.is_multiple_of(3) && self.next < self.size {
            let rule = "the length of a chunk is a multiple of 3";
            return Err(Error::malformed(rule, at.value(PAYLOAD_KEY), "PROTOCOL §5.2"));
        }
        let crc32 = open.crc32.finalize();
        Ok(match chunk.crc32 {
            Some(claimed) if claimed.0 != crc32 => Err(Mismatch::Checksum),
            _ => Ok(Verified { offset: open.offset, len, crc32 }),
        })
    }

    /// Ends the file, and returns its verified digest; `None` if the kind is
    /// [`DigestKind::None`](crate::digest::DigestKind::None).
    pub fn end(self, end: &End<'_>) -> Result<Option<String>, Mismatch> {
        let digest = self.digester.finish();
        if end.size != self.size
            || self.next != self.size
            || digest.as_deref() != end.digest.as_ref().map(PeerText::as_raw_str)
        {
            return Err(Mismatch::Digest);
        }
        Ok(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::Crc32;
    use super::*;
    use crate::digest::DigestKind;
    use crate::envelope::{Decoder, Limits};

    fn chunk(offset: u64, crc32: Option<u32>) -> Chunk {
        Chunk { id: 1, offset, crc32: crc32.map(Crc32) }
    }

    fn one(receiver: &mut Receiver, offset: u64, bytes: &[u8]) -> Result<bool, Error> {
        let chunk = chunk(offset, Some(crc32fast::hash(bytes)));
        let decoder = Decoder::new(PAYLOAD_KEY, Limits::default());
        let at = Place::new(&decoder, 0);
        receiver.chunk_start(&chunk, at)?;
        receiver.payload(bytes, at)?;
        receiver.chunk_end(&chunk, at).map(|verified| verified.is_ok())
    }

    fn receiver(size: u64) -> Receiver {
        Receiver::new(1, 0, size, Digester::new(DigestKind::None))
    }

    #[test]
    fn chunks_are_in_order() {
        let mut good = receiver(8);
        assert_eq!(one(&mut good, 0, b"abc"), Ok(true));
        assert_eq!(one(&mut good, 3, b"def"), Ok(true));
        assert_eq!(one(&mut good, 6, b"gh"), Ok(true));
        assert_eq!(good.end(&End { id: 1, size: 8, digest: None }), Ok(None));
        for (first, second) in [(3, 0), (0, 0), (0, 6), (0, 2), (0, 4)] {
            let mut bad = receiver(8);
            let all = one(&mut bad, first, b"abc").and_then(|_| one(&mut bad, second, b"def"));
            assert!(matches!(all, Err(Error::Malformed { .. })), "{first} {second}");
        }
    }

    #[test]
    fn lengths() {
        for (size, bytes, good) in [
            (3, &b"abc"[..], true),
            (2, b"ab", true),
            (3, b"ab", false),
            (3, b"abcd", false),
            (3, b"", false),
            (0, b"a", false),
        ] {
            assert_eq!(one(&mut receiver(size), 0, bytes).is_ok(), good, "{size} {bytes:?}");
        }
    }

    #[test]
    fn checksum_and_digest() {
        let decoder = Decoder::new(PAYLOAD_KEY, Limits::default());
        let (mut bad, at) = (receiver(3), Place::new(&decoder, 0));
        bad.chunk_start(&chunk(0, Some(1)), at).unwrap();
        bad.payload(b"abc", at).unwrap();
        assert_eq!(bad.chunk_end(&chunk(0, Some(1)), at), Ok(Err(Mismatch::Checksum)));
        for (digest, good) in [
            (Some("blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"), true),
            (
                Some("blake3:0437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"),
                false,
            ),
            (None, false),
        ] {
            let mut receiver = Receiver::new(1, 0, 3, Digester::new(DigestKind::Blake3));
            one(&mut receiver, 0, b"abc").unwrap();
            let end = End { id: 1, size: 3, digest: digest.map(PeerText::from) };
            assert_eq!(receiver.end(&end).is_ok(), good);
        }
        assert!(receiver(3).end(&End { id: 1, size: 3, digest: None }).is_err());
    }
}
