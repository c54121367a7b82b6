//! Files that change while they are sent: the message is taken back, and others go on.

use super::letters::{TAKEN, content, letter, options, path, raw_file, sent};
use super::server::{Server, narrow};
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, Mutex};
use wirewright::mime::{Attachment, Builder, Date, FileName, Mailbox, MediaType, MsgId};
use wirewright::net::files::SourceFile;
use wirewright::net::mail::{AttachedFile, OutgoingMessage};

const LEN: u64 = 8 << 20;

/// A message with one file.
fn built(file: AttachedFile) -> OutgoingMessage {
    let from = Mailbox::parse("a@example.org").unwrap();
    let (date, id) = (Date::new(0, 0).unwrap(), MsgId::parse("1@example.org").unwrap());
    let mut builder = Builder::new(from, date, id, 7, wirewright::mime::Limits::default());
    builder.to(Mailbox::parse("b@example.net").unwrap()).unwrap();
    let (name, media_type) = (FileName::new("a").unwrap(), MediaType::parse("a/b").unwrap());
    let len = file.size();
    builder.attach(Attachment { name, media_type, len }).unwrap();
    let letter = OutgoingMessage::new(builder.build().unwrap(), vec![file]).unwrap();
    assert_eq!(letter.envelope.from, path("a@example.org"));
    letter
}

/// Makes it shorter, or longer by an octet of text.
fn resize(file: &File, len: u64) {
    match len > LEN {
        true => file.write_all_at(b"x", len - 1).unwrap(),
        false => file.set_len(len).unwrap(),
    }
}

/// How the library has the file.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Open,
    Closed,
    Raw,
}

/// Another file of the same length at the path of an attachment: its content was never measured.
#[test]
fn it_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, "first").unwrap();
    let letter = built(AttachedFile::at_path(&path).unwrap());
    std::fs::write(folder.path().join("b"), "other").unwrap();
    std::fs::rename(folder.path().join("b"), &path).unwrap();
    let error = letter.write(&mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "the file changed while it was read");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(letter.write(&mut Vec::new()).unwrap_err().to_string(), "no such file");
}

/// The same length as before would be the same file to whoever sends it.
#[test]
fn it_shrinks_or_grows() {
    for kind in [Kind::Open, Kind::Closed, Kind::Raw] {
        for (after, now) in [(0, 0), (0, 1000), (0, LEN - 1), (100_000, 50_000), (0, LEN + 1)] {
            for is_first in [true, false] {
                let named = tempfile::NamedTempFile::new().unwrap();
                named.as_file().set_len(LEN).unwrap();
                if kind == Kind::Raw {
                    std::fs::write(named.path(), vec![b'x'; LEN as usize]).unwrap();
                }
                let changing = Arc::new(Mutex::new(named.reopen().unwrap()));
                let handle = changing.clone();
                let server = Server::on(narrow(), move |mut conn| {
                    conn.open(&[]);
                    if conn.number > 1 {
                        return conn.take_all();
                    }
                    if !is_first {
                        conn.take();
                    }
                    conn.hear_verb("MAIL");
                    conn.say(&["250 Ok"]);
                    conn.hear_verb("RCPT");
                    conn.say(&["250 Ok"]);
                    conn.hear("DATA");
                    if after == 0 {
                        resize(&handle.lock().unwrap(), now);
                    }
                    conn.say(&["354 go"]);
                    if after > 0 {
                        conn.some(after);
                        resize(&handle.lock().unwrap(), now);
                    }
                    let came = conn.gone();
                    assert!(!came.ends_with(b"\r\n.\r\n"), "{} bytes came", came.len());
                });
                let file = named.reopen().unwrap();
                let middle = match kind {
                    Kind::Open => built(SourceFile::from_file(file).unwrap().into()),
                    Kind::Closed => built(AttachedFile::at_path(named.path()).unwrap()),
                    Kind::Raw => raw_file(file, &["b@example.net"]),
                };
                let mut letters = vec![middle, letter(3)];
                if !is_first {
                    letters.insert(0, letter(1));
                }
                let told = sent(options(&server), letters);
                let changed = "later: unsent; the file changed while it was read";
                let expected =
                    if is_first { &[changed, TAKEN][..] } else { &[TAKEN, changed, TAKEN] };
                assert_eq!(told, expected, "{kind:?} {after} {now}");
                assert_eq!(server.messages().last(), Some(&content(3)));
            }
        }
    }
}
