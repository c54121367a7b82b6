//! `--trace`: the conversation on stderr, line by line.
//!
//! ```text
//!   -> {"type":"list","id":1}             out
//!   <- {"type":"entries","id":1,…}        in          ~> and <~ under TLS
//!   ** closed                             a remark
//!
//!   bytes ─▶ Listener ─▶ Reader: what they say, in lines ─▶ time, mark, escapes ─▶ stderr
//! ```
//!
//! With `--trace-time` the local time stands before the mark, as curl writes it; behind it a line
//! is the same.

use super::style::{Hue, Paint, When};
use crate::args::Common;
use jiff::Zoned;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use wirewright::datagram::{Alien, Datagram, Kind};
use wirewright::net::connection::Tap;
use wirewright::net::connection::TapMaker;
use wirewright::net::http::{self, Mark};
use wirewright::net::transfer::server::PeerTap;
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

// ---- what is listened to -----------------------------------------------------------------------

/// Takes the lines of HTTP. Where more than one connection talks, a line names the one that begins.
pub fn http(style: Style) -> http::Trace {
    let speaker = Mutex::new(0);
    Arc::new(move |mark, is_tls, connection, line: &PeerText<'_>| {
        // A thread that panicked while it held this has left a number.
        let mut speaker = speaker.lock().unwrap_or_else(PoisonError::into_inner);
        let last = std::mem::replace(&mut *speaker, connection);
        if last != connection && last != 0 {
            let line = PeerText::from(format!("connection {connection}"));
            say(style, Mark::Remark, is_tls, &line);
        }
        say(style, mark, is_tls, line);
    })
}

/// Makes a listener for each connection of the framed or the classic wire.
pub fn transfer(style: Style) -> TapMaker {
    tap(style, Transfer::default)
}

/// The same of a server, whose peers are named in each line.
pub fn served(style: Style) -> PeerTap {
    Arc::new(move |peer| {
        let (name, reader) = (format!("{peer} "), Transfer::default());
        Box::new(Listener { style, is_tls: false, name, reader })
    })
}

/// Makes a listener for each connection of SMTP. The secret of the credentials is masked.
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

/// Makes a listener for each connection that speaks in lines of text.
pub fn lines(style: Style) -> TapMaker {
    tap(style, Lines::default)
}

/// Makes a listener for numbered datagrams.
pub fn datagrams(style: Style) -> TapMaker {
    tap(style, Numbered::default)
}

/// Says a line that is no part of a conversation.
pub fn remark(style: Style, line: &str) {
    say(style, Mark::Remark, false, &PeerText::from(line));
}

fn tap<R: Reader + 'static>(
    style: Style,
    reader: impl Fn() -> R + Send + Sync + 'static,
) -> TapMaker {
    Arc::new(move || {
        let (name, reader) = (String::new(), reader());
        Box::new(Listener { style, is_tls: false, name, reader })
    })
}

// ---- listening ---------------------------------------------------------------------------------

/// Takes what [`Reader`]s have to say.
type Say<'a> = &'a mut dyn FnMut(&PeerText<'_>);

/// Puts the bytes of a conversation into lines, secrets masked and payload left out.
trait Reader {
    /// Bytes that this side sent.
    fn sent(&mut self, bytes: &[u8], say: Say<'_>);

    /// Bytes that came.
    fn heard(&mut self, bytes: &[u8], say: Say<'_>);

    /// The conversation has ended: is anything left in the middle?
    fn finish(&mut self, _: Say<'_>) {}
}

/// Hears the bytes of one connection, and says what its reader makes of them.
struct Listener<R: Reader> {
    style: Style,
    is_tls: bool,
    /// Stands before each line: of the connection where there are many, and a space.
    name: String,
    reader: R,
}

impl<R: Reader> Tap for Listener<R> {
    fn sent(&mut self, bytes: &[u8]) {
        let Listener { style, is_tls, name, reader } = self;
        reader.sent(bytes, &mut |line| say_named(*style, Mark::Out, *is_tls, name, line));
    }

    fn received(&mut self, bytes: &[u8]) {
        let Listener { style, is_tls, name, reader } = self;
        reader.heard(bytes, &mut |line| say_named(*style, Mark::In, *is_tls, name, line));
    }

    fn remark(&mut self, text: &str) {
        let text = PeerText::from(text);
        say_named(self.style, Mark::Remark, self.is_tls, &self.name, &text);
    }

    fn secured(&mut self) {
        self.is_tls = true;
    }
}

impl<R: Reader> Drop for Listener<R> {
    fn drop(&mut self) {
        let Listener { style, is_tls, name, reader } = self;
        reader.finish(&mut |line| say_named(*style, Mark::Remark, *is_tls, name, line));
    }
}

/// Says a line, which may hold a peer's words.
fn say(style: Style, mark: Mark, is_tls: bool, line: &PeerText<'_>) {
    say_named(style, mark, is_tls, "", line);
}

/// The same behind a name of ours.
fn say_named(style: Style, mark: Mark, is_tls: bool, name: &str, line: &PeerText<'_>) {
    let mark = style.paint.paint(Hue::from(mark), mark.as_str(is_tls));
    let time = match style.has_time {
        true => Zoned::now().strftime("%H:%M:%S.%6f ").to_string(),
        false => String::new(),
    };
    crate::say_marked(&format!("{time}{mark} {name}"), line.as_raw_str());
}

// ---- readers -----------------------------------------------------------------------------------

/// Messages of the framed wire, or the one object of the classic one.
#[derive(Default)]
struct Transfer {
    out: transfer::transcript::Transcript,
    into: transfer::transcript::Transcript,
}

impl Reader for Transfer {
    fn sent(&mut self, bytes: &[u8], say: Say<'_>) {
        self.out.feed(bytes, say);
    }

    fn heard(&mut self, bytes: &[u8], say: Say<'_>) {
        self.into.feed(bytes, say);
    }

    fn finish(&mut self, say: Say<'_>) {
        self.out.finish(&mut |line| say(&PeerText::from(format!("what we sent {line}"))));
        self.into.finish(&mut |line| say(&PeerText::from(format!("what came {line}"))));
    }
}

/// One reader of both directions: only replies tell what is said next.
impl Reader for Transcript {
    fn sent(&mut self, bytes: &[u8], say: Say<'_>) {
        self.said(bytes, say);
    }

    fn heard(&mut self, bytes: &[u8], say: Say<'_>) {
        Transcript::heard(self, bytes, say);
    }

    fn finish(&mut self, say: Say<'_>) {
        Transcript::finish(self, say);
    }
}

/// Text as it travels, each line on its own.
#[derive(Default)]
struct Lines;

fn read_lines(bytes: &[u8], say: Say<'_>) {
    if bytes.is_empty() {
        say(&PeerText::from("[an empty datagram]"));
    }
    let text = String::from_utf8_lossy(bytes);
    text.split_inclusive('\n').for_each(|line| say(&PeerText::from(line.trim_end())));
}

impl Reader for Lines {
    fn sent(&mut self, bytes: &[u8], say: Say<'_>) {
        read_lines(bytes, say);
    }

    fn heard(&mut self, bytes: &[u8], say: Say<'_>) {
        read_lines(bytes, say);
    }
}

/// Numbered datagrams by their headers.
#[derive(Default)]
struct Numbered;

fn read_datagram(bytes: &[u8], say: Say<'_>) {
    let len = bytes.len();
    say(&PeerText::from(match Datagram::decode(bytes) {
        Ok(Datagram { kind: Kind::Data, run, sequence, time_ns, .. }) => {
            format!("data {sequence} of run {run:016x} at {time_ns} ns, {len} bytes")
        }
        Ok(one) if one.kind == Kind::Part => part(&one, len),
        Ok(Datagram { run, sequence, .. }) => format!("end of run {run:016x}: {sequence} sent"),
        Err(Alien::Short) => format!("a datagram too short, {len} bytes"),
        Err(Alien::Foreign) => format!("a foreign datagram, {len} bytes"),
    }));
}

fn part(one: &Datagram<'_>, len: usize) -> String {
    let Datagram { run, sequence, time_ns, .. } = one;
    let place = one.part().map_or(String::new(), |part| {
        format!(", bytes {} to {} of {}", part.offset, part.end() - 1, part.size)
    });
    format!("part {sequence} of run {run:016x} at {time_ns} ns, {len} bytes{place}")
}

impl Reader for Numbered {
    fn sent(&mut self, bytes: &[u8], say: Say<'_>) {
        read_datagram(bytes, say);
    }

    fn heard(&mut self, bytes: &[u8], say: Say<'_>) {
        read_datagram(bytes, say);
    }
}
