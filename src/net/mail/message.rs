//! What is sent: an envelope, and a content that can be read again for each transaction.

use super::attached::AttachedFile;
use crate::mime::{Message, Normaliser};
use crate::net::files::SourceFile;
use crate::net::transport::Error;
use crate::smtp::client::Envelope;
use crate::smtp::command::Path;
use std::sync::Arc;

/// How much of a file is read at once, in bytes.
pub(super) const BLOCK_BYTES: usize = 128 << 10;

/// The content of a message. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Content {
    /// A message that was built, and its files in the order they were attached.
    Built(Arc<Message>, Arc<[AttachedFile]>),
    /// A complete message in a file.
    Raw(Arc<Raw>),
}

impl Content {
    /// Its length in bytes, before dot-stuffing (RFC 5321 §4.5.2).
    pub fn size(&self) -> u64 {
        match self {
            Content::Built(message, _) => message.size(),
            Content::Raw(raw) => raw.size,
        }
    }
}

/// A file that holds a whole message. Its line ends become CR LF; nothing else is changed.
#[derive(Debug)]
pub struct Raw {
    source: SourceFile,
    size: u64,
    is_8bit: bool,
}

impl Raw {
    /// Reads the file once, for its length on the wire.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::Session`] if it holds a NUL.
    pub fn new(source: SourceFile) -> Result<Raw, Error> {
        let (mut measured, mut offset, mut is_8bit) = (Normaliser::new(), 0, false);
        let mut block = vec![0; BLOCK_BYTES];
        loop {
            let read = source.read_at(&mut block, offset);
            let piece = match read.map_err(|error| Error::Io("reading the message", error))? {
                0 => return Ok(Raw { source, size: measured.made(), is_8bit }),
                read => &block[..read],
            };
            measured.measure(piece)?;
            is_8bit |= !piece.is_ascii();
            offset += piece.len() as u64;
        }
    }

    pub(super) fn source(&self) -> &SourceFile {
        &self.source
    }
}

/// A message and its envelope.
#[derive(Debug, Clone)]
pub struct OutgoingMessage {
    /// The sender, the recipients, and the extensions that the content needs.
    pub envelope: Envelope,
    /// The content.
    pub content: Content,
    /// The content for a server that does not offer SMTPUTF8, if header fields of `content` are not
    /// ASCII. Without it such a server is sent nothing.
    pub ascii_content: Option<Content>,
}

impl OutgoingMessage {
    /// A message that was built, with its files in the order they were attached. The envelope is
    /// made from its mailboxes; recipients are de-duplicated.
    ///
    /// # Errors
    /// [`Error::Session`] for a mailbox that has no form in SMTP, or if `files` do not match the
    /// attachments in number and size.
    pub fn new(message: Message, files: Vec<AttachedFile>) -> Result<OutgoingMessage, Error> {
        let lens = message.attachments().iter().map(|attachment| attachment.len);
        if !lens.eq(files.iter().map(AttachedFile::size)) {
            let what = "the files do not match the attachments of the message";
            return Err(crate::error::Error::Misuse(what).into());
        }
        let mut recipients: Vec<Path> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        for mailbox in message.recipients() {
            // RFC 5321 §2.4: domains are case-insensitive, local parts are not.
            let domain = mailbox.domain().to_ascii_lowercase();
            if seen.insert((mailbox.local().to_owned(), domain)) {
                recipients.push(Path::parse(&mailbox.address())?);
            }
        }
        let from = Path::parse(&message.from().address())?;
        let needs_smtputf8 = message.needs_smtputf8();
        let content = Content::Built(Arc::new(message), files.into());
        let mut outgoing = OutgoingMessage::with(from, recipients, content, false);
        outgoing.envelope.needs_smtputf8 = needs_smtputf8;
        Ok(outgoing)
    }

    /// Adds the form of the message for servers that do not offer SMTPUTF8, as made by
    /// [`Builder::ascii_only`](crate::mime::Builder::ascii_only), with the same files.
    ///
    /// # Errors
    /// [`Error::Session`] if `message` has other files or is not ASCII, and if this message is
    /// [`raw`](OutgoingMessage::raw).
    pub fn with_ascii(mut self, message: Message) -> Result<OutgoingMessage, Error> {
        let files = match &self.content {
            Content::Built(built, files) if built.attachments() == message.attachments() => files,
            _ => return Err(crate::error::Error::Misuse("the ASCII form has other files").into()),
        };
        if message.needs_smtputf8() {
            return Err(crate::error::Error::Misuse("the ASCII form is not ASCII").into());
        }
        self.ascii_content = Some(Content::Built(Arc::new(message), files.clone()));
        Ok(self)
    }

    /// A complete message in a file.
    pub fn raw(from: Path, recipients: Vec<Path>, raw: Raw) -> OutgoingMessage {
        let is_8bit = raw.is_8bit;
        OutgoingMessage::with(from, recipients, Content::Raw(Arc::new(raw)), is_8bit)
    }

    fn with(from: Path, recipients: Vec<Path>, content: Content, is_8bit: bool) -> OutgoingMessage {
        let size = Some(content.size());
        let envelope = Envelope { from, recipients, size, is_8bit, needs_smtputf8: false };
        OutgoingMessage { envelope, content, ascii_content: None }
    }
}
