//! Normalisation of line ends: every CR LF, lone CR and lone LF becomes CR LF, and nothing else
//! changes.
//!
//! ```text
//!   a LF b CR LF c CR d LF CR e   ─▶   a CR LF b CR LF c CR LF d CR LF CR LF e
//! ```
//!
//! Specification: RFC 5322 §2.3 (CR and LF only together) and RFC 5321 §2.3.8 (only CR LF ends a
//! line). A server that takes a lone LF for a line end could read a second message in the first
//! (SMTP smuggling). NUL is refused: RFC 5322 §4, RFC 2045 §2.8.
//!
//! A CR is written as CR LF at once, and an LF that follows it is dropped. So a text may be split
//! at every byte, and nothing is left to write at its end.

use crate::buffer::Buffer;
use crate::error::Error;

/// Normalises line ends in a text that comes in pieces of any length. Memory does not depend on the
/// length of the text.
#[derive(Debug, Clone, Default)]
pub struct Normaliser {
    /// The last byte was a CR, so an LF here belongs to the same line end.
    after_cr: bool,
    /// Bytes of input consumed.
    offset: u64,
    /// Bytes of output.
    made: u64,
    failed: bool,
}

/// What the input begins with.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    /// The LF of a CR LF whose CR was consumed before.
    LfOfCrLf,
    /// This number of bytes without CR, LF and NUL, at least one.
    Run(usize),
    /// A CR, or an LF without a CR before it.
    LineEnd,
    Nul,
}

impl Normaliser {
    /// A normaliser at the beginning of a text.
    pub fn new() -> Normaliser {
        Normaliser::default()
    }

    /// Consumes a prefix of `input`, as much as fits into `out`, and returns its length. A line end
    /// needs two free bytes in `out`.
    ///
    /// # Errors
    /// [`Error::Malformed`] at a NUL, with the offset in the text; the same again on every later
    /// call.
    pub fn push(&mut self, input: &[u8], out: &mut Buffer) -> Result<usize, Error> {
        self.check()?;
        let mut taken = 0;
        while taken < input.len() {
            // Search no further than the free space of `out`: a line may be as long as the text,
            // and would be searched again on every call.
            let len = (input.len() - taken).min(out.free_tail_len().max(1));
            let rest = &input[taken..taken + len];
            let done = match self.token(rest) {
                Token::Nul => return self.fail(),
                Token::LfOfCrLf => (1, &b""[..]),
                Token::Run(_) if out.free_tail_len() == 0 => break,
                Token::Run(len) => (len, &rest[..len]),
                Token::LineEnd if out.free_tail_len() < 2 => break,
                Token::LineEnd => (1, &b"\r\n"[..]),
            };
            out.append(done.1)?;
            self.advance(rest[done.0 - 1], done.0, done.1.len());
            taken += done.0;
        }
        Ok(taken)
    }

    /// Consumes all of `input` and only counts: [`made`](Normaliser::made) is then the length of
    /// the normalised text.
    ///
    /// # Errors
    /// As [`push`](Normaliser::push).
    pub fn measure(&mut self, input: &[u8]) -> Result<(), Error> {
        self.check()?;
        let mut rest = input;
        while !rest.is_empty() {
            let (taken, made) = match self.token(rest) {
                Token::Nul => return self.fail().map(|_: usize| ()),
                Token::LfOfCrLf => (1, 0),
                Token::Run(len) => (len, len),
                Token::LineEnd => (1, 2),
            };
            self.advance(rest[taken - 1], taken, made);
            rest = &rest[taken..];
        }
        Ok(())
    }

    /// The length in bytes of the output so far.
    pub fn made(&self) -> u64 {
        self.made
    }

    fn token(&self, rest: &[u8]) -> Token {
        match memchr::memchr3(b'\r', b'\n', 0, rest) {
            None => Token::Run(rest.len()),
            Some(0) if rest[0] == 0 => Token::Nul,
            Some(0) if rest[0] == b'\n' && self.after_cr => Token::LfOfCrLf,
            Some(0) => Token::LineEnd,
            Some(len) => Token::Run(len),
        }
    }

    fn advance(&mut self, last: u8, taken: usize, made: usize) {
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
