//! Builds a message.
//!
//! ```text
//!   Builder ── from, to, cc, bcc, subject, text, html, files ──▶ build ──▶ Message ──▶ Writer
//!                                                                   │ size(), known now
//!                                                                   └ recipients(), for SMTP
//! ```
//!
//! Specification: RFC 5322 §3.6 (which fields, and how often), RFC 2045 §4 (`MIME-Version`).
//!
//! The builder checks each argument when it is given, so an offset in an error is that in the
//! argument.

use super::Limits;
use super::date::Date;
use super::header::{Header, Line, check_value};
use super::id::MsgId;
use super::mailbox::Mailbox;
use super::structure::{self, Attachment, Part, Segment, Text};
use crate::error::Error;

/// Collects the fields, texts and files of a message.
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
    /// Addresses that are not ASCII are written as names of groups without members.
    ascii_only: bool,
}

impl Builder {
    /// An empty message with these fields. Boundaries are derived from `seed`; the same arguments
    /// give the same octets.
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

    /// Adds a recipient to `To`. An address that is not ASCII makes a message that
    /// [needs SMTPUTF8](Message::needs_smtputf8).
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond `recipients_max` recipients, or for a display name longer than
    /// `name_bytes_max`.
    pub fn to(&mut self, mailbox: Mailbox) -> Result<(), Error> {
        self.check_shown(&mailbox)?;
        self.check_recipients()?;
        self.to.push(mailbox);
        Ok(())
    }

    /// Adds a recipient to `Cc`.
    ///
    /// # Errors
    /// As [`to`](Builder::to).
    pub fn cc(&mut self, mailbox: Mailbox) -> Result<(), Error> {
        self.check_shown(&mailbox)?;
        self.check_recipients()?;
        self.cc.push(mailbox);
        Ok(())
    }

    /// Adds a blind copy: the mailbox is in [`Message::recipients`], but in no field of the
    /// message.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond `recipients_max` recipients.
    pub fn bcc(&mut self, mailbox: Mailbox) -> Result<(), Error> {
        self.check_recipients()?;
        self.bcc.push(mailbox);
        Ok(())
    }

    /// Sets `Reply-To`.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for a display name longer than `name_bytes_max`.
    pub fn reply_to(&mut self, mailbox: Mailbox) -> Result<(), Error> {
        self.check_shown(&mailbox)?;
        self.reply_to = Some(mailbox);
        Ok(())
    }

    /// Sets `Subject`.
    ///
    /// # Errors
    /// [`Error::Malformed`] at a control character other than the tab; [`Error::TooLarge`] beyond
    /// `value_bytes_max`.
    pub fn subject(&mut self, subject: &str) -> Result<(), Error> {
        self.check_len(subject.len(), self.limits.value_bytes_max, "value_bytes_max")?;
        check_value(subject)?;
        self.subject = Some(subject.into());
        Ok(())
    }

    /// Adds a field.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond `headers_max` fields or `value_bytes_max`; [`Error::Malformed`]
    /// for the second of a field that occurs at most once (RFC 5322 §3.6).
    pub fn header(&mut self, header: Header) -> Result<(), Error> {
        let is_same = |other: &Header| other.name().eq_ignore_ascii_case(header.name());
        if header.stands_once() && self.headers.iter().any(is_same) {
            return Err(Error::malformed("this field occurs at most once", 0, "RFC 5322 §3.6"));
        }
        self.check_len(header.value().len(), self.limits.value_bytes_max, "value_bytes_max")?;
        self.check_len(self.headers.len() + 1, self.limits.headers_max, "headers_max")?;
        self.headers.push(header);
        Ok(())
    }

    /// Sets the plain text. Lines may end in CR LF, LF or CR.
    ///
    /// # Errors
    /// [`Error::Malformed`] at a NUL; [`Error::TooLarge`] if plain text and HTML together exceed
    /// `text_bytes_max`.
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

    /// Adds an attachment and returns its number. Attachments and inline parts are numbered
    /// together from 0, in the order in which they are added.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond `files_max` files or `file_name_bytes_max`.
    pub fn attach(&mut self, attachment: Attachment) -> Result<usize, Error> {
        self.file(attachment, None)
    }

    /// Adds a file that the HTML refers to as `cid:` followed by [`MsgId::as_str`] (RFC 2392).
    ///
    /// # Errors
    /// As [`attach`](Builder::attach), and [`Error::Misuse`] if another part has the same
    /// `Content-ID`.
    pub fn inline(&mut self, attachment: Attachment, cid: MsgId) -> Result<usize, Error> {
        if self.files.iter().any(|(_, other)| other.as_ref() == Some(&cid)) {
            return Err(Error::Misuse("two parts with one Content-ID"));
        }
        self.file(attachment, Some(cid))
    }

    /// Whether file names that are not plain ASCII are also written as `name=` in `Content-Type`,
    /// as encoded words, for mail programs that do not support RFC 2231. Off by default.
    pub fn compat_names(&mut self, wanted: bool) {
        self.compat_names = wanted;
    }

    /// The same message for recipients on a server without SMTPUTF8: addresses that are not ASCII
    /// are written as names of groups without members (RFC 6857 §3.1). `None` if all addresses are
    /// ASCII, or if that of the author is not: `From` holds a mailbox (RFC 5322 §3.6.2).
    pub fn ascii_only(&self) -> Option<Builder> {
        let mut shown = self.to.iter().chain(&self.cc).chain(&self.reply_to);
        let is_other = shown.any(Mailbox::needs_smtputf8) && !self.from.needs_smtputf8();
        is_other.then(|| Builder { ascii_only: true, ..self.clone() })
    }

    /// Builds the message.
    ///
    /// # Errors
    /// [`Error::Misuse`] for an inline part without HTML; [`Error::TooLarge`] for a display name in
    /// `From` longer than `name_bytes_max`, or a message longer than `message_bytes_max`.
    pub fn build(self) -> Result<Message, Error> {
        self.check_shown(&self.from)?;
        let has_inline = self.files.iter().any(|(_, cid)| cid.is_some());
        if has_inline && self.html.is_none() {
            return Err(Error::Misuse("an inline part needs HTML that refers to it"));
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

    /// All fields of the message except those that begin with `Content-`.
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

/// A message, complete except for the content of its files.
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
    /// The length in bytes of the encoded message before dot-stuffing: the message size of RFC 1870
    /// §5.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether an address in a field is not ASCII, so that the message can be sent only to a
    /// server that offers SMTPUTF8 (RFC 6531 §3.2).
    pub fn needs_smtputf8(&self) -> bool {
        self.needs_smtputf8
    }

    /// The author: the mailbox in `From`.
    pub fn from(&self) -> &Mailbox {
        &self.from
    }

    /// The mailboxes of `To`, `Cc` and `Bcc` in this order. Duplicates are kept.
    pub fn recipients(&self) -> &[Mailbox] {
        &self.recipients
    }

    /// Attachments and inline parts in the order of their numbers.
    pub fn attachments(&self) -> &[Attachment] {
        &self.attachments
    }

    /// The memory held for fields and texts, in bytes. Files are not held.
    pub fn held(&self) -> usize {
        self.bytes.capacity() + self.texts.iter().map(|text| text.content.len()).sum::<usize>()
    }

    /// The part with this number, in the order in which parts are written.
    pub(super) fn part(&self, at: usize) -> Option<Part<'_>> {
        Some(match self.segments.get(at)? {
            Segment::Bytes(range) => Part::Bytes(&self.bytes[range.clone()]),
            Segment::Text(index) => Part::Text(&self.texts[*index]),
            Segment::File(index) => Part::File(*index, self.attachments[*index].len),
        })
    }
}
