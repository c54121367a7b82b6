//! The node as a server: answers the events of a server's session from a folder.
//!
//! ```text
//!   Asked::Request ─▶ List ─▶ a page for each file ─▶ the last page
//!                     Get ──▶ file ─▶ offer … offer ─▶ the session says the end
//!                     Put ──▶ refused
//! ```

use super::talk::Application;
use wirewright::buffer::Buffer;
use wirewright::digest::Digester;
use wirewright::net::Error;
use wirewright::net::files::{Root, Source, Step, Walk, rfc3339};
use wirewright::session::Session as _;
use wirewright::text::PeerText;
use wirewright::transfer::message::Entry;
use wirewright::transfer::server::{Ask, Event as Asked, FileMeta, Server};

/// What is served, and what is being told or sent of it.
pub struct Host {
    root: Root,
    telling: Option<Walk>,
    sending: Option<Source>,
}

impl Host {
    /// Beneath this root; a peer can name nothing else.
    pub fn new(root: Root) -> Host {
        Host { root, telling: None, sending: None }
    }

    fn answer(&mut self, session: &mut Server, ask: Ask) -> Result<(), Error> {
        let opened = match ask {
            Ask::List => {
                self.telling = Some(self.root.walk());
                return Ok(());
            }
            Ask::Get { name, offset: 0, .. } => self.root.source(&name),
            Ask::Get { .. } => return Ok(session.refuse("changed", "from its beginning, please")?),
            Ask::Put { .. } => return Ok(session.refuse("read_only", "who wants it fetches it")?),
        };
        match opened {
            Err(error) => session.refuse(error.code(), &error.to_string())?,
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
    fn hear(&mut self, session: &mut Server, text: &[u8], room: &mut [u8]) -> Result<usize, Error> {
        let mut eaten = 0;
        loop {
            let received = session.receive(&text[eaten..], room)?;
            eaten += received.consumed;
            match received.event {
                None if received.consumed == 0 => return Ok(eaten),
                Some(Asked::Request(ask)) => self.answer(session, ask)?,
                _ => {}
            }
        }
    }

    fn say(
        &mut self,
        session: &mut Server,
        out: &mut Buffer,
        file: &mut [u8],
    ) -> Result<(), Error> {
        while session.takes_entries()
            && let Some(walk) = &mut self.telling
            && Host::page(walk, session)?
        {}
        while let (Some(source), Some((offset, len))) = (&self.sending, session.wanted(out)) {
            let read = source.read_at(&mut file[..len], offset);
            let len = read.map_err(|error| Error::Io("reading", error))?;
            // Half of one version and half of another would be neither: asked behind each read.
            if !source.unchanged().unwrap_or(false) {
                return Ok(session.refuse("changed", "it changed while it was sent")?);
            }
            if session.offer(&file[..len], out)? == 0 {
                break;
            }
        }
        Ok(())
    }

    fn closed(&mut self, _: Result<(), Error>) {}
}
