//! Builds a message from argv: mailboxes, texts, files, date and identifiers.

use super::super::input;
use super::{enclose, headers};
use crate::Failure;
use crate::args::mail::Writing;
use crate::output::advice::{Verb, failed_file};
use crate::output::watch;
use std::ffi::OsStr;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path as FilePath;
use wirewright::error::Error;
use wirewright::mime::{Builder, Date, Limits, Mailbox, MsgId};
use wirewright::net::files::SourceFile;
use wirewright::net::mail::{OutgoingMessage, Raw};
use wirewright::net::transport::idn::to_ascii;
use wirewright::smtp::command::Path;
use wirewright::text::escape;

/// The error of octets that should be a text.
pub const NO_TEXT: &str = "it is not UTF-8";

/// The message of the command line.
pub fn message(writing: &Writing) -> Result<OutgoingMessage, Failure> {
    if writing.to.is_empty() && writing.cc.is_empty() && writing.bcc.is_empty() {
        let hint = "use --to 'Name <a@b>', --cc or --bcc";
        return Err(Failure::usage("--to", "no recipient", hint));
    }
    match &writing.raw_eml {
        Some(path) => raw(writing, path),
        None => built(writing),
    }
}

// ---- a message that is built -----------------------------------------------------------------

fn built(writing: &Writing) -> Result<OutgoingMessage, Failure> {
    let Some(from) = &writing.from else {
        return Err(Failure::usage("--from", "it is required", "give --from 'Name <a@b>'"));
    };
    let from = mailbox("--from", from)?;
    let domain = from.domain().to_owned();
    let id = match &writing.message_id {
        Some(id) => MsgId::parse(id).map_err(|error| wrong("--message-id", &error))?,
        None => new_id(&from)?,
    };
    let seed = match writing.boundary_seed {
        Some(seed) => seed,
        None => u64::from_ne_bytes(random()?),
    };
    let mut builder = Builder::new(from, date(writing)?, id, seed, Limits::default());
    address(&mut builder, writing)?;
    let Some(subject) = &writing.subject else {
        return Err(Failure::usage("--subject", "it is required", "give --subject TEXT"));
    };
    builder.subject(subject).map_err(|error| wrong("--subject", &error))?;
    headers::add(&mut builder, writing)?;
    if let Some(text) = &writing.text {
        builder.text(&words("--text", text)?).map_err(|error| wrong("--text", &error))?;
    }
    builder.compat_names(writing.compat_name);
    let mut files = Vec::new();
    if let Some(html) = &writing.html {
        let html = words("--html", html)?;
        builder.html(&html).map_err(|error| wrong("--html", &error))?;
        enclose::pictures(&mut builder, writing, &html, &domain, &mut files)?;
    }
    enclose::attachments(&mut builder, writing, &mut files)?;
    let build = |builder: Builder| builder.build().map_err(|error| wrong("the message", &error));
    let ascii = builder.ascii_only().map(build).transpose()?;
    let message = OutgoingMessage::new(build(builder)?, files);
    let message = message.and_then(|message| match ascii {
        Some(ascii) => message.with_ascii(ascii),
        None => Ok(message),
    });
    let mut message = message.map_err(|error| {
        Failure::usage("the addresses", error, "look at --from, --to, --cc and --bcc")
    })?;
    if let Some(from) = &writing.envelope_from {
        message.envelope.from = path("--envelope-from", from)?;
    }
    Ok(message)
}

fn address(builder: &mut Builder, writing: &Writing) -> Result<(), Failure> {
    type Add = fn(&mut Builder, Mailbox) -> Result<(), Error>;
    let all: [(&str, &[String], Add); 3] = [
        ("--to", &writing.to, Builder::to),
        ("--cc", &writing.cc, Builder::cc),
        ("--bcc", &writing.bcc, Builder::bcc),
    ];
    for (argument, texts, add) in all {
        for text in texts {
            let added = add(builder, mailbox(argument, text)?);
            added.map_err(|error| wrong(argument, &error))?;
        }
    }
    Ok(())
}

/// One mailbox.
pub fn mailbox(argument: &str, text: &str) -> Result<Mailbox, Failure> {
    Mailbox::parse_with(text, to_ascii).map_err(|error| {
        let what = format!("{}: {} (at byte {})", escape(text), error.reason(), place(&error));
        Failure::usage(argument, what, "give one mailbox, such as 'Name <a@b>' or a@b")
    })
}

/// The time of --date, or the current local time.
fn date(writing: &Writing) -> Result<Date, Failure> {
    let (seconds, minutes) = match &writing.date {
        Some(text) => instant(text).ok_or_else(|| {
            let hint = "give a time such as 2026-11-22T09:27:00+08:00";
            Failure::usage(
                "--date",
                format_args!("{} is not a time of RFC 3339", escape(text)),
                hint,
            )
        })?,
        None => {
            let now = jiff::Zoned::now();
            (now.timestamp().as_second(), now.offset().seconds() / 60)
        }
    };
    let date = i16::try_from(minutes).map(|minutes| Date::new(seconds, minutes));
    match date {
        Ok(Ok(date)) => Ok(date),
        Ok(Err(error)) => Err(wrong("--date", &error)),
        Err(_) => Err(Failure::usage("--date", "its offset is a day or more", "look at it")),
    }
}

/// Seconds since 1970 and the offset in minutes: RFC 3339 §5.6.
fn instant(text: &str) -> Option<(i64, i32)> {
    let bytes = text.as_bytes();
    let is_form = bytes.len() >= 20 && bytes[4] == b'-' && matches!(bytes[10], b'T' | b't' | b' ');
    let minutes = match bytes.last()? {
        b'Z' | b'z' => 0,
        _ => {
            let (_, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
            let (hours, minutes) = offset.get(1..)?.split_once(':')?;
            let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
            match bytes[bytes.len() - 6] {
                b'+' => hours * 60 + minutes,
                b'-' => -(hours * 60 + minutes),
                _ => return None,
            }
        }
    };
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    is_form.then(|| (timestamp.as_second(), minutes))
}

/// A unique Message-ID (RFC 5322 §3.6.4).
fn new_id(from: &Mailbox) -> Result<MsgId, Failure> {
    let left: String = random::<16>()?.iter().map(|byte| format!("{byte:02x}")).collect();
    let id = MsgId::parse(&format!("{left}@{}", from.domain()));
    id.map_err(|error| Failure::usage("--from", error.reason(), "give --message-id, too"))
}

fn random<const LEN: usize>() -> Result<[u8; LEN], Failure> {
    let mut bytes = [0; LEN];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) => {
            let hint = "give --message-id and --boundary-seed";
            Err(Failure::new("the random source of the system", error, hint))
        }
    }
}

/// A text of argv, of a file with `@FILE`, or of stdin with `@-`.
fn words(argument: &str, text: &OsStr) -> Result<String, Failure> {
    let Some(path) = input::file_of(text) else {
        let text = text.to_str().map(str::to_owned);
        return text.ok_or_else(|| Failure::usage(argument, NO_TEXT, "give UTF-8, or @FILE"));
    };
    let max = Limits::default().text_bytes_max;
    let mut bytes = Vec::new();
    let read = match path.as_os_str() == "-" {
        true => io::stdin().take(max as u64 + 1).read_to_end(&mut bytes),
        false => watch::blocking(path, || {
            File::open(path).and_then(|file| file.take(max as u64 + 1).read_to_end(&mut bytes))
        }),
    };
    let unfit = |what: &str| Failure::new(path.display(), what, "send it with --attach");
    match read {
        // The limit may divide a character, so the length is checked before the encoding.
        Ok(len) if len > max => Err(unfit(&format!("more than {max} bytes"))),
        Ok(_) => String::from_utf8(bytes).map_err(|_| unfit(NO_TEXT)),
        Err(error) => Err(failed_file(Verb::Read, path, error)),
    }
}

// ---- a message in a file ---------------------------------------------------------------------

fn raw(writing: &Writing, file: &FilePath) -> Result<OutgoingMessage, Failure> {
    let from = match (&writing.envelope_from, &writing.from) {
        (Some(from), _) => path("--envelope-from", from)?,
        (None, Some(from)) => path("--from", from)?,
        (None, None) => {
            let hint = "give --from or --envelope-from";
            return Err(Failure::usage("--from", "no sender", hint));
        }
    };
    let mut recipients: Vec<Path> = Vec::new();
    let all = [("--to", &writing.to), ("--cc", &writing.cc), ("--bcc", &writing.bcc)];
    for (argument, text) in all.iter().flat_map(|(name, all)| all.iter().map(move |t| (*name, t))) {
        let path = path(argument, text)?;
        if path.is_null() {
            return Err(Failure::usage(
                argument,
                "an empty address is not a recipient",
                "give an address",
            ));
        }
        if !recipients.contains(&path) {
            recipients.push(path);
        }
    }
    let source = SourceFile::from_file(input::spooled(file)?);
    let source = source.map_err(|error| failed_file(Verb::Read, file, error))?;
    let hint = "give a file that holds a whole message, or - for stdin";
    if source.size() == 0 {
        return Err(Failure::new(file.display(), "it is empty", hint));
    }
    let raw = Raw::new(source).map_err(|error| Failure::new(file.display(), error, hint))?;
    Ok(OutgoingMessage::raw(from, recipients, raw))
}

/// The address of a mailbox; an empty text is the null path.
fn path(argument: &str, text: &str) -> Result<Path, Failure> {
    if matches!(text.trim(), "" | "<>") {
        return Ok(Path::null());
    }
    let address = mailbox(argument, text)?.address();
    Path::parse(&address).map_err(|error| wrong(argument, &error))
}

// ---- errors ----------------------------------------------------------------------------------

pub fn wrong(place_of: impl Display, error: &Error) -> Failure {
    let at = error.offset().map(|at| format!("at byte {at}"));
    let place: Vec<String> = at.into_iter().chain(error.section().map(str::to_owned)).collect();
    let what = match place.is_empty() {
        true => error.reason(),
        false => format!("{} ({})", error.reason(), place.join(", ")),
    };
    Failure::usage(place_of, what, "see wirewright mail --help")
}

fn place(error: &Error) -> u64 {
    error.offset().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some((0, 0))),
            ("2026-11-22T09:27:00+08:00", Some((1_795_310_820, 480))),
            ("2000-02-28t20:30:00.25-03:30", Some((951_782_400, -210))),
            ("2026-11-22", None),
            ("2026-11-22T09:27:00", None),
            ("2026-11-22T09:27:00+0800", None),
            ("Sun, 22 Nov 2026 09:27:00 +0800", None),
            ("2026-13-22T09:27:00Z", None),
            ("", None),
        ] {
            assert_eq!(instant(text), expected, "{text}");
        }
    }
}
