//! `wirewright explain`: what the product's own parsers see in given bytes.
//!
//! ```text
//!   FILE | stdin ─▶ pieces of at most N bytes ─▶ parser ─▶ events, each on a line of stdout
//! ```
//!
//! The same bytes give the same lines, however they are cut. Memory is bounded, whatever the length
//! of the input: only what the parser itself gathers is held.

mod envelope;
mod frame;
mod http;
mod members;
mod smtp;

use super::args::{self, What};
use super::report::{self, Out, Progress};
use super::{Exit, Failure};
use serde::Serialize;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::Path;
use wirewright::envelope::Decoder;
use wirewright::error::Error;

/// How much is read at a time at most, in bytes.
const READ_BYTES: usize = 1 << 20;

/// Room for decoded payload, in bytes.
const ROOM_BYTES: usize = 65_536;

/// A parser that is being explained.
trait Subject {
    /// Feeds one piece of the input, and writes what it meant.
    fn feed(&mut self, piece: &[u8], page: &mut Page) -> Result<(), Stop>;

    /// The input has ended.
    fn finish(&mut self, page: &mut Page) -> Result<(), Stop>;

    /// Writes what was seen and not yet written, before an error or the end.
    fn settle(&mut self, page: &mut Page) -> Result<(), Failure>;
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

/// Where events are written, in one of two forms.
struct Page {
    out: Out,
    json: bool,
}

impl Page {
    /// One event, for people: where it stands, its name, what it means, which section rules it.
    fn line(&mut self, at: u64, name: &str, text: &str, section: &str) -> Result<(), Failure> {
        self.open(at, name)?;
        self.out.raw(&report::escape(text))?;
        self.close(section)
    }

    /// Begins an event for people; what it means follows, in pieces of any size.
    fn open(&mut self, at: u64, name: &str) -> Result<(), Failure> {
        self.out.raw(&format!("{at:>10}  {name:<13}  "))
    }

    /// Ends it.
    fn close(&mut self, section: &str) -> Result<(), Failure> {
        self.out.raw(&format!("  [{section}]\n"))
    }

    /// The members that a decoder gathered, as compact JSON without `leave_out`.
    fn members(&mut self, decoder: &Decoder, leave_out: &str) -> Result<(), Failure> {
        // Judged before as UTF-8, so nothing is lost, and nothing copied.
        let text = String::from_utf8_lossy(decoder.rest());
        members::compact(&text, leave_out, |piece| self.out.json_text(piece))
    }

    /// The error that ends the page.
    fn error(&mut self, error: &Error) -> Result<(), Failure> {
        let event = ErrorEvent {
            event: "error",
            kind: error.kind(),
            offset: error.offset().unwrap_or(0),
            reason: error.reason(),
            spec: error.section().unwrap_or(""),
        };
        if self.json {
            return self.out.json(&event);
        }
        let kind = event.kind.replace('_', " ");
        self.line(event.offset, "error", &format!("{kind}: {}", event.reason), event.spec)
    }
}

#[derive(Serialize)]
struct ErrorEvent {
    event: &'static str,
    kind: &'static str,
    offset: u64,
    reason: String,
    spec: &'static str,
}

/// Bytes of base64 that were decoded, adjacent runs merged.
#[derive(Serialize)]
struct PayloadEvent {
    event: &'static str,
    offset: u64,
    payload_len: u64,
}

/// Runs the subcommand.
pub fn run(args: &args::Explain) -> Result<Exit, Failure> {
    let mut subject: Box<dyn Subject> = match args.what {
        What::Envelope => Box::new(envelope::Envelope::new(&args.payload)),
        What::Frame => Box::new(frame::Frame::new(&args.payload)),
        What::Http => Box::new(http::Http::new(&args.method, args.strict)?),
        What::Smtp => Box::new(smtp::Smtp::new()),
    };
    let mut input = Input::open(&args.file)?;
    let mut page = Page { out: Out::new(), json: args.json };
    let drawn = !args.quiet && !io::stdout().is_terminal();
    let progress = Progress::new(input.len, &input.name, drawn && input.len.is_some());
    let done = explain(&mut *subject, &mut input, args.split, &mut page, &progress);
    progress.finish();
    match done {
        Ok(()) => page.out.flush().map(|()| Exit::Done),
        Err(Stop::Failed(failure)) => {
            // What was seen before is worth reading; only the first failure is told.
            let _ = page.out.flush();
            Err(failure)
        }
        Err(Stop::Refused(error)) => {
            subject.settle(&mut page)?;
            page.error(&error)?;
            page.out.flush()?;
            Err(Failure::new(&input.name, &error, hint(&error)))
        }
    }
}

fn explain(
    subject: &mut dyn Subject,
    input: &mut Input,
    split: Option<u64>,
    page: &mut Page,
    progress: &Progress,
) -> Result<(), Stop> {
    let split = split.and_then(|split| usize::try_from(split).ok()).unwrap_or(READ_BYTES);
    let split = split.clamp(1, READ_BYTES);
    // Whole pieces, so that only the end of what there is at the moment cuts one short.
    let mut bytes = vec![0; READ_BYTES / split * split];
    let mut done = 0;
    loop {
        let len = input.read(&mut bytes)?;
        if len == 0 {
            return subject.finish(page);
        }
        for piece in bytes[..len].chunks(split) {
            subject.feed(piece, page)?;
        }
        done += len as u64;
        progress.set(done);
        page.out.flush()?;
    }
}

/// What whoever gave the bytes can do.
fn hint(error: &Error) -> &'static str {
    match error.kind() {
        "too_large" => "make that part smaller, nothing raises this limit here",
        "incomplete" => "give the rest of the bytes, too",
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
            let from = Box::new(io::stdin().lock());
            return Ok(Input { name: "stdin".to_owned(), len: None, from });
        }
        let name = path.display().to_string();
        let failed = |error| Failure::new(&name, error, "name a file that can be read");
        let file = File::open(path).map_err(failed)?;
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
                    return done.map_err(|error| Failure::new(&self.name, error, hint));
                }
            }
        }
    }
}
