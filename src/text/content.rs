//! A body as lines of text for a trace, until it turns out to be no text.

use super::{Line, PeerText};

/// A body as lines of text. From the first line that is no text on the rest is only counted, and
/// told as `<N bytes>`.
#[derive(Debug, Default)]
pub(crate) struct Content {
    line: Line,
    is_binary: bool,
    binary: u64,
}

impl Content {
    /// Takes bytes and gives a line for each that is whole.
    pub(crate) fn feed(&mut self, mut input: &[u8], say: &mut dyn FnMut(&PeerText<'_>)) {
        while !input.is_empty() {
            if self.is_binary {
                self.binary += input.len() as u64;
                return;
            }
            let (taken, is_whole) = self.line.take(input);
            input = &input[taken..];
            if is_whole {
                self.end_line(say);
            }
        }
    }

    /// The body has ended: gives what is left, and is ready for another body.
    pub(crate) fn finish(&mut self, say: &mut dyn FnMut(&PeerText<'_>)) {
        if self.line.len() > 0 {
            self.end_line(say);
        }
        if self.is_binary {
            say(&PeerText::from(format!("<{} bytes>", self.binary)));
        }
        *self = Content::default();
    }

    fn end_line(&mut self, say: &mut dyn FnMut(&PeerText<'_>)) {
        if self.line.is_binary() {
            self.is_binary = true;
            self.binary = self.line.len();
            self.line = Line::default();
        } else {
            say(&PeerText::from(&*self.line.end()));
        }
    }
}

impl Line {
    /// Whether it is no text: it is not UTF-8, or has control characters that no text has.
    fn is_binary(&self) -> bool {
        let is_cut = self.len > self.bytes.len() as u64;
        let is_utf8 = match str::from_utf8(&self.bytes) {
            Ok(_) => true,
            // A line may be cut within a character.
            Err(error) => is_cut && error.error_len().is_none(),
        };
        !is_utf8 || self.bytes.iter().any(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31 | 127))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8], piece: usize) -> Vec<String> {
        let (mut content, mut lines) = (Content::default(), Vec::new());
        let mut say = |line: &PeerText<'_>| lines.push(line.as_raw_str().to_owned());
        input.chunks(piece).for_each(|part| content.feed(part, &mut say));
        content.finish(&mut say);
        lines
    }

    #[test]
    fn text_is_shown_and_binary_is_counted() {
        let long = "é".repeat(3000);
        let cut = format!("{}… (6000 bytes in all)", "é".repeat(1024));
        let odd = format!("x{long}");
        for (input, expected) in [
            (&b""[..], vec![]),
            (b"one\r\ntwo\n\nlast", vec!["one", "two", "", "last"]),
            (b"tab\there\x1b[31m\n", vec!["tab\there\u{1b}[31m"]),
            (b"\x89PNG\r\n\x1a\n\0\0", vec!["<10 bytes>"]),
            (b"text\nthen\0\nmore\n", vec!["text", "<11 bytes>"]),
            (b"caf\xe9\n", vec!["<5 bytes>"]),
            (long.as_bytes(), vec![&cut]),
        ] {
            for piece in [1, 3, 7, 100_000] {
                assert_eq!(lines(input, piece), expected, "{piece}");
            }
        }
        // Cut within a character it is still text.
        assert!(lines(odd.as_bytes(), 9)[0].ends_with("… (6001 bytes in all)"));
    }

    #[test]
    fn a_second_body_begins_anew() {
        let (mut content, mut lines) = (Content::default(), Vec::new());
        let mut say = |line: &PeerText<'_>| lines.push(line.as_raw_str().to_owned());
        for body in [&b"\0"[..], b"text"] {
            content.feed(body, &mut say);
            content.finish(&mut say);
        }
        assert_eq!(lines, ["<1 bytes>", "text"]);
    }
}
