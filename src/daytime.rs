//! The daytime service: a server sends the date and the time as one line.
//!
//! Specification: RFC 867 (Daytime Protocol). The server sends one line and closes; it discards
//! what the client sends. RFC 867 has "no specific syntax" for the line. Here the line is that of
//! Python's `str(datetime.now())`, in the server's local time, ended by LF.
//!
//! ```text
//!   client ── connects ─────────────────────────▶ server
//!          ◀─ 2026-11-21 18:43:00.123456 LF ─────
//!          ◀─ end of stream ─────────────────────
//!
//!   2026-11-21 18:43:00.123456      19 characters, or 26 where the microseconds are not 0
//!   └─date───┘ └─time─┘ └µs──┘
//! ```
//!
//! What it is for: to show the smallest sessions of the crate, which implement the contract of
//! [`session`](crate::session) in about a hundred lines. The command is `wirewright time`.
//!
//! # Grammar
//!
//! ```text
//! daytime = date SP time [ "." 6DIGIT ] LF      no fraction where it is 0
//! date    = 4DIGIT "-" 2DIGIT "-" 2DIGIT        a date of the calendar, year 1 to 9999
//! time    = 2DIGIT ":" 2DIGIT ":" 2DIGIT        a time of the clock, second 0 to 59
//! ```
//!
//! [`Server`] sends a `daytime`, and [`Moment::parse`] reads one without its LF. A [`Client`]
//! accepts any single line, as RFC 867 allows.
//!
//! # States
//!
//! ```text
//!   Server   Some(moment) ── transmit ──▶ None: sent, close
//!   Client   Open ─┬─ end of stream, one line ─────────────▶ Ended
//!                  └─ no line, more than one, or too long ─▶ Failed
//! ```
//!
//! # Limits
//!
//! | name | default | what it guards against |
//! |---|---|---|
//! | [`line_bytes_max`] | 512 | a server that never ends its line |
//! | [`line_wait`] | 10 s | a server that sends nothing; a client that does not read |
//!
//! [`line_bytes_max`]: Limits::line_bytes_max
//! [`line_wait`]: Limits::line_wait
//!
//! # Over UDP
//!
//! Over UDP the server answers each datagram, even an empty one, with the line. It does not answer
//! a datagram that is such a line itself, since two servers would answer each other for ever. The
//! answer is longer than the request, and the source address of a request may be forged, so that a
//! daytime service open to the Internet is a reflector for attacks. That is why the command serves
//! loopback by default.

use crate::buffer::Buffer;
use crate::calendar::days_in_month;
use crate::error::Error;
use crate::session::{Received, Session, Wait, Wants};
use std::fmt;
use std::time::Duration;

const SECTION: &str = "RFC 867";

/// The greatest length of the line of a [`Moment`], with its LF, in bytes.
pub const LINE_BYTES: usize = 27;

/// The bounds of both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How much a server may send in all, in bytes.
    pub line_bytes_max: usize,
    /// How long the session may take.
    pub line_wait: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { line_bytes_max: 512, line_wait: Duration::from_secs(10) }
    }
}

impl Limits {
    /// Raises [`line_wait`](Limits::line_wait) to `time` if it is shorter.
    #[must_use]
    pub fn with_waits_of_at_least(self, time: Duration) -> Limits {
        Limits { line_wait: self.line_wait.max(time), ..self }
    }
}

/// A date and a time of day without a time zone, like a "naive" `datetime` of Python.
///
/// ```
/// use wirewright::daytime::Moment;
///
/// let moment = Moment::parse(b"2026-11-21 18:43:00.123456")?;
/// assert_eq!(moment.microsecond(), 123_456);
/// assert_eq!(moment.to_string(), "2026-11-21 18:43:00.123456");
/// # Ok::<(), wirewright::error::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    microsecond: u32,
}

impl Moment {
    /// A moment of a year from 1 to 9999, month and day from 1, and a time of day as hour, minute,
    /// second. `None` for a date that does not exist or a time out of range. As in Python, a leap
    /// second is out of range.
    pub fn new(
        (year, month, day): (u16, u8, u8),
        (hour, minute, second): (u8, u8, u8),
        microsecond: u32,
    ) -> Option<Moment> {
        let date = (1..=9999).contains(&year) && (1..=days_in_month(year, month)).contains(&day);
        let time = hour < 24 && minute < 60 && second < 60 && microsecond < 1_000_000;
        (date && time).then_some(Moment { year, month, day, hour, minute, second, microsecond })
    }

    /// Year, month from 1, day from 1.
    pub fn date(&self) -> (u16, u8, u8) {
        (self.year, self.month, self.day)
    }

    /// Hour, minute, second.
    pub fn time(&self) -> (u8, u8, u8) {
        (self.hour, self.minute, self.second)
    }

    /// The fraction of the second, in microseconds.
    pub fn microsecond(&self) -> u32 {
        self.microsecond
    }

    /// Parses exactly what [`Display`](fmt::Display) writes, without a line end.
    ///
    /// # Errors
    /// [`Error::Malformed`] at the first byte that differs, [`Error::Incomplete`] if the text is
    /// cut off. Microseconds of 0 are never written, so `.000000` is malformed.
    pub fn parse(text: &[u8]) -> Result<Moment, Error> {
        let mut reader = Reader { text, at: 0 };
        let year = reader.number(4)? as u16;
        let month = reader.after(b'-')?;
        let day = reader.after(b'-')?;
        let hour = reader.after(b' ')?;
        let minute = reader.after(b':')?;
        let second = reader.after(b':')?;
        let mut microsecond = 0;
        if reader.at < text.len() {
            reader.byte(b'.')?;
            let from = reader.at;
            microsecond = reader.number(6)?;
            if microsecond == 0 {
                return Err(wrong("microseconds are left out when they are 0", from));
            }
        }
        if reader.at < text.len() {
            return Err(wrong("nothing follows the time", reader.at));
        }
        Moment::new((year, month, day), (hour, minute, second), microsecond)
            .ok_or_else(|| wrong("a date of the calendar and a time of the clock", 0))
    }
}

impl fmt::Display for Moment {
    /// Like Python's `str(datetime)`: without the microseconds when they are 0.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((year, month, day), (hour, minute, second)) = (self.date(), self.time());
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")?;
        match self.microsecond {
            0 => Ok(()),
            microsecond => write!(f, ".{microsecond:06}"),
        }
    }
}

fn wrong(rule: &'static str, at: usize) -> Error {
    Error::malformed(rule, at as u64, SECTION)
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Result<u8, Error> {
        let Some(byte) = self.text.get(self.at) else {
            let offset = self.text.len() as u64;
            return Err(Error::Incomplete {
                expected: "the end of the date and time",
                offset,
                section: SECTION,
            });
        };
        self.at += 1;
        Ok(*byte)
    }

    fn byte(&mut self, expected: u8) -> Result<(), Error> {
        match self.next()? {
            byte if byte == expected => Ok(()),
            _ => Err(wrong("YYYY-MM-DD HH:MM:SS.ffffff", self.at - 1)),
        }
    }

    /// A number of exactly `digits` digits, at most six.
    fn number(&mut self, digits: usize) -> Result<u32, Error> {
        (0..digits).try_fold(0, |number, _| match self.next()? {
            digit @ b'0'..=b'9' => Ok(number * 10 + u32::from(digit - b'0')),
            _ => Err(wrong("YYYY-MM-DD HH:MM:SS.ffffff", self.at - 1)),
        })
    }

    /// The byte `byte`, then a number of two digits.
    fn after(&mut self, byte: u8) -> Result<u8, Error> {
        self.byte(byte)?;
        Ok(self.number(2)? as u8)
    }
}

/// The server's side: sends one line, and discards what the client sends.
#[derive(Debug)]
pub struct Server {
    limits: Limits,
    moment: Option<Moment>,
}

impl Server {
    /// A server that sends this moment.
    pub fn new(limits: Limits, moment: Moment) -> Server {
        Server { limits, moment: Some(moment) }
    }
}

/// The line of a moment, with its LF.
pub fn line(moment: &Moment) -> String {
    format!("{moment}\n")
}

impl Session for Server {
    type Event<'a> = ();

    fn receive<'a>(
        &'a mut self,
        input: &'a [u8],
        _scratch: &'a mut [u8],
    ) -> Result<Received<()>, Error> {
        Ok(Received::need_input(input.len()))
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn transmit(&mut self, out: &mut Buffer) {
        if let Some(moment) = &self.moment
            && out.append(line(moment).as_bytes()).is_ok()
        {
            self.moment = None;
        }
    }

    /// [`Wants::Read`] only until the line was written to `out`.
    fn wants(&self) -> Wants {
        if self.moment.is_some() { Wants::Read } else { Wants::Close }
    }

    fn waits_for(&self) -> Wait {
        Wait::from("the client to read")
    }

    fn idle_timeout(&self) -> Duration {
        self.limits.line_wait
    }

    fn progress(&self) -> u64 {
        0
    }
}

/// The client's side: sends nothing, receives one line.
#[derive(Debug)]
pub struct Client {
    limits: Limits,
    text: Vec<u8>,
    state: ClientState,
}

#[derive(Debug)]
enum ClientState {
    /// The stream has not ended.
    Open,
    Ended,
    Failed(Box<Error>),
}

impl Client {
    /// A client at the beginning of a stream.
    pub fn new(limits: Limits) -> Client {
        Client { limits, text: Vec::new(), state: ClientState::Open }
    }

    /// The line of the server, without white space at both ends, once the stream has ended without
    /// an error. It may be any text without line ends: [`Moment::parse`] checks whether it is a
    /// moment.
    pub fn line(&self) -> Option<&[u8]> {
        matches!(self.state, ClientState::Ended).then(|| self.text.trim_ascii())
    }

    fn fail<T>(&mut self, error: Error) -> Result<T, Error> {
        self.state = ClientState::Failed(Box::new(error.clone()));
        Err(error)
    }
}

impl Session for Client {
    type Event<'a> = ();

    fn receive<'a>(
        &'a mut self,
        input: &'a [u8],
        _scratch: &'a mut [u8],
    ) -> Result<Received<()>, Error> {
        if let ClientState::Failed(error) = &self.state {
            return Err((**error).clone());
        }
        let max = self.limits.line_bytes_max;
        let take = input.len().min(max - self.text.len());
        self.text.extend_from_slice(&input[..take]);
        if take < input.len() {
            let limit = "line_bytes_max";
            let error =
                Error::TooLarge { limit, max: max as u64, offset: max as u64, section: SECTION };
            return self.fail(error);
        }
        Ok(Received::need_input(take))
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        if let ClientState::Failed(error) = &self.state {
            return Err((**error).clone());
        }
        let line = self.text.trim_ascii();
        if line.is_empty() {
            let offset = self.text.len() as u64;
            let expected = "the date and time";
            return self.fail(Error::Incomplete { expected, offset, section: SECTION });
        }
        let before = self.text.len() - self.text.trim_ascii_start().len();
        if let Some(at) = line.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
            return self.fail(wrong("the daytime is just one line", before + at));
        }
        self.state = ClientState::Ended;
        Ok(())
    }

    fn transmit(&mut self, _out: &mut Buffer) {}

    fn wants(&self) -> Wants {
        match self.state {
            ClientState::Open => Wants::Read,
            ClientState::Ended | ClientState::Failed(_) => Wants::Done,
        }
    }

    fn memory(&self) -> usize {
        self.text.capacity()
    }

    fn waits_for(&self) -> Wait {
        Wait::from("the server's line")
    }

    fn idle_timeout(&self) -> Duration {
        self.limits.line_wait
    }

    /// Never grows, so that a server that sends byte by byte does not extend the wait.
    fn progress(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests;
