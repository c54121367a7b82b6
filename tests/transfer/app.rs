//! A tiny application behind a server: files in memory, unfinished ones beside them.

use std::collections::BTreeMap;
use wirewright::digest::{DigestKind, Digester};
use wirewright::transfer::Code;
use wirewright::transfer::message::{Durability, Entry};
use wirewright::transfer::receiver::Verified;
use wirewright::transfer::server::{Event, FileMeta, Request, Server};

/// When all files of this world were written.
pub const MODIFIED: &str = "2026-11-21T18:43:00Z";

/// Names a version of a file: two of them with one text have the same bytes.
pub fn etag(bytes: &[u8]) -> String {
    format!("{}-{:08x}", bytes.len(), crc32fast::hash(bytes))
}

/// An event of the server that borrows nothing.
pub enum Happened {
    Request(Request),
    Payload(u64, Vec<u8>),
    Verified(Verified),
    Received,
    Abandoned { forget: bool },
}

impl From<Event<'_>> for Happened {
    fn from(event: Event<'_>) -> Happened {
        match event {
            Event::Request(request) => Happened::Request(request),
            Event::Payload { offset, bytes } => Happened::Payload(offset, bytes.to_vec()),
            Event::Verified(verified) => Happened::Verified(verified),
            Event::Received => Happened::Received,
            Event::Abandoned { forget, .. } => Happened::Abandoned { forget },
        }
    }
}

/// A file that is being put, or was not put to its end.
#[derive(Debug, Default, Clone)]
pub struct Unfinished {
    pub etag: String,
    pub size: u64,
    /// What counts: chunks that were verified.
    pub bytes: Vec<u8>,
    /// What came of the chunk that is open.
    pub open: Vec<u8>,
}

/// What the application knows and does.
#[derive(Debug, Default)]
pub struct App {
    pub files: BTreeMap<String, Vec<u8>>,
    pub unfinished: BTreeMap<String, Unfinished>,
    pub read_only: bool,
    /// Takes requests and answers none until [`App::answer`].
    pub hold: bool,
    /// How many verified chunks of a put it takes before the disk is full.
    pub chunks_max: Option<usize>,
    /// How many names a page of a listing has.
    pub page: usize,
    /// Every event but payload, as words.
    pub log: Vec<String>,
    pub asked: Option<Request>,
    pub sending: Vec<u8>,
    pub listing: Option<Vec<String>>,
    pub putting: Option<String>,
    /// A file that stands and is compared with what is put.
    pub standing: bool,
}

impl App {
    pub fn with(files: &[(&str, &[u8])]) -> App {
        let files = files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()));
        App { files: files.collect(), page: 3, ..App::default() }
    }

    /// What is to be sent from `offset` on.
    pub fn source(&self, offset: u64) -> &[u8] {
        &self.sending[usize::try_from(offset).expect("a small file")..]
    }

    pub fn act(&mut self, server: &mut Server, happened: Happened) {
        match happened {
            Happened::Request(request) => {
                self.log
                    .push(format!("{request:?}").split([' ', '{']).next().expect("a word").into());
                self.asked = Some(request);
                if !self.hold {
                    self.answer(server);
                }
            }
            Happened::Payload(offset, bytes) => {
                let file = self.current();
                assert_eq!(offset, (file.bytes.len() + file.open.len()) as u64, "in line");
                file.open.extend(bytes);
            }
            Happened::Verified(verified) => self.verified(server, verified),
            Happened::Received => {
                self.log.push("received".into());
                if std::mem::take(&mut self.standing) {
                    return server.done(Durability::Fsync).expect("a put is being finished");
                }
                let name = self.putting.take().expect("a file is being put");
                let file = self.unfinished.remove(&name).expect("its bytes");
                assert_eq!(file.bytes.len() as u64, file.size);
                self.files.insert(name, file.bytes);
                server.done(Durability::Fsync).expect("a put is being finished");
            }
            Happened::Abandoned { forget } => {
                self.log.push(format!("abandoned, forget {forget}"));
                (self.standing, self.asked) = (false, None);
                if let Some(name) = self.putting.take() {
                    self.unfinished.get_mut(&name).expect("its bytes").open.clear();
                    if forget {
                        self.unfinished.remove(&name);
                    }
                }
            }
        }
    }

    fn current(&mut self) -> &mut Unfinished {
        let name = self.putting.as_ref().expect("a file is being put");
        self.unfinished.get_mut(name).expect("its bytes")
    }

    fn verified(&mut self, server: &mut Server, verified: Verified) {
        self.log.push(format!("verified {}+{}", verified.offset, verified.len));
        let file = self.current();
        assert_eq!(verified.offset, file.bytes.len() as u64);
        assert_eq!(verified.len, file.open.len() as u64);
        assert_eq!(verified.crc32, crc32fast::hash(&file.open));
        let open = std::mem::take(&mut file.open);
        file.bytes.extend(open);
        let chunks = self.log.iter().filter(|line| line.starts_with("verified")).count();
        if self.chunks_max == Some(chunks) {
            server.refuse(Code::NoSpace, "the disk is full").expect("a put is running");
            self.putting = None;
        }
    }

    /// Answers the request that waits.
    pub fn answer(&mut self, server: &mut Server) {
        match self.asked.take().expect("a request waits") {
            Request::List => {
                self.listing = Some(self.files.keys().cloned().collect());
                self.next_pages(server);
            }
            Request::Get { name, offset, etag } => {
                self.get(server, name.as_str(), offset, etag.as_deref());
            }
            Request::Put { name, size, etag, overwrite } => {
                self.put(server, name.as_str(), size, &etag, overwrite);
            }
        }
    }

    /// Says as many pages of a listing as the server takes.
    pub fn next_pages(&mut self, server: &mut Server) {
        while let Some(names) = &mut self.listing
            && server.takes_entries()
        {
            let behind = names.split_off(names.len().min(self.page.max(1)));
            let page = std::mem::replace(names, behind);
            let more = !names.is_empty();
            let entry = |name: &String| {
                let size = self.files[name].len() as u64;
                (name.clone(), size)
            };
            let page: Vec<(String, u64)> = page.iter().map(entry).collect();
            let entries = page.iter().map(|(name, size)| Entry {
                name: name.as_str().into(),
                size: *size,
                modified: MODIFIED.into(),
                etag: None,
            });
            server.entries(entries.collect(), more).expect("a list waits");
            if !more {
                self.listing = None;
            }
        }
    }

    fn get(&mut self, server: &mut Server, name: &str, offset: u64, begun: Option<&str>) {
        let Some(bytes) = self.files.get(name) else {
            return server.refuse(Code::NotFound, "no such file").expect("a get waits");
        };
        let etag = etag(bytes);
        if begun.is_some_and(|begun| begun != etag) {
            return server.refuse(Code::Changed, "it is another file by now").expect("a get waits");
        }
        let Some(before) = bytes.get(..usize::try_from(offset).expect("a small offset")) else {
            return server.refuse(Code::BadOffset, "past the end").expect("a get waits");
        };
        let mut digester = Digester::new(server.digest_kind());
        digester.update(before);
        let size = bytes.len() as u64;
        let meta = FileMeta { size, modified: MODIFIED, etag: &etag, offset };
        server.file(&meta, digester).expect("a get waits");
        self.sending = bytes.clone();
    }

    fn put(&mut self, server: &mut Server, name: &str, size: u64, etag: &str, overwrite: bool) {
        if self.read_only {
            return server.refuse(Code::ReadOnly, "nothing is taken").expect("a put waits");
        }
        if let Some(bytes) = self.files.get(name).filter(|_| !overwrite) {
            if bytes.len() as u64 != size || server.digest_kind() == DigestKind::None {
                return server.refuse(Code::Exists, "it is there").expect("a put waits");
            }
            let mut digester = Digester::new(server.digest_kind());
            digester.update(bytes);
            self.standing = true;
            return server.compare(digester).expect("a put waits");
        }
        let kept = self.unfinished.remove(name);
        let kept = kept.filter(|file| file.etag == etag && file.size == size);
        let fresh = Unfinished { etag: etag.into(), size, ..Unfinished::default() };
        let file = kept.unwrap_or(fresh);
        let mut digester = Digester::new(server.digest_kind());
        digester.update(&file.bytes);
        server.ready(file.bytes.len() as u64, digester).expect("a put waits");
        self.unfinished.insert(name.into(), file);
        self.putting = Some(name.into());
    }
}
