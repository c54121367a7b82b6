//! The server and the credentials: from argv to the options of the library.

use super::super::input;
use super::super::running::run_options;
use super::super::wire::failure;
use crate::args::mail::{Mail, Reach};
use crate::output::advice::Verb;
use crate::output::trace;
use crate::{Failure, say_line};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use wirewright::net::mail::{Options, Server};
use wirewright::net::transport::idn::to_ascii;
use wirewright::net::transport::tls::ClientTls;
use wirewright::smtp::auth::{Credentials, Mechanism};
use wirewright::smtp::command::Domain;
use wirewright::smtp::config::StartTls;

/// The options of a client.
pub fn options(args: &Mail) -> Result<Options, Failure> {
    let Mail { reach, common, .. } = args;
    let server = server(reach.server.as_deref().unwrap_or_default())?;
    let credentials = credentials(reach, &server)?;
    let tap = trace::Style::of(common).map(|style| trace::smtp(style, credentials.clone()));
    let mut run = run_options(common, tap, args.speed.limit_rate);
    run.connect.family = reach.family.only();
    let least = run.timeout.unwrap_or_default();
    let mut options = Options::new(server).with_run(run).with_waits_of_at_least(least);
    options.name = match &reach.ehlo {
        Some(name) => {
            Some(to_ascii(name).and_then(|name| Domain::parse(&name)).map_err(|error| {
                Failure::usage("--ehlo", error.reason(), "give a name such as client.example")
            })?)
        }
        None => None,
    };
    options.starttls = reach.starttls.into();
    options.insecure_auth = reach.insecure_auth;
    options.all_or_nothing = args.all_or_nothing;
    options.chunking = reach.chunking;
    options.tls_name = reach.tls_name.clone();
    options.credentials = credentials;
    if let Some(auth) = reach.auth {
        options.mechanisms = vec![Mechanism::from(auth)];
    }
    if options.insecure_auth && options.credentials.is_some() {
        say_line("warning: --insecure-auth: without TLS everybody on the way sees the password");
    }
    set_tls(&mut options, reach)?;
    Ok(options)
}

/// The server that argv names.
pub fn server(text: &str) -> Result<Server, Failure> {
    Server::parse_with(text, to_ascii).map_err(|error| {
        let hint = "give smtp://HOST:PORT or smtps://HOST:PORT, with USER@ before HOST to log in";
        let at = error.offset().unwrap_or(0);
        Failure::usage("--server", format_args!("{} (at byte {at})", error.reason()), hint)
    })
}

/// The credentials. A name without a password is an error, and so is the reverse.
fn credentials(reach: &Reach, server: &Server) -> Result<Option<Credentials>, Failure> {
    let wrong = |place, what| {
        let hint = "give --server smtp://USER@HOST and --password-file FILE together";
        Err(Failure::usage(place, what, hint))
    };
    let (user, file) = match (&server.user, &reach.password_file) {
        (Some(user), Some(file)) => (user, file),
        (Some(_), None) => return wrong("--server", "USER needs a password"),
        (None, Some(_)) => return wrong("--password-file", "it needs a user name in --server"),
        (None, None) if reach.auth.is_some() => {
            return wrong("--auth", "it needs a user name in --server");
        }
        (None, None) => return Ok(None),
    };
    let unusable = |what: &str| {
        Err(Failure::new(file.display(), what, "put the password of USER into it, and only that"))
    };
    match String::from_utf8(input::secret(file)?) {
        Ok(password) if password.is_empty() => unusable("the password is empty"),
        Ok(password) => match Credentials::new(user, &password) {
            Ok(credentials) => Ok(Some(credentials)),
            Err(error) => unusable(&error.reason()),
        },
        Err(_) => unusable("the password is not UTF-8"),
    }
}

fn set_tls(options: &mut Options, reach: &Reach) -> Result<(), Failure> {
    let is_wanted = options.server.is_tls || options.starttls != StartTls::Never;
    let hint = "build with the feature tls, or give smtp:// and --starttls never";
    input::need_tls("--server", is_wanted || reach.cacert.is_some(), hint)?;
    if let Some(path) = &reach.cacert {
        let tls = ClientTls::new(Some(&input::read_file(path)?));
        let tls = tls.map_err(|error| failure(Verb::Read, &path.to_string_lossy(), &error))?;
        options.tls = Some(tls);
    }
    Ok(())
}

/// Fails if two inputs would read stdin.
pub fn check_stdin(args: &Mail) -> Result<(), Failure> {
    let Mail { reach, writing, .. } = args;
    let is_stdin = |path: &Option<PathBuf>| path.as_deref() == Some(Path::new("-"));
    let is_at = |text: &Option<OsString>| text.as_deref() == Some(OsStr::new("@-"));
    let all = [
        ("--text", is_at(&writing.text)),
        ("--html", is_at(&writing.html)),
        ("--raw-eml", is_stdin(&writing.raw_eml)),
        ("--password-file", is_stdin(&reach.password_file)),
    ];
    let mut names = all.iter().filter(|(_, reads)| *reads).map(|(name, _)| name);
    match (names.next(), names.next()) {
        (Some(first), Some(second)) => {
            let what = format!("{first} reads stdin, too");
            Err(Failure::usage(second, what, "read one of them from a file"))
        }
        _ => Ok(()),
    }
}
