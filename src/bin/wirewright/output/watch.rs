//! Ends a command that is blocked outside of a reactor: at a signal, and past `--timeout`.
//!
//! ```text
//!   SIGINT, SIGTERM ─▶ the reactor ends in order ─┬─▶ main ends: dies by the signal
//!                                                 └─▶ not within END_WAIT: dies by the signal here
//!   --timeout ───────▶ the reactor, Stdout and Stdin end with an error
//!                                └─▶ not within LATE_WAIT, and at once where a file is being
//!                                    opened or read: one line on stderr, and the end
//! ```
//!
//! A blocking call is begun again after a signal: a write to a pipe that nobody reads, an open of a
//! FIFO without a peer, a read of a stdin that never comes, fsync(2). Nothing on that thread could
//! look at a flag, so threads of this module do.
//!
//! While a server reads its files it has nothing to end in order: a signal and `--timeout` end it
//! at once. From then on it ends in order at the first signal, within its grace period, and so does
//! a client whose message or file may have been taken: it says whether that is known. The second
//! signal ends both at once.
//!
//! Specification: signal(7), poll(2).

use super::document;
use crate::Exit;
use crate::args::Command;
use crate::args::services::{Time, Udp};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::{flag, low_level};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use wirewright::net::{Activity, Meter};
use wirewright::text::escape;

/// How long a client may take to end in order after a signal.
const END_WAIT: Duration = Duration::from_millis(140);

/// The same where what was sent may have been taken: the grace in which an answer that is due is
/// waited for, and then the report that says what is known.
const ANSWER_WAIT: Duration = Duration::from_secs(12);

/// How long the line of error and the document may take where another thread ends the process.
const SAYING_WAIT: Duration = Duration::from_millis(20);

/// What the document says of a command that is blocked when `--timeout` is over.
const TIME_OVER: &str = "--timeout is over, and a file or stream still blocks";

/// What is said of a command that a signal ends while what it sent may be taken.
const TAKEN_INTERRUPTED: &str = "interrupted, and what was sent may have been taken";

/// How long a command may take to end in order after `--timeout`.
const LATE_WAIT: Duration = Duration::from_secs(2);

/// The last signal; 0 where none came.
static CAUGHT: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

/// When `--timeout` is over.
static DEADLINE: OnceLock<Instant> = OnceLock::new();

/// The file that is being opened or read, where that may block for ever.
static BLOCKING: Mutex<Option<String>> = Mutex::new(None);

/// A server reads its files, and does not listen yet.
static STARTING: AtomicBool = AtomicBool::new(false);

/// What was sent may have been taken.
static MAY_BE_TAKEN: AtomicBool = AtomicBool::new(false);

/// Counts what is sent: from the first byte on it may be taken.
static SENT: OnceLock<Arc<Meter>> = OnceLock::new();

/// The one line of error has been said, or is being said.
static ERROR_SAID: AtomicBool = AtomicBool::new(false);

/// The other side that the command was told to talk to, for the line of a command that is blocked.
static OTHER_SIDE: OnceLock<String> = OnceLock::new();

/// Whether this is one that serves until it is stopped, and its `--timeout`.
fn rule(command: &Command) -> (bool, Option<Duration>) {
    let timeout = command.common().and_then(|common| common.timeout);
    match command {
        // Their --timeout stops them in order, which may take the grace period.
        Command::Serve(_) | Command::Time { what: Time::Serve(_) } => (true, None),
        // The sender tells its receiver that it has ended; both report what there was.
        Command::Udp { what: Udp::Recv(_) | Udp::Send(_) } => (true, timeout),
        // The sink of `bench smtp --listen`.
        Command::Bench(args) => {
            (args.load.as_ref().is_some_and(|load| load.listen.is_some()), None)
        }
        _ => (false, timeout),
    }
}

/// The other side, as argv names it.
fn other_side(command: &Command) -> Option<&str> {
    match command {
        Command::Ls(args) => Some(&args.peer.server),
        Command::Get(args) => Some(&args.peer.server),
        Command::Put(args) => Some(&args.peer.server),
        Command::Time { what: Time::Get(args) } => Some(&args.server),
        Command::Udp { what: Udp::Send(args) } => Some(&args.receiver),
        Command::Mail(args) => args.reach.server.as_deref(),
        _ => None,
    }
}

/// Watches from here on. Where no thread can be started, signals do what they do by default.
pub fn start(command: &Command) {
    let (serves, timeout) = rule(command);
    if let Some(place) = other_side(command) {
        let _ = OTHER_SIDE.set(escape(place));
    }
    // What cannot be watched still works.
    let _ = watch_signals(serves);
    if let Command::Serve(args) = command {
        limit_start(args.common.timeout);
    }
    if let Some(deadline) = timeout.and_then(|timeout| Instant::now().checked_add(timeout)) {
        let _ = DEADLINE.set(deadline);
        let _ = thread::Builder::new().name("timeout".to_owned()).spawn(move || {
            thread::sleep(deadline.saturating_duration_since(Instant::now()));
            if lock_blocking().is_none() {
                thread::sleep(LATE_WAIT);
            }
            give_up();
        });
    }
}

/// Ends a server that still reads its files when `--timeout` is over. One that listens stops in
/// order by itself.
fn limit_start(timeout: Option<Duration>) {
    let Some(timeout) = timeout else { return };
    let _ = thread::Builder::new().name("timeout".to_owned()).spawn(move || {
        thread::sleep(timeout);
        if STARTING.load(Ordering::SeqCst) {
            give_up();
        }
    });
}

/// Reads the files of a server, before it listens.
pub fn starting<T>(act: impl FnOnce() -> T) -> T {
    STARTING.store(true, Ordering::SeqCst);
    let did = act();
    STARTING.store(false, Ordering::SeqCst);
    did
}

fn watch_signals(serves: bool) -> io::Result<()> {
    // The thread first: without it nobody would act on a signal that is caught.
    let (give, take) = mpsc::channel::<Signals>();
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let Ok(mut signals) = take.recv() else { return };
        // The first signal; the second one ends everything at once.
        let Some(first) = signals.forever().next() else { return };
        if serves && STARTING.load(Ordering::SeqCst) {
            interrupt(first);
        }
        if !serves {
            let _ = thread::Builder::new().name("end".to_owned()).spawn(move || {
                thread::sleep(END_WAIT);
                if is_maybe_taken() {
                    thread::sleep(ANSWER_WAIT - END_WAIT);
                }
                interrupt(first);
            });
        }
        if let Some(signal) = signals.forever().next() {
            if serves { die_by(signal) } else { interrupt(signal) }
        }
    })?;
    if !serves {
        let caught = CAUGHT.get_or_init(Arc::default);
        for signal in [SIGINT, SIGTERM] {
            flag::register_usize(signal, caught.clone(), signal as usize)?;
        }
    }
    // If the thread has gone, the process is about to end.
    let _ = give.send(Signals::new([SIGINT, SIGTERM])?);
    Ok(())
}

/// Opens or reads a file that may be a FIFO without another end. Nothing is in progress
/// that needs an orderly end, so `--timeout` exits at once.
pub fn blocking<T>(path: &Path, act: impl FnOnce() -> T) -> T {
    *lock_blocking() = Some(path.to_string_lossy().into_owned());
    let did = act();
    *lock_blocking() = None;
    did
}

fn lock_blocking() -> MutexGuard<'static, Option<String>> {
    BLOCKING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// When `--timeout` is over.
pub fn deadline() -> Option<Instant> {
    DEADLINE.get().copied()
}

/// What is left of `--timeout`; at least a moment, so that the reactor says what it waited for.
pub fn left() -> Option<Duration> {
    let left = |deadline: Instant| deadline.saturating_duration_since(Instant::now());
    deadline().map(left).map(|left| left.max(Duration::from_millis(1)))
}

/// Whether a signal came or `--timeout` is over: the command has to end.
pub fn is_ending() -> bool {
    was_signalled() || deadline().is_some_and(|deadline| Instant::now() >= deadline)
}

/// Whether a signal came.
pub fn was_signalled() -> bool {
    CAUGHT.get().is_some_and(|caught| caught.load(Ordering::SeqCst) != 0)
}

/// What is sent from here on may be taken: an end without an answer is unknown.
pub fn may_be_taken() {
    MAY_BE_TAKEN.store(true, Ordering::Relaxed);
}

/// The same from the first byte on that this meter counts as sent.
pub fn may_be_taken_once_sent(meter: &Arc<Meter>) {
    let _ = SENT.set(meter.clone());
}

fn is_maybe_taken() -> bool {
    let is_sent =
        |meter: &Arc<Meter>| meter.moved() > 0 || meter.activity() == Activity::AwaitingServer;
    MAY_BE_TAKEN.load(Ordering::Relaxed) || SENT.get().is_some_and(is_sent)
}

/// Whether the caller may say the one line of error: only the first caller may.
pub fn may_say_error() -> bool {
    !ERROR_SAID.swap(true, Ordering::SeqCst)
}

/// The command has ended: a client to which a signal came dies by it, so that a shell's loop stops.
/// Only where something was sent, the status that says that it was taken, or may have been, stays.
pub fn end(exit: Exit) {
    let is_known = matches!(exit, Exit::Done | Exit::Unknown);
    if is_known && is_maybe_taken() {
        return;
    }
    if let Some(signal @ 1..) = CAUGHT.get().map(|caught| caught.load(Ordering::SeqCst)) {
        die_by(signal as i32);
    }
}

/// Ends a command that could not end in order: one line, the document of `--json`, and the end.
fn interrupt(signal: i32) {
    if may_say_error() {
        let what = if is_maybe_taken() { TAKEN_INTERRUPTED } else { "interrupted" };
        let place = lock_blocking().as_deref().map(escape).or_else(|| OTHER_SIDE.get().cloned());
        let place = place.map_or(String::new(), |place| format!("{place}: "));
        write_line(&format!("error: {place}{what}\n"));
        // Standard output may be a pipe that nobody reads: that is not waited for.
        let (give, take) = mpsc::channel();
        let print = move || {
            document::fail("interrupted", what);
            let _ = give.send(());
        };
        let _ = thread::Builder::new().name("document".to_owned()).spawn(print);
        let _ = take.recv_timeout(SAYING_WAIT);
    } else {
        thread::sleep(SAYING_WAIT);
    }
    die_by(signal);
}

fn die_by(signal: i32) {
    // It returns only for a signal that ends nothing.
    let _ = low_level::emulate_default_handler(signal);
}

/// Time is over, and some call is still blocked.
fn give_up() {
    let is_unknown = is_maybe_taken();
    let blocking = lock_blocking().take().map(|path| escape(&path));
    let line = match is_unknown {
        _ if blocking.is_some() => &*format!(
            "error: {}: nothing is at its other end, and --timeout is over; open it there, or \
             allow more\n",
            blocking.unwrap_or_default()
        ),
        true => {
            "error: --timeout: it is over, and what was sent may have been taken; look at the \
                 other side before sending it again\n"
        }
        false => {
            "error: --timeout: it is over, and a file or stream still blocks; see that input \
                  comes and output is read\n"
        }
    };
    if may_say_error() {
        write_line(line);
        document::fail("timed_out", TIME_OVER);
    }
    let exit = if is_unknown { Exit::Unknown } else { Exit::Failed };
    std::process::exit(exit.status().into());
}

/// Writes a line to stderr if that takes it now. The stream of std may be locked by the thread that
/// is blocked.
fn write_line(line: &str) {
    let stderr = rustix::stdio::stderr();
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    if poll(&mut [PollFd::new(&stderr, PollFlags::OUT)], Some(&now)) == Ok(1) {
        let _ = rustix::io::write(stderr, line.as_bytes());
    }
}
