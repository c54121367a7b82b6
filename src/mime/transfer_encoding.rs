//! Transfer encodings: 7bit, quoted-printable and base64.
//!
//! ```text
//!   7bit                 Good morning CR LF
//!   quoted-printable     Caf=C3=A9 au lait, s'il vous pla=C3=AEt, et un grand verre d'eau, bien=
//!                         froid CR LF               a soft line break, `=`, by column 76
//!   base64               5LiA5LqM5LiJ…              57 octets are 76 columns, then CR LF
//! ```
//!
//! Specification: RFC 2045 §6.2 (7bit), §6.7 (quoted-printable), §6.8 (base64).
//!
//! [`TransferEncoding::of_text`] selects the encoding of a text; attachments are always base64. A
//! text is in memory, so the only state of its encoder is an offset. Base64 takes its content in
//! pieces of any length, since the content of an attachment is not held.

use super::header::LINE_MAX;
use crate::base64::{encode_into, encoded_len};
use crate::buffer::Buffer;

/// Octets of content on a full line of base64.
const RAW_LINE: usize = 57;

/// Columns of an encoded line: RFC 2045 §6.7 (5), §6.8.
const COLUMNS: usize = 76;

/// Bytes of a full line with its CR LF.
const FULL_LINE: usize = COLUMNS + 2;

/// Lines encoded with one call of [`encode_into`]; their text fits into the first-level cache.
const BLOCK_LINES: usize = 96;

/// The free space in bytes in an output buffer with which every encoder makes progress.
pub const OUT_MIN: usize = 128;

/// A Content-Transfer-Encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferEncoding {
    /// Lines of ASCII of at most 998 characters, unchanged: RFC 2045 §6.2.
    SevenBit,
    /// `=XX` for octets that are not printable ASCII: RFC 2045 §6.7.
    QuotedPrintable,
    /// Lines of 76 columns: RFC 2045 §6.8.
    Base64,
}

impl TransferEncoding {
    /// The value of `Content-Transfer-Encoding`.
    pub fn name(self) -> &'static str {
        match self {
            TransferEncoding::SevenBit => "7bit",
            TransferEncoding::QuotedPrintable => "quoted-printable",
            TransferEncoding::Base64 => "base64",
        }
    }

    /// Chooses the encoding of a text by these rules, in this order:
    ///
    /// 1. 7bit, if the text is printable ASCII, tabs and line ends; no line is longer than 998
    ///    characters, begins with `From ` (to which mbox files add a `>`) or ends in white space
    ///    (which relays remove).
    /// 2. Quoted-printable, if at most one octet in six is other than those of rule 1: people and
    ///    search tools can read it.
    /// 3. Base64, which is then shorter.
    pub fn of_text(text: &str) -> TransferEncoding {
        let bytes = text.as_bytes();
        let foreign = bytes.iter().filter(|byte| !is_plain(**byte)).count();
        if foreign == 0 && bytes.split(|byte| matches!(byte, b'\r' | b'\n')).all(is_plain_line) {
            TransferEncoding::SevenBit
        } else if foreign <= bytes.len() / 6 {
            TransferEncoding::QuotedPrintable
        } else {
            TransferEncoding::Base64
        }
    }
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n')
}

fn is_plain_line(line: &[u8]) -> bool {
    let is_kept = !line.ends_with(b" ") && !line.ends_with(b"\t");
    line.len() <= LINE_MAX && !line.starts_with(b"From ") && is_kept
}

/// Encodes one output line of `text` from offset `at` as quoted-printable. Returns the length used
/// of `line` and the offset at which the next line begins. Any line end of the text becomes CR LF;
/// the last line has none if the text has none.
///
/// A dot and the F of `From ` at the beginning of a line are encoded, so that neither relays nor
/// mbox files change the line.
pub(super) fn quoted_line(text: &[u8], at: usize, line: &mut [u8; FULL_LINE]) -> (usize, usize) {
    let (mut at, mut len) = (at, 0);
    while let Some(&byte) = text.get(at) {
        if let Some(end) = line_end(&text[at..]) {
            line[len..len + 2].copy_from_slice(b"\r\n");
            return (len + 2, at + end);
        }
        let next = text.get(at + 1);
        let is_last = next.is_none_or(|next| matches!(next, b'\r' | b'\n'));
        let is_first = len == 0 && (byte == b'.' || text[at..].starts_with(b"From "));
        let is_literal = match byte {
            b' ' | b'\t' => !is_last,
            b'=' => false,
            byte => byte.is_ascii_graphic() && !is_first,
        };
        let width = if is_literal { 1 } else { 3 };
        // One column is kept for the `=` of a soft line break, unless the line ends here.
        if len + width > COLUMNS - usize::from(!is_last) {
            line[len..len + 3].copy_from_slice(b"=\r\n");
            return (len + 3, at);
        }
        if is_literal {
            line[len] = byte;
        } else {
            line[len..len + 3].copy_from_slice(&hex(byte));
        }
        (len, at) = (len + width, at + 1);
    }
    (len, at)
}

/// The length of the line end at the beginning of a text, if there is one.
fn line_end(text: &[u8]) -> Option<usize> {
    match text {
        [b'\r', b'\n', ..] => Some(2),
        [b'\r' | b'\n', ..] => Some(1),
        _ => None,
    }
}

fn hex(byte: u8) -> [u8; 3] {
    let digits = b"0123456789ABCDEF";
    [b'=', digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]
}

/// The length in bytes of `raw` octets as lines of base64, with their CR LF; `None` beyond 64 bits.
pub fn base64_len(raw: u64) -> Option<u64> {
    let lines = raw.div_ceil(RAW_LINE as u64);
    raw.div_ceil(3).checked_mul(4)?.checked_add(lines.checked_mul(2)?)
}

/// Encodes base64 in lines of 76 columns (RFC 2045 §6.8), from content in pieces of any length.
#[derive(Debug, Clone)]
pub struct Base64Lines {
    /// Octets of a line that is not complete yet.
    carry: [u8; RAW_LINE],
    carried: usize,
}

impl Base64Lines {
    /// An encoder at the beginning of its content.
    pub fn new() -> Base64Lines {
        Base64Lines { carry: [0; RAW_LINE], carried: 0 }
    }

    /// Encodes a prefix of `raw`, as much as fits into `out`, and returns its length.
    pub fn push(&mut self, raw: &[u8], out: &mut Buffer) -> usize {
        let mut taken = 0;
        if self.carried > 0 {
            taken = raw.len().min(RAW_LINE - self.carried);
            if self.carried + taken == RAW_LINE {
                if out.free_tail_len() < FULL_LINE {
                    return 0;
                }
                self.carry_on(&raw[..taken]);
                self.end(out);
            } else {
                self.carry_on(&raw[..taken]);
            }
        }
        let lines = ((raw.len() - taken) / RAW_LINE).min(out.free_tail_len() / FULL_LINE);
        let whole = &raw[taken..taken + lines * RAW_LINE];
        if let Ok(space) = out.space(lines * FULL_LINE) {
            full_lines(whole, space);
            out.commit(lines * FULL_LINE);
            taken += whole.len();
        }
        let rest = &raw[taken..];
        if self.carried == 0 && rest.len() < RAW_LINE {
            self.carry_on(rest);
            taken = raw.len();
        }
        taken
    }

    /// Writes the last line, if it is shorter than a full one. Returns `false`, and writes nothing,
    /// if the line does not fit into `out`.
    pub fn end(&mut self, out: &mut Buffer) -> bool {
        let len = encoded_len(self.carried);
        if len == 0 {
            return true;
        }
        let Some(space) = out.space(len + 2).ok() else { return false };
        encode_into(&self.carry[..self.carried], space);
        space[len..].copy_from_slice(b"\r\n");
        out.commit(len + 2);
        self.carried = 0;
        true
    }

    fn carry_on(&mut self, bytes: &[u8]) {
        self.carry[self.carried..self.carried + bytes.len()].copy_from_slice(bytes);
        self.carried += bytes.len();
    }
}

impl Default for Base64Lines {
    fn default() -> Base64Lines {
        Base64Lines::new()
    }
}

/// Encodes full lines. [`encode_into`] is fastest over long input, so a block of lines is encoded
/// without line ends into a buffer of its own, then copied line by line.
fn full_lines(raw: &[u8], out: &mut [u8]) {
    let mut block = [0; BLOCK_LINES * COLUMNS];
    let blocks = raw.chunks(BLOCK_LINES * RAW_LINE);
    for (raw, out) in blocks.zip(out.chunks_mut(BLOCK_LINES * FULL_LINE)) {
        let len = encode_into(raw, &mut block);
        let lines = block[..len].as_chunks::<COLUMNS>().0;
        for (line, room) in lines.iter().zip(out.as_chunks_mut::<FULL_LINE>().0) {
            room[..COLUMNS].copy_from_slice(line);
            room[COLUMNS..].copy_from_slice(b"\r\n");
        }
    }
}
