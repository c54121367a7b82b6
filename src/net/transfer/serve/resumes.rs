//! How often a connection may have a file hashed and take next to nothing of it.
//!
//! A get with an offset costs the server the hash of all that lies before the offset, and costs the
//! client one short message. A client that resumes takes the rest of the file; one that only asks
//! is answered `bad_offset` after a while, and may still get every file from its beginning.

use crate::transfer::sender::CHUNK_BYTES;

/// The most gets with an offset in a row that bring less than one chunk of payload together.
const RESUMES_MAX: u32 = 64;

/// The gets with an offset of one connection since its last chunk of payload.
#[derive(Debug, Default)]
pub(super) struct Resumes {
    asked: u32,
    payload: u64,
}

impl Resumes {
    /// A get with an offset is asked for. False if there were too many for nothing.
    pub(super) fn admit(&mut self) -> bool {
        self.asked = self.asked.saturating_add(1);
        self.asked <= RESUMES_MAX
    }

    /// So many bytes of payload were sent.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.payload = self.payload.saturating_add(bytes as u64);
        if self.payload >= CHUNK_BYTES as u64 {
            *self = Resumes::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(count: u32) -> Resumes {
        let mut resumes = Resumes::default();
        assert!((0..count).all(|_| resumes.admit()));
        resumes
    }

    #[test]
    fn so_many_and_no_more() {
        assert!(asked(RESUMES_MAX - 1).admit());
        let mut resumes = asked(RESUMES_MAX);
        assert!(!resumes.admit());
        assert!(!resumes.admit(), "it stays so");
    }

    #[test]
    fn a_chunk_of_payload_makes_it_good() {
        let mut resumes = asked(RESUMES_MAX);
        resumes.sent(CHUNK_BYTES - 1);
        assert!(!resumes.admit());
        resumes.sent(1);
        assert!(resumes.admit());
        assert!(asked(RESUMES_MAX - 1).admit());
    }
}
