//! What is sent: an envelope, and a content that can be read as often as it takes.

use super::attached::AttachedFile;
use super::reader::ContentReader;
use crate::mime::{Message, Normaliser};
use crate::net::files::SourceFile;
use crate::net::transport::Error;
use crate::smtp::client::Envelope;
use crate::smtp::command::Path;
use std::io;
use std::sync::Arc;

/// How much of a file is read at once, in bytes.
const BLOCK_BYTES: usize = 128 << 10;

/// Where the octets of a message come from. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Content {
    /// A message that was built, and its files in the order they were attached.
    Built(Arc<Message>, Arc<[AttachedFile]>),
    /// A message that stands in a file.
    Raw(Arc<Raw>),
}

impl Content {
    /// Its length in bytes, before dots are doubled.
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
    /// Reads it through once, to know how long it is on the wire.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read, [`Error::Session`] at a NUL.
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

/// A message and whom it goes to.
#[derive(Debug, Clone)]
pub struct OutgoingMessage {
    /// From whom and to whom, and what the content needs.
    pub envelope: Envelope,
    /// What it says.
    pub content: Content,
    /// What it says to a server that does not offer SMTPUTF8, where fields of `content` are not
    /// ASCII. Without it such a server gets nothing.
    pub ascii_content: Option<Content>,
}

impl OutgoingMessage {
    /// A message that was built, with its files in the order they were attached. Its envelope is
    /// made of its mailboxes; who is named twice is told once.
    ///
    /// # Errors
    /// [`Error::Session`] for a mailbox that cannot be told to a server, or files that are not
    /// those of the message.
    pub fn new(message: Message, files: Vec<AttachedFile>) -> Result<OutgoingMessage, Error> {
        let lens = message.attachments().iter().map(|attachment| attachment.len);
        if !lens.eq(files.iter().map(AttachedFile::size)) {
            let what = "the files are not those that were attached";
            return Err(crate::error::Error::Misuse(what).into());
        }
        let mut recipients: Vec<Path> = Vec::new();
        let mut told = std::collections::BTreeSet::new();
        for mailbox in message.recipients() {
            // RFC 5321 §2.4: a domain is the same in any case, a local part may be another.
            let domain = mailbox.domain().to_ascii_lowercase();
            if told.insert((mailbox.local().to_owned(), domain)) {
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

    /// Adds the message for a server that does not offer SMTPUTF8, as
    /// [`Builder::ascii_only`](crate::mime::Builder::ascii_only) makes it. It has the
    /// same files.
    ///
    /// # Errors
    /// [`Error::Session`] for a message with other files, or one that is not ASCII.
    pub fn with_ascii(mut self, message: Message) -> Result<OutgoingMessage, Error> {
        let files = match &self.content {
            Content::Built(built, files) if built.attachments() == message.attachments() => files,
            _ => return Err(crate::error::Error::Misuse("it has other files").into()),
        };
        if message.needs_smtputf8() {
            return Err(crate::error::Error::Misuse("it is not ASCII").into());
        }
        self.ascii_content = Some(Content::Built(Arc::new(message), files.clone()));
        Ok(self)
    }

    /// A message that stands in a file.
    pub fn raw(from: Path, recipients: Vec<Path>, raw: Raw) -> OutgoingMessage {
        let is_8bit = raw.is_8bit;
        OutgoingMessage::with(from, recipients, Content::Raw(Arc::new(raw)), is_8bit)
    }

    fn with(from: Path, recipients: Vec<Path>, content: Content, is_8bit: bool) -> OutgoingMessage {
        let size = Some(content.size());
        let envelope = Envelope { from, recipients, size, is_8bit, needs_smtputf8: false };
        OutgoingMessage { envelope, content, ascii_content: None }
    }

    /// Writes the message as it would be sent, before dots are doubled.
    ///
    /// # Errors
    /// Those of its files, and those of `out`.
    pub fn write(&self, out: &mut dyn io::Write) -> Result<(), Error> {
        let (mut reader, mut block) =
            (ContentReader::new(self.content.clone()), vec![0; BLOCK_BYTES]);
        while reader.fill(&mut block)? {
            let written = out.write_all(reader.made());
            written.map_err(|error| Error::Io("writing the message", error))?;
            reader.consume(reader.made().len());
        }
        Ok(())
    }
}
