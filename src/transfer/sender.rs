//! Sends one file: chunks, then the end.
//!
//! Specification: `PROTOCOL.md` §5 and §6.
//!
//! ```text
//!   offer(bytes) ─▶ [len]{"type":"chunk","id":7,"offset":0,"crc32":"…","filedata":"…"}
//!   end          ─▶ [len]{"type":"end","id":7,"size":2,"digest":"blake3:…"}
//! ```

use super::frame::{FrameGuard, PREFIX_LEN};
use super::message::{self, Chunk, Crc32, End, PAYLOAD_KEY};
use crate::base64;
use crate::buffer::Buffer;
use crate::digest::{Digester, crc32};
use crate::envelope;
use crate::error::Error;
use crate::session::Wanted;
use crate::text::PeerText;

/// The length of a chunk in raw bytes that is fastest in measurements: a multiple of 3 and of 4096,
/// 256 KiB as base64.
pub const CHUNK_BYTES: usize = 196_608;

/// The greatest length of a chunk's frame without base64 and prefix, in bytes (`PROTOCOL.md` §5.2).
const HEAD_BYTES_MAX: usize = 200;

/// The greatest length of a chunk in raw bytes, at most [`CHUNK_BYTES`], whose frame fits into
/// `frame_bytes_max`: a multiple of 3.
pub fn chunk_len_max(frame_bytes_max: u32) -> usize {
    CHUNK_BYTES.min((frame_bytes_max as usize - HEAD_BYTES_MAX) / 4 * 3)
}

/// The greatest length of the frame of a chunk with `raw` bytes, with its prefix, in bytes.
pub fn frame_len_max(raw: usize) -> usize {
    PREFIX_LEN + HEAD_BYTES_MAX + base64::encoded_len(raw)
}

/// Sends one file.
#[derive(Debug)]
pub struct Sender {
    id: u64,
    next: u64,
    size: u64,
    chunk_len: usize,
    digester: Digester,
    digest: Option<String>,
}

impl Sender {
    /// A sender of the bytes from `offset` to `size`, in chunks of at most `chunk_len` raw bytes.
    /// `digester` has digested the bytes before `offset`.
    pub fn new(id: u64, offset: u64, size: u64, chunk_len: usize, digester: Digester) -> Sender {
        Sender { id, next: offset, size, chunk_len, digester, digest: None }
    }

    /// The id of the request.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Offset of the next byte to be sent.
    pub fn offset(&self) -> u64 {
        self.next
    }

    /// The length of the next chunk in raw bytes: 0 at the end of the file. `None` if `out` has to
    /// be drained first. An empty buffer with a small limit gets a smaller chunk.
    pub fn wanted(&self, out: &Buffer) -> Option<usize> {
        let left = usize::try_from(self.size - self.next).unwrap_or(usize::MAX);
        let wanted = self.chunk_len.min(left);
        if out.free_tail_len() >= frame_len_max(wanted) {
            return Some(wanted);
        }
        let fits = out.free_len().saturating_sub(frame_len_max(0)) / 4 * 3;
        (out.is_empty() && fits > 0).then_some(fits)
    }

    /// The answer of [`Session::wanted`](crate::session::Session::wanted).
    pub(super) fn wanted_part(&self, out: &Buffer) -> Option<Wanted> {
        self.wanted(out).map(|len| Wanted { offset: self.next, len })
    }

    /// Whether all bytes of the file were encoded.
    pub fn is_at_end(&self) -> bool {
        self.next == self.size
    }

    /// Encodes one chunk from the beginning of `payload`, which may be longer than a chunk. Takes
    /// nothing if `out` has no space for the chunk, or if `payload` is shorter than three bytes
    /// before the end of the file.
    ///
    /// # Errors
    /// [`Error::Misuse`] for bytes beyond the size of the file.
    pub fn offer(&mut self, payload: &[u8], out: &mut Buffer) -> Result<usize, Error> {
        if self.is_at_end() && !payload.is_empty() {
            return Err(Error::Misuse("more bytes than the size of the file"));
        }
        let Some(wanted) = self.wanted(out) else { return Ok(0) };
        let mut take = payload.len().min(wanted);
        if self.next + (take as u64) < self.size {
            take -= take % 3;
        }
        if take == 0 {
            return Ok(0);
        }
        let raw = &payload[..take];
        let crc32 = Some(Crc32(crc32(raw)));
        let mut frame = FrameGuard::open(out)?;
        envelope::begin(&Chunk { id: self.id, offset: self.next, crc32 }, PAYLOAD_KEY, &mut frame)?;
        let text = frame.space(base64::encoded_len(take))?;
        let len = base64::encode_into(raw, text);
        frame.commit(len);
        envelope::finish(&mut frame)?;
        frame.close()?;
        self.digester.update(raw);
        self.next += take as u64;
        Ok(take)
    }

    /// Writes the message `end` once all bytes were encoded. Returns false before that, or if `out`
    /// has no space yet.
    pub fn end(&mut self, out: &mut Buffer) -> bool {
        if self.next < self.size {
            return false;
        }
        if let digester @ (Digester::Blake3(_) | Digester::Sha256(_)) =
            std::mem::replace(&mut self.digester, Digester::None)
        {
            self.digest = digester.finish();
        }
        let digest = self.digest.as_deref().map(PeerText::from);
        message::write(&End { id: self.id, size: self.size, digest }, out).is_ok()
    }

    /// The digest of the whole file, once [`end`](Sender::end) was called at the end of the file.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }
}
