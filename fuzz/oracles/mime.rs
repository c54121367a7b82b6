//! Oracles of mail messages: a naive reader that shares no code with the crate reads each message
//! that was built, and finds what was put in.

#[path = "mime/reader.rs"]
mod reader;

use reader::{Read, decode_words, read};
use wirewright::buffer::Buffer;
use wirewright::error::Error;
use wirewright::mime::{
    Attachment, Builder, Date, FileName, Header, Limits, Mailbox, MediaType, Message, MsgId, Step,
    Writer,
};

/// The input of a message. Values that the builder refuses are left out.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    pub seed: u64,
    pub compat_names: bool,
    /// The size of the pieces in which content is offered, and the limit of the output buffer.
    pub piece: usize,
    pub out_max: usize,
    pub mailboxes: Vec<String>,
    pub subject: Option<String>,
    pub headers: Vec<(String, String)>,
    pub text: Option<String>,
    pub html: Option<String>,
    /// Name, content, whether it is shown in the HTML.
    pub files: Vec<(String, Vec<u8>, bool)>,
}

/// The property. The input: flags, sizes, then parts divided by NUL.
pub fn check(data: &[u8]) {
    let Some((head, rest)) = data.split_first_chunk::<3>() else { return };
    let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
    let mut parts = rest.split(|byte| *byte == 0);
    let mut next = || parts.next().unwrap_or_default();
    let [choices, piece, out_max] = *head;
    let mut sample = Sample {
        seed: u64::from(choices >> 6),
        compat_names: choices & 1 != 0,
        piece: usize::from(piece) + 1,
        out_max: usize::from(out_max) * 3 + 128,
        mailboxes: vec![text(next()), text(next())],
        ..Sample::default()
    };
    sample.subject = Some(text(next())).filter(|_| choices & 2 == 0);
    sample.headers = vec![(text(next()), text(next()))];
    sample.text = Some(text(next())).filter(|_| choices & 4 == 0);
    sample.html = Some(text(next())).filter(|_| choices & 8 == 0);
    let is_inline = choices & 16 != 0;
    sample.files = vec![(text(next()), next().to_vec(), is_inline)];
    if choices & 32 != 0 {
        sample.files.push((text(next()), next().to_vec(), false));
    }
    check_sample(&sample);
}

/// The property: values that are accepted are read again as they were given.
pub fn check_sample(sample: &Sample) {
    let mut kept = sample.clone();
    kept.mailboxes.retain(|text| mailbox(text));
    kept.headers.retain(|(name, value)| header(name, value));
    kept.subject = kept.subject.filter(|subject| is_shown(subject, true));
    kept.files.retain(|(name, ..)| file_name(name));
    for text in [&mut kept.text, &mut kept.html] {
        *text = text.take().filter(|text| !text.contains('\0'));
    }
    if kept.html.is_none() {
        kept.files.iter_mut().for_each(|file| file.2 = false);
    }
    let message = build(&kept);
    let whole = write(&message, &kept, usize::MAX, 1 << 20);
    assert_eq!(whole.len() as u64, message.size());
    assert_eq!(write(&message, &kept, sample.piece.max(1), sample.out_max.max(128)), whole);
    compare(&kept, &read(&whole));
    let is_foreign = |text: &String| Mailbox::parse(text).unwrap().needs_smtputf8();
    assert_eq!(message.needs_smtputf8(), kept.mailboxes.iter().any(is_foreign));
    let ascii = builder(&kept).ascii_only();
    assert_eq!(ascii.is_some(), message.needs_smtputf8());
    if let Some(ascii) = ascii {
        let ascii = ascii.build().expect("the same message");
        let octets = write(&ascii, &kept, usize::MAX, 1 << 20);
        assert!(octets.is_ascii() && octets.len() as u64 == ascii.size());
        assert_eq!(read(&octets).all("To").len(), 1);
    }
}

/// Whether a text holds no control character; the tab may be one.
fn is_shown(text: &str, tab: bool) -> bool {
    text.chars().all(|c| !c.is_control() || (tab && c == '\t'))
}

/// A mailbox is refused within its text, or read the same when it is written.
fn mailbox(text: &str) -> bool {
    match Mailbox::parse(text) {
        Err(error) => {
            let at = error.offset().expect("an offset") as usize;
            assert!(at <= text.len(), "{error}: {text:?}");
            false
        }
        Ok(mailbox) => {
            assert!(is_shown(text, false), "{text:?}");
            let again = Mailbox::parse(&mailbox.to_string());
            assert_eq!(again.as_ref(), Ok(&mailbox), "{text:?}");
            assert_eq!(Mailbox::parse(&mailbox.address()).unwrap().local(), mailbox.local());
            assert!(mailbox.domain().is_ascii());
            true
        }
    }
}

fn header(name: &str, value: &str) -> bool {
    let line = format!("{name}:{value}");
    let parsed = Header::parse(&line);
    match Header::new(name, value) {
        Ok(_) => {
            assert!(name.bytes().all(|b| b.is_ascii_graphic() && b != b':') && !name.is_empty());
            assert!(is_shown(value, true), "{value:?}");
            let trimmed = value.trim_matches([' ', '\t']);
            assert_eq!(parsed.unwrap().value(), trimmed);
            true
        }
        Err(error) => {
            assert!(error.offset().unwrap() as usize <= name.len().max(value.len()), "{error}");
            if let Err(error) = parsed {
                assert!(error.offset().unwrap() as usize <= line.len(), "{error}");
            }
            false
        }
    }
}

fn file_name(name: &str) -> bool {
    let is_good =
        is_shown(name, false) && !name.contains(['/', '\\']) && !matches!(name, "" | "." | "..");
    match FileName::new(name) {
        Ok(_) => assert!(is_good, "{name:?}"),
        Err(error) => {
            assert!(!is_good && error.offset().unwrap() as usize <= name.len(), "{error}");
        }
    }
    is_good
}

/// Limits that no test reaches.
fn wide() -> Limits {
    Limits { name_bytes_max: 1 << 20, file_name_bytes_max: 1 << 20, ..Limits::default() }
}

/// The message of a sample, all of whose parts are good.
pub fn build(sample: &Sample) -> Message {
    builder(sample).build().unwrap()
}

fn builder(sample: &Sample) -> Builder {
    let from = Mailbox::parse("Sender <sender@example.org>").unwrap();
    let date = Date::new(1_795_310_820, 480).unwrap();
    let id = MsgId::parse("1@example.org").unwrap();
    let mut builder = Builder::new(from, date, id, sample.seed, wide());
    builder.bcc(Mailbox::parse("hidden@hidden.example").unwrap()).unwrap();
    for text in &sample.mailboxes {
        builder.to(Mailbox::parse(text).unwrap()).unwrap();
    }
    if let Some(subject) = &sample.subject {
        builder.subject(subject).unwrap();
    }
    for (name, value) in &sample.headers {
        builder.header(Header::new(name, value).unwrap()).unwrap();
    }
    if let Some(text) = &sample.text {
        builder.text(text).unwrap();
    }
    if let Some(html) = &sample.html {
        builder.html(html).unwrap();
    }
    for (at, (name, content, inline)) in sample.files.iter().enumerate() {
        let attachment = Attachment {
            name: FileName::new(name).unwrap(),
            media_type: MediaType::parse("application/octet-stream").unwrap(),
            len: content.len() as u64,
        };
        let number = match inline {
            true => builder.inline(attachment, MsgId::parse(&format!("{at}@cid")).unwrap()),
            false => builder.attach(attachment),
        };
        assert_eq!(number, Ok(at));
    }
    builder.compat_names(sample.compat_names);
    builder
}

/// The octets of a message, with its files offered in pieces, through a buffer of `out_max` bytes.
pub fn write(message: &Message, sample: &Sample, piece: usize, out_max: usize) -> Vec<u8> {
    let (mut writer, mut out) = (Writer::new(message.clone()), Buffer::with_limit(out_max));
    let (mut octets, mut offered) = (Vec::new(), vec![0; sample.files.len()]);
    loop {
        let step = writer.next(&mut out).unwrap();
        if let Step::NeedFile(index) = step {
            let content = &sample.files[index].1;
            let rest = &content[offered[index]..];
            if rest.is_empty() {
                assert_eq!(writer.offer(b"", &mut out), Ok(0));
                writer.end_file().unwrap();
                assert!(matches!(writer.end_file(), Err(Error::Misuse(_))));
            } else {
                offered[index] += writer.offer(&rest[..rest.len().min(piece)], &mut out).unwrap();
            }
        }
        // The result must not depend on how much of the output is taken at once.
        let taken = if out.len() > 1 && step != Step::Done { out.len() - 1 } else { out.len() };
        octets.extend_from_slice(&out.readable()[..taken]);
        out.consume(taken);
        if step == Step::Done {
            assert_eq!(writer.made(), octets.len() as u64);
            return octets;
        }
        if out.free_tail_len() < 128 {
            octets.extend_from_slice(out.readable());
            out.consume(out.len());
        }
    }
}

/// Whether encoded words may stand in a field: not where it has a grammar of its own, RFC 2047 §5.
fn has_words(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let begins = ["arc-", "list-", "resent-"].iter().any(|begin| name.starts_with(begin));
    let grammars = "authentication-results auto-submitted disposition-notification-to \
        dkim-signature errors-to importance in-reply-to keywords references return-receipt-to \
        sender sensitivity";
    !begins && !grammars.split_whitespace().any(|other| other == name)
}

fn compare(sample: &Sample, read: &Read) {
    for name in ["Date", "From", "Message-ID", "MIME-Version"] {
        assert_eq!(read.all(name).len(), 1, "{name}");
    }
    assert_eq!(read.all("Bcc").len(), 0);
    assert_eq!(read.all("From"), ["Sender <sender@example.org>"]);
    let subjects: Vec<String> = read.all("Subject").iter().map(|v| decode_words(v)).collect();
    assert_eq!(subjects, sample.subject.clone().into_iter().collect::<Vec<_>>());
    let expected: Vec<Mailbox> =
        sample.mailboxes.iter().map(|text| Mailbox::parse(text).unwrap()).collect();
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|mailbox| (mailbox.name().unwrap_or("").to_owned(), mailbox.address()))
        .collect();
    assert_eq!(read.mailboxes("To"), expected);
    for (name, value) in &sample.headers {
        let show = if has_words(name) { decode_words } else { str::to_owned };
        let shown: Vec<String> = read.all(name).iter().map(|v| show(v)).collect();
        let trimmed = value.trim_matches([' ', '\t']).to_owned();
        assert!(shown.contains(value) || shown.contains(&trimmed), "{name}: {value:?} {shown:?}");
    }
    compare_body(sample, read);
}

fn compare_body(sample: &Sample, read: &Read) {
    let lines = |text: &String| {
        text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n").into_bytes()
    };
    let mut texts: Vec<_> = sample.text.iter().chain(&sample.html).map(lines).collect();
    let is_alone = texts.len() == 1 && sample.files.is_empty();
    if is_alone && !texts[0].is_empty() && !texts[0].ends_with(b"\r\n") {
        let raw = read.texts.iter().any(|text| *text == texts[0]);
        if !raw {
            texts[0].extend_from_slice(b"\r\n");
        }
    }
    if texts.is_empty() && sample.files.is_empty() {
        assert!(read.texts.is_empty() && read.files.is_empty());
    } else {
        assert_eq!(read.texts, texts);
    }
    let sorted = |inline: bool| sample.files.iter().filter(move |file| file.2 == inline);
    let files: Vec<_> = sorted(true).chain(sorted(false)).cloned().collect();
    assert_eq!(read.files, files);
}
