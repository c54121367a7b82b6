//! The fields of `--header`: those that the builder takes, and which option the others have.
//!
//! ```text
//!   Reply-To: a@b         the same as --reply-to a@b
//!   X-Any: text           a field of its own
//!   Subject: …            refused: it has an option
//! ```

use super::compose::{mailbox, wrong};
use crate::Failure;
use crate::args::mail::Writing;
use wirewright::mime::{Builder, Header, is_owned};

const REPLY_TO: &str = "Reply-To";

/// Fields with an option of their own.
const OPTIONS: [(&str, &str); 8] = [
    ("Bcc", "--bcc"),
    ("Cc", "--cc"),
    ("Date", "--date"),
    ("From", "--from"),
    ("Message-ID", "--message-id"),
    ("Return-Path", "--envelope-from"),
    ("Subject", "--subject"),
    ("To", "--to"),
];

/// Adds the fields of `--header`, and the mailbox of `--reply-to`.
pub fn add(builder: &mut Builder, writing: &Writing) -> Result<(), Failure> {
    let mut reply_to = writing.reply_to.as_deref().map(|text| ("--reply-to", text));
    for header in &writing.headers {
        match header.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case(REPLY_TO) => {
                let value = value.trim_matches([' ', '\t']);
                if reply_to.replace(("--header Reply-To", value)).is_some() {
                    let hint = "give --reply-to once";
                    return Err(Failure::usage("--header", "Reply-To is there twice", hint));
                }
            }
            Some((name, _)) if is_owned(name) => return Err(owned(name)),
            _ => {
                let added = Header::parse(header).and_then(|header| builder.header(header));
                added.map_err(|error| wrong("--header", &error))?;
            }
        }
    }
    let Some((argument, text)) = reply_to else { return Ok(()) };
    let added = builder.reply_to(mailbox(argument, text)?);
    added.map_err(|error| wrong(argument, &error))
}

/// A field that the message has in any case, or never.
fn owned(name: &str) -> Failure {
    let known = OPTIONS.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
    match known {
        Some((field, option)) => {
            let what = format!("{field} has an option");
            Failure::usage("--header", what, format!("give {option}"))
        }
        None if name.eq_ignore_ascii_case("Received") => {
            Failure::usage("--header", "Received is written by servers", "leave it out")
        }
        None => {
            let what = format!("{name} is written by the command");
            Failure::usage("--header", what, "leave it out, or send a whole message by --raw-eml")
        }
    }
}
