//! The payloads of datagrams of a file: a piece of the file, and its end.
//!
//! ```text
//!          0           8           16
//!         ┌───────────┬───────────┬──────────────
//!   part  │   size    │  offset   │ bytes …             at least one, and none beyond the size
//!         └───────────┴───────────┴──────────────
//!         ┌───────────┬──────────────────────────
//!   end   │   size    │ BLAKE3, 32 bytes, or none      none: not all of the file was sent
//!         └───────────┴──────────────────────────
//! ```
//!
//! Each of them has the size of the file, so that a receiver which began late, or lost the end,
//! still knows what is missing. The name of the file is not sent: the receiver decides whether to
//! store the file, and under which name.

/// Length of size and offset before the bytes of a part, in bytes.
pub const PART_HEADER_BYTES: usize = 16;

/// Length of the BLAKE3 digest of a file, in bytes.
pub const DIGEST_BYTES: usize = 32;

/// A piece of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    /// Size of the whole file in bytes.
    pub size: u64,
    /// Offset of the piece in the file, in bytes.
    pub offset: u64,
    /// The piece: at least one byte, and none beyond the size.
    pub bytes: &'a [u8],
}

/// The end of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileEnd {
    /// Size of the whole file in bytes.
    pub size: u64,
    /// BLAKE3 of the whole file, if the sender read it to its end.
    pub digest: Option<[u8; DIGEST_BYTES]>,
}

impl<'a> Part<'a> {
    /// Encodes the payload of a datagram into `out`, whose content is replaced.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.size.to_be_bytes());
        out.extend_from_slice(&self.offset.to_be_bytes());
        out.extend_from_slice(self.bytes);
    }

    /// Decodes the payload of a datagram; `None` if it is not a part of a file.
    pub fn decode(payload: &'a [u8]) -> Option<Part<'a>> {
        let (size, rest) = number(payload)?;
        let (offset, bytes) = number(rest)?;
        let end = offset.checked_add(bytes.len() as u64)?;
        (!bytes.is_empty() && end <= size).then_some(Part { size, offset, bytes })
    }

    /// Offset of the end of the piece in the file, in bytes.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.bytes.len() as u64)
    }
}

impl FileEnd {
    /// Encodes the payload of a datagram into `out`, whose content is replaced.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.size.to_be_bytes());
        out.extend_from_slice(self.digest.as_ref().map_or(&[], |digest| &digest[..]));
    }

    /// Decodes the payload of a datagram; `None` if it is not the end of a file.
    pub fn decode(payload: &[u8]) -> Option<FileEnd> {
        let (size, digest) = number(payload)?;
        match digest {
            [] => Some(FileEnd { size, digest: None }),
            digest => Some(FileEnd { size, digest: Some(digest.try_into().ok()?) }),
        }
    }
}

/// The first eight bytes as a number, and the rest.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u64::from_be_bytes(*number), rest))
}
