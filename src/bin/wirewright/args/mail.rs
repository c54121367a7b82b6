//! The arguments of `wirewright mail`.

use super::values::tls_name;
use super::{Common, Durability, Family, Speed, values};
use clap::{Args, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;
use wirewright::smtp::auth::Mechanism;
use wirewright::smtp::config;

/// When STARTTLS is used on a connection that began in clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StartTls {
    /// Always; fails if the server does not offer it.
    Required,
    /// Where it is offered; the certificate is still verified.
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

/// The authentication mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Auth {
    /// Name and password in one message.
    Plain,
    /// Name and password in two messages.
    Login,
    /// HMAC-MD5 of a challenge (RFC 2195).
    CramMd5,
    /// Both sides prove that they know the password (RFC 7677).
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
    /// Server address: smtp:// (port 587, STARTTLS) or smtps:// (port 465, implicit TLS). USER is
    /// the user name for authentication and may contain an `@`.
    #[arg(long, value_name = "smtp://[USER@]HOST[:PORT]", required_unless_present = "dry_run")]
    pub server: Option<String>,
    /// When STARTTLS is used on smtp://.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = StartTls::Required)]
    pub starttls: StartTls,
    /// Read the password of USER from FILE (`-`: stdin); one trailing line end is removed.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Authentication mechanism [default: the best that the server offers].
    #[arg(long, value_name = "HOW", value_enum)]
    pub auth: Option<Auth>,
    /// Allow authentication over an unencrypted connection.
    #[arg(long)]
    pub insecure_auth: bool,
    /// Trust the CA certificates in this PEM file in addition to the system's trust store.
    #[arg(long, value_name = "PEM")]
    pub cacert: Option<PathBuf>,
    /// Host name to verify in the server's certificate [default: HOST].
    #[arg(long, value_name = "NAME", value_parser = tls_name)]
    pub tls_name: Option<String>,
    /// Name of this host, sent with EHLO [default: its address].
    #[arg(long, value_name = "NAME")]
    pub ehlo: Option<String>,
    /// Send the message in chunks (RFC 3030) where the server supports them.
    #[arg(long)]
    pub chunking: bool,
    /// Which addresses of the server are used.
    #[command(flatten)]
    pub family: Family,
}

/// What is sent.
#[derive(Debug, Args)]
pub struct Writing {
    /// Sender, `Name <a@b>` or `a@b`; required, but with --raw-eml --envelope-from can replace it.
    #[arg(long, value_name = "MAILBOX", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// Recipient; repeatable. --to, --cc or --bcc is required. A domain may be internationalised. A
    /// local part that is not ASCII needs a server that offers SMTPUTF8. Without SMTPUTF8 those
    /// recipients fail; the others get the message with such addresses as display text.
    #[arg(long, value_name = "MAILBOX", allow_hyphen_values = true)]
    pub to: Vec<String>,
    /// Recipient of a copy; repeatable.
    #[arg(long, value_name = "MAILBOX", allow_hyphen_values = true)]
    pub cc: Vec<String>,
    /// Recipient of a blind copy, which no header field names; repeatable.
    #[arg(long, value_name = "MAILBOX", allow_hyphen_values = true)]
    pub bcc: Vec<String>,
    /// Address for replies [default: that of the sender].
    #[arg(long, value_name = "MAILBOX", allow_hyphen_values = true)]
    pub reply_to: Option<String>,
    /// Subject; required without --raw-eml.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub subject: Option<String>,
    /// Text of the message, or `@` and the file that contains it (`@-`: stdin).
    #[arg(long, value_name = "TEXT|@FILE", allow_hyphen_values = true)]
    pub text: Option<OsString>,
    /// The text as HTML, or `@` and the file that contains it (`@-`: stdin).
    #[arg(long, value_name = "TEXT|@FILE", allow_hyphen_values = true)]
    pub html: Option<OsString>,
    /// Attachment of any length; repeatable. NAME is the name that the recipient sees [default:
    /// that of the file, invalid UTF-8 replaced by `_`], MIME the media type [default: guessed from
    /// NAME's extension].
    #[arg(long = "attach", value_name = "PATH[;type=MIME][;name=NAME]")]
    pub attach: Vec<OsString>,
    /// Picture that the HTML shows with `<img src="cid:ID">`; repeatable. ID is
    /// `left@right` [default: NAME@DOMAIN, with `_` for all in NAME but letters, digits, `-`, `.`;
    /// DOMAIN is that of --from].
    #[arg(
        long = "inline",
        value_name = "PATH[;type=MIME][;name=NAME][;cid=ID]",
        requires = "html"
    )]
    pub inline: Vec<OsString>,
    /// Additional header field; repeatable. `Reply-To` is the same as --reply-to.
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,
    /// Date of the message [default: now].
    #[arg(long, value_name = "RFC3339")]
    pub date: Option<String>,
    /// Message-ID, with or without `<>` [default: generated].
    #[arg(long, value_name = "ID")]
    pub message_id: Option<String>,
    /// Seed of the MIME boundaries [default: random].
    #[arg(long, value_name = "N", value_parser = values::number::<u64>(0..=u64::MAX))]
    pub boundary_seed: Option<u64>,
    /// Write file names that are not plain ASCII a second time, for old mail programs.
    #[arg(long)]
    pub compat_name: bool,
    /// Send this file (`-`: stdin), a complete message; only its line ends are changed. The
    /// envelope addresses are taken from --from, --to, --cc and --bcc.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["subject", "text", "html", "attach",
        "inline", "headers", "reply_to", "date", "message_id", "boundary_seed", "compat_name"])]
    pub raw_eml: Option<PathBuf>,
    /// Envelope sender (MAIL FROM), which receives bounces; `<>` for none [default: the address of
    /// --from].
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
    /// Send nothing if one recipient is refused.
    #[arg(long)]
    pub all_or_nothing: bool,
    /// Send nothing: write the message as it would be sent.
    #[arg(long, conflicts_with = "check")]
    pub dry_run: bool,
    /// Send nothing: connect, start TLS, authenticate, and show what the server offers.
    #[arg(long, conflicts_with_all = ["from", "to", "cc", "bcc", "subject", "raw_eml", "text",
        "html", "attach", "headers", "reply_to", "envelope_from"])]
    pub check: bool,
    /// Output of --dry-run: a file, a directory (exists as one or ends in `/`), or `-` for
    /// stdout [default: stdout].
    #[arg(long, short, value_name = "PATH", requires = "dry_run")]
    pub output: Option<PathBuf>,
    /// When data is flushed to disk.
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Durability::Rename)]
    pub durability: Durability,
    /// How fast bytes move.
    #[command(flatten)]
    pub speed: Speed,
    /// What all networked subcommands share.
    #[command(flatten)]
    pub common: Common,
}
