//! Dot-stuffing, and the end of a message.
//!
//! ```text
//!   Hello CR LF                  Hello CR LF
//!   . CR LF               ─▶     .. CR LF           a dot in front of a line is doubled
//!   a LF b CR c           ─▶     a CR LF b CR LF c CR LF
//!                                . CR LF            the end, on a line of its own
//! ```
//!
//! Specification: RFC 5321 §4.5.2 (transparency), §2.3.8 (nothing but CR LF ends a line), §4.1.1.4
//! (the end).
//!
//! A lone CR or LF becomes CR LF: a server that took a lone LF for a line end could read the end of
//! the message, and another message, in the text (SMTP smuggling). So CR LF `.` CR LF occurs in the
//! output exactly once, at the end. A CR is written as CR LF at once and an LF behind it is
//! dropped, so the input may be split at every byte.
//!
//! Text whose lines end in CR LF changes only where a line begins with a dot. The longest unchanged
//! run is found with `memchr` and copied at once.

use crate::buffer::Buffer;
use crate::error::Error;

/// The position in a line, after the last byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum At {
    /// A line begins: a dot here is doubled.
    #[default]
    LineStart,
    Within,
    /// After a CR: a line begins, unless an LF comes first.
    AfterCr,
}

/// Normalises line ends and stuffs dots in a message that comes in pieces of any length. Memory
/// does not depend on its length.
#[derive(Debug, Clone, Default)]
pub struct Stuffer {
    at: At,
    /// Dots are doubled; in BDAT they are not.
    dots: bool,
    made: u64,
}

/// The encoding of a prefix of the input.
struct Piece<'a> {
    /// The length of the prefix.
    taken: usize,
    /// The output.
    bytes: &'a [u8],
    at: At,
    /// The output is a stuffed dot, which does not count as part of the message.
    is_extra: bool,
}

impl Stuffer {
    /// A stuffer at the beginning of a message sent with DATA.
    pub fn new() -> Stuffer {
        Stuffer { dots: true, ..Stuffer::default() }
    }

    /// A stuffer at the beginning of a message sent with BDAT: only line ends are normalised.
    pub fn without_dots() -> Stuffer {
        Stuffer::default()
    }

    /// Encodes a prefix of `input`, as much as fits into `out`, and returns its length. A line end
    /// or a stuffed dot needs two free bytes in `out`.
    ///
    /// # Errors
    /// Only those of `out`, which are not expected: no more is written than the free space.
    pub fn push(&mut self, input: &[u8], out: &mut Buffer) -> Result<usize, Error> {
        let mut taken = 0;
        while let Some(piece) = self.piece(&input[taken..], out.free_tail_len()) {
            out.append(piece.bytes)?;
            taken += piece.taken;
            self.advance(&piece);
        }
        Ok(taken)
    }

    /// How many bytes [`push`](Stuffer::push) would consume and write with `room` free bytes in
    /// `out`.
    pub fn measure(&self, input: &[u8], room: usize) -> (usize, usize) {
        let (mut copy, mut taken, mut made) = (self.clone(), 0, 0);
        while let Some(piece) = copy.piece(&input[taken..], room - made) {
            taken += piece.taken;
            made += piece.bytes.len();
            copy.advance(&piece);
        }
        (taken, made)
    }

    /// The end of the message: a dot on a line of its own, after CR LF if the last line has no end
    /// (RFC 5321 §4.1.1.4).
    pub fn end(&self) -> &'static [u8] {
        match self.at {
            At::Within => b"\r\n.\r\n",
            At::LineStart | At::AfterCr => b".\r\n",
        }
    }

    /// The length of the message in bytes so far, with normalised line ends, without stuffed dots.
    pub fn made(&self) -> u64 {
        self.made
    }

    fn piece<'a>(&self, input: &'a [u8], room: usize) -> Option<Piece<'a>> {
        let first = *input.first()?;
        let (taken, bytes, at, is_extra): (usize, &[u8], At, bool) = match (first, self.at) {
            (b'\n', At::AfterCr) => (1, b"", At::LineStart, false),
            (b'.', At::LineStart | At::AfterCr) if self.dots => (0, b".", At::Within, true),
            _ => match self.run(&input[..input.len().min(room)]) {
                (0, _) if first == b'\r' => (1, b"\r\n", At::AfterCr, false),
                (0, _) if first == b'\n' => (1, b"\r\n", At::LineStart, false),
                (len, at) => (len, &input[..len], at, false),
            },
        };
        let fits = bytes.len() <= room && (taken > 0 || is_extra);
        fits.then_some(Piece { taken, bytes, at, is_extra })
    }

    /// The length of the longest prefix that is not changed, and the position behind it.
    fn run(&self, input: &[u8]) -> (usize, At) {
        let at_start = self.at != At::Within;
        match self.dots {
            true => clean_run(input, at_start),
            // Without dot-stuffing, a dot at the beginning of a line is not special.
            false => {
                let (mut len, mut at_start) = clean_run(input, at_start);
                while at_start == At::LineStart && input.get(len) == Some(&b'.') {
                    let (more, at) = clean_run(&input[len..], false);
                    (len, at_start) = (len + more, at);
                }
                (len, at_start)
            }
        }
    }

    fn advance(&mut self, piece: &Piece<'_>) {
        self.at = piece.at;
        self.made += if piece.is_extra { 0 } else { piece.bytes.len() as u64 };
    }
}

/// The length of the longest prefix of `text` in which every CR and LF is part of a CR LF and no CR
/// LF is followed by a dot, and the position behind it. `at_start` says that a line begins with
/// `text`; the caller handles a dot there.
fn clean_run(text: &[u8], at_start: bool) -> (usize, At) {
    let mut line = 0;
    while let Some(len) = memchr::memchr2(b'\r', b'\n', &text[line..]) {
        let end = line + len;
        if text[end] == b'\n' || text.get(end + 1) != Some(&b'\n') {
            return (end, state_at(end, line, at_start));
        }
        // One search a line: its LF is skipped with its CR.
        line = end + 2;
        if text.get(line) == Some(&b'.') {
            return (line, At::LineStart);
        }
    }
    (text.len(), state_at(text.len(), line, at_start))
}

/// The position in front of the byte at `end`, in a run whose last line began at `line`.
fn state_at(end: usize, line: usize, at_start: bool) -> At {
    match end {
        0 if at_start => At::LineStart,
        _ if end == line && end > 0 => At::LineStart,
        _ => At::Within,
    }
}

/// The result of [`Unstuffer::feed`].
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// More input is needed.
    More,
    /// Bytes of the message. How they are divided into events has no meaning.
    Text(&'a [u8]),
    /// The end of the message.
    End,
}

/// The part of a line that was parsed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Seen {
    /// Nothing.
    #[default]
    Nothing,
    /// A dot at the beginning of the line.
    Dot,
    DotCr,
    Text,
    Cr,
}

/// Decodes a dot-stuffed message: the inverse of [`Stuffer`]. A lone CR or LF is an error.
#[derive(Debug, Clone, Default)]
pub struct Unstuffer {
    seen: Seen,
    offset: u64,
    /// The offset of a lone CR or LF.
    failed: Option<u64>,
}

impl Unstuffer {
    /// A decoder at the beginning of a message.
    pub fn new() -> Unstuffer {
        Unstuffer::default()
    }

    /// Decodes a prefix of `input` and returns its length. Must not be called after
    /// [`Event::End`].
    ///
    /// # Errors
    /// [`Error::Malformed`] at a lone CR or LF, with the offset in the stuffed message; the same
    /// again on every later call.
    pub fn feed<'a>(&mut self, input: &'a [u8]) -> Result<(usize, Event<'a>), Error> {
        let mut eaten = 0;
        while eaten < input.len() && self.failed.is_none() {
            let rest = &input[eaten..];
            let (taken, event) = match (self.seen, rest[0]) {
                (Seen::Nothing, b'.') => self.step(Seen::Dot, Event::More),
                (Seen::Dot, b'\r') => self.step(Seen::DotCr, Event::More),
                (Seen::DotCr, b'\n') => self.step(Seen::Nothing, Event::End),
                (Seen::Cr, b'\n') => self.step(Seen::Nothing, Event::Text(b"\r\n")),
                (Seen::DotCr | Seen::Cr, _) | (_, b'\n') => {
                    self.failed = Some(self.offset);
                    break;
                }
                (_, b'\r') if rest.len() == 1 => self.step(Seen::Cr, Event::More),
                (_, b'\r') if rest[1] != b'\n' => {
                    self.failed = Some(self.offset + 1);
                    break;
                }
                _ => self.text(rest),
            };
            eaten += taken;
            self.offset += taken as u64;
            if event != Event::More {
                return Ok((eaten, event));
            }
        }
        match self.failed {
            None => Ok((eaten, Event::More)),
            Some(offset) => {
                let rule = "CR and LF occur only together";
                Err(Error::malformed(rule, offset, "RFC 5321 §2.3.8"))
            }
        }
    }

    fn step<'a>(&mut self, seen: Seen, event: Event<'a>) -> (usize, Event<'a>) {
        self.seen = seen;
        (1, event)
    }

    fn text<'a>(&mut self, rest: &'a [u8]) -> (usize, Event<'a>) {
        let (len, at) = clean_run(rest, self.seen == Seen::Nothing);
        self.seen = if at == At::LineStart { Seen::Nothing } else { Seen::Text };
        (len, Event::Text(&rest[..len]))
    }
}
