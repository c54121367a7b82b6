//! A transcript of a session for people: one line for each line on the wire, with messages elided
//! and secrets masked.
//!
//! ```text
//!   C: AUTH PLAIN AGFiYwBzZWNyZXQ=    ─▶ AUTH PLAIN ***
//!   S: 334 VXNlcm5hbWU6               ─▶ 334 ***
//!   C: c2VjcmV0                       ─▶ ***
//!   C: From: … CR LF . CR LF          ─▶ [1234 bytes of message]   .
//! ```
//!
//! [`Transcript::with_content`] shows messages as well, dot-stuffed as on the wire.
//!
//! The transcript reports no errors. It needs both directions in the order in which they passed:
//! the server's replies decide whether the client's next line is a command, a response to a
//! challenge or a message.
//!
//! Specification: RFC 4954 §4 (the AUTH exchange), RFC 5321 §4.5.2 (the end of a message).

use super::auth::{Credentials, decode};
use super::data::{Event, Unstuffer};
use super::reply::text;
use super::secrets::{MASK, Secrets};
use crate::text::{LINE_BYTES_MAX, Line, PeerText};

/// Receives the lines of the transcript.
type Say<'a> = &'a mut dyn FnMut(&PeerText<'_>);

/// What the client sends next.
#[derive(Debug)]
enum Mode {
    /// A command.
    Command,
    /// DATA was sent: a message after 354.
    Announced,
    /// A message, up to its end.
    Message(Unstuffer),
    /// A chunk, of which this number of bytes is left.
    Chunk(u64),
    /// Responses to challenges; `is_name` says that the next one is only a user name.
    Auth { is_name: bool },
}

/// Turns both directions of a session into lines for people.
#[derive(Debug)]
pub struct Transcript {
    mode: Mode,
    out: Line,
    into: Line,
    /// Bytes of the message so far.
    elided: u64,
    /// The unfinished line of a message, if messages are shown.
    content: Option<Line>,
    /// The password, and what was sent in AUTH: the server may repeat them.
    secrets: Secrets,
}

impl Transcript {
    /// A transcript at the beginning of a connection.
    pub fn new() -> Transcript {
        Transcript {
            mode: Mode::Command,
            out: Line::default(),
            into: Line::default(),
            elided: 0,
            content: None,
            secrets: Secrets::default(),
        }
    }

    /// Shows messages as well, each line as on the wire.
    #[must_use]
    pub fn with_content(self) -> Transcript {
        Transcript { content: Some(Line::default()), ..self }
    }

    /// Masks the secret of these credentials wherever the server repeats it. Mechanisms such as
    /// CRAM-MD5 do not send the password, so the transcript cannot learn it from the session.
    #[must_use]
    pub fn with_credentials(mut self, credentials: &Credentials) -> Transcript {
        credentials.hide(&mut self.secrets);
        self
    }

    /// Takes bytes that the client sent, and passes each complete line to `say`.
    pub fn said(&mut self, mut input: &[u8], say: Say<'_>) {
        while !input.is_empty() {
            let taken = match &mut self.mode {
                Mode::Message(_) => self.message(input, say),
                Mode::Chunk(left) => {
                    let taken = input.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    *left -= taken as u64;
                    let is_whole = *left == 0;
                    self.elided += taken as u64;
                    self.show(&input[..taken], say);
                    if is_whole {
                        self.say_elided(say);
                        self.mode = Mode::Command;
                    }
                    taken
                }
                Mode::Command | Mode::Announced | Mode::Auth { .. } => {
                    let (taken, is_whole) = self.out.take(input);
                    if is_whole {
                        self.command(say);
                    }
                    taken
                }
            };
            input = &input[taken..];
        }
    }

    /// Takes bytes that the server sent, and passes each complete line to `say`.
    pub fn heard(&mut self, mut input: &[u8], say: Say<'_>) {
        while !input.is_empty() {
            let (taken, is_whole) = self.into.take(input);
            input = &input[taken..];
            if is_whole {
                let line = self.into.end();
                match line.strip_prefix("334") {
                    Some(challenge) if challenge.len() > 1 => {
                        say(&PeerText::from(format!("334 {MASK}")))
                    }
                    _ => say_masked(&line, self.secrets.mask_line(line.as_bytes()), say),
                }
                if line.as_bytes().get(3) != Some(&b'-') {
                    self.replied(&line);
                }
            }
        }
    }

    /// Ends the transcript, with a line for each direction that ended within a line or message.
    pub fn finish(&mut self, say: Say<'_>) {
        if self.elided > 0 {
            say(&PeerText::from(format!(
                "ended within a message, after {} bytes of it",
                self.elided
            )));
        }
        for (line, who) in [(&self.out, "the client"), (&self.into, "the server")] {
            if line.len() > 0 {
                say(&PeerText::from(format!(
                    "ended within a line of {who}, after {} bytes of it",
                    line.len()
                )));
            }
        }
    }

    /// Handles a complete line of the client.
    fn command(&mut self, say: Say<'_>) {
        let line = self.out.end();
        let mut words = line.split(' ');
        let verb = words.next().unwrap_or_default().to_ascii_uppercase();
        match (&self.mode, &*verb) {
            (Mode::Auth { is_name }, _) => {
                hide(&mut self.secrets, &line, *is_name);
                self.mode = Mode::Auth { is_name: false };
                return say(&PeerText::from(if line.is_empty() { "" } else { MASK }));
            }
            (_, "AUTH") => {
                let mechanism = words.next().unwrap_or_default();
                let (is_login, initial) = (mechanism.eq_ignore_ascii_case("LOGIN"), words.next());
                hide(&mut self.secrets, initial.unwrap_or_default(), is_login);
                self.mode = Mode::Auth { is_name: is_login && initial.is_none() };
                let secret = if initial.is_some() { " ***" } else { "" };
                return say(&PeerText::from(format!("AUTH {mechanism}{secret}")));
            }
            (_, "DATA") => self.mode = Mode::Announced,
            (_, "BDAT") => {
                let len = words.next().and_then(|digits| digits.parse().ok()).unwrap_or(0);
                self.mode = if len > 0 { Mode::Chunk(len) } else { Mode::Command };
            }
            _ => self.mode = Mode::Command,
        }
        say(&PeerText::from(&*line));
    }

    /// Handles the last line of a reply.
    fn replied(&mut self, line: &str) {
        self.mode = match std::mem::replace(&mut self.mode, Mode::Command) {
            Mode::Announced if line.starts_with("354") => Mode::Message(Unstuffer::new()),
            Mode::Auth { .. } if !line.starts_with("334") => Mode::Command,
            mode => mode,
        };
    }

    fn message(&mut self, input: &[u8], say: Say<'_>) -> usize {
        let Mode::Message(unstuffer) = &mut self.mode else { return 0 };
        let (taken, text, is_end) = match unstuffer.feed(input) {
            Ok((taken, Event::Text(text))) => (taken, text.len(), false),
            Ok((taken, Event::More)) => (taken, 0, false),
            Ok((taken, Event::End)) => (taken, 0, true),
            // A lone CR or LF: the rest is only counted.
            Err(_) => (input.len(), input.len(), false),
        };
        self.elided += text as u64;
        self.show(&input[..taken], say);
        if is_end {
            self.say_elided(say);
            if self.content.is_none() {
                say(&PeerText::from("."));
            }
            self.mode = Mode::Command;
        }
        taken
    }

    /// Shows bytes of a message, if messages are shown.
    fn show(&mut self, mut input: &[u8], say: Say<'_>) {
        let Some(line) = &mut self.content else { return };
        while !input.is_empty() {
            let (taken, is_whole) = line.take(input);
            input = &input[taken..];
            if is_whole {
                let line = line.end();
                say_masked(&line, self.secrets.mask(line.as_bytes()), say);
            }
        }
    }

    /// Ends a message or a chunk.
    fn say_elided(&mut self, say: Say<'_>) {
        let len = std::mem::take(&mut self.elided);
        match &mut self.content {
            Some(line) if line.len() > 0 => {
                let line = line.end();
                say_masked(&line, self.secrets.mask(line.as_bytes()), say);
            }
            Some(_) => {}
            None => say(&PeerText::from(format!("[{len} bytes of message]"))),
        }
    }
}

/// Passes on a line, or its masked form.
fn say_masked(line: &str, masked: Option<Vec<u8>>, say: Say<'_>) {
    match masked {
        Some(masked) => say(&text(&masked)),
        None => say(&PeerText::from(line)),
    }
}

/// Adds a response to a challenge to the secrets and, unless it is a user name, the secret in it:
/// behind NUL the password of PLAIN, behind a space the digest of CRAM-MD5, or the token of
/// XOAUTH2.
fn hide(secrets: &mut Secrets, answer: &str, is_name: bool) {
    secrets.add(answer.as_bytes());
    // A line that was truncated may end within a group of four.
    let whole = &answer.as_bytes()[..answer.len().min(LINE_BYTES_MAX) / 4 * 4];
    let Some(said) = decode(whole).filter(|_| !is_name) else { return };
    match memchr::memrchr(0, &said) {
        Some(at) => secrets.add(&said[at + 1..]),
        None => {
            secrets.add(&said);
            let token =
                said.split(|byte| *byte == 1).find_map(|part| part.strip_prefix(b"auth=Bearer "));
            let digest = said.rsplit(|byte| *byte == b' ').next();
            secrets.add(token.or(digest).unwrap_or_default());
        }
    }
}

impl Default for Transcript {
    fn default() -> Transcript {
        Transcript::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both directions in pieces, each line marked.
    fn lines(dialogue: &[(char, &str)], piece: usize) -> Vec<String> {
        lines_of(Transcript::new(), dialogue, piece)
    }

    fn lines_of(
        mut transcript: Transcript,
        dialogue: &[(char, &str)],
        piece: usize,
    ) -> Vec<String> {
        let mut lines = Vec::new();
        for (side, text) in dialogue {
            for part in text.as_bytes().chunks(piece) {
                let mut say = |line: &PeerText<'_>| lines.push(format!("{side} {line}"));
                match side {
                    'C' => transcript.said(part, &mut say),
                    _ => transcript.heard(part, &mut say),
                }
            }
        }
        transcript.finish(&mut |line| lines.push(format!("* {line}")));
        lines
    }

    #[test]
    fn secrets_and_messages_are_not_shown() {
        let dialogue = [
            ('S', "220 mx ready\r\n"),
            ('C', "EHLO c\r\n"),
            ('S', "250-mx\r\n250 AUTH PLAIN LOGIN\r\n"),
            ('C', "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n"),
            ('S', "535 no\r\n"),
            ('C', "auth login\r\n"),
            ('S', "334 VXNlcm5hbWU6\r\n"),
            ('C', "dXNlcg==\r\n"),
            ('S', "334 UGFzc3dvcmQ6\r\n"),
            ('C', "c2VjcmV0\r\n"),
            ('S', "235 ok\r\n"),
            ('C', "MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n"),
            ('S', "250 ok\r\n250 ok\r\n354 go\r\n"),
            ('C', "..secret\r\n..\r\nDATA\r\n.\r\nMAIL FROM:<>\r\n"),
            ('S', "250-taken\r\n250 ok\r\n250 ok\r\n"),
            ('C', "BDAT 4\r\nx\r\n.RSET\r\nDATA\r\n"),
            ('S', "250 ok\r\n250 ok\r\n554 no\r\n"),
            ('C', "QUIT\r\n"),
            ('S', "221 bye"),
        ];
        let expected = [
            "S 220 mx ready",
            "C EHLO c",
            "S 250-mx",
            "S 250 AUTH PLAIN LOGIN",
            "C AUTH PLAIN ***",
            "S 535 no",
            "C AUTH login",
            "S 334 ***",
            "C ***",
            "S 334 ***",
            "C ***",
            "S 235 ok",
            "C MAIL FROM:<>",
            "C RCPT TO:<a@b>",
            "C DATA",
            "S 250 ok",
            "S 250 ok",
            "S 354 go",
            "C [18 bytes of message]",
            "C .",
            "C MAIL FROM:<>",
            "S 250-taken",
            "S 250 ok",
            "S 250 ok",
            "C BDAT 4",
            "C [4 bytes of message]",
            "C RSET",
            "C DATA",
            "S 250 ok",
            "S 250 ok",
            "S 554 no",
            "C QUIT",
            "* ended within a line of the server, after 7 bytes of it",
        ];
        for piece in [1, 2, 3, 7, 1000] {
            assert_eq!(lines(&dialogue, piece), expected, "{piece}");
        }
    }

    #[test]
    fn messages_are_shown_as_they_travel_where_that_is_asked_for() {
        let dialogue = [
            ('C', "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n"),
            ('S', "235 ok\r\n"),
            ('C', "DATA\r\n"),
            ('S', "354 go\r\n"),
            ('C', "Subject: s\r\n\r\n..dot\r\nmy secret\r\n.\r\nBDAT 6\r\nx\r\n.yzRSET\r\n"),
        ];
        let expected = [
            "C AUTH PLAIN ***",
            "S 235 ok",
            "C DATA",
            "S 354 go",
            "C Subject: s",
            "C ",
            "C ..dot",
            "C my ***",
            "C .",
            "C BDAT 6",
            "C x",
            "C .yz",
            "C RSET",
        ];
        for piece in [1, 2, 3, 7, 1000] {
            let transcript = Transcript::new().with_content();
            assert_eq!(lines_of(transcript, &dialogue, piece), expected, "{piece}");
        }
    }

    #[test]
    fn the_middle_is_not_shown_either() {
        let dialogue = [('C', "AUTH PLAIN AHVzZXIAc2VjcmV0")];
        assert_eq!(
            lines(&dialogue, 5),
            ["* ended within a line of the client, after 27 bytes of it"]
        );
        let dialogue = [('C', "DATA\r\n"), ('S', "354 go\r\n"), ('C', "secret\nmore")];
        let expected = ["C DATA", "S 354 go", "* ended within a message, after 11 bytes of it"];
        assert_eq!(lines(&dialogue, 1000), expected);
    }

    #[test]
    fn long_lines_are_cut() {
        let long = format!("250 {}\r\n", "x".repeat(5000));
        let shown = lines(&[('S', &long)], 100);
        assert!(shown[0].ends_with("… (5006 bytes in all)") && shown[0].len() < 2100);
    }
}
