//! What files hold: pieces of one pool, so that an etag tells the whole file.

use std::sync::OnceLock;
use wirewright::digest::{DigestKind, Digester};

const POOL_BYTES: usize = 800_000;

/// The bytes of a version of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    from: usize,
    size: usize,
}

impl Content {
    /// From two choices: mostly small, sometimes near the limits of chunks, seldom large.
    pub fn new(size: u8, from: u8) -> Content {
        let byte = usize::from(size);
        let size = match (size, from) {
            (0..224, _) => byte % 48,
            (224..240, _) => (byte - 220) * 37,
            (240..246, _) => 1383 * (byte - 239) + byte % 3 - 1,
            // One chunk and two of a frame of 65,536 bytes, less or more a byte or two.
            (246..251, _) => 49_002 + byte - 248,
            (251, 128..) => 98_004 + usize::from(from % 5) - 2,
            // One chunk of the greatest frame.
            (252, 240..) => 196_608 + usize::from(from % 5) - 2,
            (253, 253) => 600_000,
            _ => byte % 7,
        };
        Content { from: usize::from(from) * 3, size }
    }

    pub fn size(self) -> usize {
        self.size
    }

    pub fn bytes(self) -> &'static [u8] {
        static POOL: OnceLock<Vec<u8>> = OnceLock::new();
        let pool = POOL.get_or_init(|| {
            let byte = |i: u64| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8;
            (0..POOL_BYTES as u64).map(byte).collect()
        });
        &pool[self.from..self.from + self.size]
    }

    pub fn etag(self) -> String {
        format!("{}-{}", self.from, self.size)
    }

    /// The content an etag names.
    pub fn of(etag: &str) -> Content {
        let (from, size) = etag.split_once('-').expect("an etag of ours");
        Content { from: from.parse().expect("a number"), size: size.parse().expect("a number") }
    }

    /// A digest that has seen the first `len` bytes.
    pub fn digester(self, kind: DigestKind, len: usize) -> Digester {
        let mut digester = Digester::new(kind);
        digester.update(&self.bytes()[..len]);
        digester
    }

    pub fn digest(self, kind: DigestKind) -> Option<String> {
        self.digester(kind, self.size).finish()
    }
}

/// A file on its way in: what has arrived, and up to where it counts.
#[derive(Debug, Clone)]
pub struct Arriving {
    pub content: Content,
    pub have: usize,
    /// Ends of what was verified, rising; the last is the newest.
    marks: Vec<usize>,
}

impl Arriving {
    /// Goes on from `have` bytes.
    pub fn new(content: Content, have: usize) -> Arriving {
        assert!(have <= content.size);
        Arriving { content, have, marks: vec![have] }
    }

    /// Bytes come: in their place, and the right ones.
    pub fn payload(&mut self, offset: u64, bytes: &[u8]) {
        assert_eq!(offset, self.have as u64, "no byte is skipped");
        let end = self.have + bytes.len();
        assert_eq!(self.content.bytes().get(self.have..end), Some(bytes), "equal to the source");
        self.have = end;
    }

    /// A chunk counts.
    pub fn verified(&mut self, offset: u64, len: u64) {
        assert_eq!(self.marks.last().map(|mark| *mark as u64), Some(offset), "chunk by chunk");
        assert_eq!(offset + len, self.have as u64);
        self.marks.push(self.have);
    }

    /// All has come.
    pub fn assert_whole(&self) {
        assert_eq!(self.have, self.content.size, "it is whole");
        assert_eq!(self.marks.last(), Some(&self.have), "all of it counts");
    }

    /// After a cut: what counted, less some of the last chunks.
    pub fn kept(&self, lost: usize) -> usize {
        self.marks[self.marks.len().saturating_sub(1 + lost)]
    }
}
