//! A server whose choices come from the input: it parses commands by its own rules, and sends
//! replies that are positive, negative, superfluous or missing.

use super::choices::Choices;

/// What the server requires, and what it may do.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// It answers each command once, with a reply that belongs to it.
    pub is_honest: bool,
    /// The connection began with TLS.
    pub is_tls: bool,
    /// The client must not send a message, or log in, before.
    pub needs_tls: bool,
    pub needs_auth: bool,
    pub may_auth_in_clear: bool,
    /// The bits choose what is offered.
    pub offers: u8,
}

/// Refusals of AUTH: of the password, and of the mechanism.
const REFUSALS: [&str; 3] = ["535 no", "504 5.5.4 no", "501 5.5.2 what"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Line,
    Content,
    Auth,
    Chunk(usize),
}

/// The server's side of the conversation.
pub struct Server<'a> {
    rules: Rules,
    choices: Choices<'a>,
    mode: Mode,
    inbox: Vec<u8>,
    /// Replies that the client has not received yet.
    pub said: Vec<u8>,
    /// The server sends nothing more.
    pub is_closed: bool,
    is_tls: bool,
    greeted: bool,
    helloed: bool,
    said_235: bool,
    has_sender: bool,
    taken: usize,
    chunks: Vec<u8>,
    last_chunk: bool,
    chunk_failed: bool,
    /// The messages whose end was received: whether the server accepted them, and their content.
    pub log: Vec<(bool, Vec<u8>)>,
    pub has_quit: bool,
    /// The server sent an unsolicited reply or closed: the outcome depends on when this arrives.
    pub was_rude: bool,
}

impl<'a> Server<'a> {
    pub fn new(rules: Rules, choices: Choices<'a>) -> Server<'a> {
        let mut server = Server {
            rules,
            choices,
            mode: Mode::Line,
            inbox: Vec::new(),
            said: Vec::new(),
            is_closed: false,
            is_tls: rules.is_tls,
            greeted: false,
            helloed: false,
            said_235: false,
            has_sender: false,
            taken: 0,
            chunks: Vec::new(),
            last_chunk: false,
            chunk_failed: false,
            log: Vec::new(),
            has_quit: false,
            was_rude: false,
        };
        server.greeted = server.answer(&["220 mx", "220-mx\r\n220 ready"], &["554 no"]);
        server
    }

    /// TLS is up: the state of the session is reset (RFC 3207 §4.2).
    pub fn upgrade(&mut self) {
        assert!(self.inbox.is_empty(), "the client sends nothing after STARTTLS");
        (self.is_tls, self.helloed, self.said_235) = (true, false, false);
    }

    /// Receives bytes of the client.
    pub fn hear(&mut self, bytes: &[u8]) {
        assert!(self.greeted || bytes.is_empty() || bytes == b"QUIT\r\n", "not before 220");
        self.inbox.extend_from_slice(bytes);
        while !self.is_closed && self.step() {}
    }

    fn step(&mut self) -> bool {
        match self.mode {
            Mode::Content => {
                let text = [b"\r\n", &self.inbox[..]].concat();
                let Some(end) = text.windows(5).position(|five| five == b"\r\n.\r\n") else {
                    return false;
                };
                let wire: Vec<u8> = self.inbox.drain(..end + 3).collect();
                self.mode = Mode::Line;
                let was_taken =
                    self.answer(&["250 2.0.0 taken"], &["451 4.3.0 no", "554 \x1b[1mno"]);
                // A message without recipients is not logged.
                if self.taken > 0 {
                    self.log.push((was_taken, wire));
                }
                self.taken = 0;
                true
            }
            Mode::Chunk(left) => {
                let len = left.min(self.inbox.len());
                self.chunks.extend(self.inbox.drain(..len));
                self.mode = Mode::Chunk(left - len);
                if left > len {
                    return false;
                }
                self.mode = Mode::Line;
                self.end_chunk();
                true
            }
            Mode::Line | Mode::Auth => {
                let Some(end) = self.inbox.windows(2).position(|two| two == b"\r\n") else {
                    assert!(self.inbox.len() < 12_288, "a line has its length");
                    return false;
                };
                let line: Vec<u8> = self.inbox.drain(..end + 2).collect();
                let line = String::from_utf8(line).expect("lines are text");
                let line = line.trim_end_matches("\r\n");
                assert!(!line.contains(char::is_control), "{line:?}");
                if self.mode == Mode::Auth {
                    self.auth_step()
                } else {
                    self.command(line)
                }
                true
            }
        }
    }

    fn command(&mut self, line: &str) {
        assert!(line.len() <= 510 || line.starts_with("AUTH "), "{line}");
        let verb = line.split(' ').next().unwrap_or_default();
        match verb {
            "EHLO" => {
                let offer = self.offer();
                self.helloed = self.answer(&[&offer], &["500 what", "450 no"]);
            }
            "HELO" => self.helloed = self.answer(&["250 mx"], &["550 no"]),
            "STARTTLS" => {
                assert!(!self.is_tls);
                self.answer(&["220 go"], &["454 no", "501 no"]);
            }
            "AUTH" => self.auth(line),
            "MAIL" => {
                assert!(self.helloed, "EHLO first");
                assert!(!self.rules.needs_tls || self.is_tls, "MAIL in clear");
                assert!(!self.rules.needs_auth || self.said_235, "MAIL without AUTH");
                (self.taken, self.chunk_failed) = (0, false);
                self.chunks.clear();
                self.has_sender = self.answer(&["250 2.1.0 ok"], &["550 no", "451 later"]);
            }
            "RCPT" => {
                let refusals = ["550 5.1.1 no", "452 full"];
                let good: &[&str] = match self.has_sender {
                    true => &["250 2.1.5 ok", "251 on"],
                    false => &["503 5.5.1 MAIL first"],
                };
                self.taken += usize::from(self.answer(good, &refusals));
            }
            "DATA" => {
                let nobody = self.taken == 0 && self.choices.below(2) == 0;
                let good: &[&str] = if nobody { &["554 nobody"] } else { &["354 go"] };
                self.answer(good, &["451 no", "554 no"]);
                if self.said.ends_with(b"354 go\r\n") {
                    self.mode = Mode::Content;
                    self.interrupt();
                }
            }
            "BDAT" => {
                let mut words = line.split(' ').skip(1);
                let len = words.next().and_then(|len| len.parse().ok()).expect("a length");
                (self.mode, self.last_chunk) = (Mode::Chunk(len), words.next() == Some("LAST"));
            }
            "RSET" => {
                self.has_sender = false;
                self.answer(&["250 ok"], &["250 ok"]);
            }
            "QUIT" => {
                self.answer(&["221 bye"], &["500 no"]);
                (self.has_quit, self.is_closed) = (true, true);
            }
            // To a dishonest server the client may send what these rules do not expect.
            _ => {
                assert!(!self.rules.is_honest, "the client said {line:?}");
                self.answer(&["500 what"], &["502 no"]);
            }
        }
    }

    fn auth(&mut self, line: &str) {
        let is_tls = self.is_tls || self.rules.may_auth_in_clear;
        assert!(is_tls && self.helloed, "AUTH in clear, or too early");
        match line.split(' ').nth(1) {
            Some("PLAIN") if self.choices.below(4) > 0 => {
                self.said_235 |= self.answer(&["235 in"], &REFUSALS);
            }
            // The server ignores the initial response and asks for it again.
            Some("PLAIN") => {
                self.answer(&["334 ", "334", "334 \x07?"], &REFUSALS);
                self.expect_auth();
            }
            _ => {
                self.answer(&["334 VXNlcg=="], &REFUSALS);
                self.expect_auth();
            }
        }
    }

    fn auth_step(&mut self) {
        self.mode = Mode::Line;
        match self.choices.below(4) {
            0 => self.said_235 |= self.answer(&["235 in"], &REFUSALS),
            _ => {
                self.answer(&["334 UGFzcw=="], &REFUSALS);
                self.expect_auth();
            }
        }
    }

    /// Sets the mode by the last reply: a challenge expects a response.
    fn expect_auth(&mut self) {
        let last = self.said.trim_ascii_end().rsplit(|byte| *byte == b'\n').next();
        if last.is_some_and(|line| line.starts_with(b"334")) {
            self.mode = Mode::Auth;
        }
    }

    fn end_chunk(&mut self) {
        let good: &[&str] = if self.chunk_failed { &["503 no"] } else { &["250 ok"] };
        let was_taken = self.answer(good, &["451 no", "552 no"]) && !self.chunk_failed;
        // The number of chunks still in flight depends on timing.
        (self.chunk_failed, self.was_rude) = (!was_taken, self.was_rude || !was_taken);
        if self.last_chunk {
            self.log.push((was_taken, std::mem::take(&mut self.chunks)));
            self.taken = 0;
        }
    }

    /// Sends a reply during the content.
    fn interrupt(&mut self) {
        if self.choices.below(12) == 11 {
            let early = self.choices.pick(&["552 5.3.4 too much", "421 4.3.2 bye", "451 no"]);
            self.say(early);
            (self.is_closed, self.was_rude) = (true, true);
        }
    }

    fn offer(&mut self) -> String {
        let offers = self.rules.offers;
        let all = [
            (1, "PIPELINING"),
            (2, "STARTTLS"),
            (4, "AUTH PLAIN LOGIN"),
            (8, "SIZE 60"),
            (16, "8BITMIME"),
            (32, "CHUNKING"),
            (64, "AUTH=LOGIN"),
            (128, "SMTPUTF8"),
        ];
        let chosen = all.iter().filter(|(bit, _)| offers & bit != 0).map(|(_, word)| *word);
        let mut lines: Vec<&str> = std::iter::once("mx").chain(chosen).collect();
        let last = lines.pop().unwrap_or_default();
        let before: String = lines.iter().map(|line| format!("250-{line}\r\n")).collect();
        format!("{before}250 {last}")
    }

    /// Sends one reply: positive, negative, closing, or any for a dishonest server. Returns whether
    /// it was positive.
    fn answer(&mut self, good: &[&str], bad: &[&str]) -> bool {
        match self.choices.below(32) {
            24..=27 => {
                let reply = self.choices.pick(bad);
                self.say(reply);
                false
            }
            28 => {
                self.say("421 4.3.2 bye");
                (self.is_closed, self.was_rude) = (true, true);
                false
            }
            29 => {
                (self.is_closed, self.was_rude) = (true, true);
                false
            }
            30 | 31 if !self.rules.is_honest => {
                let lies = [
                    "250 yes",
                    "354 go",
                    "334 aGk=",
                    "235 in",
                    "220 again",
                    "550 no",
                    "250-x\r\n251 x",
                    "\x07",
                    "250",
                    "550-",
                    "354 go\r\n250 yes",
                    "250 yes\r\n250 yes",
                ];
                let reply = self.choices.pick(&lies);
                self.say(reply);
                // The client may take this reply for a positive one.
                (self.greeted, self.helloed, self.said_235) = (true, true, true);
                true
            }
            _ => {
                let reply = self.choices.pick(good);
                self.say(reply);
                good[0].starts_with(['2', '3'])
            }
        }
    }

    fn say(&mut self, reply: &str) {
        self.said.extend_from_slice(reply.as_bytes());
        self.said.extend_from_slice(b"\r\n");
    }

    pub fn choices_are_over(&self) -> bool {
        self.choices.is_over()
    }
}
