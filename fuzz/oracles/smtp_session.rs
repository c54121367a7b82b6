//! The oracle of the SMTP client session, against a server whose behaviour the input chooses. The
//! session always ends, sends no command too early, and reports no message as accepted that the
//! server has not accepted.

#[path = "pair/choices.rs"]
mod choices;
#[path = "smtp_session/server.rs"]
mod server;

use choices::Choices;
use server::{Rules, Server};
use wirewright::buffer::Buffer;
use wirewright::error::Error;
use wirewright::session::{AbortReason, Session as _, Wants};
use wirewright::smtp::auth::{Credentials, Mechanism};
use wirewright::smtp::client::{Client, Envelope, Event, Verdict};
use wirewright::smtp::command::{Domain, Path};
use wirewright::smtp::config::{Config, Limits, StartTls};

/// The maximum number of rounds of a session, with any server.
const ROUNDS_MAX: usize = 20_000;

/// A message of the application.
#[derive(Debug, Clone)]
struct Mail {
    recipients: usize,
    content: Vec<u8>,
    says_size: bool,
    aborts: bool,
}

/// The configuration of both sides.
#[derive(Debug, Clone)]
struct Plan {
    config: Config,
    rules: Rules,
    mails: Vec<Mail>,
    out_max: usize,
}

/// The outcome of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Status {
    message: u64,
    verdict: Verdict,
    accepted: usize,
    refused: usize,
    was_told: bool,
}

/// What the application saw.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    events: Vec<String>,
    statuses: Vec<Status>,
    sent: Vec<usize>,
    unsent: Vec<Box<str>>,
    error: Option<Error>,
    aborted: bool,
    was_rude: bool,
}

/// The property. The choices: first the plan, then the behaviour of the server.
pub fn check(data: &[u8]) {
    let mut choices = Choices::new(data);
    let step = usize::from(choices.byte()) + 1;
    let plan = plan(&mut choices);
    let whole = play(&plan, choices.clone(), usize::MAX);
    let cut = play(&plan, choices.clone(), step);
    let bytewise = play(&plan, choices, 1);
    // With a small output buffer, replies are read between two commands of one group.
    if plan.rules.is_honest && !whole.was_rude && plan.out_max > 64 {
        assert_eq!(whole, cut, "in pieces of {step}");
        assert_eq!(whole, bytewise, "bytewise");
    }
}

fn plan(choices: &mut Choices<'_>) -> Plan {
    let (bits, more) = (choices.byte(), choices.byte());
    let mut config = Config::new(Domain::parse("client.example").expect("a domain"));
    let is_tls = bits & 1 != 0;
    config.starttls =
        [StartTls::Required, StartTls::Never, StartTls::Opportunistic, StartTls::Never]
            [usize::from(bits >> 1 & 3)];
    let needs_auth = bits & 8 != 0;
    config.credentials =
        needs_auth.then(|| Credentials::new("user", "secret").expect("credentials"));
    config.insecure_auth = bits & 16 != 0;
    config.mechanisms = match bits & 32 {
        0 => Mechanism::PREFERRED.to_vec(),
        _ => vec![Mechanism::Login, Mechanism::Plain],
    };
    config.all_or_nothing = bits & 64 != 0;
    config.chunking = bits & 128 != 0;
    config.pipelining = more & 1 == 0;
    config.limits = Limits {
        transaction_recipients_max: 3,
        chunk_bytes_max: 40,
        chunks_unanswered_max: 3,
        ..Limits::default()
    };
    let rules = Rules {
        is_honest: more & 2 == 0,
        is_tls,
        needs_tls: config.starttls == StartTls::Required,
        needs_auth,
        may_auth_in_clear: config.insecure_auth,
        offers: choices.byte(),
    };
    let out_max = if more & 4 == 0 { 1 << 16 } else { 64 };
    let mails = (0..more >> 3 & 3).map(|_| mail(choices)).collect();
    Plan { config, rules, mails, out_max }
}

fn mail(choices: &mut Choices<'_>) -> Mail {
    let (shape, len) = (choices.byte(), choices.amount() % 97);
    let line: &[u8] =
        [&b"hello\r\n"[..], b".\r\n", b"\r\n", b"a\n.\nMAIL FROM:<>\r"][usize::from(shape & 3)];
    Mail {
        recipients: usize::from(shape >> 2 & 7) + 1,
        content: line.iter().copied().cycle().take(len).collect(),
        says_size: shape & 32 != 0,
        aborts: shape >> 6 == 3,
    }
}

/// The application.
struct App<'a> {
    plan: &'a Plan,
    client: Client,
    seen: Seen,
    next: usize,
    unserved: Option<Envelope>,
    /// How much of the current content was taken.
    offered: usize,
    /// For each message, how many bytes the client had heard when its end was handed out.
    ends: Vec<Option<u64>>,
    finished: bool,
}

fn play(plan: &Plan, choices: Choices<'_>, step: usize) -> Seen {
    let mut server = Server::new(plan.rules, choices);
    let client = Client::new(plan.config.clone(), plan.rules.is_tls);
    let mut app = App {
        plan,
        client,
        seen: Seen::default(),
        next: 0,
        unserved: None,
        offered: 0,
        ends: Vec::new(),
        finished: false,
    };
    let mut out = Buffer::with_limit(plan.out_max);
    for round in 0.. {
        assert!(round < ROUNDS_MAX, "it ends");
        let acted = app.act(&mut out);
        let heard = out.readable().len();
        server.hear(out.readable());
        out.consume(heard);
        if app.client.wants() == Wants::Close {
            break;
        }
        if app.client.wants() == Wants::Upgrade && server.said.is_empty() {
            assert!(!server.is_closed || server.has_quit || server.said.is_empty());
            server.upgrade();
            app.client.upgraded().expect("it was wanted");
            app.hear(&[]);
            continue;
        }
        let len = server.said.len().min(step);
        let said: Vec<u8> = server.said.drain(..len).collect();
        app.hear(&said);
        if len == 0 && heard == 0 && !acted {
            // Nothing moves: the server waits for more, or has closed.
            let ended = app.client.receive_eof();
            app.seen.error = app.seen.error.take().or(ended.err());
            break;
        }
    }
    app.end(&server, &mut out)
}

impl App<'_> {
    /// Sends what there is to send, as far as the session goes along.
    fn act(&mut self, out: &mut Buffer) -> bool {
        let before = (self.next, self.offered, self.finished, self.seen.aborted);
        self.client.transmit(out);
        self.note_ends();
        if self.client.is_ready() {
            self.send_next();
        }
        if self.client.wants() == Wants::Payload {
            self.offer(out);
        }
        self.client.transmit(out);
        self.note_ends();
        before != (self.next, self.offered, self.finished, self.seen.aborted)
    }

    fn send_next(&mut self) {
        let envelope = match (self.unserved.take(), self.plan.mails.get(self.next)) {
            (Some(envelope), _) => envelope,
            (None, Some(mail)) => {
                self.next += 1;
                envelope(mail)
            }
            (None, None) => return self.client.end(),
        };
        let count = envelope.recipients.len();
        (self.offered, self.finished) = (0, false);
        match self.client.send(envelope) {
            Ok(sent) => {
                let unserved = sent.unserved.as_ref().map_or(0, |rest| rest.recipients.len());
                self.seen.sent.push(count - unserved);
                assert_eq!(sent.message, self.seen.sent.len() as u64);
                self.ends.push(None);
                self.unserved = sent.unserved;
            }
            Err(Error::Refused { code, .. }) => self.seen.unsent.push(code.as_raw_str().into()),
            Err(error) => panic!("{error}"),
        }
    }

    fn offer(&mut self, out: &mut Buffer) {
        let mail = &self.plan.mails[self.next - 1];
        if mail.aborts && self.offered > 10 {
            self.seen.aborted = true;
            return self.client.abort(AbortReason::Io, "");
        }
        let rest = &mail.content[self.offered..];
        self.offered += self.client.offer(rest, out).expect("no more than announced");
        if self.offered == mail.content.len() && self.client.wants() == Wants::Payload {
            self.client.finish_message().expect("all of it");
            self.finished = true;
        }
    }

    /// Notes where the server's stream was when the end of a message was handed out.
    fn note_ends(&mut self) {
        let unfinished: Vec<_> = self.client.unfinished().map(|o| (o.message, o.verdict)).collect();
        for (message, verdict) in unfinished {
            if verdict == Verdict::Unknown {
                let offset = self.client.offset();
                self.ends[message as usize - 1].get_or_insert(offset);
            }
        }
    }

    fn hear(&mut self, mut said: &[u8]) {
        while self.seen.error.is_none() {
            let received = self.client.receive(said, &mut []);
            match received {
                Ok(received) => {
                    said = &said[received.consumed..];
                    let Some(event) = received.into_event() else { break };
                    note(event, &mut self.seen, &self.ends);
                }
                Err(error) => self.seen.error = Some(error),
            }
        }
        assert!(self.client.memory() < 1 << 17, "bounded");
    }

    /// Everything has ended: each message has one status, and none is better than the truth.
    fn end(mut self, server: &Server<'_>, out: &mut Buffer) -> Seen {
        self.client.transmit(out);
        assert!(matches!(out.readable(), b"" | b"QUIT\r\n"), "nothing but good-bye");
        if let Some(error) = &self.seen.error {
            assert_eq!(self.client.receive(b"250 x\r\n", &mut []), Err(error.clone()), "it stays");
        }
        let unfinished: Vec<Status> = self.client.unfinished().map(|o| status(&o, false)).collect();
        self.seen.statuses.extend(unfinished);
        let messages: Vec<u64> = self.seen.statuses.iter().map(|status| status.message).collect();
        let expected: Vec<u64> = (1..=self.seen.sent.len() as u64).collect();
        assert_eq!(messages, expected, "one status for each, in order: {:?}", self.seen);
        let unknown = self.seen.statuses.iter().filter(|status| status.verdict == Verdict::Unknown);
        assert!(unknown.count() <= 1);
        for (status, recipients) in self.seen.statuses.iter().zip(&self.seen.sent) {
            assert!(status.accepted + status.refused <= *recipients);
            let was_out = self.ends[status.message as usize - 1].is_some();
            match status.verdict {
                Verdict::Accepted => assert!(status.was_told && status.accepted == *recipients),
                Verdict::Partial => {
                    assert!(status.was_told && status.refused > 0 && status.accepted > 0)
                }
                Verdict::Unknown => assert!(was_out && !status.was_told),
                // A refused chunk is enough, whatever is said of the last one.
                Verdict::Refused { .. } => {
                    assert!(status.was_told || !was_out || self.plan.config.chunking);
                }
            }
        }
        if self.plan.rules.is_honest {
            self.agrees_with(server);
        }
        self.seen.was_rude = server.was_rude;
        self.seen
    }

    /// The log of an honest server agrees with the verdicts.
    fn agrees_with(&self, server: &Server<'_>) {
        let good =
            |status: &&Status| matches!(status.verdict, Verdict::Accepted | Verdict::Partial);
        let said = self.seen.statuses.iter().filter(good).count();
        let taken: Vec<&Vec<u8>> =
            server.log.iter().filter(|(taken, _)| *taken).map(|(_, text)| text).collect();
        let unknown = self.seen.statuses.iter().any(|status| status.verdict == Verdict::Unknown);
        assert!(taken.len() == said || (unknown && taken.len() == said + 1), "{:?}", self.seen);
        // Each message that the server took is a complete message of the application.
        for text in taken {
            let is_sent = |mail: &Mail| {
                let content = normalised(&mail.content);
                *text == content || *text == stuffed(&content)
            };
            assert!(self.plan.mails.iter().any(is_sent), "{}", text.escape_ascii());
        }
        let aborted = self.seen.aborted;
        assert!(aborted || self.seen.error.is_some() || server.has_quit || server.is_closed);
        assert!(
            !server.choices_are_over() || server.is_closed || aborted || self.seen.error.is_some()
        );
    }
}

fn status(outcome: &wirewright::smtp::client::Outcome<'_>, was_told: bool) -> Status {
    let wirewright::smtp::client::Outcome { message, verdict, accepted, refused, .. } = *outcome;
    Status { message, verdict, accepted, refused, was_told }
}

fn note(event: Event<'_>, seen: &mut Seen, ends: &[Option<u64>]) {
    if let Event::Outcome(outcome) = event {
        if matches!(outcome.verdict, Verdict::Accepted | Verdict::Partial) {
            let reply = outcome.reply.expect("the reply that took it");
            assert!(reply.is_positive(), "{reply:?}");
            let end = ends[outcome.message as usize - 1].expect("its end was handed out");
            assert!(reply.offset() >= end, "a reply to something else");
        }
        seen.statuses.push(status(&outcome, true));
    }
    if let Event::Recipient { message, .. } = event {
        assert_eq!(message, seen.statuses.len() as u64 + 1, "of the message it belongs to");
    }
    seen.events.push(format!("{event:?}"));
}

fn envelope(mail: &Mail) -> Envelope {
    let path = |text: &str| Path::parse(text).expect("a path");
    let size = normalised(&mail.content).len() as u64;
    Envelope {
        from: path("a@example.org"),
        recipients: (0..mail.recipients).map(|at| path(&format!("r{at}@example.net"))).collect(),
        size: mail.says_size.then_some(size),
        is_8bit: false,
        needs_smtputf8: false,
    }
}

fn normalised(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text).replace("\r\n", "\n").replace('\r', "\n");
    text.replace('\n', "\r\n").into_bytes()
}

fn stuffed(text: &[u8]) -> Vec<u8> {
    let mut text = String::from_utf8_lossy(text).into_owned();
    if !text.is_empty() && !text.ends_with("\r\n") {
        text.push_str("\r\n");
    }
    let lines = text.split_inclusive("\r\n");
    let dotted = lines.map(|line| match line.starts_with('.') {
        true => format!(".{line}"),
        false => line.to_owned(),
    });
    format!("{}.\r\n", dotted.collect::<String>()).into_bytes()
}
