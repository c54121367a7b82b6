//! The message on the wire: its lines, the dots in front of some, and the lone dot at its end.
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
//! A CR or LF alone becomes CR LF: a server that took one for a line end could be shown the end of
//! this message, and another one, where we saw text. So the end stands in what goes out exactly
//! once, where it is put. A CR is written as CR LF at once, and whether an LF follows is only
//! remembered: at every cut, nothing waits.
//!
//! Text whose lines end well is not changed but for its dots. The longest run of it is found at
//! vector speed, and copied whole.

use crate::buffer::Buffer;
use crate::error::Error;

/// What the last byte means for the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum At {
    /// A line begins here: a dot is doubled.
    #[default]
    LineStart,
    Within,
    /// A line begins, unless the rest of the last line end comes first.
    AfterCr,
}

/// Makes the wire's form of a message that comes in pieces of any length.
#[derive(Debug, Clone, Default)]
pub struct Stuffer {
    at: At,
    /// Dots are doubled; within BDAT they are not.
    dots: bool,
    made: u64,
}

/// What becomes of the beginning of a piece: so many bytes of it turn into these.
struct Piece<'a> {
    taken: usize,
    bytes: &'a [u8],
    at: At,
    /// It is a dot that does not belong to the message.
    is_extra: bool,
}

impl Stuffer {
    /// At the beginning of a message that DATA announced.
    pub fn new() -> Stuffer {
        Stuffer { dots: true, ..Stuffer::default() }
    }

    /// At the beginning of a message that goes in chunks: only line ends are made good.
    pub fn without_dots() -> Stuffer {
        Stuffer::default()
    }

    /// Takes a prefix of `input`, as much as `out` has room for (at least two bytes if it is to go
    /// on), and says how long it was.
    ///
    /// # Errors
    /// None of its own: it asks the buffer for no more than its room.
    pub fn push(&mut self, input: &[u8], out: &mut Buffer) -> Result<usize, Error> {
        let mut taken = 0;
        while let Some(piece) = self.piece(&input[taken..], out.tail_room()) {
            out.append(piece.bytes)?;
            taken += piece.taken;
            self.go_on(&piece);
        }
        Ok(taken)
    }

    /// What [`push`](Stuffer::push) would take if there were `room` bytes, and make of it.
    pub fn measure(&self, input: &[u8], room: usize) -> (usize, usize) {
        let (mut copy, mut taken, mut made) = (self.clone(), 0, 0);
        while let Some(piece) = copy.piece(&input[taken..], room - made) {
            taken += piece.taken;
            made += piece.bytes.len();
            copy.go_on(&piece);
        }
        (taken, made)
    }

    /// What ends the message: the lone dot, on a line of its own. No empty line is added.
    pub fn end(&self) -> &'static [u8] {
        match self.at {
            At::Within => b"\r\n.\r\n",
            At::LineStart | At::AfterCr => b".\r\n",
        }
    }

    /// The length of the message in bytes so far, its lines ended well, without doubled dots.
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

    /// The longest beginning that goes out as it is, and what follows it.
    fn run(&self, input: &[u8]) -> (usize, At) {
        let at_start = self.at != At::Within;
        match self.dots {
            true => clean_run(input, at_start),
            // Without dots, a line that begins with one is like any other.
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

    fn go_on(&mut self, piece: &Piece<'_>) {
        self.at = piece.at;
        self.made += if piece.is_extra { 0 } else { piece.bytes.len() as u64 };
    }
}

/// The longest beginning of `text` in which every CR and LF is part of a CR LF, and none of these
/// is followed by a dot; and where it ends. `at_start`: a line begins with `text`, and the caller
/// has seen to a dot there.
fn clean_run(text: &[u8], at_start: bool) -> (usize, At) {
    let mut line = 0;
    while let Some(len) = memchr::memchr2(b'\r', b'\n', &text[line..]) {
        let end = line + len;
        if text[end] == b'\n' || text.get(end + 1) != Some(&b'\n') {
            return (end, state_at(end, line, at_start));
        }
        // One search to a line: its LF is passed with its CR.
        line = end + 2;
        if text.get(line) == Some(&b'.') {
            return (line, At::LineStart);
        }
    }
    (text.len(), state_at(text.len(), line, at_start))
}

/// What the byte at `end` is to a run whose last line began at `line`.
fn state_at(end: usize, line: usize, at_start: bool) -> At {
    match end {
        0 if at_start => At::LineStart,
        _ if end == line && end > 0 => At::LineStart,
        _ => At::Within,
    }
}

/// What a call of [`Unstuffer::feed`] met.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// More input is needed.
    More,
    /// Bytes of the message. Where they are cut means nothing.
    Text(&'a [u8]),
    /// The lone dot.
    End,
}

/// What is to come, as the reader of the wire sees it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Seen {
    /// Nothing of a line.
    #[default]
    Nothing,
    /// A dot in front of a line.
    Dot,
    DotCr,
    Text,
    Cr,
}

/// Takes a message off the wire: the inverse of [`Stuffer`], strict about line ends.
#[derive(Debug, Clone, Default)]
pub struct Unstuffer {
    seen: Seen,
    offset: u64,
    /// Where a CR or LF stood alone.
    failed: Option<u64>,
}

impl Unstuffer {
    /// At the beginning of a message.
    pub fn new() -> Unstuffer {
        Unstuffer::default()
    }

    /// Eats a prefix of `input` and says what it was. To be called no more after the end.
    ///
    /// # Errors
    /// [`Error::Malformed`] at a CR or LF that stands alone, with the offset in the message; the
    /// same again on every later call.
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
                let rule = "CR and LF come only together";
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
