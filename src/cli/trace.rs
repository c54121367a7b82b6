//! `--trace`: the conversation on stderr, line by line.
//!
//! ```text
//!   -> {"type":"list","id":1}             out
//!   <- {"type":"entries","id":1,…}        in          ~> and <~ under TLS
//!   ** closed                             a remark
//! ```

use super::report::escape;
use std::sync::{Arc, Mutex, PoisonError};
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
