//! The server's application: files, unfinished ones, and answers now or later.

use super::choices::Choices;
use super::content::{Arriving, Content};
use super::end::App;
use super::plan::{NAMES, Plan};
use std::collections::BTreeMap;
use wirewright::buffer::Buffer;
use wirewright::digest::DigestKind;
use wirewright::name::Name;
use wirewright::session::{Session, Wanted, Wants};
use wirewright::text::PeerText;
use wirewright::transfer::Code;
use wirewright::transfer::message::{Durability, Entry};
use wirewright::transfer::server::{Event, FileMeta, Request, Server};

/// The request that is running.
#[derive(Debug)]
enum Current {
    None,
    Asked(Request),
    /// How many files of a listing were named.
    Listing(usize),
    Sending(Name, Content),
    Receiving(Name, Arriving),
    /// A file that stands, while the same name is put.
    Standing(Name, Content),
    Finishing(Name, Content),
}

/// The application of the server, over all its connections.
pub struct ServerApp {
    files: BTreeMap<String, Content>,
    unfinished: BTreeMap<String, (Content, usize)>,
    current: Current,
    digest: DigestKind,
    /// For so many turns it decides nothing.
    pub hold: usize,
}

const MODIFIED: &str = "2026-11-21T18:43:00Z";

impl ServerApp {
    pub fn new(plan: &Plan) -> ServerApp {
        let files = plan.files.iter().map(|(name, content)| ((*name).to_owned(), *content));
        ServerApp {
            files: files.collect(),
            unfinished: BTreeMap::new(),
            current: Current::None,
            digest: plan.digest,
            hold: 0,
        }
    }

    /// Another version of a file takes its place; one that is being sent cannot go on.
    pub fn change(&mut self, session: &mut Server, choices: &mut Choices<'_>) {
        let changed = choices.pick(&NAMES);
        let Some(content) = self.files.get_mut(changed) else { return };
        *content = Content::new(choices.byte(), choices.byte());
        let sending = session.wants() == Wants::Payload;
        if matches!(&self.current, Current::Sending(name, _) if sending && name.as_str() == changed)
        {
            session.refuse(Code::Changed, "the file changed").expect("it runs");
            self.current = Current::None;
        }
    }

    /// The running request fails.
    pub fn fail(&mut self, session: &mut Server) {
        match &self.current {
            Current::None => return,
            Current::Sending(..) if session.wants() != Wants::Payload => return,
            Current::Receiving(name, arriving) => {
                let kept = (arriving.content, arriving.kept(0));
                self.unfinished.insert(name.to_string(), kept);
            }
            _ => {}
        }
        session.refuse(Code::Io, "a read error").expect("it runs");
        self.current = Current::None;
    }

    /// The connection is gone: what counts of an unfinished file stays, or less.
    pub fn lose(&mut self, choices: &mut Choices<'_>) {
        match std::mem::replace(&mut self.current, Current::None) {
            Current::Receiving(name, arriving) => {
                let kept = (arriving.content, arriving.kept(choices.below(4)));
                self.unfinished.insert(name.to_string(), kept);
            }
            Current::Finishing(name, content) if choices.below(2) == 0 => {
                self.unfinished.insert(name.to_string(), (content, content.size()));
            }
            Current::Finishing(name, content) => {
                self.files.insert(name.to_string(), content);
            }
            _ => {}
        }
    }

    /// Of all files, in bytes.
    pub fn bytes(&self) -> usize {
        self.files.values().map(|content| content.size()).sum()
    }

    /// Whether a file is coming in.
    pub fn is_receiving(&self) -> bool {
        matches!(self.current, Current::Receiving(..))
    }

    fn answer(&mut self, request: Request, session: &mut Server) {
        let refused = match request {
            Request::List => {
                self.current = Current::Listing(0);
                return;
            }
            Request::Get { name, offset, etag } => match self.files.get(name.as_str()) {
                None => Code::NotFound,
                Some(content) if offset > 0 && etag.as_deref() != Some(&*content.etag()) => {
                    Code::Changed
                }
                Some(content) => return self.send(name, *content, offset as usize, session),
            },
            Request::Put { name, size, overwrite: false, .. }
                if self.files.contains_key(name.as_str()) =>
            {
                let standing = self.files[name.as_str()];
                if standing.size() as u64 == size && self.digest != DigestKind::None {
                    let digester = standing.digester(self.digest, standing.size());
                    session.compare(digester).expect("a put waits");
                    self.current = Current::Standing(name, standing);
                    return;
                }
                Code::Exists
            }
            Request::Put { name, size, etag, .. } => return self.take(name, size, &etag, session),
        };
        session.refuse(refused, "no").expect("it runs");
    }

    fn send(&mut self, name: Name, content: Content, offset: usize, session: &mut Server) {
        let (size, etag) = (content.size() as u64, content.etag());
        let meta = FileMeta { size, modified: MODIFIED, etag: &etag, offset: offset as u64 };
        session.file(&meta, content.digester(self.digest, offset)).expect("a get waits");
        self.current = Current::Sending(name, content);
    }

    fn take(&mut self, name: Name, size: u64, etag: &str, session: &mut Server) {
        let content = Content::of(etag);
        assert_eq!(size, content.size() as u64);
        let kept = self.unfinished.get(name.as_str()).filter(|(kept, _)| *kept == content);
        let offset = kept.map_or(0, |(_, len)| *len);
        let digester = content.digester(self.digest, offset);
        session.ready(offset as u64, digester).expect("a put waits");
        self.current = Current::Receiving(name, Arriving::new(content, offset));
    }

    /// Sends pages of a listing while they fit into the output.
    fn page(&mut self, mut from: usize, session: &mut Server, choices: &mut Choices<'_>) {
        while session.takes_entries() {
            let count = 4 - choices.below(5);
            if count == 0 && !self.files.is_empty() {
                break;
            }
            let entry =
                |(name, content): (&'_ String, &Content)| (name.clone(), content.size() as u64);
            let page: Vec<_> = self.files.iter().skip(from).take(count).map(entry).collect();
            from += page.len();
            let more = from < self.files.len();
            let modified = || PeerText::from(MODIFIED);
            let entries = page.iter().map(|(name, size)| Entry {
                name: PeerText::from(name.as_str()),
                size: *size,
                modified: modified(),
                etag: None,
            });
            session.entries(entries.collect(), more).expect("a list waits");
            if !more {
                return;
            }
        }
        self.current = Current::Listing(from);
    }

    fn arriving(&mut self) -> &mut Arriving {
        let Current::Receiving(_, arriving) = &mut self.current else { panic!("no file comes") };
        arriving
    }
}

impl App for ServerApp {
    type Session = Server;

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Request(request) => {
                let free = matches!(self.current, Current::None | Current::Sending(..));
                assert!(free, "one request at a time: {:?}", self.current);
                self.current = Current::Asked(request);
            }
            Event::Payload { offset, bytes } => self.arriving().payload(offset, bytes),
            Event::Verified(chunk) => self.arriving().verified(chunk.offset, chunk.len),
            Event::Received => {
                self.current = match std::mem::replace(&mut self.current, Current::None) {
                    Current::Receiving(name, arriving) => {
                        arriving.assert_whole();
                        Current::Finishing(name, arriving.content)
                    }
                    Current::Standing(name, content) => Current::Finishing(name, content),
                    other => panic!("no file comes: {other:?}"),
                };
            }
            Event::Abandoned { forget, .. } => {
                match (std::mem::replace(&mut self.current, Current::None), forget) {
                    (Current::None | Current::Finishing(..), _) => panic!("nothing to give up"),
                    (
                        Current::Receiving(name, _) | Current::Asked(Request::Put { name, .. }),
                        true,
                    ) => {
                        self.unfinished.remove(name.as_str());
                    }
                    // The link was cut.
                    (Current::Receiving(name, arriving), false) => {
                        let kept = (arriving.content, arriving.kept(0));
                        self.unfinished.insert(name.to_string(), kept);
                    }
                    (Current::Standing(..), _) | (_, true) => {}
                    (current, false) => panic!("nothing to give up: {current:?}"),
                }
            }
        }
    }

    fn act(&mut self, session: &mut Server, choices: &mut Choices<'_>) {
        if self.hold > 0 && !choices.is_over() {
            self.hold -= 1;
            return;
        }
        if !matches!(self.current, Current::Asked(_) | Current::Listing(_) | Current::Finishing(..))
        {
            return;
        }
        match std::mem::replace(&mut self.current, Current::None) {
            Current::Asked(request) => self.answer(request, session),
            Current::Listing(from) => self.page(from, session, choices),
            Current::Finishing(name, content) => {
                session.done(Durability::Fsync).expect("a put is being finished");
                self.unfinished.remove(name.as_str());
                self.files.insert(name.to_string(), content);
            }
            _ => {}
        }
    }

    fn offer(&mut self, session: &mut Server, out: &mut Buffer, choices: &mut Choices<'_>) {
        let Some(Wanted { offset, len }) = session.wanted(out) else { return };
        let Current::Sending(_, content) = &self.current else { panic!("no file is sent") };
        let left = &content.bytes()[offset as usize..];
        let taken = session.offer(&left[..portion(left, len, choices)], out);
        assert!(taken.expect("what it wanted") <= len);
    }
}

/// How much is offered where `len` is wanted: mostly that, or less, or more.
pub fn portion(left: &[u8], len: usize, choices: &mut Choices<'_>) -> usize {
    match choices.byte() {
        byte @ 1..=64 => len.min(usize::from(byte)),
        65..=80 => left.len(),
        byte @ 81..=90 => len.min(usize::from(byte) * 100),
        _ => len,
    }
}
