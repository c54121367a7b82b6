//! Strict base64 in runs of any length, over a vector kernel.
//!
//! Specification: RFC 4648 §4 (alphabet), §3.2 (padding required), §3.5 (unused bits zero).
//!
//! ```text
//!   run of text:  [ c c c | kernel: whole quads ……………………… | c c ]
//!                   └ completes the carry                   └ becomes the carry (0 to 3)
//! ```
//!
//! Whole quads without padding go to the kernel, which is only ever asked *are these all of the
//! alphabet, and what bytes are they?*. Everything that needs judgement (quads over a cut,
//! padding, the place of the first foreign character) is done here, one character at a time.

use base64_turbo::{STANDARD, STANDARD_NO_PAD};

/// The name of the vector kernel, for reports.
pub const KERNEL: &str = "base64-turbo";

/// Marks a byte that is not of the alphabet in [`VALUES`].
const FOREIGN: u8 = 0xFF;

/// The value of each character of the alphabet.
const VALUES: [u8; 256] = values();

const fn values() -> [u8; 256] {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [FOREIGN; 256];
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

/// The greatest number of bytes that `text` characters of base64 stand for.
pub const fn decoded_len_max(text: usize) -> usize {
    text / 4 * 3
}

/// Encodes `raw` into the beginning of `out` and gives the length of the text.
///
/// # Panics
/// If `out` is shorter than [`encoded_len`] of `raw`.
pub fn encode_into(raw: &[u8], out: &mut [u8]) -> usize {
    let len = encoded_len(raw.len());
    STANDARD.encode_slice(raw, &mut out[..len]).expect("the slice has the exact length")
}

/// Decodes one whole text strictly into the beginning of `out` and gives the length; `None` where
/// the text is not strict base64 or `out` is shorter than [`decoded_len_max`]. The push decoder's
/// shortest user, and the shape in which kernels are compared.
pub fn decode_strict(text: &[u8], out: &mut [u8]) -> Option<usize> {
    let mut quads = Quads::default();
    let run = quads.run(text, out);
    (run.eaten == text.len() && quads.is_whole()).then_some(run.made)
}

/// Which rule of base64 a character broke. With [`UnusedBits`](Fault::UnusedBits) the fault shows
/// at the padding and stands in the character before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Foreign,
    Padding,
    AfterPadding,
    UnusedBits,
}

impl Fault {
    pub(super) fn rule(self) -> &'static str {
        match self {
            Fault::Foreign => "only the standard base64 alphabet",
            Fault::Padding => "padding only completes the last four characters",
            Fault::AfterPadding => "nothing follows base64 padding",
            Fault::UnusedBits => "the unused bits of the last base64 character are zero",
        }
    }

    pub(super) fn section(self) -> &'static str {
        match self {
            Fault::Foreign | Fault::AfterPadding => "RFC 4648 §3.3",
            Fault::Padding => "RFC 4648 §4",
            Fault::UnusedBits => "RFC 4648 §3.5",
        }
    }
}

/// What one run gave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Run {
    /// Characters consumed; with a fault, all before the one that broke a rule.
    pub(super) eaten: usize,
    /// Bytes laid into the room.
    pub(super) made: usize,
    pub(super) fault: Option<Fault>,
}

/// The state between two runs: up to three characters of an unfinished quad, and whether padding
/// was seen.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Quads {
    carry: [u8; 4],
    len: u8,
    padded: bool,
}

impl Quads {
    /// Whether the text so far is whole: no quad is unfinished.
    pub(super) fn is_whole(&self) -> bool {
        self.len == 0
    }

    /// Decodes as much of `run` as `scratch` takes, up to the first character that breaks a rule.
    pub(super) fn run(&mut self, run: &[u8], scratch: &mut [u8]) -> Run {
        let mut did = Run::default();
        while did.eaten < run.len() && scratch.len() - did.made >= 3 {
            if self.len == 0 && !self.padded {
                let quads = kernel_quads(&run[did.eaten..], scratch.len() - did.made);
                let text = &run[did.eaten..did.eaten + quads * 4];
                let clean = decode_clean(text, &mut scratch[did.made..]);
                did.eaten += clean;
                did.made += clean / 4 * 3;
                if clean > 0 {
                    continue;
                }
            }
            match self.push(run[did.eaten]) {
                Ok((bytes, len)) => {
                    scratch[did.made..did.made + len].copy_from_slice(&bytes[..len]);
                    did.eaten += 1;
                    did.made += len;
                }
                Err(fault) => {
                    did.fault = Some(fault);
                    break;
                }
            }
        }
        did
    }

    /// Takes one character; gives the bytes of a quad that it completes.
    pub(super) fn push(&mut self, character: u8) -> Result<([u8; 3], usize), Fault> {
        if self.padded && self.len == 0 {
            return Err(Fault::AfterPadding);
        }
        if character == b'=' {
            self.check_padding()?;
        } else if VALUES[character as usize] == FOREIGN {
            return Err(Fault::Foreign);
        } else if self.padded {
            return Err(Fault::Padding);
        }
        self.carry[self.len as usize] = character;
        self.len += 1;
        Ok(if self.len == 4 { self.complete() } else { ([0; 3], 0) })
    }

    /// A `=` may stand only third (with a fourth to come) or fourth, over unused bits that are
    /// zero.
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

/// How many whole quads of `text` may go to the kernel: as many as there is room for, without a
/// last one that carries padding.
fn kernel_quads(text: &[u8], room: usize) -> usize {
    let quads = (text.len() / 4).min(room / 3);
    let padded = quads > 0 && text[quads * 4 - 1] == b'=';
    quads - usize::from(padded)
}

/// Decodes the longest prefix of whole quads that holds only characters of the alphabet, and gives
/// its length in characters.
fn decode_clean(text: &[u8], scratch: &mut [u8]) -> usize {
    if text.is_empty() || kernel(text, scratch) {
        return text.len();
    }
    let foreign = text.iter().position(|&c| VALUES[c as usize] == FOREIGN);
    let clean = foreign.unwrap_or(0) / 4 * 4;
    if clean > 0 && kernel(&text[..clean], scratch) { clean } else { 0 }
}

/// Asks the kernel: true if all of `text` (whole quads, no padding) was decoded into `scratch`.
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
    fn faults_are_placed() {
        use Fault::*;
        for (text, at, fault) in [
            ("=", 0, Padding),
            ("Z=", 1, Padding),
            ("Zg=x", 3, Padding),
            ("Zg==Z", 4, AfterPadding),
            ("Zg===", 4, AfterPadding),
            ("Zh==", 2, UnusedBits),
            ("Zm9=", 3, UnusedBits),
            ("Zm9v Zm9v", 4, Foreign),
            ("Zm9vZm9vZm9v-m9v", 12, Foreign),
            ("Zm8=Zm9v", 4, AfterPadding),
            ("Zm9vZ\n==", 5, Foreign),
            ("Zm9v====", 4, Padding),
        ] {
            let mut scratch = [0; 64];
            let run = Quads::default().run(text.as_bytes(), &mut scratch);
            assert_eq!((run.eaten, run.fault), (at, Some(fault)), "{text}");
        }
    }

    #[test]
    fn every_foreign_byte_at_every_place() {
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
                    out.extend(&scratch[..run.made]);
                    rest = &rest[run.eaten..];
                    good = run.fault.is_none();
                }
            }
            prop_assert_eq!((good && quads.is_whole()).then_some(out), expected);
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
