//! Reports of file transfers: the outcome of each file, and the progress of a run.

use super::files::{FileError, is_out_of_descriptors};
use super::transport::Error;
use super::transport::Spoken;
use super::transport::tls::Fault;
use crate::error::Error as SessionError;
use crate::session::WaitKind;
use crate::text::PeerText;
use crate::transfer::message::Durability;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Where a transfer failed, and what is known about the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// A local file could not be opened, read or written.
    Local,
    /// The peer refused, or broke the protocol.
    Peer,
    /// The connection could not be established, was lost, or timed out.
    Connection,
    /// The call was asked to stop.
    Interrupted,
    /// Not started: the connection ended before the file was requested.
    NotStarted,
    /// The whole file was sent and the answer is lost: the file may be stored or not.
    Unknown,
}

/// Why a file was not transferred.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// Where the transfer failed, and what is known about the file.
    pub kind: FailureKind,
    /// The stable code: of `PROTOCOL.md` §9, of a [`FileError`], or of an [`Error`].
    pub code: PeerText<'static>,
    /// The text for people. It may quote the peer.
    pub text: PeerText<'static>,
    /// The kind of the system's error, if there was one.
    pub io: Option<io::ErrorKind>,
    /// The section of the specification whose rule was broken, if any.
    pub section: Option<&'static str>,
    /// The name of the limit that was exceeded, if any.
    pub limit: Option<&'static str>,
    /// The TLS fault, if that is the reason.
    pub tls: Option<Box<Fault>>,
    /// The protocol that the peer speaks instead of the expected one, if its first bytes show that.
    pub spoken: Option<Spoken>,
    /// Whether the connection ended, or timed out, before the peer sent anything.
    pub is_mute: bool,
    /// Which wait timed out, if it is one with its own limit.
    pub awaited: Option<Awaited>,
    /// Whether the failure concerns the connection to an HTTP proxy.
    pub is_of_proxy: bool,
}

/// A wait that has its own limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Awaited {
    /// The end of the TLS handshake.
    Handshake,
    /// The first byte of an HTTP response.
    FirstByte,
    /// The next bytes of an HTTP body, in either direction.
    Body,
}

impl Awaited {
    fn of(error: &Error) -> Option<Awaited> {
        let Error::TimedOut { state } = error else { return None };
        match state.kind() {
            WaitKind::Handshake => Some(Awaited::Handshake),
            WaitKind::FirstByte => Some(Awaited::FirstByte),
            WaitKind::Body => Some(Awaited::Body),
            WaitKind::FirstWords | WaitKind::Other => None,
        }
    }
}

/// Whether the connection ended before the peer sent anything.
fn is_mute(error: &Error) -> bool {
    match error {
        Error::TimedOut { state } => state.kind() == WaitKind::FirstWords,
        Error::Session(SessionError::Incomplete { offset, .. }) => *offset == 0,
        _ => false,
    }
}

impl Failure {
    /// A failure of kind [`FailureKind::Peer`], with its stable code and a text for people.
    pub fn new(code: impl Into<PeerText<'static>>, text: impl Into<PeerText<'static>>) -> Failure {
        Failure {
            kind: FailureKind::Peer,
            code: code.into(),
            text: text.into(),
            io: None,
            section: None,
            limit: None,
            tls: None,
            spoken: None,
            is_mute: false,
            awaited: None,
            is_of_proxy: false,
        }
    }

    /// The failure of a file that was not requested, because the connection ended with `why`.
    pub(super) fn not_started(why: Option<&Error>) -> Failure {
        let failure = match why {
            Some(why) => Failure::from(why),
            None => Failure::new("incomplete", "not started: the connection ended first"),
        };
        Failure { kind: FailureKind::NotStarted, ..failure }
    }

    /// The same failure for a file that was sent completely, so that its outcome is unknown.
    pub(super) fn unknown(self) -> Failure {
        if self.kind == FailureKind::Unknown {
            return self;
        }
        let text = format!(
            "{}; all of the file was sent before, and whether it is stored is not known",
            self.text
        );
        Failure { kind: FailureKind::Unknown, text: text.into(), ..self }
    }
}

/// How many failures of one call are kept unshortened.
const LONG_FAILURES_MAX: u32 = 64;

/// How much of the code and of the text of further failures is kept, in bytes.
const SHORT_FAILURE_BYTES_MAX: usize = 128;

/// Shortens the failures of a call, which may have one for each file: a server that answers each of
/// 20,000 files with a long reason must not make the client hold 20,000 long texts.
#[derive(Debug, Default)]
pub(super) struct Failures {
    kept: u32,
}

impl Failures {
    /// The failure as it is kept: unshortened for the first [`LONG_FAILURES_MAX`].
    pub(super) fn keep(&mut self, failure: Failure) -> Failure {
        self.kept = self.kept.saturating_add(1);
        if self.kept <= LONG_FAILURES_MAX {
            return failure;
        }
        Failure {
            code: failure.code.keep_within(SHORT_FAILURE_BYTES_MAX),
            text: failure.text.keep_within(SHORT_FAILURE_BYTES_MAX),
            ..failure
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.text.fmt(f)
    }
}

impl std::error::Error for Failure {}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Failure {
        let kind = match error {
            Error::File(error) => return Failure::from(error),
            Error::Unread => FailureKind::Local,
            Error::Session(SessionError::Incomplete { .. }) => FailureKind::Connection,
            Error::Session(_) | Error::Foreign { .. } => FailureKind::Peer,
            Error::Interrupted => FailureKind::Interrupted,
            _ => FailureKind::Connection,
        };
        let io = match error {
            Error::Io(_, error) if is_out_of_descriptors(error) => {
                Some(FileError::NoDescriptors.io_kind())
            }
            Error::Io(_, error) => Some(error.kind()),
            Error::Unreachable(tried)
                if tried.failed().iter().any(|(_, error)| is_out_of_descriptors(error)) =>
            {
                Some(FileError::NoDescriptors.io_kind())
            }
            _ => None,
        };
        let tls = if let Error::Tls(fault) = error { Some(Box::new(fault.clone())) } else { None };
        let spoken = if let Error::Foreign { spoken, .. } = error { Some(*spoken) } else { None };
        let section = match error {
            Error::Session(error) | Error::Foreign { error, .. } => error.section(),
            _ => None,
        };
        let limit = match error {
            Error::Session(SessionError::TooLarge { limit, .. }) => Some(*limit),
            _ => None,
        };
        let (is_mute, awaited) = (is_mute(error), Awaited::of(error));
        let failure = Failure::new(error.code().keep(), error.to_string());
        Failure { kind, io, section, limit, tls, spoken, is_mute, awaited, ..failure }
    }
}

impl From<&FileError> for Failure {
    fn from(error: &FileError) -> Failure {
        let failure = Failure::new(error.code(), error.to_string());
        Failure { kind: FailureKind::Local, io: Some(error.io_kind()), ..failure }
    }
}

/// The outcome of one file.
#[derive(Debug, Clone)]
pub struct FileReport {
    /// Its name on the wire.
    pub name: PeerText<'static>,
    /// The local file, if it is one.
    pub path: Option<PathBuf>,
    /// Length of the whole file in bytes; 0 if it is not known.
    pub bytes: u64,
    /// How many bytes were transferred in this run.
    pub moved: u64,
    /// The time from the beginning of the content to the end; from the request if the content did
    /// not begin.
    pub elapsed: Duration,
    /// The offset at which the transfer resumed, in bytes; 0 if it began at the beginning.
    pub resumed_from: u64,
    /// The verified digest, as on the wire; `None` if no digest was negotiated.
    pub digest: Option<String>,
    /// What the receiver synced before it confirmed; `None` if nothing was stored.
    pub durability: Option<Durability>,
    /// Whether the file was not transferred, because the same content was here already.
    pub is_skipped: bool,
    /// Success, or why the file was not transferred.
    pub outcome: Result<(), Failure>,
}

impl FileReport {
    /// The report of a file that failed before any byte was transferred.
    pub fn failed(name: PeerText<'static>, path: Option<PathBuf>, why: Failure) -> FileReport {
        FileReport {
            name,
            path,
            bytes: 0,
            moved: 0,
            elapsed: Duration::ZERO,
            resumed_from: 0,
            digest: None,
            durability: None,
            is_skipped: false,
            outcome: Err(why),
        }
    }
}

/// The current step of a file in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Activity {
    /// Requested, but no byte was transferred in this run.
    #[default]
    Waiting,
    /// Bytes are being transferred.
    Moving,
    /// Bytes of an earlier run are being read again, to resume where it stopped.
    Verifying,
    /// Received completely, and being written, synced and renamed.
    Storing,
    /// Sent completely; the server has not confirmed yet that the file is stored.
    AwaitingServer,
}

/// Progress counters of a run. May be read from another thread while the run writes them.
#[derive(Debug, Default)]
pub struct Meter {
    moved: AtomicU64,
    kept: AtomicU64,
    total: AtomicU64,
    ended: AtomicU64,
    failed: AtomicU64,
    sized: AtomicU64,
    due: AtomicU64,
    postponed: AtomicU64,
    in_flight: Mutex<Vec<(String, Activity)>>,
}

impl Meter {
    /// How many bytes of files were transferred or were present before: [`moved`](Meter::moved)
    /// plus [`kept`](Meter::kept).
    pub fn done(&self) -> u64 {
        self.moved() + self.kept()
    }

    /// How many bytes of files were transferred in this run.
    pub fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    /// How many bytes of files are kept from an earlier run and need not be transferred again.
    pub fn kept(&self) -> u64 {
        self.kept.load(Ordering::Relaxed)
    }

    /// The total length of the files whose lengths are known, in bytes.
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// How many files have ended, with or without success.
    pub fn ended(&self) -> u64 {
        self.ended.load(Ordering::Relaxed)
    }

    /// How many files have failed.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// How many files have announced their length.
    pub fn sized(&self) -> u64 {
        self.sized.load(Ordering::Relaxed)
    }

    /// How many bytes of these files have not arrived yet.
    pub fn due(&self) -> u64 {
        self.due.load(Ordering::Relaxed)
    }

    /// How many files wait for another try.
    pub fn postponed(&self) -> u64 {
        self.postponed.load(Ordering::Relaxed)
    }

    /// Up to `max` files in flight, the oldest first, each with its current step; and the number of
    /// all files in flight.
    pub fn in_flight(&self, max: usize) -> (Vec<(String, Activity)>, usize) {
        let files = self.files();
        (files.iter().take(max).cloned().collect(), files.len())
    }

    /// The step of the run: [`Moving`](Activity::Moving) if any file moves, otherwise that of the
    /// oldest file.
    pub fn activity(&self) -> Activity {
        let files = self.files();
        let moving = files.iter().find(|(_, activity)| *activity == Activity::Moving);
        moving.or(files.first()).map_or(Activity::Waiting, |(_, activity)| *activity)
    }

    /// Sets the step of a file in flight; adds the file if it is new.
    pub(super) fn set(&self, name: &str, now: Activity) {
        let mut files = self.files();
        match files.iter_mut().find(|(file, _)| file == name) {
            Some((_, activity)) => *activity = now,
            None => files.push((name.to_owned(), now)),
        }
    }

    /// Adds a file of `bytes` bytes to the expected ones.
    pub(super) fn expect(&self, bytes: u64) {
        self.add_total(bytes);
        self.due.fetch_add(bytes, Ordering::Relaxed);
        self.sized.fetch_add(1, Ordering::Relaxed);
    }

    /// Subtracts bytes that have arrived from the expected ones.
    pub(super) fn came(&self, bytes: u64) {
        self.due.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Subtracts a file of which `bytes` bytes will not arrive in this try.
    pub(super) fn expect_no_more(&self, bytes: u64) {
        self.take_from_total(bytes);
        self.came(bytes);
        self.sized.fetch_sub(1, Ordering::Relaxed);
    }

    /// Moves a file from in flight to waiting for another try.
    pub(super) fn postpone(&self, name: &str) {
        self.remove(name);
        self.postponed.fetch_add(1, Ordering::Relaxed);
    }

    /// One file no longer waits for another try.
    pub(super) fn resume(&self) {
        self.postponed.fetch_sub(1, Ordering::Relaxed);
    }

    fn remove(&self, name: &str) {
        let mut files = self.files();
        if let Some(at) = files.iter().position(|(file, _)| file == name) {
            files.remove(at);
        }
    }

    /// A file has ended.
    pub(super) fn end(&self, name: &str, well: bool) {
        self.remove(name);
        self.ended.fetch_add(1, Ordering::Relaxed);
        self.failed.fetch_add(u64::from(!well), Ordering::Relaxed);
    }

    pub(super) fn add(&self, bytes: u64) {
        self.moved.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_kept(&self, bytes: u64) {
        self.kept.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_total(&self, bytes: u64) {
        self.total.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Subtracts bytes that will not be transferred, because their file begins anew.
    pub(super) fn take_from_total(&self, bytes: u64) {
        self.total.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn files(&self) -> MutexGuard<'_, Vec<(String, Activity)>> {
        // A panic while the lock is held cannot leave the list inconsistent.
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_failures_are_kept_at_length() {
        let long = || Failure::new("x".repeat(9000), "y".repeat(9000));
        let mut failures = Failures::default();
        for _ in 0..LONG_FAILURES_MAX {
            assert_eq!(failures.keep(long()).text.len(), crate::text::PEER_TEXT_BYTES_MAX);
        }
        let kept = failures.keep(long().unknown());
        assert_eq!((kept.code.len(), kept.text.len()), (128, SHORT_FAILURE_BYTES_MAX));
        assert_eq!(kept.kind, FailureKind::Unknown);
    }

    #[test]
    fn a_meter_knows_the_files_in_flight() {
        let meter = Meter::default();
        assert_eq!((meter.activity(), meter.in_flight(2)), (Activity::Waiting, (vec![], 0)));
        meter.set("a", Activity::Verifying);
        meter.set("b", Activity::Storing);
        assert_eq!(meter.activity(), Activity::Verifying, "the oldest, where none moves");
        meter.set("b", Activity::Moving);
        assert_eq!(meter.activity(), Activity::Moving);
        meter.set("c", Activity::Waiting);
        let shown = vec![("a".to_owned(), Activity::Verifying), ("b".to_owned(), Activity::Moving)];
        assert_eq!(meter.in_flight(2), (shown, 3));
        meter.end("a", true);
        meter.end("b", false);
        meter.end("never begun", false);
        assert_eq!((meter.ended(), meter.failed(), meter.in_flight(9).1), (3, 2, 1));
        meter.expect(100);
        meter.expect(50);
        meter.came(30);
        assert_eq!((meter.sized(), meter.due(), meter.total()), (2, 120, 150));
        meter.expect_no_more(70);
        assert_eq!((meter.sized(), meter.due(), meter.total()), (1, 50, 80));
        meter.postpone("c");
        assert_eq!((meter.postponed(), meter.in_flight(9).1, meter.ended()), (1, 0, 3));
        meter.resume();
        meter.set("c", Activity::Waiting);
        assert_eq!((meter.postponed(), meter.in_flight(9).1), (0, 1));
    }

    #[test]
    fn a_meter_tells_what_travelled_from_what_was_there() {
        let meter = Meter::default();
        meter.add_total(100);
        meter.add_kept(30);
        meter.add(20);
        assert_eq!((meter.done(), meter.moved(), meter.kept(), meter.total()), (50, 20, 30, 100));
        meter.take_from_total(50);
        meter.add_total(70);
        assert_eq!(meter.total(), 120, "a file of 70 bytes begins anew");
    }
}
