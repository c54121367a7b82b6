//! `wirewright explain`: shows what the parsers of the library report for given bytes.
//!
//! ```text
//!   FILE | stdin ─▶ pieces of at      ┌ envelope ┐            ┌─▶ events  one JSON object a line
//!                   most N bytes ──▶  │ frame    │ ─▶ steps ──┤
//!                                     │ http     │            └─▶ page    bytes, states, rules,
//!                                     └ smtp     ┘                        for people
//! ```
//!
//! Each parser runs once; events and page are two writers of the same steps. The same bytes give
//! the same lines, however they are divided. Memory is bounded for input of any length: it holds
//! the parser's own state, the ends of long runs, and the last 160 KiB of the stream.

mod envelope;
mod events;
mod frame;
mod http;
mod meanings;
mod members;
mod page;
mod sections;
mod smtp;
mod span;
mod steps;

use super::args::{self, What};
use super::{Exit, Failure};
use crate::commands::input::Stdin;
use crate::output::advice::{Verb, failed_file};
use crate::output::drawing::Gauge;
use crate::output::style::Paint;
use crate::output::watch;
use events::Events;
use page::Page;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::Path;
use steps::{Step, Steps, Writer};
use wirewright::buffer::Buffer;
use wirewright::error::Error;
use wirewright::http::config::{Config, Policy};
use wirewright::http::exchange::Exchange;
use wirewright::http::request::{Method, Request};
use wirewright::http::url::Url;
use wirewright::session::Session as _;
use wirewright::text::in_short;

/// The largest read in bytes.
const READ_BYTES: usize = 1 << 20;

/// The buffer for decoded payload, in bytes.
const SCRATCH_BYTES: usize = 65_536;

/// A parser of the library, fed so that no step holds two events.
trait Parser {
    /// The name of the parser's state.
    fn state(&self) -> &'static str;

    /// Takes one step into `input`, which is not empty, and returns its length in bytes.
    fn step(&mut self, input: &[u8], steps: &mut Steps) -> Result<usize, Stop>;

    /// Ends the input.
    fn finish(&mut self, steps: &mut Steps) -> Result<(), Stop>;

    /// Reports the bytes that were not reported yet, and the error.
    fn refuse(&mut self, error: &Error, steps: &mut Steps) -> Result<(), Failure>;
}

/// Why the run ends early.
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
    let (title, mut parser) = parser(args)?;
    let mut steps = Steps::new(parser.state(), writer(args, title));
    let drawn = !args.quiet && !io::stdout().is_terminal();
    let mut progress = Gauge::new(&input.name, input.len, drawn && input.len.is_some());
    let done = explain(&mut *parser, &mut input, args.split, &mut steps, &mut progress);
    progress.finish();
    match done {
        Ok(()) => steps.flush().map(|()| Exit::Done),
        Err(Stop::Failed(failure)) => {
            // Write the steps from before the failure; a failure of this write is not reported.
            let _ = steps.flush();
            Err(failure)
        }
        Err(Stop::Refused(error)) => {
            parser.refuse(&error, &mut steps)?;
            steps.flush()?;
            Err(Failure::new(&input.name, &error, hint(&error)))
        }
    }
}

/// The title of the page, and the parser.
fn parser(args: &args::Explain) -> Result<(&'static str, Box<dyn Parser>), Failure> {
    Ok(match args.what {
        What::Envelope => (
            "envelope: one JSON object with one base64 member (RFC 8259, RFC 4648)",
            Box::new(envelope::Envelope::new(&args.payload)),
        ),
        What::Frame => (
            "frame: messages as length-prefixed JSON (PROTOCOL.md, RFC 8259, RFC 4648)",
            Box::new(frame::Frame::new(&args.payload)),
        ),
        What::Http => (
            "http: a response, as the client reads it (RFC 9110, RFC 9112)",
            Box::new(http::Http::new(exchange(&args.method, args.strict)?)),
        ),
        What::Smtp => (
            "smtp: replies of a server, as the client reads them (RFC 5321)",
            Box::new(smtp::Smtp::new()),
        ),
    })
}

fn writer(args: &args::Explain, title: &'static str) -> Box<dyn Writer> {
    if args.json {
        return Box::new(Events);
    }
    let stdout = io::stdout();
    let width = args.width.unwrap_or_else(|| page::width_of(&stdout));
    Box::new(Page::new(Paint::asked(args.color, &stdout), usize::from(width), title))
}

/// A session at the beginning of the response to a request with `method`.
fn exchange(method: &Method, strict: bool) -> Result<Exchange, Failure> {
    let policy = if strict { Policy::Strict } else { Policy::Tolerant };
    let mut exchange = Exchange::new(Config { policy, ..Config::default() });
    // Only the method of the request matters for the response.
    let sent = Url::parse("http://localhost/").and_then(|url| {
        exchange.send(&Request::new(method.clone(), &url))?;
        exchange.transmit(&mut Buffer::with_limit(1024));
        Ok(())
    });
    sent.map_err(|error| Failure::new("http", error, "use --method GET or HEAD"))?;
    Ok(exchange)
}

fn explain(
    parser: &mut dyn Parser,
    input: &mut Input,
    split: Option<u64>,
    steps: &mut Steps,
    progress: &mut Gauge,
) -> Result<(), Stop> {
    let split = split.and_then(|split| usize::try_from(split).ok()).unwrap_or(READ_BYTES);
    let split = split.clamp(1, READ_BYTES);
    // A multiple of the piece length, so that only the last piece of a read may be shorter.
    let mut bytes = vec![0; READ_BYTES / split * split];
    let mut done = 0;
    loop {
        let len = input.read(&mut bytes)?;
        if len == 0 {
            parser.finish(steps)?;
            return Ok(steps.write(Step::End)?);
        }
        for mut piece in bytes[..len].chunks(split) {
            while !piece.is_empty() {
                piece = &piece[parser.step(piece, steps)?..];
            }
        }
        done += len as u64;
        progress.set(done);
        steps.flush()?;
    }
}

/// The bytes of `input` up to the one that was refused; `fed` bytes came before `input`.
fn looked_at<'a>(input: &'a [u8], error: &Error, fed: u64) -> &'a [u8] {
    let behind = error.offset().and_then(|offset| offset.checked_sub(fed)).unwrap_or(0);
    let len = usize::try_from(behind).unwrap_or(usize::MAX).saturating_add(1);
    &input[..input.len().min(len)]
}

/// Advice for the user.
fn hint(error: &Error) -> &'static str {
    match error {
        Error::TooLarge { .. } => "make that part smaller; no option raises this limit",
        Error::Incomplete { .. } => "give the rest of the bytes as well",
        _ => "compare the bytes there with that section",
    }
}

/// The source of the bytes.
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
