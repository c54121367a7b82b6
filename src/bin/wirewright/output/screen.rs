//! Escapes bytes of a peer for a terminal.
//!
//! ```text
//!   pieces ─▶ whole characters ─▶ controls escaped, but for line ends and tabs ─▶ terminal
//!             └ the rest of a piece waits for the next
//! ```
//!
//! A CR before an LF belongs to the line end. What is not UTF-8 stands as `\x` and two digits.

use std::io::{self, Write};
use wirewright::text::{escape, is_unseen};

/// A writer that escapes control characters, so that output cannot control the terminal.
#[derive(Debug)]
pub struct Screen<W> {
    out: W,
    /// The beginning of a character, or a CR that an LF may follow.
    rest: Vec<u8>,
    /// The first error; nothing is written after it.
    done: io::Result<()>,
}

impl<W: Write> Screen<W> {
    pub fn new(out: W) -> Screen<W> {
        Screen { out, rest: Vec::new(), done: Ok(()) }
    }

    /// Writes the next piece, as far as its characters are whole.
    pub fn push(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        let whole = self.rest.len() - open_len(&self.rest);
        let rest = self.rest.split_off(whole);
        self.write(rest);
    }

    /// Writes what still waits, and says how writing went.
    pub fn finish(&mut self) -> io::Result<()> {
        self.write(Vec::new());
        std::mem::replace(&mut self.done, Ok(()))
    }

    /// Writes what is whole, and keeps `rest`.
    fn write(&mut self, rest: Vec<u8>) {
        let whole = std::mem::replace(&mut self.rest, rest);
        if self.done.is_ok() {
            let shown = shown(&whole);
            self.done = self.out.write_all(shown.as_bytes()).and_then(|()| self.out.flush());
        }
    }
}

/// How many bytes at the end may belong to what comes next.
fn open_len(bytes: &[u8]) -> usize {
    if bytes.ends_with(b"\r") {
        return 1;
    }
    let open = |len: &usize| {
        let end = &bytes[bytes.len() - len..];
        str::from_utf8(end)
            .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    };
    (1..=bytes.len().min(3)).find(open).unwrap_or(0)
}

fn shown(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        let mut chars = chunk.valid().chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\r' if chars.peek() == Some(&'\n') => {}
                '\n' | '\t' => out.push(c),
                c if is_unseen(c) => out.push_str(&escape(c.encode_utf8(&mut [0; 4]))),
                c => out.push(c),
            }
        }
        chunk.invalid().iter().for_each(|byte| out.push_str(&format!("\\x{byte:02x}")));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_at_every_cut() {
        for (bytes, expected) in [
            (&b"HTTP/1.1 200 OK\r\n\r\na\tb\n"[..], "HTTP/1.1 200 OK\n\na\tb\n"),
            (b"\x1b]0;t\x07\x1b[2J\x7f\0", "\\u{1b}]0;t\\u{7}\\u{1b}[2J\\u{7f}\\u{0}"),
            (b"a\rb\r\r\n\r", "a\\rb\\r\n\\r"),
            ("é漢😀\u{9b}\u{202e}".as_bytes(), "é漢😀\\u{9b}\\u{202e}"),
            (b"\xff\xe9x\xf0\x9f\x98", "\\xff\\xe9x\\xf0\\x9f\\x98"),
            (b"", ""),
        ] {
            for first in 0..=bytes.len() {
                for second in first..=bytes.len() {
                    let mut out = Vec::new();
                    let mut screen = Screen::new(&mut out);
                    let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                    pieces.into_iter().for_each(|piece| screen.push(piece));
                    screen.finish().unwrap();
                    assert_eq!(String::from_utf8(out).unwrap(), expected);
                }
            }
        }
    }

    #[test]
    fn the_first_error_is_kept() {
        let mut room = [0; 3];
        let mut screen = Screen::new(&mut room[..]);
        ["ab", "cd", "e"].iter().for_each(|piece| screen.push(piece.as_bytes()));
        assert_eq!(screen.finish().unwrap_err().kind(), io::ErrorKind::WriteZero);
    }
}
