//! The command `wirewright`: arguments → calls of the library → a report.
//!
//! ```text
//!   argv ─▶ args ─▶ dispatch ─▶ serve | get | http | … ─▶ Ok(Exit) | Err(Failure)
//!                                                       status     one line
//! ```
//!
//! Data goes to stdout, messages for people to stderr. An error is exactly one line on stderr:
//! `error: WHERE: WHAT; ADVICE`. The command uses only the public API of the library.

#![forbid(unsafe_code)]

mod args;
mod bench;
mod commands;
mod explain;
mod output;

use args::{Cli, Command};
use clap::{CommandFactory as _, Parser as _};
use commands::{download, get, http, ls, mail, manual, put, serve, sms, time, udp};
use output::advice::Given;
use output::{document, drawing, report, usage, watch};
use std::fmt::Display;
use std::io::{self, Write as _};
use std::process::ExitCode;
use wirewright::net::files::{FileError, catch_size_signal};
use wirewright::net::transport::endpoint;
use wirewright::text::{PeerText, escape, in_short};

/// The outcome of a run, which becomes the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Success.
    Done,
    /// Network, peer, file or verification failed.
    Failed,
    /// The arguments are not valid.
    Usage,
    /// Some of several items failed.
    SomeFailed,
    /// The outcome is unknown, or a message was accepted and the result could not be printed.
    Unknown,
}

impl Exit {
    const ALL: [Exit; 5] = [Exit::Done, Exit::Failed, Exit::Usage, Exit::SomeFailed, Exit::Unknown];

    /// The status of the process.
    fn status(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::SomeFailed => 3,
            Exit::Unknown => 4,
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Exit::Done => "done",
            Exit::Failed => {
                "failure (network, peer, file or verification); no message if the reader of the \
                 output has closed it"
            }
            Exit::Usage => "usage error",
            Exit::SomeFailed => "some of several failed",
            Exit::Unknown => {
                "unknown: the connection was lost before the last reply, or a message was accepted \
                 but the result could not be printed"
            }
        }
    }

    /// All statuses, for the help.
    fn help() -> String {
        Exit::ALL.iter().fold(String::from("Exit status:\n"), |text, exit| {
            format!("{text}  {}  {}\n", exit.status(), exit.meaning())
        })
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.status())
    }
}

/// Why a run failed: the status, the line for stderr, and the error for `--json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    exit: Exit,
    /// The line without `error: `; `None` where no line is printed.
    line: Option<String>,
    /// The part of the line between the place and the advice.
    what: String,
    /// The stable code of the error, for programs.
    code: String,
}

/// The code of a failure for which the library has no code.
const CODE_FAILED: &str = "failed";

impl Failure {
    /// A failure with its place, its cause and advice. Line ends are folded and control characters
    /// escaped, so the texts may come from a peer.
    pub fn new(place: impl Display, what: impl Display, hint: impl Display) -> Failure {
        Failure::advised(place, what, Some(hint))
    }

    /// As [`new`](Failure::new), with or without advice.
    fn advised(place: impl Display, what: impl Display, hint: Option<impl Display>) -> Failure {
        let hint = hint.map_or(String::new(), |hint| format!("; {hint}"));
        let what = what.to_string();
        let line = report::one_line(&format!("{place}: {what}{hint}"));
        Failure { exit: Exit::Failed, line: Some(line), what, code: CODE_FAILED.to_owned() }
    }

    /// The same failure with the code of the library's error.
    fn with_code(self, code: &PeerText<'_>) -> Failure {
        Failure { code: code.as_raw_str().to_owned(), ..self }
    }

    /// A usage error.
    pub fn usage(place: impl Display, what: impl Display, hint: impl Display) -> Failure {
        Failure { exit: Exit::Usage, ..Failure::new(place, what, hint) }
    }

    /// The same failure, where other items of the run succeeded.
    fn of_some(self) -> Failure {
        Failure { exit: Exit::SomeFailed, ..self }
    }

    /// The same failure, where the outcome is unknown.
    fn of_unknown(self) -> Failure {
        Failure { exit: Exit::Unknown, ..self }
    }

    /// The result of a run whose report may not have been printed. The server has accepted what was
    /// sent if the run succeeded: `accepted` says so. A status of 1 would then read as a failure.
    fn after_report(
        place: impl Display,
        accepted: &str,
        printed: Result<(), Failure>,
        done: Result<Exit, Failure>,
    ) -> Result<Exit, Failure> {
        match (printed, done) {
            (Ok(()), done) => done,
            (Err(_), Ok(_)) => {
                let what = format!("{accepted}, but the result could not be printed");
                let hint = "do not send it again; check where the output goes";
                Err(Failure::new(place, what, hint).of_unknown())
            }
            (Err(_), Err(failure)) => Err(failure.with_remark("the report could not be printed")),
        }
    }

    /// The same failure with a remark behind its line.
    fn with_remark(self, remark: &str) -> Failure {
        Failure { line: self.line.map(|line| format!("{line} ({remark})")), ..self }
    }

    /// Writing to stdout failed.
    pub fn stdout(error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::unread(),
            kind @ io::ErrorKind::FileTooLarge => {
                let hint = "allow more with ulimit -f, or write to a pipe";
                Failure::new("stdout", FileError::from(io::Error::from(kind)), hint)
            }
            io::ErrorKind::TimedOut => {
                let what = "the output was not read before --timeout was over";
                Failure::new("stdout", what, "read it, or allow more with --timeout")
            }
            _ => Failure::new("stdout", in_short(error), "check where the output goes"),
        }
    }

    /// The reader of the output has closed it, as `head` does. The status says that not everything
    /// was written; no line is printed, since the user chose to stop reading.
    fn unread() -> Failure {
        Failure::unsaid("the reader of the output has gone")
    }

    /// A failure without a line: it was printed before, or the reader has gone.
    fn unsaid(what: &str) -> Failure {
        let code = CODE_FAILED.to_owned();
        Failure { exit: Exit::Failed, line: None, what: what.to_owned(), code }
    }
}

/// Runs the command.
fn main() -> ExitCode {
    // If the handler cannot be set, SIGXFSZ ends the process.
    let _ = catch_size_signal();
    endpoint::raise_descriptors_max();
    let done = match Cli::try_parse() {
        Ok(Cli { command: Some(command) }) => {
            let command = document::keep(command);
            watch::start(command);
            Given::keep(command);
            dispatch(command)
        }
        Ok(Cli { command: None }) => {
            return say(Exit::Usage, &Cli::command().render_help().to_string());
        }
        Err(error) => usage::unparsed(&error),
    };
    let exit = match done {
        Ok(exit) => exit,
        Err(failure) => tell(&failure),
    };
    watch::end(exit);
    exit.into()
}

/// Prints the line, and the document of `--json` where the command has printed none.
fn tell(failure: &Failure) -> Exit {
    if let Some(line) = &failure.line
        && watch::may_say_error()
    {
        say(failure.exit, &format!("error: {line}\n"));
    }
    if failure.exit != Exit::Usage {
        document::fail(&failure.code, &failure.what);
    }
    failure.exit
}

fn dispatch(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Explain(args) => explain::run(args),
        Command::Serve(args) => serve::run(args),
        Command::Ls(args) => ls::run(args),
        Command::Get(args) => get::run(args),
        Command::Put(args) => put::run(args),
        Command::Http(args) => http::run(args),
        Command::Download(args) => download::run(args),
        Command::Sms(args) => sms::run(args),
        Command::Mail(args) => mail::run(args),
        Command::Time { what } => time::run(what),
        Command::Udp { what } => udp::run(what),
        Command::Bench(args) => bench::run(args),
        Command::Completions { shell } => manual::completions(*shell),
        Command::Man { command } => manual::page(command),
    }
}

/// Prints a line on stderr with control and direction characters escaped. Errors of stderr are
/// ignored: the status reports the outcome as well.
fn say_line(line: &str) {
    say_marked("", line);
}

/// Prints a line after a mark, which may be coloured and is not escaped.
fn say_marked(mark: &str, line: &str) {
    let line = format!("{mark}{}\n", escape(line));
    drawing::above(|| {
        let _ = io::stderr().lock().write_all(line.as_bytes());
    });
}

/// Prints a text on stderr and returns the status. Errors of stderr are ignored.
fn say(exit: Exit, text: &str) -> ExitCode {
    let _ = io::stderr().lock().write_all(text.as_bytes());
    exit.into()
}
