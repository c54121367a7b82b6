//! Conversations as text: `tests/data/smtp/*.txt`, replayed against the client.
//!
//! ```text
//!   = starttls never       a setting: see `setting`   S: 250 Ok      a line of the server
//!   M: a@b c@d,e@f size=9  a message is sent          S> 250 a\r\n   bytes of the server
//!   P: hello\r\n           content is offered         S.             its stream ends
//!   P.                     the content has ended      C: QUIT        a line the client must say
//!   X                      no more messages           C> .\r\n       bytes it must say
//!   A                      this side gives up         C.             it says nothing more
//!   T                      TLS is up                  E: events      all that was told since
//!   U: 1 unknown           messages without outcome   W: Read        what it wants now
//! ```
//!
//! Each conversation is held whole, byte by byte, and in pieces of five.

use crate::text::unescape;
use std::path::Path as FilePath;
use wirewright::buffer::Buffer;
use wirewright::error::Error;
use wirewright::session::{AbortReason, Session as _, Wants};
use wirewright::smtp::auth::{Credentials, Mechanism};
use wirewright::smtp::client::{Client, Envelope, Event, Outcome, Verdict};
use wirewright::smtp::command::{Domain, Path};
use wirewright::smtp::config::{Config, StartTls};

#[test]
fn all() {
    let folder = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/smtp");
    let (mut count, mut wrong) = (0, Vec::new());
    for entry in std::fs::read_dir(folder).expect("conversations") {
        let path = entry.expect("a file").path();
        if path.extension().is_none_or(|end| end != "txt") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a text");
        for piece in [usize::MAX, 5, 1] {
            if let Err(why) = hold(&text, piece) {
                wrong.push(format!("{path:?}, by {piece}: {why}"));
            }
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 30, "{count} conversations");
}

struct Talk {
    config: Config,
    is_tls: bool,
    client: Option<Client>,
    out: Buffer,
    told: Vec<String>,
    error: Option<Error>,
    piece: usize,
}

fn hold(text: &str, piece: usize) -> Result<(), String> {
    let mut talk = Talk {
        config: Config::new(Domain::parse("client.example").map_err(|e| e.to_string())?),
        is_tls: false,
        client: None,
        out: Buffer::with_limit(1 << 16),
        told: Vec::new(),
        error: None,
        piece: piece.min(1 << 16),
    };
    for (at, line) in text.lines().enumerate() {
        let (mark, rest) = line.split_at(line.len().min(2));
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let done = talk.line(mark.trim_end(), rest);
        done.map_err(|why| format!("line {}: {why}", at + 1))?;
    }
    match (&*talk.told, talk.out.readable()) {
        ([], b"") => Ok(()),
        ([], said) => Err(format!("also said {}", said.escape_ascii())),
        (told, _) => Err(format!("also told {}", told.join(" | "))),
    }
}

impl Talk {
    fn line(&mut self, mark: &str, rest: &str) -> Result<(), String> {
        let wrong = |error: Error| error.to_string();
        match mark {
            "#" | "" => {}
            "=" => self.setting(rest)?,
            "M:" => self.send(rest)?,
            "P:" => {
                let bytes = unescape(rest);
                let (client, out) = self.parts();
                let taken = client.offer(&bytes, out).map_err(wrong)?;
                if taken != bytes.len() {
                    return Err(format!("took {taken} bytes"));
                }
            }
            "P." => self.parts().0.finish_message().map_err(wrong)?,
            "X" => self.parts().0.end(),
            "A" => self.parts().0.abort(AbortReason::Io, ""),
            "T" => {
                self.says_nothing()?;
                self.parts().0.upgraded().map_err(wrong)?;
                self.drain(b"");
            }
            "C:" => self.says(&[rest.as_bytes(), b"\r\n"].concat())?,
            "C>" => self.says(&unescape(rest))?,
            "C." => self.says_nothing()?,
            "S:" => self.hear(&[&unescape(rest)[..], b"\r\n"].concat()),
            "S>" => self.hear(&unescape(rest)),
            "S." => {
                let (client, out) = self.parts();
                client.transmit(out);
                match client.receive_eof() {
                    Ok(()) => self.told.push("end".to_owned()),
                    Err(error) => self.fail(error),
                }
            }
            "E:" => {
                let told = std::mem::take(&mut self.told).join(" | ");
                if told != rest {
                    return Err(format!("told {told}"));
                }
            }
            "U:" => {
                let unfinished: Vec<String> =
                    self.parts().0.unfinished().map(|o| known(&o)).collect();
                if unfinished.join(" | ") != rest {
                    return Err(format!("unfinished: {}", unfinished.join(" | ")));
                }
            }
            "W:" => {
                let (client, _) = self.parts();
                let wants = format!("{:?}", client.wants());
                if wants != rest {
                    return Err(format!("wants {wants}"));
                }
            }
            _ => return Err(format!("what is {mark}?")),
        }
        Ok(())
    }

    fn parts(&mut self) -> (&mut Client, &mut Buffer) {
        let (config, is_tls) = (&self.config, self.is_tls);
        let client = self.client.get_or_insert_with(|| Client::new(config.clone(), is_tls));
        (client, &mut self.out)
    }

    fn setting(&mut self, words: &str) -> Result<(), String> {
        let words: Vec<&str> = words.split(' ').collect();
        match words[..] {
            ["starttls", "never"] => self.config.starttls = StartTls::Never,
            ["starttls", "opportunistic"] => self.config.starttls = StartTls::Opportunistic,
            ["tls"] => self.is_tls = true,
            ["user", user, secret] => {
                self.config.credentials =
                    Some(Credentials::new(user, secret).map_err(|error| error.to_string())?);
            }
            ["mechanism", name] => {
                let all = Mechanism::PREFERRED.into_iter().chain([Mechanism::XOAuth2]);
                self.config.mechanisms = all.filter(|one| one.name() == name).collect();
            }
            ["nonce", nonce] => self.config.nonce = nonce.into(),
            ["insecure-auth"] => self.config.insecure_auth = true,
            ["all-or-nothing"] => self.config.all_or_nothing = true,
            ["chunking"] => self.config.chunking = true,
            ["no-pipelining"] => self.config.pipelining = false,
            ["recipients", max] => {
                let max = max.parse().map_err(|_| "a number")?;
                self.config.limits.transaction_recipients_max = max;
            }
            _ => return Err(format!("the setting {words:?}")),
        }
        Ok(())
    }

    fn send(&mut self, words: &str) -> Result<(), String> {
        let mut words = words.split(' ');
        let from = words.next().filter(|from| *from != "<>");
        let from = from.map_or(Ok(Path::null()), Path::parse);
        let to = words.next().unwrap_or_default().split(',').map(Path::parse);
        let mut envelope = Envelope {
            from: from.map_err(|error| error.to_string())?,
            recipients: to.collect::<Result<_, _>>().map_err(|error: Error| error.to_string())?,
            size: None,
            is_8bit: false,
            needs_smtputf8: false,
        };
        for word in words {
            match word.strip_prefix("size=") {
                Some(size) => envelope.size = Some(size.parse().map_err(|_| "a size")?),
                None => match word {
                    "8bit" => envelope.is_8bit = true,
                    "utf8" => envelope.needs_smtputf8 = true,
                    _ => return Err(format!("the word {word}")),
                },
            }
        }
        match self.parts().0.send(envelope) {
            Ok(sent) => self.told.extend(sent.unserved.map(|rest| {
                let rest: Vec<&str> = rest.recipients.iter().map(Path::as_str).collect();
                format!("unserved {}", rest.join(","))
            })),
            Err(error) => self.told.push(format!("! {error}")),
        }
        Ok(())
    }

    fn says(&mut self, expected: &[u8]) -> Result<(), String> {
        let (client, out) = self.parts();
        client.transmit(out);
        let said = out.readable();
        if !said.starts_with(expected) {
            return Err(format!("said {}", said.escape_ascii()));
        }
        out.consume(expected.len());
        Ok(())
    }

    fn says_nothing(&mut self) -> Result<(), String> {
        let (client, out) = self.parts();
        client.transmit(out);
        match out.readable() {
            b"" => Ok(()),
            said => Err(format!("said {}", said.escape_ascii())),
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        let (client, out) = self.parts();
        client.transmit(out);
        for piece in bytes.chunks(self.piece) {
            self.drain(piece);
        }
    }

    fn drain(&mut self, mut input: &[u8]) {
        while self.error.is_none() {
            let (client, _) = self.parts();
            let received = match client.receive(input, &mut []) {
                Ok(received) => received,
                Err(error) => return self.fail(error),
            };
            input = &input[received.consumed..];
            let Some(event) = received.into_event().map(|event| shown(&event)) else { break };
            self.told.push(event);
        }
    }

    fn fail(&mut self, error: Error) {
        let (client, _) = self.parts();
        assert_eq!(client.wants(), Wants::Close);
        assert_eq!(client.receive(b"250 x\r\n", &mut []), Err(error.clone()), "it stays");
        assert_eq!(client.receive_eof(), Err(error.clone()), "it stays");
        self.told.push(format!("! {error}"));
        self.error = Some(error);
    }
}

fn shown(event: &Event<'_>) -> String {
    match event {
        Event::Remark(remark) => format!("~{} {}", remark.offset, remark.section),
        Event::Greeting(reply) => format!("greeting {}", reply.code()),
        Event::Capabilities { capabilities, .. } => {
            let lines: Vec<&str> =
                capabilities.lines.iter().map(|line| line.as_raw_str()).collect();
            format!("offers {}", lines.join("; ")).trim_end().to_owned()
        }
        Event::Secured(reply) => format!("secured {}", reply.code()),
        Event::Authenticated { mechanism, reply } => {
            format!("in by {} {}", mechanism.name(), reply.code())
        }
        Event::Ready => "ready".to_owned(),
        Event::Recipient { message, index, reply } => {
            format!("{message}/{index} {}", reply.code())
        }
        Event::Outcome(outcome) => known(outcome),
        Event::Closing(reply) => format!("closing {}", reply.code()),
    }
}

fn known(outcome: &Outcome<'_>) -> String {
    let verdict = match outcome.verdict {
        Verdict::Accepted => "accepted",
        Verdict::Partial => "partial",
        Verdict::Refused { retryable: false } => "refused",
        Verdict::Refused { retryable: true } => "later",
        Verdict::Unknown => "unknown",
    };
    let reply = outcome.reply.map_or(String::new(), |reply| format!(" {}", reply.code()));
    let (message, stage) = (outcome.message, outcome.stage.as_str());
    format!("{message} {verdict} {stage} {}+{}{reply}", outcome.accepted, outcome.refused)
}

/// The runner sees what is wrong.
#[test]
fn a_conversation_that_is_not_so_fails() {
    let good = "= starttls never\nS: 220 mx\nC: EHLO client.example\nS: 250 mx\n\
                E: greeting 220 | offers | ready\nM: a@b c@d\nC: MAIL FROM:<a@b>\nC.\nS: 550 no\n\
                E: 1 refused mail 0+0 550\nX\nC: QUIT\nS: 221 bye\nE: closing 221\nW: Close\n";
    assert_eq!(hold(good, 1), Ok(()));
    for (from, to) in [
        ("EHLO client", "EHLO server"),
        ("S: 550 no", "S: 250 ok"),
        ("C: MAIL FROM:<a@b>\nC.", "C."),
        ("C: QUIT\n", ""),
        ("W: Close", "W: Read"),
        ("E: closing 221\n", ""),
        ("| ready", ""),
        ("W: Close\n", "Y: Close\n"),
    ] {
        assert!(hold(&good.replacen(from, to, 1), 1).is_err(), "{from} to {to}");
    }
}
