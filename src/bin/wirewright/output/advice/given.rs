//! The options that the command line has given, so that no advice repeats them.

use crate::args::Command;
use crate::args::http::Asking;
use crate::args::mail::StartTls;
use crate::output::watch;
use std::sync::OnceLock;
use std::time::Instant;

/// See the head of this module.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Given {
    /// The conversation is printed.
    pub is_traced: bool,
    /// Credentials go with the requests of HTTP.
    pub has_credentials: bool,
    /// `-L`: redirects are followed.
    pub follows: bool,
    /// `--auth` names a mechanism.
    pub has_auth: bool,
    /// `--no-resume`: the same command begins at 0.
    pub has_no_resume: bool,
    /// `--overwrite` of `put`.
    pub has_overwrite: bool,
    /// `--starttls never` forbids TLS.
    pub has_no_starttls: bool,
    /// `--timeout` is over.
    pub is_late: bool,
}

static GIVEN: OnceLock<Given> = OnceLock::new();

impl Given {
    /// Keeps what a command line has given.
    pub fn keep(command: &Command) {
        let asking = match command {
            Command::Http(args) => Some(&args.asking),
            Command::Download(args) => Some(&args.asking),
            _ => None,
        };
        let _ = GIVEN.set(Given {
            is_traced: command.common().is_some_and(|common| common.is_traced()),
            has_credentials: asking.is_some_and(has_credentials),
            follows: asking.is_some_and(|asking| asking.location),
            has_auth: matches!(command, Command::Mail(args) if args.reach.auth.is_some()),
            has_no_resume: match command {
                Command::Get(args) => args.no_resume,
                Command::Download(args) => args.no_resume,
                _ => false,
            },
            has_overwrite: matches!(command, Command::Put(args) if args.overwrite),
            has_no_starttls: matches!(command, Command::Mail(args)
                if args.reach.starttls == StartTls::Never),
            is_late: false,
        });
    }

    /// What was given, and whether its time is over.
    pub fn now() -> Given {
        let is_late = watch::deadline().is_some_and(|deadline| Instant::now() >= deadline);
        Given { is_late, ..GIVEN.get().copied().unwrap_or_default() }
    }

    /// Where the words of the other side are found.
    pub fn see_trace(self) -> &'static str {
        match self.is_traced {
            true => "see what the other side says in the trace",
            false => "see what the other side says with --trace",
        }
    }
}

fn has_credentials(asking: &Asking) -> bool {
    let is_authorization = |field: &String| {
        field.split_once(':').is_some_and(|(name, _)| name.eq_ignore_ascii_case("Authorization"))
    };
    asking.user.is_some() || asking.headers.iter().any(is_authorization)
}
