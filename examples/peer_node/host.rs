//! The node as a server: answers the events of a server's session from a folder.
//!
//! ```text
//!   Asked::Request ─▶ List ─▶ a page for each file ─▶ the last page
//!                     Get ──▶ file ─▶ offer … offer ─▶ the session sends `end`
//!                     Put ──▶ refused
//! ```

use wirewright::buffer::Buffer;
use wirewright::digest::Digester;
use wirewright::net::Error;
use wirewright::net::connection::{Application, Turn};
use wirewright::net::files::{Root, SourceFile, Step, Walk, rfc3339};
use wirewright::session::{Session as _, Wanted};
use wirewright::text::PeerText;
use wirewright::transfer::Code;
use wirewright::transfer::message::Entry;
use wirewright::transfer::server::{Event as Asked, FileMeta, Request, Server};

/// The served root, and the request in progress.
pub struct Host {
    root: Root,
    asked: Option<Request>,
    telling: Option<Walk>,
    sending: Option<SourceFile>,
}

impl Host {
    /// A host for the files below `root`; a peer can name no others.
    pub fn new(root: Root) -> Host {
        Host { root, asked: None, telling: None, sending: None }
    }

    fn answer(&mut self, session: &mut Server, request: Request) -> Result<(), Error> {
        let opened = match request {
            Request::List => {
                self.telling = Some(self.root.walk());
                return Ok(());
            }
            Request::Get { name, offset: 0, .. } => self.root.source(&name),
            Request::Get { .. } => {
                return Ok(session.refuse(Code::Changed, "only whole files are served")?);
            }
            Request::Put { .. } => {
                return Ok(session.refuse(Code::ReadOnly, "this node takes no files")?);
            }
        };
        match opened {
            Err(error) => session.refuse(error.wire_code(), &error.to_string())?,
            Ok(file) => {
                let (modified, etag) = (rfc3339(file.modified()), file.etag());
                let meta = FileMeta { size: file.size(), modified: &modified, etag, offset: 0 };
                session.file(&meta, Digester::new(session.digest_kind()))?;
                self.sending = Some(file);
            }
        }
        Ok(())
    }

    /// A page of the listing: one entry, or none.
    fn page(walk: &mut Walk, session: &mut Server) -> Result<bool, Error> {
        let text = |text: &str| PeerText::from(text).keep();
        let (page, more) = match walk.step() {
            Step::More | Step::NotOffered(_) => return Ok(true),
            Step::End => (Vec::new(), false),
            Step::Entry(file) => {
                let (name, modified) = (text(file.name.as_str()), text(&rfc3339(file.modified)));
                (vec![Entry { name, size: file.size, modified, etag: None }], true)
            }
        };
        session.entries(page, more)?;
        Ok(more)
    }
}

impl Application<Server> for Host {
    fn on_event(&mut self, event: Asked<'_>) -> Result<(), Error> {
        if let Asked::Request(request) = event {
            self.asked = Some(request);
        }
        Ok(())
    }

    fn after_event(&mut self, session: &mut Server) -> Result<(), Error> {
        match self.asked.take() {
            Some(request) => self.answer(session, request),
            None => Ok(()),
        }
    }

    fn poll(
        &mut self,
        session: &mut Server,
        out: &mut Buffer,
        scratch: &mut [u8],
    ) -> Result<Turn, Error> {
        while session.takes_entries()
            && let Some(walk) = &mut self.telling
            && Host::page(walk, session)?
        {}
        while let (Some(source), Some(Wanted { offset, len })) =
            (&self.sending, session.wanted(out))
        {
            let read = source.read_at(&mut scratch[..len], offset);
            let len = read.map_err(|error| Error::Io("reading", error))?;
            // Checked after every read: a file must not be sent half in one version and half in
            // another.
            if !source.unchanged().unwrap_or(false) {
                session.refuse(Code::Changed, "it changed while it was sent")?;
                break;
            }
            if session.offer(&scratch[..len], out)? == 0 {
                break;
            }
        }
        Ok(Turn::Done)
    }
}
