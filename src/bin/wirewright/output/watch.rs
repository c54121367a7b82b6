//! Ends a command that is blocked outside of a reactor: at a signal, and past `--timeout`.
//!
//! ```text
//!   SIGINT, SIGTERM ─▶ the reactor stops ─┬─▶ main returns, and the process dies by the signal
//!                                         └─▶ main does not return within END_WAIT: a thread of
//!                                             this module kills the process by the signal
//!   --timeout ───────▶ the reactor, Stdout and Stdin return an error
//!                        └─▶ not within LATE_WAIT, or while a file is being opened or read: a
//!                            thread writes one line to stderr and exits
//! ```
//!
//! Rust restarts a blocking system call after a signal: a write to a pipe that nobody reads, an
//! open of a FIFO without a peer, a read of a silent stdin, fsync(2). The blocked thread cannot
//! look at a flag, so the threads of this module do.
//!
//! A server that still reads its files has no connections: a signal or `--timeout` ends the process
//! at once. A server that listens stops at the first signal within its grace period, and the second
//! signal ends it at once. A client waits for no answer after a signal: where its message or file
//! may have been accepted, the outcome is unknown.
//!
//! Specification: signal(7), poll(2).

use super::advice::GO_ON;
use super::document;
use crate::Exit;
use crate::args::Command;
use crate::args::services::{Time, Udp};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::{flag, low_level};
use std::io;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use wirewright::net::{Activity, Meter};
use wirewright::text::escape;

/// How long a client may take to stop after a signal.
const END_WAIT: Duration = Duration::from_millis(140);

/// How long a thread that ends the process waits for the JSON document at a time.
const SAYING_WAIT: Duration = Duration::from_millis(20);

/// How often it waits, where standard output takes bytes: a document is whole or absent, and a busy
/// machine may not have run the thread that writes it.
const SAYING_ROUNDS: u32 = 50;

/// The text of the JSON document of a command that is blocked when `--timeout` runs out.
const TIME_OVER: &str = "--timeout ran out while a file or stream was blocked";

/// The error of a command that a signal ended after the server may have accepted what was sent.
const SENT_INTERRUPTED: &str = "interrupted: the server may have accepted what was sent";

/// The error of a command that a signal ended before the server may have accepted its message.
const NOT_SENT_INTERRUPTED: &str = "not sent: interrupted";

/// The line of a server that a second signal ends within its grace period.
const CUT_OFF: &str = "warning: a second signal: what still ran was cut off\n";

/// How long a command may take to stop after `--timeout`.
const LATE_WAIT: Duration = Duration::from_secs(2);

/// The last signal; 0 before the first.
static CAUGHT: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

/// When `--timeout` runs out.
static DEADLINE: OnceLock<Instant> = OnceLock::new();

/// The file that is being opened or read, which may block for ever.
static BLOCKING: Mutex<Option<String>> = Mutex::new(None);

/// Whether a server still reads its files and does not listen yet.
static STARTING: AtomicBool = AtomicBool::new(false);

/// Whether the server may have accepted what was sent.
static MAY_BE_TAKEN: AtomicBool = AtomicBool::new(false);

/// Counts the bytes sent: from the first byte on the server may accept them.
static SENT: OnceLock<Arc<Meter>> = OnceLock::new();

/// Counts the bytes of files of which an interrupted run keeps what has come.
static KEPT: OnceLock<Arc<Meter>> = OnceLock::new();

/// Whether the command sends a message to people.
static SENDS: AtomicBool = AtomicBool::new(false);

/// Whether the one error line has been written, or is being written.
static ERROR_SAID: AtomicBool = AtomicBool::new(false);

/// The address of the other side, for the error line of a blocked command.
static OTHER_SIDE: OnceLock<String> = OnceLock::new();

/// Whether the command runs until it is stopped, and the `--timeout` that ends it here.
fn rule(command: &Command) -> (bool, Option<Duration>) {
    let timeout = command.common().and_then(|common| common.timeout);
    match command {
        // Their --timeout stops the server itself, which may take the grace period.
        Command::Serve(_) | Command::Time { what: Time::Serve(_) } => (true, None),
        // After a signal the sender sends its last datagram, and both print a report.
        Command::Udp { what: Udp::Recv(_) | Udp::Send(_) } => (true, timeout),
        // The sink of `bench smtp --listen`.
        Command::Bench(args) => {
            (args.load.as_ref().is_some_and(|load| load.listen.is_some()), None)
        }
        _ => (false, timeout),
    }
}

/// The address of the other side, as given in argv.
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

/// Starts the threads. Where none can be started, signals keep their default action.
pub fn start(command: &Command) {
    let (serves, timeout) = rule(command);
    if let Some(place) = other_side(command) {
        let _ = OTHER_SIDE.set(escape(place));
    }
    SENDS.store(matches!(command, Command::Mail(_) | Command::Sms(_)), Ordering::Relaxed);
    // Without these threads the command still works, but a blocked call cannot be ended.
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

/// Ends a server that still reads its files when `--timeout` runs out. A server that listens
/// handles its own `--timeout`.
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
    // The thread is started before the handlers: without it a caught signal would have no effect.
    let (give, take) = mpsc::channel::<Signals>();
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let Ok(mut signals) = take.recv() else { return };
        // The first signal asks for an orderly stop; the second ends the process at once.
        let Some(first) = signals.forever().next() else { return };
        if serves && STARTING.load(Ordering::SeqCst) {
            interrupt(first);
        }
        if !serves {
            let _ = thread::Builder::new().name("end".to_owned()).spawn(move || {
                thread::sleep(END_WAIT);
                interrupt(first);
            });
        }
        if let Some(signal) = signals.forever().next() {
            if serves {
                write_line(CUT_OFF);
                die_by(signal);
            } else {
                interrupt(signal);
            }
        }
    })?;
    if !serves {
        let caught = CAUGHT.get_or_init(Arc::default);
        for signal in [SIGINT, SIGTERM] {
            flag::register_usize(signal, caught.clone(), signal as usize)?;
        }
    }
    // The send fails only if the thread has ended, and then the process is about to end.
    let _ = give.send(Signals::new([SIGINT, SIGTERM])?);
    Ok(())
}

/// Opens or reads a file that may be a FIFO whose other end is not open. No transfer runs
/// meanwhile, so `--timeout` exits at once.
pub fn blocking<T>(path: &Path, act: impl FnOnce() -> T) -> T {
    *lock_blocking() = Some(path.to_string_lossy().into_owned());
    let did = act();
    *lock_blocking() = None;
    did
}

fn lock_blocking() -> MutexGuard<'static, Option<String>> {
    BLOCKING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// When `--timeout` runs out.
pub fn deadline() -> Option<Instant> {
    DEADLINE.get().copied()
}

/// What is left of `--timeout`, at least 1 ms: the reactor then starts, and its error names the
/// step that timed out.
pub fn left() -> Option<Duration> {
    let left = |deadline: Instant| deadline.saturating_duration_since(Instant::now());
    deadline().map(left).map(|left| left.max(Duration::from_millis(1)))
}

/// Whether the command has to end: a signal came or `--timeout` ran out.
pub fn is_ending() -> bool {
    was_signalled() || deadline().is_some_and(|deadline| Instant::now() >= deadline)
}

/// Whether a signal came.
pub fn was_signalled() -> bool {
    CAUGHT.get().is_some_and(|caught| caught.load(Ordering::SeqCst) != 0)
}

/// From here on the server may accept what is sent: without an answer the outcome is unknown.
pub fn may_be_taken() {
    MAY_BE_TAKEN.store(true, Ordering::Relaxed);
}

/// The same, from the first byte that this meter counts as sent.
pub fn may_be_taken_once_sent(meter: &Arc<Meter>) {
    let _ = SENT.set(meter.clone());
}

/// An interrupted run keeps what has come of the files of this meter.
pub fn keeps_what_has_come(meter: &Arc<Meter>) {
    let _ = KEPT.set(meter.clone());
}

/// The first file in flight of which something is kept.
fn kept_file() -> Option<String> {
    let meter = KEPT.get().filter(|meter| meter.done() > 0)?;
    let (files, _) = meter.in_flight(1);
    files.into_iter().next().map(|(name, _)| escape(&name))
}

fn is_maybe_taken() -> bool {
    let is_sent =
        |meter: &Arc<Meter>| meter.moved() > 0 || meter.activity() == Activity::AwaitingServer;
    MAY_BE_TAKEN.load(Ordering::Relaxed) || SENT.get().is_some_and(is_sent)
}

/// Whether the caller may write the one error line: true for the first caller only.
pub fn may_say_error() -> bool {
    !ERROR_SAID.swap(true, Ordering::SeqCst)
}

/// Called when the command has ended. A client that was signalled dies by that signal, so that a
/// shell's loop stops, except where something was sent and the server has accepted it.
pub fn end(exit: Exit) {
    if exit == Exit::Done && is_maybe_taken() {
        return;
    }
    if let Some(signal @ 1..) = CAUGHT.get().map(|caught| caught.load(Ordering::SeqCst)) {
        die_by(signal as i32);
    }
}

/// Ends a command that did not stop in time: writes the error line and the document of `--json`,
/// then dies by the signal.
fn interrupt(signal: i32) {
    let what = match (is_maybe_taken(), SENDS.load(Ordering::Relaxed)) {
        (true, _) => SENT_INTERRUPTED,
        (false, true) => NOT_SENT_INTERRUPTED,
        (false, false) => "interrupted",
    };
    if may_say_error() {
        let place = lock_blocking().as_deref().map(escape).or_else(|| OTHER_SIDE.get().cloned());
        let place = place.map_or(String::new(), |place| format!("{place}: "));
        let line = match kept_file() {
            Some(name) => format!("error: {place}{name}: {what}; {GO_ON}\n"),
            None => format!("error: {place}{what}\n"),
        };
        write_line(&line);
    } else {
        thread::sleep(SAYING_WAIT);
    }
    print_document("interrupted", what);
    die_by(signal);
}

/// Prints the document of `--json`. Standard output may be a pipe that nobody reads, so another
/// thread writes to it, and the caller goes on where no more bytes are taken.
fn print_document(code: &'static str, what: &'static str) {
    let (give, take) = mpsc::channel();
    let print = move || {
        document::fail(code, what);
        let _ = give.send(());
    };
    let _ = thread::Builder::new().name("document".to_owned()).spawn(print);
    for _ in 0..SAYING_ROUNDS {
        let is_over = take.recv_timeout(SAYING_WAIT) != Err(mpsc::RecvTimeoutError::Timeout);
        if is_over || !takes_bytes(rustix::stdio::stdout()) {
            return;
        }
    }
}

fn die_by(signal: i32) {
    // This returns only for a signal whose default action is not to end the process.
    let _ = low_level::emulate_default_handler(signal);
}

/// Exits: `--timeout` has run out, and a call is still blocked.
fn give_up() {
    let is_unknown = is_maybe_taken();
    let blocking = lock_blocking().take().map(|path| escape(&path));
    let line = match is_unknown {
        _ if blocking.is_some() => &*format!(
            "error: {}: --timeout ran out while this file was opened or read; if it is a pipe, \
             open its other end, or allow a longer --timeout\n",
            blocking.unwrap_or_default()
        ),
        true => {
            "error: --timeout ran out: the server may have accepted what was sent; check there \
             before you send it again\n"
        }
        false => {
            "error: --timeout ran out while a file or stream was blocked; check that the input \
             arrives and that the output is read\n"
        }
    };
    if may_say_error() {
        write_line(line);
        print_document("timed_out", TIME_OVER);
    }
    let exit = if is_unknown { Exit::Unknown } else { Exit::Failed };
    std::process::exit(exit.status().into());
}

/// Writes a line to stderr if stderr accepts it now. It bypasses `std::io::stderr`, which the
/// blocked thread may have locked.
fn write_line(line: &str) {
    let stderr = rustix::stdio::stderr();
    if takes_bytes(stderr) {
        let _ = rustix::io::write(stderr, line.as_bytes());
    }
}

/// Whether a descriptor takes bytes now.
fn takes_bytes(descriptor: BorrowedFd<'_>) -> bool {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut [PollFd::new(&descriptor, PollFlags::OUT)], Some(&now)) == Ok(1)
}
