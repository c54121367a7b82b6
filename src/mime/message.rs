//! A message: what it is made of, and what becomes of it.
//!
//! ```text
//!   Builder ── from, to, cc, bcc, subject, text, html, files ──▶ build ──▶ Message ──▶ Writer
//!                                                                   │ size(), known now
//!                                                                   └ recipients(), for SMTP
//! ```
//!
//! Specification: RFC 5322 §3.6 (which fields, and how often), RFC 2045 §4 (`MIME-Version`).
//!
//! The builder checks each thing when it is given. So an error names the argument that is wrong,
//! with the offset in it.

use super::Limits;
use super::date::Date;
use super::header::{Header, Line, check_value};
use super::id::MsgId;
use super::mailbox::Mailbox;
use super::param::{FileName, MediaType};
use super::structure::{self, Part, Segment, Text};
use crate::error::Error;

/// A file that is sent along; its content is given to the [`Writer`](super::writer::Writer).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The name the receiver sees.
    pub name: FileName,
    /// What it is.
    pub media_type: MediaType,
    /// Its length in bytes.
    pub len: u64,
}

/// Gathers a message.
#[derive(Debug, Clone)]
pub struct Builder {
    limits: Limits,
    date: Date,
    id: MsgId,
    seed: u64,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    to: Vec<Mailbox>,
    cc: Vec<Mailbox>,
    bcc: Vec<Mailbox>,
    subject: Option<Box<str>>,
    headers: Vec<Header>,
    text: Option<Box<str>>,
    html: Option<Box<str>>,
    files: Vec<(Attachment, Option<MsgId>)>,
    compat_names: bool,
    /// Addresses that are not ASCII are shown as text.
    ascii_only: bool,
}

impl Builder {
    /// A message from somebody. Boundaries are made of `seed`.
    pub fn new(from: Mailbox, date: Date, id: MsgId, seed: u64, limits: Limits) -> Builder {
        Builder {
            limits,
            date,
            id,
            seed,
            from,
            reply_to: None,
            to: Vec::new(),
            cc: Vec::new(),
            bcc: Vec::new(),
            subject: None,
            headers: Vec::new(),
            text: None,
            html: None,
            files: Vec::new(),
            compat_names: false,
            ascii_only: false,
        }
    }

    /// Adds a receiver. An address that is not ASCII makes a message that
    /// [needs SMTPUTF8](Message::needs_smtputf8).
    ///
    /// # Errors
    /// [`Error::TooLarge`] for too many or too long a name.
    pub fn to(&mut self, mailbox: Mailbox) -> Result<(), Error> {
        self.check_shown(&mailbox)?;
        self.check_recipients()?;
        self.to.push(mailbox);
        Ok(())
    }

    /// Adds a receiver of a copy.
    ///
    /// # Errors
    /// As [`to`](Builder::to).
    pub fn cc(&mut self, mailbox: Mailbox) -> Result<(), Error> {
        self.check_shown(&mailbox)?;
        self.check_recipients()?;
        self.cc.push(mailbox);
        Ok(())
    }

    /// Adds a receiver whom no other sees: it is in [`Message::recipients`], not in the message.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for too many.
    pub fn bcc(&mut self, mailbox: Mailbox) -> Result<(), Error> {
        self.check_recipients()?;
        self.bcc.push(mailbox);
        Ok(())
    }

    /// Sets where answers are to go.
    ///
    /// # Errors
    /// As [`to`](Builder::to).
    pub fn reply_to(&mut self, mailbox: Mailbox) -> Result<(), Error> {
        self.check_shown(&mailbox)?;
        self.reply_to = Some(mailbox);
        Ok(())
    }

    /// Sets the subject.
    ///
    /// # Errors
    /// [`Error::Malformed`] at a control character but the tab, [`Error::TooLarge`].
    pub fn subject(&mut self, subject: &str) -> Result<(), Error> {
        self.check_len(subject.len(), self.limits.value_bytes_max, "value_bytes_max")?;
        check_value(subject)?;
        self.subject = Some(subject.into());
        Ok(())
    }

    /// Adds a field of the caller's own.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for too many or too long a value, [`Error::Malformed`] for a second
    /// field that a message has at most once (RFC 5322 §3.6).
    pub fn header(&mut self, header: Header) -> Result<(), Error> {
        let is_same = |other: &Header| other.name().eq_ignore_ascii_case(header.name());
        if header.stands_once() && self.headers.iter().any(is_same) {
            return Err(Error::malformed("this field stands at most once", 0, "RFC 5322 §3.6"));
        }
        self.check_len(header.value().len(), self.limits.value_bytes_max, "value_bytes_max")?;
        self.check_len(self.headers.len() + 1, self.limits.headers_max, "headers_max")?;
        self.headers.push(header);
        Ok(())
    }

    /// Sets the plain text. Its line ends may be of any kind.
    ///
    /// # Errors
    /// [`Error::Malformed`] at a NUL, [`Error::TooLarge`] beyond the limit of both texts.
    pub fn text(&mut self, text: &str) -> Result<(), Error> {
        self.check_text(text, self.html.as_deref())?;
        self.text = Some(text.into());
        Ok(())
    }

    /// Sets the HTML.
    ///
    /// # Errors
    /// As [`text`](Builder::text).
    pub fn html(&mut self, html: &str) -> Result<(), Error> {
        self.check_text(html, self.text.as_deref())?;
        self.html = Some(html.into());
        Ok(())
    }

    /// Adds a file. The files have one numbering, in the order they are added: its own is returned.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for too many or too long a name.
    pub fn attach(&mut self, attachment: Attachment) -> Result<usize, Error> {
        self.file(attachment, None)
    }

    /// Adds a file that the HTML shows as `cid:` and the identifier without its brackets.
    ///
    /// # Errors
    /// As [`attach`](Builder::attach), and [`Error::Misuse`] for an identifier that another part
    /// has.
    pub fn inline(&mut self, attachment: Attachment, cid: MsgId) -> Result<usize, Error> {
        if self.files.iter().any(|(_, other)| other.as_ref() == Some(&cid)) {
            return Err(Error::Misuse("two parts with one Content-ID"));
        }
        self.file(attachment, Some(cid))
    }

    /// Whether file names that are not plain ASCII are written a second time, as `name=` in the
    /// form old mailers read.
    pub fn compat_names(&mut self, wanted: bool) {
        self.compat_names = wanted;
    }

    /// The same message for those who get it by a server without SMTPUTF8: addresses that are not
    /// ASCII are shown as text, in groups without members. There is none where all addresses are
    /// ASCII, and none where that of the sender is not: a message has an author (RFC 5322 §3.6.2).
    pub fn ascii_only(&self) -> Option<Builder> {
        let mut shown = self.to.iter().chain(&self.cc).chain(&self.reply_to);
        let is_other = shown.any(Mailbox::needs_smtputf8) && !self.from.needs_smtputf8();
        is_other.then(|| Builder { ascii_only: true, ..self.clone() })
    }

    /// The message.
    ///
    /// # Errors
    /// [`Error::Misuse`] for an inline part without HTML, [`Error::TooLarge`] for a message longer
    /// than the limit.
    pub fn build(self) -> Result<Message, Error> {
        self.check_shown(&self.from)?;
        let has_inline = self.files.iter().any(|(_, cid)| cid.is_some());
        if has_inline && self.html.is_none() {
            return Err(Error::Misuse("an inline part needs an HTML that shows it"));
        }
        let head = self.head();
        let needs_smtputf8 = !head.is_ascii();
        let texts = [(self.text, "plain"), (self.html, "html")];
        let texts = texts.into_iter().filter_map(|(text, kind)| Some(Text::new(text?, kind)));
        let body = structure::Body {
            texts: texts.collect(),
            files: self.files,
            compat_names: self.compat_names,
        };
        let built = structure::build(head, &body, self.seed);
        let max = self.limits.message_bytes_max;
        let size = built.size.filter(|size| *size <= max).ok_or(Error::TooLarge {
            limit: "message_bytes_max",
            max,
            offset: max,
            section: "",
        })?;
        let recipients = self.to.into_iter().chain(self.cc).chain(self.bcc).collect();
        let attachments = body.files.into_iter().map(|(attachment, _)| attachment).collect();
        let (bytes, segments, texts) = (built.bytes, built.segments, body.texts);
        Ok(Message {
            from: self.from,
            recipients,
            bytes,
            segments,
            texts,
            attachments,
            size,
            needs_smtputf8,
        })
    }

    /// All fields but those of the content.
    fn head(&self) -> Vec<u8> {
        let mut head = Vec::new();
        plain(&mut head, "Date", &self.date.to_string());
        let mut mailboxes = |name, all| mailboxes(&mut head, name, all, self.ascii_only);
        mailboxes("From", std::slice::from_ref(&self.from));
        mailboxes("Reply-To", self.reply_to.as_slice());
        mailboxes("To", &self.to);
        mailboxes("Cc", &self.cc);
        if let Some(subject) = &self.subject {
            let mut line = Line::begin("Subject", &mut head);
            line.unstructured(subject);
            line.end();
        }
        plain(&mut head, "Message-ID", &self.id.to_string());
        self.headers.iter().for_each(|header| header.write(&mut head));
        plain(&mut head, "MIME-Version", "1.0");
        head
    }

    fn file(&mut self, attachment: Attachment, cid: Option<MsgId>) -> Result<usize, Error> {
        let len = attachment.name.as_str().len();
        self.check_len(len, self.limits.file_name_bytes_max, "file_name_bytes_max")?;
        self.check_len(self.files.len() + 1, self.limits.files_max, "files_max")?;
        self.files.push((attachment, cid));
        Ok(self.files.len() - 1)
    }

    fn check_shown(&self, mailbox: &Mailbox) -> Result<(), Error> {
        let len = mailbox.name().map_or(0, str::len);
        self.check_len(len, self.limits.name_bytes_max, "name_bytes_max")
    }

    fn check_recipients(&self) -> Result<(), Error> {
        let count = self.to.len() + self.cc.len() + self.bcc.len() + 1;
        self.check_len(count, self.limits.recipients_max, "recipients_max")
    }

    fn check_text(&self, text: &str, other: Option<&str>) -> Result<(), Error> {
        let len = text.len() + other.map_or(0, str::len);
        self.check_len(len, self.limits.text_bytes_max, "text_bytes_max")?;
        match text.find('\0') {
            None => Ok(()),
            Some(at) => Err(Error::malformed("a text holds no NUL", at as u64, "RFC 2045 §2.7")),
        }
    }

    fn check_len(&self, len: usize, max: usize, limit: &'static str) -> Result<(), Error> {
        if len <= max {
            return Ok(());
        }
        let max = max as u64;
        Err(Error::TooLarge { limit, max, offset: max, section: "" })
    }
}

fn plain(head: &mut Vec<u8>, name: &str, value: &str) {
    let mut line = Line::begin(name, head);
    line.token(&format!(" {value}"));
    line.end();
}

fn mailboxes(head: &mut Vec<u8>, name: &str, all: &[Mailbox], ascii_only: bool) {
    let Some((last, before)) = all.split_last() else { return };
    let mut line = Line::begin(name, head);
    before.iter().for_each(|mailbox| mailbox.write(&mut line, ",", ascii_only));
    last.write(&mut line, "", ascii_only);
    line.end();
}

/// A message, whole but for the content of its files.
#[derive(Debug, Clone)]
pub struct Message {
    from: Mailbox,
    recipients: Vec<Mailbox>,
    bytes: Vec<u8>,
    segments: Vec<Segment>,
    texts: Vec<Text>,
    attachments: Vec<Attachment>,
    size: u64,
    needs_smtputf8: bool,
}

impl Message {
    /// Its length in bytes as the writer makes it, before dot-stuffing: the message size of RFC
    /// 1870 §5.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether an address in its fields is not ASCII, so that only a server with SMTPUTF8 takes
    /// it (RFC 6532). Everything else is ASCII in any case.
    pub fn needs_smtputf8(&self) -> bool {
        self.needs_smtputf8
    }

    /// Who sends it.
    pub fn from(&self) -> &Mailbox {
        &self.from
    }

    /// Everybody who gets it: `To`, `Cc`, `Bcc`, as often as they were given.
    pub fn recipients(&self) -> &[Mailbox] {
        &self.recipients
    }

    /// The files in the order they were added.
    pub fn attachments(&self) -> &[Attachment] {
        &self.attachments
    }

    /// Memory taken for fields and texts, in bytes; files are not among it.
    pub fn held(&self) -> usize {
        self.bytes.capacity() + self.texts.iter().map(|text| text.content.len()).sum::<usize>()
    }

    /// What stands at a place of the message, in the order of writing.
    pub(super) fn part(&self, at: usize) -> Option<Part<'_>> {
        Some(match self.segments.get(at)? {
            Segment::Bytes(range) => Part::Bytes(&self.bytes[range.clone()]),
            Segment::Text(index) => Part::Text(&self.texts[*index]),
            Segment::File(index) => Part::File(*index, self.attachments[*index].len),
        })
    }
}
