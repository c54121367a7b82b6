//! `--trace`: prints the messages of a connection to stderr, line by line.
//!
//! ```text
//!   -> {"type":"list","id":1}             sent
//!   <- {"type":"entries","id":1,…}        received    ~> and <~ under TLS
//!   ** closed                             a remark
//!
//!   bytes ─▶ Listener ─▶ Reader ─▶ lines ─▶ time, mark, escapes ─▶ stderr
//!   HTTP: the lines of its encoder and parser ─▶ ┘
//! ```
//!
//! `--trace-time` puts the local time before the mark, in curl's form. The rest of the line stays
//! the same.

use super::style::{Hue, Paint, When};
use crate::args::Common;
use jiff::Zoned;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use wirewright::datagram::{Datagram, DecodeError, Kind};
use wirewright::net::connection::Tap;
use wirewright::net::connection::TapMaker;
use wirewright::net::http::{self, Mark};
use wirewright::smtp::auth::Credentials;
use wirewright::smtp::transcript::Transcript;
use wirewright::text::PeerText;
use wirewright::transfer;

/// How lines are printed.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    paint: Paint,
    /// Each line begins with the time.
    has_time: bool,
    /// Payload that is text is shown.
    has_content: bool,
}

impl Style {
    /// As it was asked for; `None` where there is no trace.
    pub fn of(common: &Common) -> Option<Style> {
        let paint = Paint::asked(When::Auto, &io::stderr());
        let (has_time, has_content) = (common.trace_time, common.trace_content);
        common.is_traced().then_some(Style { paint, has_time, has_content })
    }
}

// ---- one function for each kind of conversation ------------------------------------------------

/// Takes the lines of HTTP. Where several connections are open, a remark names the one that the
/// next lines belong to.
pub fn http(style: Style) -> http::Trace {
    let speaker = Mutex::new(0);
    Arc::new(move |mark, is_tls, connection, line: &PeerText<'_>| {
        // After a panic of another thread the number is still valid.
        let mut speaker = speaker.lock().unwrap_or_else(PoisonError::into_inner);
        let last = std::mem::replace(&mut *speaker, connection);
        if last != connection && last != 0 {
            let line = PeerText::from(format!("connection {connection}"));
            say(style, Mark::Remark, is_tls, "", &line);
        }
        say(style, mark, is_tls, "", line);
    })
}

/// Makes a tap for each connection of the framed or the classic wire.
pub fn transfer(style: Style) -> TapMaker {
    tap(style, Transfer::default)
}

/// The same for a server: each line names the peer.
pub fn served(style: Style) -> TapMaker {
    Arc::new(move |peer| {
        let name = peer.map_or(String::new(), |peer| format!("{peer} "));
        let reader = Transfer::default();
        Box::new(Listener { style, is_tls: false, name, reader })
    })
}

/// Makes a tap for each connection of SMTP. The secret of the credentials is masked.
pub fn smtp(style: Style, credentials: Option<Credentials>) -> TapMaker {
    tap(style, move || {
        let transcript = match style.has_content {
            true => Transcript::new().with_content(),
            false => Transcript::new(),
        };
        match &credentials {
            Some(credentials) => transcript.with_credentials(credentials),
            None => transcript,
        }
    })
}

/// Makes a tap for each connection that carries lines of text.
pub fn lines(style: Style) -> TapMaker {
    tap(style, || read_lines)
}

/// Makes a tap for numbered datagrams.
pub fn datagrams(style: Style) -> TapMaker {
    tap(style, || read_datagram)
}

/// Writes a line that is no part of a conversation.
pub fn remark(style: Style, line: &str) {
    say(style, Mark::Remark, false, "", &PeerText::from(line));
}

fn tap<R: Reader + 'static>(
    style: Style,
    reader: impl Fn() -> R + Send + Sync + 'static,
) -> TapMaker {
    Arc::new(move |_| {
        let (name, reader) = (String::new(), reader());
        Box::new(Listener { style, is_tls: false, name, reader })
    })
}

// ---- from bytes to lines -----------------------------------------------------------------------

/// Takes the lines of a [`Reader`].
type Say<'a> = &'a mut dyn FnMut(&PeerText<'_>);

/// Makes lines of the bytes of a conversation. Secrets are masked, and payload is left out.
trait Reader {
    /// Takes bytes that were sent (`is_out`) or received.
    fn read(&mut self, is_out: bool, bytes: &[u8], say: Say<'_>);

    /// The conversation has ended: says what is incomplete.
    fn finish(&mut self, _: Say<'_>) {}
}

/// Takes the bytes of one connection, and writes the lines of its reader.
struct Listener<R: Reader> {
    style: Style,
    is_tls: bool,
    /// Precedes each line: the name of the connection where there are many, and a space.
    name: String,
    reader: R,
}

impl<R: Reader> Tap for Listener<R> {
    fn sent(&mut self, bytes: &[u8]) {
        let Listener { style, is_tls, name, reader } = self;
        reader.read(true, bytes, &mut |line| say(*style, Mark::Out, *is_tls, name, line));
    }

    fn received(&mut self, bytes: &[u8]) {
        let Listener { style, is_tls, name, reader } = self;
        reader.read(false, bytes, &mut |line| say(*style, Mark::In, *is_tls, name, line));
    }

    fn remark(&mut self, text: &str) {
        say(self.style, Mark::Remark, self.is_tls, &self.name, &PeerText::from(text));
    }

    fn secured(&mut self) {
        self.is_tls = true;
    }
}

impl<R: Reader> Drop for Listener<R> {
    fn drop(&mut self) {
        let Listener { style, is_tls, name, reader } = self;
        reader.finish(&mut |line| say(*style, Mark::Remark, *is_tls, name, line));
    }
}

/// Writes a line, which may hold text of a peer, behind a name of ours.
fn say(style: Style, mark: Mark, is_tls: bool, name: &str, line: &PeerText<'_>) {
    let mark = style.paint.paint(Hue::from(mark), mark.as_str(is_tls));
    let time = match style.has_time {
        true => Zoned::now().strftime("%H:%M:%S.%6f ").to_string(),
        false => String::new(),
    };
    crate::say_marked(&format!("{time}{mark} {name}"), line.as_raw_str());
}

// ---- readers -----------------------------------------------------------------------------------

/// A function reads bytes that mean the same in both directions.
impl<F: FnMut(&[u8], Say<'_>)> Reader for F {
    fn read(&mut self, _: bool, bytes: &[u8], say: Say<'_>) {
        self(bytes, say);
    }
}

/// Messages of the framed wire, or the one object of the classic one.
#[derive(Default)]
struct Transfer {
    out: transfer::transcript::Transcript,
    into: transfer::transcript::Transcript,
}

impl Reader for Transfer {
    fn read(&mut self, is_out: bool, bytes: &[u8], say: Say<'_>) {
        let direction = if is_out { &mut self.out } else { &mut self.into };
        direction.feed(bytes, say);
    }

    fn finish(&mut self, say: Say<'_>) {
        self.out.finish(&mut |line| say(&PeerText::from(format!("what we sent {line}"))));
        self.into.finish(&mut |line| say(&PeerText::from(format!("what came {line}"))));
    }
}

/// One reader for both directions: the replies decide how the next commands are read.
impl Reader for Transcript {
    fn read(&mut self, is_out: bool, bytes: &[u8], say: Say<'_>) {
        if is_out { self.said(bytes, say) } else { self.heard(bytes, say) }
    }

    fn finish(&mut self, say: Say<'_>) {
        Transcript::finish(self, say);
    }
}

/// Lines of text.
fn read_lines(bytes: &[u8], say: Say<'_>) {
    if bytes.is_empty() {
        say(&PeerText::from("[an empty datagram]"));
    }
    let text = String::from_utf8_lossy(bytes);
    text.split_inclusive('\n').for_each(|line| say(&PeerText::from(line.trim_end())));
}

/// Numbered datagrams, by their headers.
fn read_datagram(bytes: &[u8], say: Say<'_>) {
    let len = bytes.len();
    say(&PeerText::from(match Datagram::decode(bytes) {
        Ok(Datagram { kind: Kind::Data, run, sequence, time_ns, .. }) => {
            format!("data {sequence} of run {run:016x} at {time_ns} ns, {len} bytes")
        }
        Ok(one) if one.kind == Kind::Part => part(&one, len),
        Ok(Datagram { run, sequence, .. }) => format!("end of run {run:016x}: {sequence} sent"),
        Err(DecodeError::Short) => format!("a datagram too short, {len} bytes"),
        Err(DecodeError::Foreign) => format!("a foreign datagram, {len} bytes"),
    }));
}

fn part(one: &Datagram<'_>, len: usize) -> String {
    let Datagram { run, sequence, time_ns, .. } = one;
    let place = one.part().map_or(String::new(), |part| {
        format!(", bytes {} to {} of {}", part.offset, part.end() - 1, part.size)
    });
    format!("part {sequence} of run {run:016x} at {time_ns} ns, {len} bytes{place}")
}
