//! Writing behind: large files go to the disk's cache on a thread of their own.
//!
//! ```text
//!   reactor:  decode ─▶ copy into a piece ─┐            ┌─▶ free pieces ─▶ (again)
//!                                          ▼            │
//!                                       [ queue, bounded ]
//!                                          ▼
//!   writer:                             write_at
//! ```
//!
//! Copying a chunk costs a tenth of writing it, so a reactor with a second processor beside it
//! decodes the next one meanwhile. At most [`PIECES_MAX`] pieces wait, of all files together; who
//! has one more waits himself. Pieces of one file are written in the order in which they came. An
//! error is told at the next call for that file, and at every later one.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// How many pieces may wait, of all files together.
const PIECES_MAX: usize = 6;

/// From which length of a file writing behind pays, in bytes: a small one is through before the
/// writer is awake.
pub const WRITE_BEHIND_FROM: u64 = 1 << 20;

/// A writer that any number of files share. It ends when the last handle to it is dropped.
#[derive(Debug, Clone)]
pub struct WriteBehind {
    queue: SyncSender<Piece>,
    free: Arc<Mutex<Vec<Vec<u8>>>>,
}

#[derive(Debug)]
struct Piece {
    file: Arc<File>,
    offset: u64,
    bytes: Vec<u8>,
    ticket: Ticket,
}

/// Counts as waiting until it is dropped, wherever that happens.
#[derive(Debug)]
struct Ticket(Arc<Account>);

impl Drop for Ticket {
    fn drop(&mut self) {
        lock(&self.0.state).waiting -= 1;
        self.0.written.notify_all();
    }
}

/// What is still to be written of one file, and what went wrong with it.
#[derive(Debug, Default)]
struct Account {
    state: Mutex<State>,
    written: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: usize,
    /// The first error; a number, since it is told more than once.
    failed: Option<i32>,
}

impl WriteBehind {
    /// A writer, if there is a processor for it and the system gives a thread.
    pub fn start() -> Option<WriteBehind> {
        if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
            return None;
        }
        let (queue, pieces) = sync_channel(PIECES_MAX);
        let free = Arc::default();
        let behind = WriteBehind { queue, free: Arc::clone(&free) };
        let run = move || write_all(&pieces, &free);
        std::thread::Builder::new().name("writer".to_owned()).spawn(run).ok()?;
        Some(behind)
    }
}

fn write_all(pieces: &Receiver<Piece>, free: &Mutex<Vec<Vec<u8>>>) {
    for Piece { file, offset, bytes, ticket } in pieces {
        let written = file.write_all_at(&bytes, offset);
        // Closed before the account says so: nobody is to find the file still locked.
        drop(file);
        lock(free).push(bytes);
        if let Err(error) = written {
            let number = error.raw_os_error().unwrap_or(EIO);
            lock(&ticket.0.state).failed.get_or_insert(number);
        }
        drop(ticket);
    }
}

/// What an error without a number is told as.
const EIO: i32 = 5;

/// A lock that no panic can have left half-way: nothing here panics while it holds one.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes one file behind.
#[derive(Debug)]
pub struct FileWriter {
    behind: WriteBehind,
    file: Arc<File>,
    account: Arc<Account>,
}

impl FileWriter {
    /// For that file, which stays open until all is written.
    pub fn new(behind: WriteBehind, file: Arc<File>) -> FileWriter {
        FileWriter { behind, file, account: Arc::default() }
    }

    /// Hands a copy of `bytes` over, to be written at `offset`.
    ///
    /// # Errors
    /// The first that any piece of this file met.
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = lock(&self.account.state);
        state.verdict()?;
        state.waiting += 1;
        drop(state);
        let mut copy = lock(&self.behind.free).pop().unwrap_or_default();
        copy.clear();
        copy.extend_from_slice(bytes);
        let (file, ticket) = (self.file.clone(), Ticket(self.account.clone()));
        let sent = self.behind.queue.send(Piece { file, offset, bytes: copy, ticket });
        sent.map_err(|_| io::Error::other("the writer has gone"))
    }

    /// Whether anything still waits to be written.
    pub fn is_busy(&self) -> bool {
        lock(&self.account.state).waiting > 0
    }

    /// Waits until all is written.
    ///
    /// # Errors
    /// The first that any piece of this file met.
    pub fn flush(&self) -> io::Result<()> {
        let state = lock(&self.account.state);
        let done = self.account.written.wait_while(state, |state| state.waiting > 0);
        done.unwrap_or_else(PoisonError::into_inner).verdict()
    }
}

impl State {
    fn verdict(&self) -> io::Result<()> {
        self.failed.map_or(Ok(()), |number| Err(io::Error::from_raw_os_error(number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    /// There is a second processor wherever these run, or they would show nothing.
    fn writer(file: File) -> Option<FileWriter> {
        WriteBehind::start().map(|behind| FileWriter::new(behind, Arc::new(file)))
    }

    #[test]
    fn what_was_handed_over_is_there_after_a_flush() {
        let mut file = tempfile::tempfile().unwrap();
        let Some(writer) = writer(file.try_clone().unwrap()) else { return };
        for round in 0..100_u64 {
            writer.write_at(&[round as u8; 1000], round * 1000).unwrap();
        }
        // Of two pieces for one place the later one stays.
        writer.write_at(b"again", 0).unwrap();
        writer.flush().unwrap();
        assert!(!writer.is_busy());
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes.len(), 100_000);
        assert_eq!(&bytes[..6], b"again\0");
        assert!(bytes[6..].iter().zip(6_usize..).all(|(byte, at)| *byte == (at / 1000) as u8));
    }

    #[test]
    fn an_error_is_told_again_and_again() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        let Some(writer) = writer(File::open(folder.path().join("file")).unwrap()) else { return };
        writer.write_at(b"refused: it is open for reading", 0).unwrap();
        let told = |error: io::Error| error.raw_os_error();
        let first = writer.flush().map_err(told);
        assert!(matches!(first, Err(Some(_))));
        assert_eq!(writer.flush().map_err(told), first);
        assert_eq!(writer.write_at(b"more", 0).map_err(told), first);
    }

    #[test]
    fn pieces_are_used_again() {
        let Some(writer) = writer(tempfile::tempfile().unwrap()) else { return };
        for round in 0..1000 {
            writer.write_at(&[1; 100], round * 100).unwrap();
        }
        writer.flush().unwrap();
        // One may be in the writer's hand and one in ours beside those in the queue.
        assert!(lock(&writer.behind.free).len() <= PIECES_MAX + 2);
    }
}
