//! Conversations as text: `tests/data/http/*.txt`, replayed against the exchange.
//!
//! ```text
//!   R: POST http://h/x     a request is made        C: POST /x HTTP/1.1     a line it must become
//!   H: Name: value         with this field          C> 5\r\nhello\r\n       bytes it must become
//!   B: chunked | 5         and this body            C.  nothing more is said
//!   P: hello               body is offered          S: HTTP/1.1 200 OK      a line of the server
//!   P.                     the body has ended       S> hello                bytes of the server
//!   X                      no more requests         S.  S!  its stream ends, or breaks off
//!   E: events              all that was told since  W: Read                 what it wants now
//! ```
//!
//! Each conversation is held whole, byte by byte, and in pieces of five.

use crate::oracle::{Outcome, See as _};
use crate::shown::shown;
use crate::text::unescape;
use std::path::Path;
use wirewright::buffer::Buffer;
use wirewright::http::config::Config;
use wirewright::http::exchange::Exchange;
use wirewright::http::request::{Method, Request, RequestBody};
use wirewright::http::url::Url;
use wirewright::session::Session as _;

#[test]
fn all() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/http");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("conversations") {
        let path = entry.expect("a file").path();
        if path.extension().is_none_or(|end| end != "txt") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a text");
        for piece in [1, 5, usize::MAX] {
            if let Err(why) = hold(&text, piece) {
                panic!("{path:?}, by {piece}: {why}");
            }
        }
        count += 1;
    }
    assert!(count >= 8, "{count} conversations");
}

struct Talk {
    exchange: Exchange,
    request: Option<Request>,
    out: Buffer,
    told: Outcome,
    piece: usize,
}

fn hold(text: &str, piece: usize) -> Result<(), String> {
    let mut talk = Talk {
        exchange: Exchange::new(Config::default()),
        request: None,
        out: Buffer::with_limit(1 << 16),
        told: nothing(),
        piece: piece.min(1 << 16),
    };
    for (at, line) in text.lines().enumerate() {
        let (mark, rest) = line.split_at(line.len().min(2));
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let done = talk.line(mark, rest);
        done.map_err(|why| format!("line {}: {why}", at + 1))?;
    }
    match (&talk.told, talk.out.readable()) {
        (told, _) if *told != nothing() => Err(format!("also told {}", shown(told))),
        (_, b"") => Ok(()),
        (_, said) => Err(format!("also said {}", said.escape_ascii())),
    }
}

fn nothing() -> Outcome {
    Outcome { seen: Vec::new(), error: None, leftover: Vec::new() }
}

impl Talk {
    fn line(&mut self, mark: &str, rest: &str) -> Result<(), String> {
        if !matches!(mark, "H:" | "B:" | "# " | "#" | "") {
            self.send()?;
        }
        let wrong = |error: wirewright::error::Error| error.to_string();
        match mark {
            "# " | "#" | "" => {}
            "R:" => {
                let (method, url) = rest.split_once(' ').ok_or("METHOD URL")?;
                let method = Method::new(method).map_err(wrong)?;
                let url = Url::parse(url).map_err(wrong)?;
                self.request = Some(match method.is_connect() {
                    true => Request::connect(url.origin()),
                    false => Request::new(method, &url),
                });
            }
            "H:" => {
                let (name, value) = rest.split_once(": ").ok_or("Name: value")?;
                let request = self.request.as_mut().ok_or("a request")?;
                request.header(name, value.as_bytes()).map_err(wrong)?;
            }
            "B:" => {
                let body = match rest {
                    "chunked" => RequestBody::Chunked,
                    digits => RequestBody::Length(digits.parse().map_err(|_| "a length")?),
                };
                self.request.as_mut().ok_or("a request")?.set_body(body);
            }
            "P:" => {
                let bytes = unescape(rest);
                let taken = self.exchange.offer(&bytes, &mut self.out).map_err(wrong)?;
                if taken != bytes.len() {
                    return Err(format!("took {taken} bytes"));
                }
            }
            "P." => self.exchange.finish_body().map_err(wrong)?,
            "C:" => self.says(&[rest.as_bytes(), b"\r\n"].concat())?,
            "C>" => self.says(&unescape(rest))?,
            "C." => self.says_nothing()?,
            "S:" => self.hear(&[&unescape(rest)[..], b"\r\n"].concat()),
            "S>" => self.hear(&unescape(rest)),
            "S." => self.ends(false),
            "S!" => self.ends(true),
            "X" => self.exchange.end(),
            "E:" => {
                let told = std::mem::replace(&mut self.told, nothing());
                if shown(&told) != rest {
                    return Err(format!("told {}", shown(&told)));
                }
            }
            "W:" => {
                let wants = format!("{:?}", self.exchange.wants());
                if wants != rest {
                    return Err(format!("wants {wants}"));
                }
            }
            _ => return Err(format!("what is {mark}?")),
        }
        Ok(())
    }

    fn send(&mut self) -> Result<(), String> {
        let Some(request) = self.request.take() else { return Ok(()) };
        self.exchange.send(&request).map_err(|error| error.to_string())
    }

    fn says(&mut self, expected: &[u8]) -> Result<(), String> {
        self.exchange.transmit(&mut self.out);
        let said = self.out.readable();
        if !said.starts_with(expected) {
            return Err(format!("said {}", said.escape_ascii()));
        }
        self.out.consume(expected.len());
        Ok(())
    }

    fn says_nothing(&mut self) -> Result<(), String> {
        self.exchange.transmit(&mut self.out);
        match self.out.readable() {
            b"" => Ok(()),
            said => Err(format!("said {}", said.escape_ascii())),
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.exchange.transmit(&mut self.out);
        for piece in bytes.chunks(self.piece) {
            self.drain(piece);
        }
    }

    fn drain(&mut self, piece: &[u8]) {
        let (mut input, mut room) = (piece, [0; 100]);
        while self.told.error.is_none() {
            match self.exchange.receive(input, &mut room) {
                Ok(received) => {
                    input = &input[received.consumed..];
                    let Some(event) = received.into_event() else { break };
                    self.told.seen.see(event);
                }
                Err(error) => self.told.error = Some(error),
            }
        }
    }

    fn ends(&mut self, breaks: bool) {
        let ended = match breaks {
            true => self.exchange.receive_abort(),
            false => self.exchange.receive_eof(),
        };
        match ended {
            Ok(()) => self.drain(b""),
            Err(error) => self.told.error = Some(error),
        }
    }
}

/// The runner sees what is wrong.
#[test]
fn a_conversation_that_is_not_so_fails() {
    let good = "R: GET http://h/\nC: GET / HTTP/1.1\nC: Host: h\nC> \\r\\n\nC.\n\
                S> HTTP/1.1 204 x\\r\\n\\r\\n\nE: 1.1 204 x { } none | end 0 keep\nW: Read\n";
    assert_eq!(hold(good, 1), Ok(()));
    for (from, to) in [
        ("C: Host: h", "C: Host: g"),
        ("C> \\r\\n\n", ""),
        ("keep", "close"),
        ("W: Read", "W: Close"),
        ("E: 1.1 204 x { } none | end 0 keep\n", ""),
        ("W: Read\n", "Y: Read\n"),
        ("204 x\\r\\n\\r\\n", "204 x\\r\\n\\r\\nx"),
    ] {
        assert!(hold(&good.replacen(from, to, 1), 1).is_err(), "{from} to {to}");
    }
}
