//! What became of the files of an errand, and how far it is.

use super::error::Error;
use crate::text::PeerText;
use crate::transfer::message::Durability;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Why a file was not transferred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The stable code: of `PROTOCOL.md` §9, or of a local error.
    pub code: PeerText<'static>,
    /// For people; it may repeat what a peer said.
    pub text: PeerText<'static>,
}

impl Failure {
    pub(super) fn new(
        code: impl Into<PeerText<'static>>,
        text: impl Into<PeerText<'static>>,
    ) -> Failure {
        Failure { code: code.into(), text: text.into() }
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
        Failure::new(error.code().keep(), error.to_string())
    }
}

/// What became of one file.
#[derive(Debug, Clone)]
pub struct FileReport {
    /// Its name on the wire.
    pub name: PeerText<'static>,
    /// The local file, if it is one.
    pub path: Option<PathBuf>,
    /// Length of the whole file in bytes, as far as it is known.
    pub bytes: u64,
    /// How many of them travelled in this run.
    pub moved: u64,
    /// How long it took from the request to the end.
    pub elapsed: Duration,
    /// Where it went on, in bytes from the beginning.
    pub resumed_from: u64,
    /// The verified digest as on the wire; `None` if none was agreed.
    pub digest: Option<String>,
    /// What the receiver did before it said done; `None` where nothing was stored.
    pub durability: Option<Durability>,
    /// Whether it arrived.
    pub outcome: Result<(), Failure>,
}

/// How far an errand is; may be read from another thread.
#[derive(Debug, Default)]
pub struct Meter {
    done: AtomicU64,
    total: AtomicU64,
    ended: AtomicU64,
}

impl Meter {
    /// How many bytes of files have travelled or were there before.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// How many bytes the files have that are known so far.
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// How many of several things have ended, with or without success.
    pub fn ended(&self) -> u64 {
        self.ended.load(Ordering::Relaxed)
    }

    pub(super) fn add_one(&self) {
        self.ended.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add(&self, bytes: u64) {
        self.done.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_total(&self, bytes: u64) {
        self.total.fetch_add(bytes, Ordering::Relaxed);
    }
}
