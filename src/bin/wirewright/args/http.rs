//! What may stand in argv of the commands that speak HTTP.

use super::values::{self, pair, seconds_not_0, size};
use super::{Common, Durability, Speed};
use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// How a server is reached.
#[derive(Debug, Args)]
pub struct Reach {
    /// Accept certificates that an authority in this PEM file has signed, as well as those of the
    /// system's authorities [default: only the latter].
    #[arg(long, value_name = "PEM", conflicts_with = "insecure")]
    pub cacert: Option<PathBuf>,
    /// Check no certificate: whoever stands between can read and change everything.
    #[arg(long, short = 'k')]
    pub insecure: bool,
    /// Connect to IPv4 addresses only.
    #[arg(long, short = '4', conflicts_with = "ipv6")]
    pub ipv4: bool,
    /// Connect to IPv6 addresses only.
    #[arg(long, short = '6')]
    pub ipv6: bool,
    /// Ask no proxy, whatever `http_proxy`, `https_proxy` and `all_proxy` say; only these
    /// lower-case variables are read, and `no_proxy`.
    #[arg(long)]
    pub no_proxy: bool,
    /// Give up on an address that does not answer for so long, and on a TLS handshake that takes so
    /// long, in seconds [default: 10, or --timeout where that is longer].
    #[arg(long, value_name = "SECONDS", value_parser = seconds_not_0)]
    pub connect_timeout: Option<Duration>,
    /// Give up where the response does not begin for so long, in seconds [default: 60, or --timeout
    /// where that is longer].
    #[arg(long, value_name = "SECONDS", value_parser = seconds_not_0)]
    pub first_byte_timeout: Option<Duration>,
}

/// What goes with every request, and what is taken for a response.
#[derive(Debug, Args)]
pub struct Asking {
    /// Send this field, too; may be given again. `Host` takes the place of the URL's.
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE")]
    pub headers: Vec<String>,
    /// Who asks: sent as Basic (RFC 7617), with the password of --password-file.
    #[arg(long, value_name = "NAME", requires = "password_file")]
    pub user: Option<String>,
    /// The password of --user, `-` for stdin; one line end behind it does not count.
    #[arg(long, value_name = "FILE", requires = "user")]
    pub password_file: Option<PathBuf>,
    /// Follow redirects. Authorization and Cookie stay with the first origin.
    #[arg(long, short = 'L')]
    pub location: bool,
    /// How many redirects are followed.
    #[arg(long, value_name = "N", default_value_t = 10, requires = "location",
        value_parser = values::number::<u16>(1..=1000))]
    pub max_redirects: u16,
    /// Faults of a server that are tolerated with a remark are errors.
    #[arg(long)]
    pub strict: bool,
    /// Ask for bodies without a content coding, and take them as the server sends them, whatever
    /// they are coded with [default: gzip and deflate are asked for and undone, also one on the
    /// other; a body with any other coding is an error].
    #[arg(long)]
    pub identity: bool,
    /// The longest body, also unpacked, in bytes; 64M, 1G, 4KiB (1024) and 1MB (1000) are
    /// understood [default: no bound].
    #[arg(long, value_name = "BYTES", value_parser = size)]
    pub max_body: Option<u64>,
    /// Give up where a body moves fewer bytes a second than this, on average over 30 seconds; 64K,
    /// 4KiB (1024) and 1KB (1000) are understood [default: 4096 bytes in 30 seconds, which are 137
    /// a second].
    #[arg(long, value_name = "BYTES", value_parser = size)]
    pub min_rate: Option<u64>,
    /// How fast bytes move.
    #[command(flatten)]
    pub speed: Speed,
}

/// `wirewright http`
#[derive(Debug, Args)]
#[command(override_usage = "wirewright http [OPTIONS] [METHOD] URL")]
pub struct Http {
    /// The method, and what to ask for; http:// or https:// [default method: GET, or POST where
    /// there is a body].
    #[arg(value_name = "[METHOD] URL", required = true, num_args = 1..=2)]
    pub target: Vec<String>,
    /// The method, as in front of the URL.
    #[arg(long = "request", short = 'X', value_name = "METHOD")]
    pub method: Option<String>,
    /// Ask with HEAD, and write the head of the response.
    #[arg(long = "head", short = 'I', conflicts_with_all = ["data", "form", "json_body", "method"])]
    pub head: bool,
    /// Write to a file in the current directory, named after the last segment of the URL's path.
    #[arg(long = "remote-name", short = 'O', conflicts_with = "output")]
    pub remote_name: bool,
    /// Write the bytes of the response as they came: its head, and its body with its codings and
    /// the framing of its chunks.
    #[arg(long, conflicts_with_all = ["include", "head"])]
    pub raw: bool,
    /// The body of the request, or the file that holds it, `@-` for stdin. Its type is that of a
    /// form unless -H says another.
    #[arg(long, short, value_name = "DATA|@FILE", allow_hyphen_values = true)]
    pub data: Option<OsString>,
    /// A field of a form, which is the body, urlencoded; may be given again.
    #[arg(long = "form", value_name = "NAME=VALUE", value_parser = pair,
        allow_hyphen_values = true, conflicts_with = "data")]
    pub form: Vec<(String, String)>,
    /// JSON for the body, or the file that holds it.
    #[arg(long, value_name = "TEXT|@FILE", allow_hyphen_values = true,
        conflicts_with_all = ["data", "form"])]
    pub json_body: Option<OsString>,
    /// A file, a directory (exists as one or ends in `/`), or `-` for stdout [default: stdout, or
    /// with --json into the document]. On a terminal, control characters but line ends and tabs
    /// are shown escaped, unless `-` is given here.
    #[arg(long, short, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Write the head of the response before the body.
    #[arg(long, short)]
    pub include: bool,
    /// Make a request that failed up to N times again, as `download` does; only with a method that
    /// is idempotent (RFC 9110 §9.2.2), and only while nothing of a body was written to standard
    /// output or a device.
    #[arg(long, value_name = "N", default_value_t = 0,
        value_parser = values::number::<u32>(0..=u64::from(u32::MAX)))]
    pub retry: u32,
    /// A status of 400 and above is a failure, and its body is not written.
    #[arg(long)]
    pub fail: bool,
    /// What is synced before a file gets its name.
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Durability::Rename)]
    pub durability: Durability,
    /// What goes with the request, and what is taken for a response.
    #[command(flatten)]
    pub asking: Asking,
    /// How the server is reached.
    #[command(flatten)]
    pub reach: Reach,
    /// What all networked subcommands share.
    #[command(flatten)]
    pub common: Common,
}

/// `wirewright download`
#[derive(Debug, Args)]
pub struct Download {
    /// What to fetch; each file is called after the last segment of its URL's path, made safe.
    /// Authorization, Cookie and Proxy-Authorization go to the origin of --from alone, or else to
    /// that of the first URL.
    #[arg(value_name = "URL", required_unless_present = "from")]
    pub urls: Vec<String>,
    /// Fetch what this document names, too; a URL, or `-` for stdin. It is JSON, or without
    /// --select a plain list with one URL a line. An element or a line that is no URL is a failure
    /// of its own.
    #[arg(long, value_name = "API_URL")]
    pub from: Option<String>,
    /// Where URLs stand in that document: a JSON Pointer (RFC 6901) in which `*` stands for every
    /// element or member [default: the document is an array of URLs, or a plain list].
    #[arg(long, value_name = "POINTER", requires = "from", allow_hyphen_values = true)]
    pub select: Option<String>,
    /// The directory to write to; it is made if it is missing.
    #[arg(long, short, value_name = "DIR", default_value = "./")]
    pub output: PathBuf,
    /// Requests in flight at the same time [default: 16, or as many as ulimit -n allows].
    #[arg(long, short, value_name = "N", value_parser = values::number::<u16>(1..=4096))]
    pub jobs: Option<u16>,
    /// How many of them to one host and port [default: all].
    #[arg(long, value_name = "N", value_parser = values::number::<u16>(1..=u64::from(u16::MAX)))]
    pub per_host: Option<u16>,
    /// Make each request that failed up to N times again: after a lost or refused connection or a
    /// timeout of one, and after the statuses 408, 429, 500, 502, 503, 504, 522 and 524. Each retry
    /// waits as Retry-After says; more than 600 s fails the URL. Without it the waits are 1 s, 2 s,
    /// 4 s, … A retry resumes from the bytes already received.
    #[arg(long, value_name = "N", default_value_t = 2,
        value_parser = values::number::<u32>(0..=u64::from(u32::MAX)))]
    pub retry: u32,
    /// Replace files that are there already. Without it each of them is a failure, unless an
    /// earlier run fetched it from the same URL and the server says that it has not changed.
    #[arg(long)]
    pub overwrite: bool,
    /// Start every file at byte 0, in retries too and even if it has not changed, and keep no
    /// partial files.
    #[arg(long)]
    pub no_resume: bool,
    /// What is synced before a file gets its name.
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Durability::Rename)]
    pub durability: Durability,
    /// What goes with every request, and what is taken for a response.
    #[command(flatten)]
    pub asking: Asking,
    /// How servers are reached.
    #[command(flatten)]
    pub reach: Reach,
    /// What all networked subcommands share.
    #[command(flatten)]
    pub common: Common,
}

/// `wirewright sms`
#[derive(Debug, Args)]
pub struct Sms {
    /// The gateway: where its form is sent to.
    #[arg(long, value_name = "URL")]
    pub gateway: String,
    /// The account at the gateway.
    #[arg(long, value_name = "NAME")]
    pub account: String,
    /// Its password, `-` for stdin; one line end behind it does not count.
    #[arg(long, value_name = "FILE")]
    pub password_file: PathBuf,
    /// The number that gets the message.
    #[arg(long, value_name = "NUMBER", value_parser = super::values::mobile,
        allow_hyphen_values = true)]
    pub mobile: String,
    /// The message.
    #[arg(long, value_name = "TEXT", value_parser = super::values::content,
        allow_hyphen_values = true)]
    pub content: String,
    /// A further field of the form; may be given again. `format` is `json` unless it is given.
    #[arg(long = "field", value_name = "NAME=VALUE", value_parser = pair)]
    pub fields: Vec<(String, String)>,
    /// What the reply has to say: a member and its value; may be given again. A number is compared
    /// by its value, a string by its text, and true, false and null by their names.
    /// A message that was accepted, but whose reply cannot be printed, ends with status 4.
    #[arg(long = "success", value_name = "NAME=VALUE", value_parser = pair,
        default_value = "code=2")]
    pub success: Vec<(String, String)>,
    /// How the gateway is reached.
    #[command(flatten)]
    pub reach: Reach,
    /// What all networked subcommands share. Without --timeout it gives up after 30 seconds.
    #[command(flatten)]
    pub common: Common,
}
