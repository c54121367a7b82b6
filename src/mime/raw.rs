//! Line ends: every CR LF, lone CR and lone LF becomes CR LF, and nothing else changes.
//!
//! ```text
//!   a LF b CR LF c CR d LF CR e   ─▶   a CR LF b CR LF c CR LF d CR LF CR LF e
//! ```
//!
//! Specification: RFC 5322 §2.3 (CR and LF only together) and RFC 5321 §2.3.8 (nothing else ends a
//! line): a server that takes a lone LF for a line end could be told a second message in the first.
//! NUL is refused: RFC 5322 §4, RFC 2045 §2.7.
//!
//! A CR is written as CR LF at once; whether an LF follows is only remembered. So it can stop and
//! go on at every byte, and at the end nothing waits.

use crate::buffer::Buffer;
use crate::error::Error;

/// Normalises line ends in a text that comes in pieces of any length.
#[derive(Debug, Clone, Default)]
pub struct Normaliser {
    /// The last byte was a CR, so an LF here is the rest of its line end.
    after_cr: bool,
    /// How many bytes were taken.
    offset: u64,
    /// How many were made.
    made: u64,
    failed: bool,
}

/// The beginning of a piece.
#[derive(Debug, PartialEq, Eq)]
enum Sight {
    /// The LF of a CR LF whose CR was taken before.
    Rest,
    /// So many bytes without a line end or NUL, at least one.
    Run(usize),
    /// A line end of one byte, or the first of two.
    End,
    Nul,
}

impl Normaliser {
    /// A normaliser at the beginning of a text.
    pub fn new() -> Normaliser {
        Normaliser::default()
    }

    /// Takes a prefix of `input`, as much as `out` has room for (at least two bytes if it is to go
    /// on), and says how long it was.
    ///
    /// # Errors
    /// [`Error::Malformed`] at a NUL, with the offset in the text; the same again on every later
    /// call.
    pub fn push(&mut self, input: &[u8], out: &mut Buffer) -> Result<usize, Error> {
        self.check()?;
        let mut taken = 0;
        while taken < input.len() {
            // No more is looked at than there is room for: a line may be as long as the text.
            let len = (input.len() - taken).min(out.tail_room().max(1));
            let rest = &input[taken..taken + len];
            let done = match self.sight(rest) {
                Sight::Nul => return self.fail(),
                Sight::Rest => (1, &b""[..]),
                Sight::Run(_) if out.tail_room() == 0 => break,
                Sight::Run(len) => (len, &rest[..len]),
                Sight::End if out.tail_room() < 2 => break,
                Sight::End => (1, &b"\r\n"[..]),
            };
            out.append(done.1)?;
            self.go_on(rest[done.0 - 1], done.0, done.1.len());
            taken += done.0;
        }
        Ok(taken)
    }

    /// Takes all of `input` and writes nothing: what [`made`](Normaliser::made) counts is then the
    /// length of the text on the wire, before any of it is sent.
    ///
    /// # Errors
    /// As [`push`](Normaliser::push).
    pub fn measure(&mut self, input: &[u8]) -> Result<(), Error> {
        self.check()?;
        let mut rest = input;
        while !rest.is_empty() {
            let (taken, made) = match self.sight(rest) {
                Sight::Nul => return self.fail().map(|_: usize| ()),
                Sight::Rest => (1, 0),
                Sight::Run(len) => (len, len),
                Sight::End => (1, 2),
            };
            self.go_on(rest[taken - 1], taken, made);
            rest = &rest[taken..];
        }
        Ok(())
    }

    /// The length in bytes of what was made.
    pub fn made(&self) -> u64 {
        self.made
    }

    fn sight(&self, rest: &[u8]) -> Sight {
        match memchr::memchr3(b'\r', b'\n', 0, rest) {
            None => Sight::Run(rest.len()),
            Some(0) if rest[0] == 0 => Sight::Nul,
            Some(0) if rest[0] == b'\n' && self.after_cr => Sight::Rest,
            Some(0) => Sight::End,
            Some(len) => Sight::Run(len),
        }
    }

    fn go_on(&mut self, last: u8, taken: usize, made: usize) {
        self.after_cr = last == b'\r';
        self.offset += taken as u64;
        self.made += made as u64;
    }

    fn check(&mut self) -> Result<(), Error> {
        if self.failed { self.fail() } else { Ok(()) }
    }

    fn fail<T>(&mut self) -> Result<T, Error> {
        self.failed = true;
        Err(Error::malformed("a text holds no NUL", self.offset, "RFC 2045 §2.8"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The naive reading: the whole text, twice replaced.
    fn naive(text: &[u8]) -> Vec<u8> {
        let text = String::from_utf8(text.to_vec()).unwrap();
        text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n").into_bytes()
    }

    fn run(text: &[u8], piece: usize, room: usize) -> (Vec<u8>, Result<u64, Error>) {
        let (mut normaliser, mut made) = (Normaliser::new(), Vec::new());
        let mut out = Buffer::with_limit(room);
        for mut piece in text.chunks(piece) {
            while !piece.is_empty() {
                match normaliser.push(piece, &mut out) {
                    Ok(taken) => piece = &piece[taken..],
                    Err(error) => {
                        made.extend_from_slice(out.readable());
                        assert_eq!(normaliser.push(b"x", &mut out), Err(error.clone()));
                        return (made, Err(error));
                    }
                }
                made.extend_from_slice(out.readable());
                out.consume(out.len());
            }
        }
        (made, Ok(normaliser.made()))
    }

    #[test]
    fn nul_is_refused_where_it_stands() {
        for (text, at) in [(&b"\0"[..], 0), (b"a\r\n\0", 3), (b"ab\0c", 2), (b"\r\0", 1)] {
            for piece in 1..5 {
                assert_eq!(run(text, piece, 7).1.unwrap_err().offset(), Some(at), "{text:?}");
            }
            assert_eq!(Normaliser::new().measure(text).unwrap_err().offset(), Some(at));
        }
    }

    proptest! {
        #[test]
        fn equals_the_naive_reading(
            text in "[a\r\n]{0,40}", piece in 1usize..9, room in 2usize..9,
        ) {
            let expected = naive(text.as_bytes());
            let (made, len) = run(text.as_bytes(), piece, room);
            prop_assert_eq!(&made, &expected);
            prop_assert_eq!(len, Ok(expected.len() as u64));
            let mut measured = Normaliser::new();
            for piece in text.as_bytes().chunks(piece) {
                measured.measure(piece).unwrap();
            }
            prop_assert_eq!(measured.made(), expected.len() as u64);
        }
    }
}
