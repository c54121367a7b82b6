//! The arguments of the commands that use HTTP.

use super::values::{self, pair, seconds_not_0, size};
use super::{Common, Durability, Family, Speed};
use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Options of the connection to a server.
#[derive(Debug, Args)]
pub struct Reach {
    /// Trust the CA certificates in this PEM file in addition to the system's trust store.
    #[arg(long, value_name = "PEM", conflicts_with = "insecure")]
    pub cacert: Option<PathBuf>,
    /// Do not verify the server's certificate. An attacker on the network can then read and modify
    /// everything.
    #[arg(long, short = 'k')]
    pub insecure: bool,
    /// Which addresses of the server are used.
    #[command(flatten)]
    pub family: Family,
    /// Do not use a proxy. Otherwise it is taken from http_proxy, https_proxy, all_proxy and
    /// no_proxy (lower case only).
    #[arg(long)]
    pub no_proxy: bool,
    /// Maximum time for connecting to one address, and for a TLS handshake, in seconds [default:
    /// 10, or --timeout where that is longer].
    #[arg(long, value_name = "SECONDS", value_parser = seconds_not_0)]
    pub connect_timeout: Option<Duration>,
    /// Maximum time until the response begins, in seconds [default: 60, or --timeout where that is
    /// longer].
    #[arg(long, value_name = "SECONDS", value_parser = seconds_not_0)]
    pub first_byte_timeout: Option<Duration>,
}

/// What goes with every request, and what is taken for a response.
#[derive(Debug, Args)]
pub struct Asking {
    /// Additional header field; repeatable. `Host` replaces the host of the URL.
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE")]
    pub headers: Vec<String>,
    /// User name for Basic authentication (RFC 7617); needs --password-file.
    #[arg(long, value_name = "NAME", requires = "password_file")]
    pub user: Option<String>,
    /// Read the password from FILE (`-`: stdin); one trailing line end is removed.
    #[arg(long, value_name = "FILE", requires = "user")]
    pub password_file: Option<PathBuf>,
    /// Follow redirects. Authorization and Cookie stay with the first origin.
    #[arg(long, short = 'L')]
    pub location: bool,
    /// Maximum number of redirects.
    #[arg(long, value_name = "N", default_value_t = 10, requires = "location",
        value_parser = values::number::<u16>(1..=1000))]
    pub max_redirects: u16,
    /// Treat tolerated protocol violations as errors [default: a warning].
    #[arg(long)]
    pub strict: bool,
    /// Send "Accept-Encoding: identity" and do not decode the body [default: request and decode
    /// gzip and deflate, stacked ones too; other codings are an error].
    #[arg(long)]
    pub identity: bool,
    /// Maximum length of a body, also when decoded, in bytes, such as 64M, 1G, 4KiB (1024) or 1MB
    /// (1000) [default: no limit].
    #[arg(long, value_name = "BYTES", value_parser = size)]
    pub max_body: Option<u64>,
    /// Minimum rate of a body in bytes a second, on average over 30 seconds, such as 64K, 4KiB
    /// (1024) or 1KB (1000); a slower one fails [default: 137, which is 4096 bytes in 30 seconds].
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
    /// Request method and URL (http:// or https://) [default method: GET, or POST where there is a
    /// body].
    #[arg(value_name = "[METHOD] URL", required = true, num_args = 1..=2)]
    pub target: Vec<String>,
    /// Request method (same as METHOD).
    #[arg(long = "request", short = 'X', value_name = "METHOD")]
    pub method: Option<String>,
    /// Send a HEAD request and write the head of the response.
    #[arg(long = "head", short = 'I', conflicts_with_all = ["data", "form", "json_body", "method"])]
    pub head: bool,
    /// Write to a file in the current directory, named after the last segment of the URL's path.
    #[arg(long = "remote-name", short = 'O', conflicts_with = "output")]
    pub remote_name: bool,
    /// Write the bytes of the response as they came: its head, and its body with its codings and
    /// the framing of its chunks.
    #[arg(long, conflicts_with_all = ["include", "head"])]
    pub raw: bool,
    /// Request body, or `@` and the file that contains it (`@-`: stdin). Content-Type defaults to
    /// application/x-www-form-urlencoded.
    #[arg(long, short, value_name = "DATA|@FILE", allow_hyphen_values = true)]
    pub data: Option<OsString>,
    /// Add a form field; repeatable. The body is sent URL-encoded.
    #[arg(long = "form", value_name = "NAME=VALUE", value_parser = pair,
        allow_hyphen_values = true, conflicts_with = "data")]
    pub form: Vec<(String, String)>,
    /// JSON request body, or `@` and the file that contains it (`@-`: stdin).
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
    /// Repeat a failed request up to N times, as `download` does; only with a method that is
    /// idempotent (RFC 9110 §9.2.2), and only while nothing of a body was written to standard
    /// output or a device.
    #[arg(long, value_name = "N", default_value_t = 0,
        value_parser = values::number::<u32>(0..=u64::from(u32::MAX)))]
    pub retry: u32,
    /// A status of 400 and above is a failure, and its body is not written.
    #[arg(long)]
    pub fail: bool,
    /// When data is flushed to disk.
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
    /// URLs to fetch; each file is named after the last segment of its URL's path, made safe.
    /// Authorization, Cookie and Proxy-Authorization go to the origin of --from alone, or else to
    /// that of the first URL.
    #[arg(value_name = "URL", required_unless_present = "from")]
    pub urls: Vec<String>,
    /// Fetch the URLs in this document, too: a URL, or `-` for stdin. It is JSON, or without
    /// --select a plain list with one URL a line. Each element or line that is not a URL is one
    /// failure.
    #[arg(long, value_name = "API_URL")]
    pub from: Option<String>,
    /// Position of the URLs in that document: a JSON Pointer (RFC 6901) in which `*` matches every
    /// element or member [default: the document is an array of URLs, or a plain list].
    #[arg(long, value_name = "POINTER", requires = "from", allow_hyphen_values = true)]
    pub select: Option<String>,
    /// Directory to write to; it is created if it is missing.
    #[arg(long, short, value_name = "DIR", default_value = "./")]
    pub output: PathBuf,
    /// Maximum number of requests in flight [default: 16, or as many as ulimit -n allows].
    #[arg(long, short, value_name = "N", value_parser = values::number::<u16>(1..=4096))]
    pub jobs: Option<u16>,
    /// Maximum number of them to one host and port [default: all].
    #[arg(long, value_name = "N", value_parser = values::number::<u16>(1..=u64::from(u16::MAX)))]
    pub per_host: Option<u16>,
    /// Repeat each failed request up to N times: after a failed name lookup, a lost or refused
    /// connection or a timeout of one, and after the statuses 408, 429, 500, 502, 503, 504, 522 and
    /// 524. Each retry waits for the time in Retry-After; more than 600 s fails the URL. Without it
    /// the waits are 1 s, 2 s, 4 s, … A retry resumes from the bytes already received.
    #[arg(long, value_name = "N", default_value_t = 2,
        value_parser = values::number::<u32>(0..=u64::from(u32::MAX)))]
    pub retry: u32,
    /// Overwrite existing files. Without it each of them is a failure, unless an earlier run
    /// fetched it from the same URL and the server reports that it has not changed.
    #[arg(long)]
    pub overwrite: bool,
    /// Start every file at byte 0, in retries too and even if it has not changed, and keep no
    /// partial files.
    #[arg(long)]
    pub no_resume: bool,
    /// When data is flushed to disk.
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
    /// URL of the gateway, to which the form is sent.
    #[arg(long, value_name = "URL")]
    pub gateway: String,
    /// Account at the gateway.
    #[arg(long, value_name = "NAME")]
    pub account: String,
    /// Read the account's password from FILE (`-`: stdin); one trailing line end is removed.
    #[arg(long, value_name = "FILE")]
    pub password_file: PathBuf,
    /// Telephone number of the recipient.
    #[arg(long, value_name = "NUMBER", value_parser = super::values::mobile,
        allow_hyphen_values = true)]
    pub mobile: String,
    /// Text of the message.
    #[arg(long, value_name = "TEXT", value_parser = super::values::content,
        allow_hyphen_values = true)]
    pub content: String,
    /// Additional form field; repeatable. `format` is `json` unless it is given.
    #[arg(long = "field", value_name = "NAME=VALUE", value_parser = pair)]
    pub fields: Vec<(String, String)>,
    /// Success condition: a member of the JSON reply and its expected value; repeatable, all must
    /// match. A number is compared by its value, a string by its text, and true, false and null by
    /// their names. A message that was accepted, but whose reply cannot be printed, ends with
    /// status 4.
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
