//! Writes one response to one file, and resumes an unfinished file.
//!
//! Specification: RFC 9110 §14.2 (Range), §13.1.5 (If-Range), §15.3.7 (206), §15.5.17 (416).
//!
//! ```text
//!   N verified bytes ─▶ Range: bytes=N-  If-Range: the entity tag
//!     206 from N, to the end ───▶ append
//!     200 ──────────────────────▶ another version, or no range support: from the beginning
//!     416, and N is the length ─▶ already complete
//!     416, 206 with another range, 200 with a partial range ─▶ again, without Range
//!
//!   no unfinished file
//!     2xx ──────────────────────▶ the file
//!     2xx with a partial range ─▶ failure
//!
//!   the file of an earlier run ─▶ its tag and date as conditions: see `unchanged`
//! ```
//!
//! As in the framed file transfer, the file is written under a temporary name beside its own, and a
//! journal records its verified part. Only a response with a strong entity tag and a known length
//! can be resumed: `Last-Modified` counts in seconds, and a file can change twice in one.

use super::content_range::{Leftover, contradiction, is_complete};
use super::recipient::{After, Announced, Recipient};
use super::saving::{Accepts, Saving};
use super::unchanged::{EarlierFile, provenance};
use crate::digest::DigestKind;
use crate::http::message::head::Head;
use crate::http::message::headers::{Headers, text};
use crate::http::range;
use crate::http::url::Url;
use crate::name::Name;
use crate::net::files::finisher::Finisher;
use crate::net::files::{Durability, ETAG_BYTES_MAX, FileError, FileReceiver, Provenance, Root};
use crate::net::report::Failure;
use crate::net::transport::Error;
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

/// The progress of a file.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Progress {
    /// Bytes written, those of earlier runs included.
    pub(super) bytes: u64,
    /// Bytes that earlier runs had written.
    pub(super) before: u64,
    /// The file of an earlier run is still current.
    pub(super) is_unchanged: bool,
}

/// What a response means for the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    /// No response yet.
    None,
    /// The body is the file, or the rest of it.
    Writing,
    /// The unfinished file is already complete.
    Complete,
    /// The file of an earlier run is still current.
    Unchanged,
    /// The request has to be sent again, without a range.
    Again,
    /// Status and `Content-Range` contradict each other.
    Contradicted,
    /// A status that is not accepted.
    Refused,
}

/// The state that all files of a call share.
pub(super) struct Shared {
    /// The directory, once it is open.
    root: RefCell<Option<Root>>,
    /// Whether the directory had an unfinished file when the call began.
    has_leftovers: bool,
    /// The deadline for writes to a pipe that nobody reads.
    deadline: Option<Instant>,
}

impl Shared {
    pub(super) fn new(has_leftovers: bool, deadline: Option<Instant>) -> Shared {
        Shared { root: RefCell::default(), has_leftovers, deadline }
    }
}

/// See the head of this module.
pub(super) struct FileRecipient {
    saving: Saving,
    name: Name,
    /// A hash of the URL. It is stored with an unfinished file, because a file of another URL may
    /// have the same name and the same tag.
    mark: String,
    shared: Rc<Shared>,
    receiver: Option<FileReceiver>,
    /// The unfinished file that the request resumes.
    leftover: Option<Leftover>,
    /// Request the whole file, even if there is an unfinished one.
    anew: bool,
    course: Course,
    refusal: String,
    status: u16,
    /// Length of the file in bytes, once a response has given it.
    size: Option<u64>,
    /// The progress, for the report.
    pub(super) progress: Rc<Cell<Progress>>,
    /// The bytes of the head, until `head` is called.
    raw_head: Vec<u8>,
    /// The file of an earlier run, where the request has conditions.
    earlier: Option<EarlierFile>,
    /// The validators to store with the file.
    provenance: Option<Provenance>,
    /// Whether there may be an unfinished file.
    looks: bool,
    /// Whether a later run can resume the file.
    resumable: bool,
    /// Bytes that were there before the first attempt, once an attempt has written.
    before: Option<u64>,
    /// Bytes that are kept after a failure.
    kept: u64,
}

impl FileRecipient {
    pub(super) fn new(saving: Saving, name: Name, url: &Url, shared: &Rc<Shared>) -> FileRecipient {
        let mark = blake3::hash(url.to_string().as_bytes()).to_hex()[..32].to_owned();
        FileRecipient {
            anew: !saving.resume,
            saving,
            name,
            mark,
            shared: shared.clone(),
            receiver: None,
            leftover: None,
            course: Course::None,
            refusal: String::new(),
            status: 0,
            size: None,
            progress: Rc::default(),
            raw_head: Vec::new(),
            earlier: None,
            provenance: None,
            looks: shared.has_leftovers,
            resumable: false,
            before: None,
            kept: 0,
        }
    }

    fn open(&mut self) -> Result<&mut FileReceiver, FileError> {
        if self.receiver.is_none() {
            let root = &mut *self.shared.root.borrow_mut();
            let destination = &self.saving.destination;
            let opened = destination.open(&self.name, DigestKind::None, !self.looks, root);
            self.receiver = Some(opened?);
        }
        self.receiver.as_mut().ok_or(FileError::NotFound)
    }

    /// Checks that the file can be created, as far as this shows before a request is sent.
    fn check(&mut self) -> Result<(), FileError> {
        let overwrite = self.saving.may_overwrite();
        self.open()?.check(overwrite)
    }

    /// Verifies the unfinished file step by step; true when this is done.
    fn verify(&mut self, scratch: &mut [u8]) -> Result<bool, FileError> {
        let mark = self.mark.clone();
        let receiver = self.open()?;
        let left = receiver.leftover().and_then(|(etag, size)| {
            let tag = etag.strip_prefix(&*mark)?.strip_prefix(' ')?;
            range::is_strong(tag.as_bytes()).then(|| (tag.to_owned(), size))
        });
        let Some((tag, size)) = left else { return Ok(true) };
        if !receiver.verify_step(scratch)? {
            return Ok(false);
        }
        let verified = receiver.verified();
        self.leftover = (verified > 0).then_some(Leftover { tag, size, verified });
        Ok(true)
    }

    /// What a response means, by its status and the fields of the request.
    fn judge(&self, head: &Head, announced: &Announced) -> Course {
        match (head.status, &self.leftover) {
            (304, None) if self.earlier.is_some() => Course::Unchanged,
            (_, None) if self.is_repeated_by(head, announced) => Course::Unchanged,
            (206, Some(left)) if left.is_continued_by(head, announced) => Course::Writing,
            (416, Some(left)) if left.is_all(head) => Course::Complete,
            (206 | 416, Some(_)) => Course::Again,
            // A part to a request without Range is not the file.
            (206, None) if self.saving.accepts == Accepts::Success => Course::Refused,
            _ if !self.saving.accepts.takes(head.status) => Course::Refused,
            _ if self.saving.accepts != Accepts::Success => Course::Writing,
            _ => match (is_complete(head, announced), self.leftover.is_some()) {
                (true, _) => Course::Writing,
                (false, true) => Course::Again,
                (false, false) => Course::Contradicted,
            },
        }
    }

    fn is_repeated_by(&self, head: &Head, announced: &Announced) -> bool {
        self.earlier.as_ref().is_some_and(|earlier| earlier.is_repeated_by(head, announced))
    }

    /// Adds conditions to the request, if there is a file of an earlier run.
    fn add_conditions(&mut self, headers: &mut Headers) -> Option<()> {
        let is_conditional = ["If-None-Match", "If-Modified-Since"].map(|name| headers.get(name));
        if !self.saving.is_repeatable() || is_conditional.iter().any(Option::is_some) {
            return None;
        }
        let path = self.saving.destination.path(&self.name)?;
        let earlier = EarlierFile::of(&path, &self.mark)?;
        earlier.add_conditions(headers)?;
        self.earlier = Some(earlier);
        Some(())
    }

    /// Begins to write, at the end of the unfinished file or at the beginning.
    fn begin(
        &mut self,
        head: &Head,
        len: Option<u64>,
        finisher: &mut Finisher,
    ) -> Result<(), FileError> {
        self.provenance =
            self.saving.is_repeatable().then(|| provenance(head, &self.mark)).flatten();
        let goes_on = matches!(head.status, 206 | 416);
        let left = self.leftover.take().filter(|_| goes_on);
        if left.is_none() {
            // An unfinished file of another version is never resumed, even if its tag is the same.
            self.open()?.discard_leftover()?;
            self.kept = 0;
            self.progress.take();
        }
        // The empty line is included.
        let raw_head = std::mem::take(&mut self.raw_head);
        let opening = match (self.saving.raw, self.saving.with_head) {
            (true, _) => &raw_head,
            (false, true) => head.bytes(),
            (false, false) => &[],
        };
        let len = len.filter(|_| !self.saving.raw);
        let size = match &left {
            Some(left) => Some(left.size),
            None => len.map(|len| len + opening.len() as u64),
        };
        self.size = size;
        let tag = match left {
            Some(left) => Some(left.tag),
            None => self.tag(head).filter(|_| size.is_some()),
        };
        self.resumable = tag.is_some();
        let etag = tag.as_ref().map(|tag| format!("{} {tag}", self.mark));
        let receiver = self.open()?;
        if !size.is_some_and(|size| receiver.begin_anonymous(size, etag.as_deref())) {
            receiver.begin(etag.as_deref(), size, finisher)?;
        }
        let from = receiver.verified();
        let before = if from == 0 { 0 } else { self.before.unwrap_or(from) };
        self.progress.set(Progress { bytes: from, before, is_unchanged: false });
        if opening.is_empty() { Ok(()) } else { self.write(opening) }
    }

    /// Closes the file, and notes how much of it is kept for a retry or a later run.
    fn let_go(&mut self) {
        let Some(receiver) = self.receiver.take() else { return };
        let came = match &self.leftover {
            Some(left) => left.verified,
            None if self.resumable => self.progress.get().bytes,
            None => 0,
        };
        self.kept = if came > 0 && receiver.keep() { came } else { 0 };
    }

    /// The entity tag with which a later run may resume this response.
    fn tag(&self, head: &Head) -> Option<String> {
        let tag = range::validator(&head.headers)?;
        let tag = str::from_utf8(tag).ok()?.to_owned();
        let fits = self.mark.len() + 1 + tag.len() <= ETAG_BYTES_MAX;
        let is_body = !self.saving.with_head && !self.saving.raw;
        (fits && self.saving.resume && is_body).then_some(tag)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let mut progress = self.progress.get();
        let offset = progress.bytes;
        if let Some(receiver) = &mut self.receiver {
            receiver.append(offset, bytes, self.shared.deadline)?;
        }
        progress.bytes += bytes.len() as u64;
        self.progress.set(progress);
        Ok(())
    }
}

fn failure(error: FileError) -> Failure {
    Failure::from(&Error::from(error))
}

impl Recipient for FileRecipient {
    fn prepare(&mut self, headers: &mut Headers, scratch: &mut [u8]) -> Result<bool, Failure> {
        // These bytes were the head of a redirect.
        self.raw_head.clear();
        if !self.anew && self.leftover.is_none() && !self.verify(scratch).map_err(failure)? {
            return Ok(false);
        }
        let may_ask = !self.anew && self.leftover.is_none();
        let is_conditional = may_ask && self.add_conditions(headers).is_some();
        // A file that cannot be created fails before the request is sent.
        if self.anew || !is_conditional && !self.saving.may_overwrite() {
            self.check().map_err(failure)?;
        }
        if let Some(Leftover { tag, verified, .. }) = &self.leftover {
            let mut push = |name: &str, value: &[u8]| {
                let pushed = headers.push(name, value);
                pushed.map_err(|error| Failure::from(&Error::Session(error)))
            };
            push("Range", format!("bytes={verified}-").as_bytes())?;
            push("If-Range", tag.as_bytes())?;
        }
        Ok(true)
    }

    fn head(
        &mut self,
        head: &Head,
        announced: &Announced,
        finisher: &mut Finisher,
    ) -> Result<bool, Failure> {
        self.status = head.status;
        self.course = self.judge(head, announced);
        match self.course {
            // This fails before an unfinished file of another version is removed.
            Course::Writing if announced.undecodable.is_some() => {
                return Err(announced.failure());
            }
            Course::Writing | Course::Complete => {
                if self.earlier.take().is_some() {
                    self.check().map_err(failure)?;
                }
                self.begin(head, announced.len, finisher).map_err(failure)?;
            }
            Course::Contradicted => return Err(contradiction(head)),
            Course::Unchanged => {
                let bytes = self.earlier.as_ref().map_or(0, |earlier| earlier.len);
                self.progress.set(Progress { bytes, before: 0, is_unchanged: true });
            }
            Course::Again => {
                (self.anew, self.leftover, self.kept) = (true, None, 0);
                self.receiver.take().into_iter().for_each(FileReceiver::discard);
            }
            Course::Refused | Course::None => {
                let reason = text(head.reason());
                self.refusal = format!("{} {}", head.status, reason.short());
            }
        }
        Ok(self.course == Course::Writing)
    }

    fn raw(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self.course {
            _ if !self.saving.raw => Ok(()),
            Course::None => {
                self.raw_head.extend_from_slice(bytes);
                Ok(())
            }
            Course::Writing => self.write(bytes).map_err(failure),
            _ => Ok(()),
        }
    }

    /// Checks the length: that of a chunked part is known only from `Content-Range`.
    fn body(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.saving.raw {
            return Ok(());
        }
        let end = self.progress.get().bytes + bytes.len() as u64;
        if self.size.is_some_and(|size| end > size) {
            return Err(Failure::new("malformed", "the body is longer than Content-Range says"));
        }
        self.write(bytes).map_err(failure)
    }

    fn tick_at(&self) -> Option<Instant> {
        self.receiver.as_ref().and_then(FileReceiver::record_due)
    }

    fn tick(&mut self, now: Instant) {
        self.receiver.iter_mut().for_each(|receiver| receiver.record_if_due(now));
    }

    fn end(&mut self, finisher: &mut Finisher) -> Result<After, Failure> {
        match self.course {
            Course::Again => Ok(After::Again),
            Course::Unchanged => {
                self.receiver = None;
                Ok(After::Done)
            }
            Course::Refused | Course::Contradicted | Course::None => {
                self.failed();
                let what = format!("the server answered {}", self.refusal.trim_end());
                Err(Failure::new(format!("http_{}", self.status), what))
            }
            Course::Writing if self.size.is_some_and(|size| self.progress.get().bytes < size) => {
                self.failed();
                Err(Failure::new("incomplete", "the body is shorter than Content-Range says"))
            }
            Course::Writing | Course::Complete => {
                let Some(mut receiver) = self.receiver.take() else { return Ok(After::Done) };
                self.provenance.take().into_iter().for_each(|known| receiver.set_provenance(known));
                let durability = self.saving.durability;
                Ok(match receiver.finish(durability, self.saving.may_overwrite()) {
                    Some(job) if durability == Durability::Fsync => {
                        After::Pending(finisher.run(job))
                    }
                    // Without fsync this is faster inline than on the finisher thread.
                    Some(job) => job.run().map(|()| After::Done).map_err(failure)?,
                    None => After::Done,
                })
            }
        }
    }

    fn restart(&mut self) -> bool {
        let Progress { bytes, before, .. } = self.progress.get();
        if bytes > 0 && self.receiver.as_ref().is_some_and(FileReceiver::is_output) {
            return false;
        }
        if self.course == Course::Writing {
            self.before = Some(before);
        }
        // The retry verifies the unfinished file again, as a later run would.
        self.let_go();
        self.progress.set(Progress { bytes: self.kept, before, is_unchanged: false });
        (self.leftover, self.looks, self.resumable) = (None, true, false);
        (self.course, self.anew) = (Course::None, !self.saving.resume);
        (self.size, self.earlier, self.provenance) = (None, None, None);
        true
    }

    /// Keeps the unfinished file for a later run, if it can be resumed.
    fn failed(&mut self) {
        self.let_go();
    }

    fn path(&self) -> Option<PathBuf> {
        self.saving.destination.path(&self.name)
    }

    fn kept(&self) -> u64 {
        self.kept
    }
}
