//! `--trace`: the conversation on stderr, line by line.
//!
//! ```text
//!   -> {"type":"list","id":1}             out
//!   <- {"type":"entries","id":1,…}        in          ~> and <~ under TLS
//!   ** closed                             a remark
//! ```

use super::report::escape;
use std::sync::{Arc, Mutex, PoisonError};
use wirewright::datagram::{Alien, Datagram, Kind};
use wirewright::net::client::TapMaker;
use wirewright::net::http;
use wirewright::net::pump::Tap;
use wirewright::smtp;
use wirewright::transfer::transcript::Transcript;

/// Takes the lines of HTTP. Where more than one connection talks, a line names the one that begins.
pub fn http() -> http::Trace {
    let speaker = Mutex::new(0);
    Arc::new(move |mark: http::Mark, is_tls, connection, line: &str| {
        // A thread that panicked while it held this has left a number.
        let mut speaker = speaker.lock().unwrap_or_else(PoisonError::into_inner);
        let last = std::mem::replace(&mut *speaker, connection);
        if last != connection && last != 0 {
            say("**", &format!("connection {connection}"));
        }
        say(mark.as_str(is_tls), line);
    })
}

struct Trace {
    tls: bool,
    out: Transcript,
    into: Transcript,
}

/// Makes a listener for each connection.
pub fn tap() -> TapMaker {
    Arc::new(|| Box::new(Trace { tls: false, out: Transcript::new(), into: Transcript::new() }))
}

/// Makes a listener for each connection of SMTP. What is secret is masked by the reader itself.
pub fn smtp() -> TapMaker {
    Arc::new(|| Box::new(SmtpTrace { tls: false, both: smtp::transcript::Transcript::new() }))
}

struct SmtpTrace {
    tls: bool,
    /// One reader of both directions: only replies tell what is said next.
    both: smtp::transcript::Transcript,
}

impl Tap for SmtpTrace {
    fn sent(&mut self, bytes: &[u8]) {
        let mark = if self.tls { "~>" } else { "->" };
        self.both.said(bytes, &mut |line| say(mark, line));
    }

    fn received(&mut self, bytes: &[u8]) {
        let mark = if self.tls { "<~" } else { "<-" };
        self.both.heard(bytes, &mut |line| say(mark, line));
    }

    fn remark(&mut self, text: &str) {
        say("**", text);
    }

    fn secured(&mut self) {
        self.tls = true;
    }
}

impl Drop for SmtpTrace {
    fn drop(&mut self) {
        self.both.finish(&mut |line| say("**", line));
    }
}

/// Prints text as it travels, each line on its own.
struct Lines;

/// Makes a listener for each connection that speaks in lines of text.
pub fn lines() -> TapMaker {
    Arc::new(|| Box::new(Lines))
}

fn say_lines(mark: &str, bytes: &[u8]) {
    if bytes.is_empty() {
        say(mark, "(an empty datagram)");
    }
    String::from_utf8_lossy(bytes)
        .split_inclusive('\n')
        .for_each(|line| say(mark, line.trim_end()));
}

impl Tap for Lines {
    fn sent(&mut self, bytes: &[u8]) {
        say_lines("->", bytes);
    }

    fn received(&mut self, bytes: &[u8]) {
        say_lines("<-", bytes);
    }

    fn remark(&mut self, text: &str) {
        say("**", text);
    }
}

/// Prints numbered datagrams by their headers.
struct Numbered;

/// Makes a listener for numbered datagrams.
pub fn datagrams() -> TapMaker {
    Arc::new(|| Box::new(Numbered))
}

fn say_datagram(mark: &str, bytes: &[u8]) {
    let len = bytes.len();
    let text = match Datagram::decode(bytes) {
        Ok(Datagram { kind: Kind::Data, run, sequence, time_ns, .. }) => {
            format!("data {sequence} of run {run:016x} at {time_ns} ns, {len} bytes")
        }
        Ok(one) if one.kind == Kind::Part => part(&one, len),
        Ok(Datagram { run, sequence, .. }) => format!("end of run {run:016x}: {sequence} sent"),
        Err(Alien::Short) => format!("a datagram too short, {len} bytes"),
        Err(Alien::Foreign) => format!("a foreign datagram, {len} bytes"),
    };
    say(mark, &text);
}

fn part(one: &Datagram<'_>, len: usize) -> String {
    let Datagram { run, sequence, time_ns, .. } = one;
    let place = one.part().map_or(String::new(), |part| {
        format!(", bytes {} to {} of {}", part.offset, part.end() - 1, part.size)
    });
    format!("part {sequence} of run {run:016x} at {time_ns} ns, {len} bytes{place}")
}

impl Tap for Numbered {
    fn sent(&mut self, bytes: &[u8]) {
        say_datagram("->", bytes);
    }

    fn received(&mut self, bytes: &[u8]) {
        say_datagram("<-", bytes);
    }

    fn remark(&mut self, text: &str) {
        say("**", text);
    }
}

fn say(mark: &str, text: &str) {
    super::say_line(&format!("{mark} {}", escape(text)));
}

impl Tap for Trace {
    fn sent(&mut self, bytes: &[u8]) {
        let mark = if self.tls { "~>" } else { "->" };
        self.out.feed(bytes, &mut |line| say(mark, line));
    }

    fn received(&mut self, bytes: &[u8]) {
        let mark = if self.tls { "<~" } else { "<-" };
        self.into.feed(bytes, &mut |line| say(mark, line));
    }

    fn remark(&mut self, text: &str) {
        say("**", text);
    }

    fn secured(&mut self) {
        self.tls = true;
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        self.out.finish(&mut |line| say("**", &format!("what we sent {line}")));
        self.into.finish(&mut |line| say("**", &format!("what came {line}")));
    }
}
