//! Files of a message: attachments, and images of the HTML.
//!
//! ```text
//!   --attach 'PATH[;type=MIME][;name=NAME]'            multipart/mixed      a file to keep
//!   --inline 'PATH[;type=MIME][;name=NAME][;cid=ID]'   multipart/related    <img src="cid:ID">
//! ```
//!
//! Specification: RFC 2387 (related parts), RFC 2392 (`cid:`), RFC 2183 (dispositions).
//!
//! A Content-ID is `left@right` (RFC 2045 §7). Without `cid=` it is the name of the file and the
//! domain of the sender, so that the author of the HTML can predict it.

use super::compose::{NO_TEXT, wrong};
use crate::args::mail::Writing;
use crate::output::advice::{Verb, failed_file};
use crate::{Failure, say_line};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use wirewright::mime::{Attachment, Builder, FileName, MediaType, MsgId};
use wirewright::net::mail::AttachedFile;

const TYPE: &str = ";type=";
const NAME: &str = ";name=";
const CID: &str = ";cid=";

/// Media types by file extension.
const TYPES: [(&str, &str); 26] = [
    ("txt", "text/plain; charset=utf-8"),
    ("md", "text/markdown; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("htm", "text/html; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("ics", "text/calendar; charset=utf-8"),
    ("json", "application/json"),
    ("xml", "application/xml"),
    ("pdf", "application/pdf"),
    ("zip", "application/zip"),
    ("gz", "application/gzip"),
    ("doc", "application/msword"),
    ("xls", "application/vnd.ms-excel"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("svg", "image/svg+xml"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("webm", "video/webm"),
];

/// Adds the files of `--attach`.
pub fn attachments(
    builder: &mut Builder,
    writing: &Writing,
    files: &mut Vec<AttachedFile>,
) -> Result<(), Failure> {
    for argument in &writing.attach {
        let (path, [media_type, name]) = divide("--attach", argument, [TYPE, NAME])?;
        let (attachment, source) = open("--attach", path, media_type, name)?;
        builder.attach(attachment).map_err(|error| wrong("--attach", &error))?;
        files.push(source);
    }
    Ok(())
}

/// Adds the files of `--inline`, whose identifiers end in `domain` unless they were given. One that
/// the HTML does not show is worth a warning.
pub fn pictures(
    builder: &mut Builder,
    writing: &Writing,
    html: &str,
    domain: &str,
    files: &mut Vec<AttachedFile>,
) -> Result<(), Failure> {
    for argument in &writing.inline {
        let (path, [media_type, name, cid]) = divide("--inline", argument, [TYPE, NAME, CID])?;
        let (attachment, source) = open("--inline", path, media_type, name)?;
        let cid = match cid {
            Some(cid) => MsgId::parse(cid).map_err(|error| wrong("--inline cid=", &error))?,
            None => {
                let cid = format!("{}@{domain}", safe(attachment.name.as_str()));
                MsgId::parse(&cid).map_err(|error| wrong("--inline", &error))?
            }
        };
        if !shows(html, cid.as_str()) {
            let (path, url) = (path.display(), url(cid.as_str()));
            say_line(&format!("warning: {path}: the HTML does not show it; write cid:{url} there"));
        }
        let added = builder.inline(attachment, cid);
        added.map_err(|error| {
            let hint = "give each an identifier of its own, as in ;cid=2@example.org";
            Failure::usage("--inline", error.reason(), hint)
        })?;
        files.push(source);
    }
    Ok(())
}

/// A file, its media type and its name.
fn open(
    argument: &str,
    path: &Path,
    media_type: Option<&str>,
    name: Option<&str>,
) -> Result<(Attachment, AttachedFile), Failure> {
    let source = AttachedFile::at_path(path);
    let source = source.map_err(|error| failed_file(Verb::Read, path, error))?;
    let base = path.file_name().unwrap_or_default();
    let shown = base.to_string_lossy().replace(char::REPLACEMENT_CHARACTER, "_");
    if name.is_none() && base.to_str().is_none() {
        let path = path.display();
        let what = format!("the receiver sees {shown}, unless ;name=NAME says another");
        say_line(&format!("warning: {path}: its name is not UTF-8; {what}"));
    }
    let name = match name {
        Some(name) => {
            let name = FileName::new(name);
            name.map_err(|error| wrong(format_args!("{argument} name="), &error))?
        }
        None => FileName::new(&shown).map_err(|error| {
            let what = format!("{}: {}", path.display(), error.reason());
            Failure::usage(argument, what, "say with ;name=NAME what the receiver sees")
        })?,
    };
    let media_type = media_type.unwrap_or_else(|| type_of(name.as_str(), &shown));
    let media_type = MediaType::parse(media_type);
    let media_type = media_type.map_err(|error| wrong(format_args!("{argument} type="), &error))?;
    let len = source.size();
    Ok((Attachment { name, media_type, len }, source))
}

/// The path before the first of `kinds`, and the texts behind each of them; of two alike, the last
/// holds. A media type may hold a `;`, so the pieces begin at their names. The path need not be
/// UTF-8.
fn divide<'a, const N: usize>(
    argument: &str,
    value: &'a OsStr,
    kinds: [&str; N],
) -> Result<(&'a Path, [Option<&'a str>; N]), Failure> {
    let (mut values, mut rest) = ([None; N], value.as_bytes());
    loop {
        let found = kinds.iter().enumerate();
        let found = found.filter_map(|(which, kind)| Some((rfind(rest, kind)?, which))).max();
        let Some((at, which)) = found else {
            return Ok((Path::new(OsStr::from_bytes(rest)), values));
        };
        let behind = str::from_utf8(&rest[at + kinds[which].len()..]).map_err(|_| {
            let place = format!("{argument} {}", &kinds[which][1..]);
            Failure::usage(place, NO_TEXT, "give UTF-8")
        })?;
        values[which] = values[which].or(Some(behind));
        rest = &rest[..at];
    }
}

fn rfind(bytes: &[u8], kind: &str) -> Option<usize> {
    bytes.windows(kind.len()).rposition(|window| window == kind.as_bytes())
}

/// The media type of a file, by `name=` or by its file name.
fn type_of(name: &str, base: &str) -> &'static str {
    let by = |name: &str| {
        let (_, end) = name.rsplit_once('.')?;
        let known = TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(end));
        known.map(|(_, media_type)| *media_type)
    };
    by(name).or_else(|| by(base)).unwrap_or("application/octet-stream")
}

// ---- identifiers -----------------------------------------------------------------------------

/// A file name as the left part of an identifier, and as it is in a URL: ASCII letters, digits,
/// `-`, `_`, and single dots between them.
fn safe(name: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let name: String = name.chars().map(|c| if is_safe(c) { c } else { '_' }).collect();
    let atoms: Vec<&str> = name.split('.').filter(|atom| !atom.is_empty()).collect();
    if atoms.is_empty() { "_".to_owned() } else { atoms.join(".") }
}

/// An identifier as it stands behind `cid:`: RFC 2392 §2. An `@` may be written as it is.
fn url(id: &str) -> String {
    let as_it_is = |c: char| c.is_ascii_alphanumeric() || "-_.~!$'*+=@".contains(c);
    let encoded = |c: char| match as_it_is(c) {
        true => c.to_string(),
        // An identifier is ASCII.
        false => format!("%{:02X}", u32::from(c)),
    };
    id.chars().map(encoded).collect()
}

/// Whether an HTML refers to a part, in any of the forms that an identifier is written in.
fn shows(html: &str, id: &str) -> bool {
    let url = url(id);
    let forms = [id.to_owned(), url.replace('@', "%40"), url].map(|form| form.to_lowercase());
    let html = html.to_lowercase();
    let mut behind = html.match_indices("cid:").map(|(at, cid)| &html[at + cid.len()..]);
    // Something that ends it has to follow, or it is the beginning of another one.
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || "-_.@%".contains(c));
    behind.any(|rest| forms.iter().any(|form| rest.strip_prefix(&**form).is_some_and(ends)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_divided_at_the_names() {
        for (text, path, values) in [
            ("a", "a", [None; 3]),
            ("a;b", "a;b", [None; 3]),
            ("a;type=t/p", "a", [Some("t/p"), None, None]),
            ("a;name=b", "a", [None, Some("b"), None]),
            (
                "a;type=t/p; charset=utf-8;name=b c",
                "a",
                [Some("t/p; charset=utf-8"), Some("b c"), None],
            ),
            ("a;name=b;type=t/p", "a", [Some("t/p"), Some("b"), None]),
            ("a;name=;type=", "a", [Some(""), Some(""), None]),
            ("a;cid=x@y;name=b;type=t/p", "a", [Some("t/p"), Some("b"), Some("x@y")]),
            ("a;name=b;name=c", "a", [None, Some("c"), None]),
        ] {
            let divided = divide("--inline", text.as_ref(), [TYPE, NAME, CID]);
            assert_eq!(divided.ok(), Some((Path::new(path), values)), "{text}");
        }
        let divided = divide("--attach", "a;cid=b".as_ref(), [TYPE, NAME]);
        assert_eq!(divided.ok(), Some((Path::new("a;cid=b"), [None; 2])));
    }

    #[test]
    fn types_by_name() {
        assert_eq!(type_of("a.XLS", "b"), "application/vnd.ms-excel");
        assert_eq!(type_of("a", "b.png"), "image/png");
        assert_eq!(type_of("png", "b.unknown"), "application/octet-stream");
    }

    #[test]
    fn every_name_makes_an_identifier() {
        for (name, expected) in [
            ("logo.png", "logo.png"),
            ("month data (1).png", "month_data__1_.png"),
            ("图.png", "_.png"),
            (".hidden..png.", "hidden.png"),
            ("...", "_"),
            ("a@b", "a_b"),
        ] {
            assert_eq!(safe(name), expected, "{name}");
            for domain in ["example.org", "[192.0.2.1]"] {
                MsgId::parse(&format!("{}@{domain}", safe(name))).unwrap();
            }
        }
    }

    #[test]
    fn what_the_html_shows() {
        for (html, is_shown) in [
            ("<img src=\"cid:a.png@b\">", true),
            ("<img src='CID:A.PNG@B'>", true),
            ("<img src=cid:a.png%40b>", true),
            ("<p style='background: url(cid:a.png@b)'>", true),
            ("<img src=cid:a.png@b.c><img src=\"cid:a.png@b\">", true),
            ("<img src=cid:a.png@bc>", false),
            ("<img src=cid:a.png@b.c>", false),
            ("<img src=cid:a.png>", false),
            ("a.png@b", false),
            ("", false),
        ] {
            assert_eq!(shows(html, "a.png@b"), is_shown, "{html}");
        }
        assert!(shows("<img src=cid:a%7Bb%25@c>", "a{b%@c") && shows("cid:a{b%@c", "a{b%@c"));
    }
}
