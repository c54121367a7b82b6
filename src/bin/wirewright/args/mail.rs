//! What may stand in argv of `wirewright mail`.

use super::values::tls_name;
use super::{Common, Durability, Speed, values};
use clap::{Args, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;
use wirewright::smtp::auth::Mechanism;
use wirewright::smtp::config;

/// When TLS is begun on a connection that began in clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StartTls {
    /// Always; a server that does not offer it is a failure.
    Required,
    /// Where it is offered; the certificate is checked all the same.
    Opportunistic,
    /// Never.
    Never,
}

impl From<StartTls> for config::StartTls {
    fn from(starttls: StartTls) -> config::StartTls {
        match starttls {
            StartTls::Required => config::StartTls::Required,
            StartTls::Opportunistic => config::StartTls::Opportunistic,
            StartTls::Never => config::StartTls::Never,
        }
    }
}

/// How to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Auth {
    /// Name and password, in one message.
    Plain,
    /// Name and password, in two.
    Login,
    /// A proof of the password, over MD5.
    CramMd5,
    /// A proof of the password by both sides.
    #[value(name = "scram-sha-256")]
    ScramSha256,
    /// The password file holds a token.
    Xoauth2,
}

impl From<Auth> for Mechanism {
    fn from(auth: Auth) -> Mechanism {
        match auth {
            Auth::Plain => Mechanism::Plain,
            Auth::Login => Mechanism::Login,
            Auth::CramMd5 => Mechanism::CramMd5,
            Auth::ScramSha256 => Mechanism::ScramSha256,
            Auth::Xoauth2 => Mechanism::XOAuth2,
        }
    }
}

/// How the server is reached.
#[derive(Debug, Args)]
pub struct Reach {
    /// The server: smtp:// (port 587, TLS begun by STARTTLS) or smtps:// (port 465, TLS from the
    /// beginning). USER logs in, and may hold an `@`.
    #[arg(long, value_name = "smtp://[USER@]HOST[:PORT]", required_unless_present = "dry_run")]
    pub server: Option<String>,
    /// When TLS is begun on smtp://.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = StartTls::Required)]
    pub starttls: StartTls,
    /// The password of USER, `-` for stdin; one line end behind it does not count.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// How USER logs in [default: the best that the server offers].
    #[arg(long, value_name = "HOW", value_enum)]
    pub auth: Option<Auth>,
    /// Let the password travel in clear where there is no TLS.
    #[arg(long)]
    pub insecure_auth: bool,
    /// Accept certificates that an authority in this PEM file has signed, as well as those of the
    /// system's authorities [default: only the latter].
    #[arg(long, value_name = "PEM")]
    pub cacert: Option<PathBuf>,
    /// The name that the server's certificate has to bear [default: HOST].
    #[arg(long, value_name = "NAME", value_parser = tls_name)]
    pub tls_name: Option<String>,
    /// The name of this host, told to the server [default: its address].
    #[arg(long, value_name = "NAME")]
    pub ehlo: Option<String>,
    /// Send the message in chunks (RFC 3030) where the server takes them.
    #[arg(long)]
    pub chunking: bool,
}

/// What is sent.
#[derive(Debug, Args)]
pub struct Writing {
    /// Who sends it: `Name <a@b>` or `a@b`.
    #[arg(long, value_name = "MAILBOX", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// Who gets it; may be given again. A domain may be of any script. A local part that is not
    /// ASCII needs a server that offers SMTPUTF8. Without it those recipients fail; the others get
    /// the message with such addresses as display text.
    #[arg(long, value_name = "MAILBOX", allow_hyphen_values = true)]
    pub to: Vec<String>,
    /// Who gets a copy; may be given again.
    #[arg(long, value_name = "MAILBOX", allow_hyphen_values = true)]
    pub cc: Vec<String>,
    /// Who gets a copy without being named in the message; may be given again.
    #[arg(long, value_name = "MAILBOX", allow_hyphen_values = true)]
    pub bcc: Vec<String>,
    /// Where answers are to go [default: to the sender].
    #[arg(long, value_name = "MAILBOX", allow_hyphen_values = true)]
    pub reply_to: Option<String>,
    /// What it is about.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub subject: Option<String>,
    /// The text, or the file that holds it, `@-` for stdin.
    #[arg(long, value_name = "TEXT|@FILE", allow_hyphen_values = true)]
    pub text: Option<OsString>,
    /// The same as HTML, or the file that holds it, `@-` for stdin.
    #[arg(long, value_name = "TEXT|@FILE", allow_hyphen_values = true)]
    pub html: Option<OsString>,
    /// A file to send along, of any length; may be given again. NAME is what the receiver sees
    /// [default: that of the file, invalid UTF-8 replaced by `_`], MIME what it is [default:
    /// guessed from NAME's extension].
    #[arg(long = "attach", value_name = "PATH[;type=MIME][;name=NAME]")]
    pub attach: Vec<OsString>,
    /// A picture that the HTML shows by `<img src="cid:ID">`; may be given again. ID is
    /// `left@right` [default: NAME@DOMAIN, NAME with `_` for all but letters, digits, `-`, `.`, and
    /// DOMAIN that of --from].
    #[arg(
        long = "inline",
        value_name = "PATH[;type=MIME][;name=NAME][;cid=ID]",
        requires = "html"
    )]
    pub inline: Vec<OsString>,
    /// A further field of the head; may be given again. `Reply-To` is the same as --reply-to.
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,
    /// When it was written [default: now].
    #[arg(long, value_name = "RFC3339")]
    pub date: Option<String>,
    /// Its identifier, with or without `<>` [default: one that never was].
    #[arg(long, value_name = "ID")]
    pub message_id: Option<String>,
    /// What the boundaries between its parts are made of [default: chance].
    #[arg(long, value_name = "N", value_parser = values::number::<u64>(0..=u64::MAX))]
    pub boundary_seed: Option<u64>,
    /// Write file names that are not plain ASCII a second time, for old mailers.
    #[arg(long)]
    pub compat_name: bool,
    /// Send this file, a whole message, in place of one made of other arguments, `-` for stdin;
    /// only its line ends are changed. --from, --to, --cc and --bcc say then who is told of it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["subject", "text", "html", "attach",
        "inline", "headers", "reply_to", "date", "message_id", "boundary_seed", "compat_name"])]
    pub raw_eml: Option<PathBuf>,
    /// Who is told if it cannot be delivered; `<>` for nobody [default: the address of --from].
    #[arg(long, value_name = "ADDRESS", allow_hyphen_values = true)]
    pub envelope_from: Option<String>,
}

/// `wirewright mail`
#[derive(Debug, Args)]
pub struct Mail {
    /// How the server is reached.
    #[command(flatten)]
    pub reach: Reach,
    /// What is sent.
    #[command(flatten)]
    pub writing: Writing,
    /// Send to nobody if one recipient is refused.
    #[arg(long)]
    pub all_or_nothing: bool,
    /// Send nothing: write the message as it would be sent.
    #[arg(long, conflicts_with = "check")]
    pub dry_run: bool,
    /// Send nothing: connect, begin TLS, log in, and show what the server offers.
    #[arg(long, conflicts_with_all = ["from", "to", "cc", "bcc", "subject", "raw_eml", "text",
        "html", "attach", "headers", "reply_to", "envelope_from"])]
    pub check: bool,
    /// Where --dry-run writes to: a file, a directory (exists as one or ends in `/`), or `-` for
    /// stdout [default: stdout].
    #[arg(long, short, value_name = "PATH", requires = "dry_run")]
    pub output: Option<PathBuf>,
    /// What is synced before that file gets its name.
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Durability::Rename)]
    pub durability: Durability,
    /// How fast bytes move.
    #[command(flatten)]
    pub speed: Speed,
    /// What all networked subcommands share.
    #[command(flatten)]
    pub common: Common,
}
