//! The digest of a file, and how it is written in messages.
//!
//! Specification: `PROTOCOL.md` §6. A digest is written as `blake3:` or `sha256:` and the
//! hexadecimal digits that `b3sum` or `sha256sum` prints.

use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use std::fmt::{self, Write as _};

/// The digest that both sides agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DigestKind {
    /// BLAKE3, 256 bits: the default.
    Blake3,
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// No digest: only the checksums of the chunks protect the file.
    None,
}

impl DigestKind {
    /// All kinds, most preferred first.
    pub const ALL: [DigestKind; 3] = [DigestKind::Blake3, DigestKind::Sha256, DigestKind::None];

    /// The name in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            DigestKind::Blake3 => "blake3",
            DigestKind::Sha256 => "sha256",
            DigestKind::None => "none",
        }
    }

    /// The kind of a digest as written in messages: a name, a colon and 64 lower-case hexadecimal
    /// digits. `None` for a text that is no digest.
    pub fn of(text: &str) -> Option<DigestKind> {
        let (name, hex) = text.split_once(':')?;
        let digits = hex.len() == 64 && hex.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
        DigestKind::from_name(name).filter(|kind| digits && *kind != DigestKind::None)
    }

    /// The kind with this name in messages.
    pub fn from_name(name: &str) -> Option<DigestKind> {
        DigestKind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for DigestKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Computes a digest.
#[derive(Debug, Clone)]
pub enum Digester {
    /// BLAKE3; boxed, since its state is large.
    Blake3(Box<blake3::Hasher>),
    /// SHA-256.
    Sha256(sha2::Sha256),
    /// Computes nothing.
    None,
}

impl Digester {
    /// A digester at the beginning of a file.
    pub fn new(kind: DigestKind) -> Digester {
        match kind {
            DigestKind::Blake3 => Digester::Blake3(Box::default()),
            DigestKind::Sha256 => Digester::Sha256(sha2::Sha256::default()),
            DigestKind::None => Digester::None,
        }
    }

    /// Takes the next bytes of the file.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Digester::Blake3(hasher) => {
                hasher.update(bytes);
            }
            Digester::Sha256(hasher) => hasher.update(bytes),
            Digester::None => {}
        }
    }

    /// The digest as written in messages; `None` for [`DigestKind::None`].
    pub fn finish(self) -> Option<String> {
        match self {
            Digester::Blake3(hasher) => Some(format!("blake3:{}", hasher.finalize().to_hex())),
            Digester::Sha256(hasher) => Some(format!("sha256:{}", hex(&hasher.finalize()))),
            Digester::None => None,
        }
    }
}

/// The CRC-32 of zlib (reflected polynomial 0xEDB88320), which each chunk has (`PROTOCOL.md` §5.4).
pub fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        let of = |kind| {
            let mut digester = Digester::new(kind);
            digester.update(b"a");
            digester.update(b"bc");
            digester.finish()
        };
        // FIPS 180-4, example "abc"; the BLAKE3 value is what b3sum prints.
        let sha256 = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let blake3 = "blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";
        assert_eq!(of(DigestKind::Sha256).as_deref(), Some(sha256));
        assert_eq!(of(DigestKind::Blake3).as_deref(), Some(blake3));
        assert_eq!(of(DigestKind::None), None);
    }
}
