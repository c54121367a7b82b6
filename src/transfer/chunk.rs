//! The members of a chunk, and how they are parsed while the chunk is arriving.
//!
//! Specification: `PROTOCOL.md` §5.

use crate::envelope::Decoder;
use crate::error::Error;
use crate::text::PeerText;
use serde::{Deserialize, Serialize, Serializer};

/// The section on the members of messages.
const SECTION: &str = "PROTOCOL §4";

/// The rule of §5.4 for a checksum.
const CRC32_RULE: &str = "crc32 is eight lower-case hexadecimal digits";

/// A CRC-32 of zlib, written as eight lower-case hexadecimal digits (`PROTOCOL.md` §5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crc32(pub u32);

impl Serialize for Crc32 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:08x}", self.0))
    }
}

impl Crc32 {
    /// Parses the member `crc32` of the message in `decoder`.
    ///
    /// # Errors
    /// [`Error::Malformed`] for another form, with the offset in the body of the frame.
    fn read(text: &PeerText<'_>, decoder: &Decoder) -> Result<Crc32, Error> {
        let text = text.as_raw_str();
        let digits = text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
        match u32::from_str_radix(text, 16) {
            Ok(value) if digits && text.len() == 8 => Ok(Crc32(value)),
            _ => {
                let (rule, at) = (CRC32_RULE, decoder.value_offset("crc32", None));
                Err(Error::malformed(rule, at, "PROTOCOL §5.4"))
            }
        }
    }
}

/// The members of a chunk without its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "chunk")]
pub struct Chunk {
    /// The id of the request.
    pub id: u64,
    /// The offset of its first byte in the file.
    pub offset: u64,
    /// The checksum of its raw bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crc32: Option<Crc32>,
}

/// The members of a chunk that have been received so far.
#[derive(Deserialize)]
struct Head<'a> {
    id: Option<u64>,
    offset: Option<u64>,
    #[serde(borrow)]
    crc32: Option<PeerText<'a>>,
}

/// The members of a chunk before its payload; `None` if `id` or `offset` is not among them.
///
/// # Errors
/// [`Error::Malformed`] for a member of the wrong type or form, with the offset in the frame's
/// body.
pub(super) fn head(decoder: &Decoder) -> Result<Option<Chunk>, Error> {
    let Head { id, offset, crc32 } = decoder.parse(SECTION)?;
    let crc32 = crc32.map(|text| Crc32::read(&text, decoder)).transpose()?;
    Ok(id.zip(offset).map(|(id, offset)| Chunk { id, offset, crc32 }))
}

/// The members of a complete chunk.
///
/// # Errors
/// As [`head`], and for a member that is missing.
pub(super) fn complete(decoder: &Decoder) -> Result<Chunk, Error> {
    #[derive(Deserialize)]
    struct Whole<'a> {
        id: u64,
        offset: u64,
        #[serde(borrow)]
        crc32: Option<PeerText<'a>>,
    }
    let Whole { id, offset, crc32 } = decoder.parse(SECTION)?;
    let crc32 = crc32.map(|text| Crc32::read(&text, decoder)).transpose()?;
    Ok(Chunk { id, offset, crc32 })
}
