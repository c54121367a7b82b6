//! Files that change while they are sent: the message is taken back, and others go on.

use super::letters::{TAKEN, content, letter, options, path, raw_file, sent};
use super::server::{Server, narrow};
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, Mutex};
use wirewright::mime::date::Date;
use wirewright::mime::id::MsgId;
use wirewright::mime::mailbox::Mailbox;
use wirewright::mime::message::{Attachment, Builder};
use wirewright::mime::param::{FileName, MediaType};
use wirewright::net::files::SourceFile;
use wirewright::net::mail::OutgoingMessage;

const LEN: u64 = 8 << 20;

/// A message with one file.
fn built(file: File) -> OutgoingMessage {
    let from = Mailbox::parse("a@example.org").unwrap();
    let (date, id) = (Date::new(0, 0).unwrap(), MsgId::parse("1@example.org").unwrap());
    let mut builder = Builder::new(from, date, id, 7, wirewright::mime::Limits::default());
    builder.to(Mailbox::parse("b@example.net").unwrap()).unwrap();
    let (name, media_type) = (FileName::new("a").unwrap(), MediaType::parse("a/b").unwrap());
    let len = file.metadata().unwrap().len();
    builder.attach(Attachment { name, media_type, len }).unwrap();
    let source = SourceFile::from_file(file).unwrap();
    let letter = OutgoingMessage::new(builder.build().unwrap(), vec![source]).unwrap();
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

/// The same length as before would be the same file to whoever sends it.
#[test]
fn it_shrinks_or_grows() {
    for is_raw in [false, true] {
        for (after, now) in [(0, 0), (0, 1000), (0, LEN - 1), (100_000, 50_000), (0, LEN + 1)] {
            for is_first in [true, false] {
                let named = tempfile::NamedTempFile::new().unwrap();
                named.as_file().set_len(LEN).unwrap();
                if is_raw {
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
                let middle = match is_raw {
                    true => raw_file(file, &["b@example.net"]),
                    false => built(file),
                };
                let mut letters = vec![middle, letter(3)];
                if !is_first {
                    letters.insert(0, letter(1));
                }
                let told = sent(options(&server), letters);
                let changed = "later: unsent; the file changed while it was read";
                let expected =
                    if is_first { &[changed, TAKEN][..] } else { &[TAKEN, changed, TAKEN] };
                assert_eq!(told, expected, "{is_raw} {after} {now}");
                assert_eq!(server.messages().last(), Some(&content(3)));
            }
        }
    }
}
