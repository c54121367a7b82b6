//! A piece of a file in a datagram, and the end of the file: what stands behind the header.
//!
//! ```text
//!          0           8           16
//!         ┌───────────┬───────────┬──────────────
//!   part  │   size    │  offset   │ bytes …             at least one, and none beyond the size
//!         └───────────┴───────────┴──────────────
//!         ┌───────────┬──────────────────────────
//!   seal  │   size    │ BLAKE3, 32 bytes, or none      none: the sender did not get to the end
//!         └───────────┴──────────────────────────
//! ```
//!
//! The size of the file stands in each of them, so that a receiver which began late, or lost the
//! end, still knows what it does not have. No name travels: what a file is called, and whether it
//! is stored at all, is the receiver's affair.

/// What stands in a part before its bytes, in bytes.
pub const PART_HEADER_BYTES: usize = 16;

/// Length of the digest of a whole file in bytes: BLAKE3.
pub const DIGEST_BYTES: usize = 32;

/// A piece of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    /// Size of the whole file in bytes.
    pub size: u64,
    /// Where the piece begins, in bytes from the beginning of the file.
    pub offset: u64,
    /// The piece: at least one byte, and none beyond the size.
    pub bytes: &'a [u8],
}

/// The end of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal {
    /// Size of the whole file in bytes.
    pub size: u64,
    /// BLAKE3 of the whole file, where the sender read it to its end.
    pub digest: Option<[u8; DIGEST_BYTES]>,
}

impl<'a> Part<'a> {
    /// Lays the payload of a datagram into `out`, in place of what stands there.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.size.to_be_bytes());
        out.extend_from_slice(&self.offset.to_be_bytes());
        out.extend_from_slice(self.bytes);
    }

    /// Reads the payload of a datagram; `None` where it is no part of a file.
    pub fn decode(payload: &'a [u8]) -> Option<Part<'a>> {
        let (size, rest) = number(payload)?;
        let (offset, bytes) = number(rest)?;
        let end = offset.checked_add(bytes.len() as u64)?;
        (!bytes.is_empty() && end <= size).then_some(Part { size, offset, bytes })
    }

    /// Where the piece ends.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.bytes.len() as u64)
    }
}

impl Seal {
    /// Lays the payload of a datagram into `out`, in place of what stands there.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.size.to_be_bytes());
        out.extend_from_slice(self.digest.as_ref().map_or(&[], |digest| &digest[..]));
    }

    /// Reads the payload of a datagram; `None` where it is no end of a file.
    pub fn decode(payload: &[u8]) -> Option<Seal> {
        let (size, digest) = number(payload)?;
        match digest {
            [] => Some(Seal { size, digest: None }),
            digest => Some(Seal { size, digest: Some(digest.try_into().ok()?) }),
        }
    }
}

/// Eight bytes as a number, and what stands behind them.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u64::from_be_bytes(*number), rest))
}
