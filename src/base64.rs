//! Strict base64, decoded in pieces of any length with a vector kernel.
//!
//! Specification: RFC 4648 §4 (alphabet), §3.2 (padding required), §3.5 (unused bits zero).
//!
//! ```text
//!   run of text:  [ c c c | kernel: whole quads ……………………… | c c ]
//!                   └ completes a carried quad              └ carried to the next run (0 to 3)
//! ```
//!
//! A quad is a group of four characters. The kernel decodes whole quads without padding, and fails
//! if a character is not of the alphabet. This module decodes the rest one character at a time:
//! quads that are cut between two runs, padding, and the quad with the first invalid character.

use base64_turbo::{STANDARD, STANDARD_NO_PAD};

/// The name of the crate with the vector kernel, for reports.
pub const KERNEL: &str = "base64-turbo";

/// The entry in [`VALUES`] of a byte that is not of the alphabet.
const NOT_ALPHABET: u8 = 0xFF;

/// The six-bit value of each character of the alphabet.
const VALUES: [u8; 256] = values();

const fn values() -> [u8; 256] {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [NOT_ALPHABET; 256];
    let mut value = 0;
    while value < alphabet.len() {
        table[alphabet[value] as usize] = value as u8;
        value += 1;
    }
    table
}

/// Length in characters of the base64 text of `raw` bytes, padding included.
pub const fn encoded_len(raw: usize) -> usize {
    raw.div_ceil(3) * 4
}

/// The greatest number of bytes that `text` characters of base64 decode to.
pub const fn decoded_len_max(text: usize) -> usize {
    text / 4 * 3
}

/// Encodes `raw` into the beginning of `out` and returns the length of the text.
///
/// # Panics
/// If `out` is shorter than [`encoded_len`] of `raw`.
pub fn encode_into(raw: &[u8], out: &mut [u8]) -> usize {
    let len = encoded_len(raw.len());
    STANDARD.encode_slice(raw, &mut out[..len]).expect("the slice has the exact length")
}

/// Decodes a complete text into the beginning of `out` and returns the decoded length. `None` if
/// the text is not strict base64 or `out` is shorter than [`decoded_len_max`].
pub fn decode_strict(text: &[u8], out: &mut [u8]) -> Option<usize> {
    let mut quads = Quads::default();
    let run = quads.run(text, out);
    (run.consumed == text.len() && quads.is_complete()).then_some(run.written)
}

/// The rule of base64 that a character breaks. [`UnusedBits`](Fault::UnusedBits) is detected at the
/// padding; the wrong bits are in the character before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    NonAlphabet,
    Padding,
    AfterPadding,
    UnusedBits,
}

impl Fault {
    pub(super) fn rule(self) -> &'static str {
        match self {
            Fault::NonAlphabet => "only the standard base64 alphabet",
            Fault::Padding => "padding only completes the last four characters",
            Fault::AfterPadding => "nothing follows base64 padding",
            Fault::UnusedBits => "the unused bits of the last base64 character are zero",
        }
    }

    pub(super) fn section(self) -> &'static str {
        match self {
            Fault::NonAlphabet | Fault::AfterPadding => "RFC 4648 §3.3",
            Fault::Padding => "RFC 4648 §4",
            Fault::UnusedBits => "RFC 4648 §3.5",
        }
    }
}

/// The result of one run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Run {
    /// Characters consumed; with a fault, all before the one that breaks a rule.
    pub(super) consumed: usize,
    /// Bytes written into the scratch space.
    pub(super) written: usize,
    pub(super) fault: Option<Fault>,
}

/// The state between two runs: up to three characters of an incomplete quad, and whether there was
/// padding.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Quads {
    carry: [u8; 4],
    len: u8,
    padded: bool,
}

impl Quads {
    /// Whether the text may end here: no quad is incomplete.
    pub(super) fn is_complete(&self) -> bool {
        self.len == 0
    }

    /// Decodes as much of `run` as fits into `scratch`, up to the first character that breaks a
    /// rule.
    pub(super) fn run(&mut self, run: &[u8], scratch: &mut [u8]) -> Run {
        let mut did = Run::default();
        while did.consumed < run.len() && scratch.len() - did.written >= 3 {
            if self.len == 0 && !self.padded {
                let quads = kernel_quads(&run[did.consumed..], scratch.len() - did.written);
                let text = &run[did.consumed..did.consumed + quads * 4];
                let clean = decode_clean(text, &mut scratch[did.written..]);
                did.consumed += clean;
                did.written += clean / 4 * 3;
                if clean > 0 {
                    continue;
                }
            }
            match self.push(run[did.consumed]) {
                Ok((bytes, len)) => {
                    scratch[did.written..did.written + len].copy_from_slice(&bytes[..len]);
                    did.consumed += 1;
                    did.written += len;
                }
                Err(fault) => {
                    did.fault = Some(fault);
                    break;
                }
            }
        }
        did
    }

    /// Takes one character. If the character completes a quad, returns its bytes and how many there
    /// are.
    pub(super) fn push(&mut self, character: u8) -> Result<([u8; 3], usize), Fault> {
        if self.padded && self.len == 0 {
            return Err(Fault::AfterPadding);
        }
        if character == b'=' {
            self.check_padding()?;
        } else if VALUES[character as usize] == NOT_ALPHABET {
            return Err(Fault::NonAlphabet);
        } else if self.padded {
            return Err(Fault::Padding);
        }
        self.carry[self.len as usize] = character;
        self.len += 1;
        Ok(if self.len == 4 { self.complete() } else { ([0; 3], 0) })
    }

    /// `=` may only be the third (if the fourth is `=` too) or the fourth character of a quad, and
    /// the unused bits of the character before it have to be zero.
    fn check_padding(&mut self) -> Result<(), Fault> {
        let unused = match self.len {
            2 => VALUES[self.carry[1] as usize] & 0x0F,
            3 if self.padded => 0,
            3 => VALUES[self.carry[2] as usize] & 0x03,
            _ => return Err(Fault::Padding),
        };
        if unused != 0 {
            return Err(Fault::UnusedBits);
        }
        self.padded = true;
        Ok(())
    }

    fn complete(&mut self) -> ([u8; 3], usize) {
        let padding = self.carry.iter().filter(|&&c| c == b'=').count();
        let bits = self.carry.iter().fold(0u32, |bits, &c| {
            bits << 6 | if c == b'=' { 0 } else { u32::from(VALUES[c as usize]) }
        });
        self.len = 0;
        let [_, a, b, c] = bits.to_be_bytes();
        ([a, b, c], 3 - padding)
    }
}

/// How many whole quads of `text` the kernel may decode: as many as fit into `room` bytes, without
/// a last one that has padding.
fn kernel_quads(text: &[u8], room: usize) -> usize {
    let quads = (text.len() / 4).min(room / 3);
    let padded = quads > 0 && text[quads * 4 - 1] == b'=';
    quads - usize::from(padded)
}

/// Decodes the longest prefix of whole quads with only characters of the alphabet, and returns its
/// length in characters.
fn decode_clean(text: &[u8], scratch: &mut [u8]) -> usize {
    if text.is_empty() || kernel(text, scratch) {
        return text.len();
    }
    let invalid = text.iter().position(|&c| VALUES[c as usize] == NOT_ALPHABET);
    let clean = invalid.unwrap_or(0) / 4 * 4;
    if clean > 0 && kernel(&text[..clean], scratch) { clean } else { 0 }
}

/// Decodes `text` (whole quads, no padding) into `scratch`; false if it has an invalid character.
fn kernel(text: &[u8], scratch: &mut [u8]) -> bool {
    let len = text.len() / 4 * 3;
    STANDARD_NO_PAD.decode_slice(text, &mut scratch[..len]) == Ok(len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::base64::Engine as _;
    use ::base64::engine::general_purpose::STANDARD as ORACLE;
    use proptest::prelude::*;

    fn whole(text: &[u8]) -> Option<Vec<u8>> {
        let mut out = vec![0; decoded_len_max(text.len())];
        let len = decode_strict(text, &mut out)?;
        out.truncate(len);
        Some(out)
    }

    #[test]
    fn rfc_4648_section_10() {
        for (raw, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(whole(text.as_bytes()).as_deref(), Some(raw.as_bytes()));
            let mut out = [0; 16];
            let len = encode_into(raw.as_bytes(), &mut out);
            assert_eq!(&out[..len], text.as_bytes());
        }
    }

    #[test]
    fn faults_have_their_offset() {
        use Fault::*;
        for (text, at, fault) in [
            ("=", 0, Padding),
            ("Z=", 1, Padding),
            ("Zg=x", 3, Padding),
            ("Zg==Z", 4, AfterPadding),
            ("Zg===", 4, AfterPadding),
            ("Zh==", 2, UnusedBits),
            ("Zm9=", 3, UnusedBits),
            ("Zm9v Zm9v", 4, NonAlphabet),
            ("Zm9vZm9vZm9v-m9v", 12, NonAlphabet),
            ("Zm8=Zm9v", 4, AfterPadding),
            ("Zm9vZ\n==", 5, NonAlphabet),
            ("Zm9v====", 4, Padding),
        ] {
            let mut scratch = [0; 64];
            let run = Quads::default().run(text.as_bytes(), &mut scratch);
            assert_eq!((run.consumed, run.fault), (at, Some(fault)), "{text}");
        }
    }

    #[test]
    fn every_byte_at_every_place() {
        for byte in 0..=255u8 {
            for at in 0..200 {
                let mut text = [b'A'; 200];
                text[at] = byte;
                assert_eq!(whole(&text), ORACLE.decode(text).ok(), "{byte} at {at}");
            }
        }
    }

    proptest! {
        #[test]
        fn equals_the_oracle(text in "[A-Za-z0-9+/]{0,300}={0,3}", cut in 0usize..300) {
            let expected = ORACLE.decode(&text).ok();
            prop_assert_eq!(whole(text.as_bytes()), expected.clone());
            let cut = cut.min(text.len());
            let (mut quads, mut out) = (Quads::default(), Vec::new());
            let mut good = true;
            for part in [&text.as_bytes()[..cut], &text.as_bytes()[cut..]] {
                let mut rest = part;
                while good && !rest.is_empty() {
                    let mut scratch = [0; 7];
                    let run = quads.run(rest, &mut scratch);
                    out.extend(&scratch[..run.written]);
                    rest = &rest[run.consumed..];
                    good = run.fault.is_none();
                }
            }
            prop_assert_eq!((good && quads.is_complete()).then_some(out), expected);
        }

        #[test]
        fn round_trip(raw in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let mut text = vec![0; encoded_len(raw.len())];
            let len = encode_into(&raw, &mut text);
            prop_assert_eq!(len, text.len());
            prop_assert_eq!(&text, &ORACLE.encode(&raw).into_bytes());
            prop_assert_eq!(whole(&text), Some(raw));
        }
    }
}
