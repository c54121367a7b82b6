//! `wirewright mail`: sends or writes one message, or probes a server.
//!
//! ```text
//!   argv ─▶ compose ─▶ message ─┬─▶ send ─▶ outcome      0 accepted · 1 refused · 3 partial
//!                               │                        4 unknown
//!                               └─▶ --dry-run ─▶ stdout | FILE
//!   --check ─▶ probe ─▶ the extensions of the server
//! ```
//!
//! The message is sent once: a message that the server may have accepted is never sent again.

mod compose;
mod enclose;
mod headers;
mod outcome;
mod probe;
mod reach;

use crate::args::mail::Mail;
use crate::output::advice::{Verb, failed_file};
use crate::output::destination::{Stdout, check_beside_json, failed_place, place};
use crate::output::drawing::{Drawing, Label};
use crate::output::report::{Out, size};
use crate::output::watch;
use crate::{Exit, Failure, say_line};
use outcome::Told;
use serde_json::json;
use std::io::{self, Write};
use std::path::Path;
use wirewright::net::Error;
use wirewright::net::files::Destination;
use wirewright::net::files::{Durability, Partial, SIZE_UNKNOWN};
use wirewright::net::mail::{OutgoingMessage, send};

/// The file name of a message in a directory.
const EML: &str = "message.eml";

pub fn run(args: &Mail) -> Result<Exit, Failure> {
    if args.check {
        return probe::run(args);
    }
    reach::check_stdin(args)?;
    if args.dry_run {
        return dry_run(args);
    }
    // An invalid server name is reported before files are read.
    let options = reach::options(args)?;
    let message = compose::message(&args.writing)?;
    let server = options.server.clone();
    let size = message.content.size();
    let drawing = Drawing::start(&options.run, Label::Words(server.to_string()), &args.common);
    watch::may_be_taken_once_sent(&options.run.meter);
    let sent = send(options, vec![message]);
    drop(drawing);
    let told = match sent {
        Ok(reports) => reports.into_iter().next().map(|report| Told::new(server, report)),
        Err(error) => Some(Told::not_begun(server, error, size)),
    };
    told.map_or(Ok(Exit::Done), |told| told.tell(args))
}

// ---- --dry-run -------------------------------------------------------------------------------

fn dry_run(args: &Mail) -> Result<Exit, Failure> {
    if let Some(server) = &args.reach.server {
        reach::server(server)?;
    }
    let path = args.output.as_deref().unwrap_or(Path::new("-"));
    let is_stdout = path.as_os_str() == "-";
    check_beside_json(path, args.common.json)?;
    let message = compose::message(&args.writing)?;
    if is_stdout {
        let written = message.write(&mut Stdout::new());
        written.map_err(|error| unwritten(Path::new("stdout"), error))?;
        return Ok(Exit::Done);
    }
    let to = place(path)?;
    let path = match &to {
        Destination::Directory(folder) => &folder.join(EML),
        _ => path,
    };
    let durability = save(&message, to, args.durability.into());
    let durability = durability.map_err(|error| unwritten(path, error))?;
    let bytes = message.content.size();
    if args.common.json {
        let durability = durability.map(Durability::as_str);
        let mut out = Out::new();
        out.json(&json!({ "outcome": null, "size": bytes, "durability": durability }))?;
        out.flush()?;
    } else if !args.common.quiet {
        say_line(&format!("{}: {}, not sent", path.display(), size(bytes)));
    }
    Ok(Exit::Done)
}

/// Writes the message; returns what was synced, if the destination is a file.
fn save(
    message: &OutgoingMessage,
    to: Destination,
    durability: Durability,
) -> Result<Option<Durability>, Error> {
    let file = match to {
        Destination::Device(device) => {
            message.write(&mut &*device)?;
            return Ok(None);
        }
        Destination::Directory(folder) => folder.join(EML),
        Destination::File(file) => file,
        Destination::Function(_) => return Ok(None),
    };
    let mut partial = Partial::at_path(&file)?;
    partial.begin("mail", SIZE_UNKNOWN)?;
    partial.without_journal();
    let mut saving = Saving(partial);
    if let Err(error) = message.write(&mut saving) {
        // An unfinished file that cannot be removed is overwritten by the next run.
        let _ = saving.0.discard();
        return Err(error);
    }
    saving.0.finish(durability, true).run()?;
    Ok(Some(durability))
}

/// An unfinished file as a writer.
struct Saving(Partial);

impl Write for Saving {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.append(bytes, self.0.verified())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn unwritten(place: &Path, error: Error) -> Failure {
    match error {
        Error::Io(_, why) if why.kind() == io::ErrorKind::BrokenPipe => Failure::stdout(&why),
        Error::Io(_, why) => failed_file(Verb::Write, place, why),
        error => failed_place(place, &error),
    }
}
