//! `wirewright explain`: what the product's own parsers see in given bytes.
//!
//! ```text
//!                                               ┌─▶ events   one JSON object a line, for programs
//!   FILE | stdin ─▶ pieces of at most N bytes ──┤
//!                                               └─▶ lesson   bytes, states, rules, for people
//! ```
//!
//! The same bytes give the same lines, however they are cut. Memory is bounded, whatever the length
//! of the input: only what the parser itself gathers is held, and the ends of long runs.

mod events;
mod lesson;
mod members;

use super::args::{self, What};
use super::{Exit, Failure};
use crate::commands::input::Stdin;
use crate::output::advice::{Verb, failed_file};
use crate::output::drawing::Gauge;
use crate::output::report::Out;
use crate::output::voice::Paint;
use crate::output::watch;
use lesson::Lesson;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::Path;
use wirewright::buffer::Buffer;
use wirewright::envelope::Decoder;
use wirewright::error::Error;
use wirewright::http::config::{Config, Policy};
use wirewright::http::exchange::Exchange;
use wirewright::http::request::{Method, Request};
use wirewright::http::url::Url;
use wirewright::session::Session as _;
use wirewright::text::in_short;
use wirewright::transfer::frame::{self, FRAME_BYTES_END, Frames, PREFIX_LEN};
use wirewright::transfer::message::{Message, PAYLOAD_KEY, Side};
use wirewright::transfer::reader;

/// How much is read at a time at most, in bytes.
const READ_BYTES: usize = 1 << 20;

/// Room for decoded payload, in bytes.
const ROOM_BYTES: usize = 65_536;

/// A parser that is being explained, in one of the two forms.
trait Subject {
    /// Feeds one piece of the input, and writes what it meant.
    fn feed(&mut self, piece: &[u8], out: &mut Out) -> Result<(), Stop>;

    /// The input has ended.
    fn finish(&mut self, out: &mut Out) -> Result<(), Stop>;

    /// Writes what was seen and not yet written, and the error that ends it all.
    fn refuse(&mut self, error: &Error, out: &mut Out) -> Result<(), Failure>;
}

/// Why explaining ends early.
enum Stop {
    /// The parser refuses the input.
    Refused(Error),
    /// Reading or writing failed.
    Failed(Failure),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Refused(error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Stop {
        Stop::Failed(failure)
    }
}

/// Runs the subcommand.
pub fn run(args: &args::Explain) -> Result<Exit, Failure> {
    let mut input = Input::open(&args.file)?;
    let mut subject = subject(args)?;
    let mut out = Out::new();
    let drawn = !args.quiet && !io::stdout().is_terminal();
    let mut progress = Gauge::new(&input.name, input.len, drawn && input.len.is_some());
    let done = explain(&mut *subject, &mut input, args.split, &mut out, &mut progress);
    progress.finish();
    match done {
        Ok(()) => out.flush().map(|()| Exit::Done),
        Err(Stop::Failed(failure)) => {
            // What was seen before is worth reading; only the first failure is told.
            let _ = out.flush();
            Err(failure)
        }
        Err(Stop::Refused(error)) => {
            subject.refuse(&error, &mut out)?;
            out.flush()?;
            Err(Failure::new(&input.name, &error, hint(&error)))
        }
    }
}

fn subject(args: &args::Explain) -> Result<Box<dyn Subject>, Failure> {
    if args.json {
        return Ok(match args.what {
            What::Envelope => Box::new(events::Envelope::new(&args.payload)),
            What::Frame => Box::new(events::Frame::new(&args.payload)),
            What::Http => Box::new(events::Http::new(exchange(&args.method, args.strict)?)),
            What::Smtp => Box::new(events::Smtp::new()),
        });
    }
    let stdout = io::stdout();
    let width = args.width.unwrap_or_else(|| lesson::width_of(&stdout));
    let lesson = Lesson::new(Paint::asked(args.color, &stdout), usize::from(width));
    Ok(match args.what {
        What::Envelope => Box::new(lesson::Envelope::new(&args.payload, lesson)),
        What::Frame => Box::new(lesson::Frame::new(&args.payload, lesson)),
        What::Http => Box::new(lesson::Http::new(exchange(&args.method, args.strict)?, lesson)),
        What::Smtp => Box::new(lesson::Smtp::new(lesson)),
    })
}

/// A session at the beginning of the stream of a connection over which `method` was asked.
fn exchange(method: &Method, strict: bool) -> Result<Exchange, Failure> {
    let policy = if strict { Policy::Strict } else { Policy::Tolerant };
    let mut exchange = Exchange::new(Config { policy, ..Config::default() });
    // Which request it was means nothing beyond its method.
    let sent = Url::parse("http://localhost/").and_then(|url| {
        exchange.send(&Request::new(method.clone(), &url))?;
        exchange.transmit(&mut Buffer::with_limit(1024));
        Ok(())
    });
    sent.map_err(|error| Failure::new("http", error, "use --method GET or HEAD"))?;
    Ok(exchange)
}

fn explain(
    subject: &mut dyn Subject,
    input: &mut Input,
    split: Option<u64>,
    out: &mut Out,
    progress: &mut Gauge,
) -> Result<(), Stop> {
    let split = split.and_then(|split| usize::try_from(split).ok()).unwrap_or(READ_BYTES);
    let split = split.clamp(1, READ_BYTES);
    // Whole pieces, so that only the end of what there is at the moment cuts one short.
    let mut bytes = vec![0; READ_BYTES / split * split];
    let mut done = 0;
    loop {
        let len = input.read(&mut bytes)?;
        if len == 0 {
            return subject.finish(out);
        }
        for piece in bytes[..len].chunks(split) {
            subject.feed(piece, out)?;
        }
        done += len as u64;
        progress.set(done);
        out.flush()?;
    }
}

/// A reader of frames: the first one has the limit before the hellos. Of streams that are not those
/// of `PROTOCOL.md` no limit is known but that of the length prefix.
fn frames(key: &str) -> Frames {
    let mut frames = Frames::new();
    if key != PAYLOAD_KEY {
        frames.set_limit(FRAME_BYTES_END - 1);
    }
    frames
}

/// The limit of the frames behind the first message, as far as one direction shows it: what the
/// hello offers. The other side may offer less, and then the limit is lower.
fn limit_behind(decoder: &Decoder, from: Side) -> u32 {
    match Message::parse(decoder, from) {
        Ok(Message::ClientHello(hello)) => hello.max_frame,
        Ok(Message::ServerHello(hello)) => hello.max_frame,
        _ => FRAME_BYTES_END - 1,
    }
}

/// A frame has ended, and its object has not.
fn unfinished(offset: u64) -> Error {
    let rule = Cow::Borrowed("one JSON object that ends within its frame");
    Error::Malformed { rule, offset, section: frame::State::Body.section() }
}

/// Judges the members before a payload as the product does. Streams with another payload member
/// are not those of `PROTOCOL.md`: of them only frames and objects are judged.
fn judge_before_payload(decoder: &Decoder, key: &str, at: u64) -> Result<(), Error> {
    match key == PAYLOAD_KEY {
        true => reader::check_before_payload(decoder, at),
        false => Ok(()),
    }
}

/// Judges a whole message by itself as the product does. The first one sets the limit of the frames
/// behind it.
fn judge_message(decoder: &Decoder, key: &str, at: u64, frames: &mut Frames) -> Result<(), Error> {
    if key != PAYLOAD_KEY {
        return Ok(());
    }
    let from = side_of(decoder);
    reader::check_message(decoder, from, at)?;
    if at == PREFIX_LEN as u64 {
        frames.set_limit(limit_behind(decoder, from));
    }
    Ok(())
}

/// Whose message this is. Only `hello` has two forms, which differ in their members.
fn side_of(decoder: &Decoder) -> Side {
    #[derive(Deserialize)]
    struct Hello {
        versions: Option<IgnoredAny>,
        digests: Option<IgnoredAny>,
        version: Option<IgnoredAny>,
        digest: Option<IgnoredAny>,
    }
    match decoder.parse::<Hello>("PROTOCOL §4") {
        Ok(Hello { versions: None, digests: None, version, digest })
            if version.is_some() || digest.is_some() =>
        {
            Side::Server
        }
        _ => Side::Client,
    }
}

/// What whoever gave the bytes can do.
fn hint(error: &Error) -> &'static str {
    match error {
        Error::TooLarge { .. } => "make that part smaller, nothing raises this limit here",
        Error::Incomplete { .. } => "give the rest of the bytes, too",
        _ => "compare the bytes there with that section",
    }
}

/// Where the bytes come from.
struct Input {
    name: String,
    len: Option<u64>,
    from: Box<dyn Read>,
}

impl Input {
    fn open(path: &Path) -> Result<Input, Failure> {
        if path.as_os_str() == "-" {
            let from = Box::new(Stdin);
            return Ok(Input { name: "stdin".to_owned(), len: None, from });
        }
        let name = path.display().to_string();
        let failed = |error| failed_file(Verb::Read, path, error);
        let file = watch::blocking(path, || File::open(path)).map_err(failed)?;
        let about = file.metadata().map_err(failed)?;
        let len = about.is_file().then_some(about.len());
        Ok(Input { name, len, from: Box::new(file) })
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Failure> {
        loop {
            match self.from.read(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => {
                    let hint = "give bytes that can be read";
                    return done.map_err(|error| Failure::new(&self.name, in_short(&error), hint));
                }
            }
        }
    }
}
