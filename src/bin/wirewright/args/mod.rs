//! The arguments as types. clap takes the help texts from the comments.

mod explain;
pub mod http;
pub mod mail;
pub mod services;
pub mod values;

pub use explain::{Explain, What};

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;
use values::{address, byte_rate, digest, seconds, seconds_not_0, size, tls_name};
use wirewright::digest::DigestKind;
use wirewright::net::files;
use wirewright::net::transport::names;

/// Transfers files over TCP and HTTP, sends mail and text messages, and includes tools for UDP,
/// time, benchmarking and protocol analysis.
#[derive(Debug, Parser)]
#[command(
    name = "wirewright",
    version,
    after_help = super::Exit::help(),
    after_long_help = super::Exit::help(),
    max_term_width = 100
)]
pub struct Cli {
    /// The command to run [default: print this help].
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The help of `--timeout` for a server.
const SERVE_TIMEOUT: &str = "Stop serving after this many seconds [default: no limit]";

/// The help of `--json` for a server.
const SERVE_JSON: &str = "Print a JSON report on stdout when the server ends, also when it fails \
    (with an `error` member). Usage errors print none";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve a file, or the files below a directory.
    #[command(mut_arg("timeout", |arg| arg.help(SERVE_TIMEOUT)))]
    #[command(mut_arg("json", |arg| arg.help(SERVE_JSON)))]
    Serve(Serve),
    /// List the files of a server with sizes and modification times.
    Ls(Ls),
    /// Fetch files from a server.
    Get(Get),
    /// Store files on a server.
    Put(Put),
    /// Make one HTTP request and write the response body.
    Http(http::Http),
    /// Fetch many URLs at once into a directory, and resume interrupted files.
    Download(http::Download),
    /// Send a text message through an HTTP gateway.
    ///
    /// A request is never repeated once it may have been processed.
    Sms(http::Sms),
    /// Send a message by SMTP, with attachments of any length.
    ///
    /// A message is never sent again once it may have been accepted.
    Mail(Box<mail::Mail>),
    /// Serve the date and time as one line, or request it from a server.
    Time {
        /// The subcommand.
        #[command(subcommand)]
        what: services::Time,
    },
    /// Send numbered datagrams at a constant rate, or receive them and report loss.
    Udp {
        /// The subcommand.
        #[command(subcommand)]
        what: services::Udp,
    },
    /// Measure each layer from memory copy to TLS, in bytes of file a second, beside its limit.
    Bench(Bench),
    /// Show every event that the parser reports for given bytes, with its offset and its rule.
    Explain(Explain),
    /// Print a completion script for a shell.
    Completions {
        /// The shell that reads the script.
        shell: clap_complete::Shell,
    },
    /// Print the manual page of wirewright, or of one of its commands.
    Man {
        /// The command, such as `get` or `time serve` [default: wirewright itself].
        #[arg(value_name = "COMMAND")]
        command: Vec<String>,
    },
}

impl Command {
    /// The options of networked subcommands; `None` for other commands.
    pub fn common(&self) -> Option<&Common> {
        Some(match self {
            Command::Serve(args) => &args.common,
            Command::Ls(args) => &args.common,
            Command::Get(args) => &args.common,
            Command::Put(args) => &args.common,
            Command::Http(args) => &args.common,
            Command::Download(args) => &args.common,
            Command::Sms(args) => &args.common,
            Command::Mail(args) => &args.common,
            Command::Time { what: services::Time::Serve(args) } => &args.common,
            Command::Time { what: services::Time::Get(args) } => &args.common,
            Command::Udp { what: services::Udp::Send(args) } => &args.common,
            Command::Udp { what: services::Udp::Recv(args) } => &args.common,
            _ => return None,
        })
    }
}

/// Options of every networked subcommand.
#[derive(Debug, Args)]
pub struct Common {
    /// Print a JSON report on stdout when the command ends, also when it fails (with an `error`
    /// member). Usage errors print none. Secrets are masked in what it says about the exchange
    /// (`url`, `reason`, `error`), but not in content: bodies and header fields are as received.
    #[arg(long)]
    pub json: bool,
    /// Print only errors and warnings on stderr: no progress, no summary, and no line for each
    /// transfer of a server.
    #[arg(long, short, visible_short_alias = 's')]
    pub quiet: bool,
    /// Print a protocol trace on stderr: `->` sent, `<-` received (`~>` and `<~` over TLS), `**`
    /// information. Payload is shown by its length; secrets are masked.
    #[arg(long, short = 'v')]
    pub trace: bool,
    /// Print the trace, each line preceded by the local time: HH:MM:SS.ffffff.
    #[arg(long)]
    pub trace_time: bool,
    /// Print the trace with the text of messages and bodies, where the command transfers such
    /// text. Everything else is shown as with --trace.
    #[arg(long)]
    pub trace_content: bool,
    /// Maximum time for the whole operation, in seconds [default: no limit].
    #[arg(long, value_name = "SECONDS", value_parser = seconds_not_0)]
    pub timeout: Option<Duration>,
}

impl Common {
    /// Whether a trace is printed.
    pub fn is_traced(&self) -> bool {
        self.trace || self.trace_time || self.trace_content
    }
}

/// The rate limit of a transfer.
#[derive(Debug, Args)]
pub struct Speed {
    /// Limit the total transfer rate, in bytes a second, over all connections and both directions,
    /// protocol overhead included. Suffixes: 100K, 2M, 1G (K = 1024, as in curl and wget), or
    /// 100KB, 2MB (KB = 1000). Whole numbers only [default: no limit].
    #[arg(long, value_name = "RATE", value_parser = byte_rate)]
    pub limit_rate: Option<u64>,
}

/// Which addresses of a name are used.
#[derive(Debug, Args)]
pub struct Family {
    /// Use IPv4 addresses only.
    #[arg(long, short = '4', conflicts_with = "ipv6")]
    pub ipv4: bool,
    /// Use IPv6 addresses only.
    #[arg(long, short = '6')]
    pub ipv6: bool,
}

impl Family {
    /// The only family that is used; `None` stands for both.
    pub fn only(&self) -> Option<names::Family> {
        match (self.ipv4, self.ipv6) {
            (true, _) => Some(names::Family::V4),
            (_, true) => Some(names::Family::V6),
            (false, false) => None,
        }
    }
}

/// The server, TLS and the token.
#[derive(Debug, Args)]
pub struct Peer {
    /// Server address.
    #[arg(value_name = "HOST:PORT", value_parser = address)]
    pub server: String,
    /// Use TLS [default: unencrypted].
    #[arg(long)]
    pub tls: bool,
    /// Trust the CA certificates in this PEM file in addition to the system's trust store.
    #[arg(long, value_name = "PEM", requires = "tls")]
    pub cacert: Option<PathBuf>,
    /// Host name to verify in the server's certificate [default: HOST].
    #[arg(long, value_name = "NAME", requires = "tls", value_parser = tls_name)]
    pub tls_name: Option<String>,
    /// Authenticate with the token in this file (`-`: stdin). A proof is sent, never the token
    /// itself [default: no token].
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Which addresses of the server are used.
    #[command(flatten)]
    pub family: Family,
}

/// When data is flushed to disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// Sync the file before the rename and its directory after it.
    Fsync,
    /// No sync; the file still appears atomically.
    Rename,
    /// No sync and no guarantee after a crash.
    None,
}

impl From<Durability> for files::Durability {
    fn from(durability: Durability) -> files::Durability {
        match durability {
            Durability::Fsync => files::Durability::Fsync,
            Durability::Rename => files::Durability::Rename,
            Durability::None => files::Durability::None,
        }
    }
}

/// `wirewright serve`
#[derive(Debug, Args)]
pub struct Serve {
    /// A file, served under its base name, or a directory, of which all regular files are served.
    pub path: PathBuf,
    /// Address to listen on; port 0 chooses a free port.
    #[arg(
        long,
        value_name = "ADDR:PORT",
        default_value = "127.0.0.1:5566",
        value_parser = address
    )]
    pub listen: String,
    /// Allow clients to store files [default: read-only].
    #[arg(long, conflicts_with = "classic")]
    pub writable: bool,
    /// Use the classic protocol: send each client one JSON object with the file, then close.
    #[arg(long)]
    pub classic: bool,
    /// Use TLS with this certificate chain; about 800 such connections fit the memory budget
    /// [default: unencrypted].
    #[arg(long, value_name = "PEM", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The private key of --tls-cert.
    #[arg(long, value_name = "PEM", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Serve only clients that have the token in this file (`-`: stdin) [default: all clients].
    #[arg(long, value_name = "FILE", conflicts_with = "classic")]
    pub token_file: Option<PathBuf>,
    /// Maximum number of connections, on all threads together; further clients receive the error
    /// `busy` [default: 10000, or what the descriptor limit allows].
    #[arg(long, value_name = "N", value_parser = values::number::<u32>(1..=u64::from(u32::MAX)))]
    pub max_connections: Option<u32>,
    /// Number of worker threads; the first also accepts connections.
    #[arg(long, value_name = "N", default_value_t = 1,
        value_parser = values::number::<u16>(1..=256))]
    pub threads: u16,
    /// Time that running transfers have to finish after SIGINT or SIGTERM, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub grace: Duration,
    /// When data is flushed to disk.
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Durability::Fsync)]
    pub durability: Durability,
    /// How fast bytes move.
    #[command(flatten)]
    pub speed: Speed,
    /// What all networked subcommands share.
    #[command(flatten)]
    pub common: Common,
}

/// `wirewright ls`
#[derive(Debug, Args)]
pub struct Ls {
    /// Whom to ask.
    #[command(flatten)]
    pub peer: Peer,
    /// What all networked subcommands share.
    #[command(flatten)]
    pub common: Common,
}

/// `wirewright get`
#[derive(Debug, Args)]
pub struct Get {
    /// Whom to ask.
    #[command(flatten)]
    pub peer: Peer,
    /// Files to fetch, as `ls` names them; each is written under its own relative path. `DIR/`
    /// means every file below DIR, except those that exist here with the same content.
    #[arg(value_name = "NAME", required_unless_present_any = ["classic", "all"],
        conflicts_with_all = ["classic", "all"])]
    pub names: Vec<String>,
    /// Fetch every file of the server, except those that exist here with the same content. Both
    /// sides read such a file and compare its digest; with --digest none nothing is skipped.
    #[arg(long, conflicts_with = "classic")]
    pub all: bool,
    /// Use the classic protocol: connect and receive one JSON object with one file; send nothing.
    #[arg(long, conflicts_with = "token_file")]
    pub classic: bool,
    /// A file, a directory (exists as one or ends in `/`), or `-` for stdout [default: the current
    /// directory]. A device or pipe that PATH names is written directly; one below a directory, at
    /// the path of a file, is not written, and that file fails.
    #[arg(long, short, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// With --classic, overwrite an existing file whose name the server chose. Files named by NAME
    /// or -o are always overwritten.
    #[arg(long)]
    pub overwrite: bool,
    /// Digest that verifies a whole file: blake3, sha256 or none [default: blake3, or sha256 where
    /// the server supports no other].
    #[arg(long, value_name = "NAME", value_parser = digest)]
    pub digest: Option<DigestKind>,
    /// Number of files fetched at the same time, each over its own connection.
    #[arg(long, short, value_name = "N", default_value_t = 1,
        value_parser = values::number::<u16>(1..=256))]
    pub jobs: u16,
    /// Start every file at byte 0, even if an interrupted run left a partial file.
    #[arg(long)]
    pub no_resume: bool,
    /// When data is flushed to disk.
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Durability::Fsync)]
    pub durability: Durability,
    /// How fast bytes move.
    #[command(flatten)]
    pub speed: Speed,
    /// What all networked subcommands share.
    #[command(flatten)]
    pub common: Common,
}

/// `wirewright put`
#[derive(Debug, Args)]
pub struct Put {
    /// Whom to give them to.
    #[command(flatten)]
    pub peer: Peer,
    /// Files to store, each under its base name.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Overwrite an existing file on the server [default: fail].
    #[arg(long)]
    pub overwrite: bool,
    /// How fast bytes move.
    #[command(flatten)]
    pub speed: Speed,
    /// What all networked subcommands share.
    #[command(flatten)]
    pub common: Common,
}

/// What `wirewright bench --sweep` can sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SweepKind {
    /// Goodput of one get against the size of the file, on an established connection.
    FileSize,
    /// Goodput against the length of a chunk.
    ChunkSize,
    /// Goodput against the largest write, and against the largest read.
    WriteSize,
    /// Goodput of all connections together against their number; cost of idle connections.
    Connections,
    /// Files of 1 KiB a second against the number of connections.
    SmallFiles,
    /// Latency of a get of 1 KiB, counted from its due time.
    Latency,
    /// All of these.
    All,
}

/// Other implementations that `wirewright bench` can measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PeerKind {
    /// A reference implementation with tokio, LengthDelimitedCodec, `serde_json` and base64.
    Tokio,
}

/// `wirewright bench`
#[derive(Debug, Args)]
pub struct Bench {
    /// Rungs to measure [default: all, or none with --sweep]: copy, base64-encode, base64-decode,
    /// search, envelope-encode, envelope-decode, crc32, blake3, session, session-crc32,
    /// session-blake3, loopback-raw, loopback-system, reactor-raw, loopback, loopback-constant,
    /// loopback-blake3, get-null, file, file-durable, tls, connections, classic, smtp, copy-again.
    #[arg(value_name = "RUNG")]
    pub rungs: Vec<String>,
    /// Measure at many sizes, numbers or rates; repeatable.
    #[arg(long = "sweep", value_name = "WHAT", value_enum)]
    pub sweeps: Vec<SweepKind>,
    /// Bytes that a rung moves at a time, such as 64M, 1G, 4KiB (1024) or 1MB (1000).
    #[arg(long, value_name = "BYTES", default_value = "256M", value_parser = size)]
    pub size: u64,
    /// Longest file of the sweep file-size, in bytes.
    #[arg(long, value_name = "BYTES", default_value = "1G", value_parser = size)]
    pub sweep_max: u64,
    /// Duration of the measurement of each rung, and of each point of a sweep, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds_not_0)]
    pub seconds: Duration,
    /// Number of connections at the same time, for the rung `connections`, where they share the
    /// size [default: 100], and for a load of mail [default: 1].
    #[arg(long, value_name = "N", value_parser = values::number::<u32>(1..=5000))]
    pub connections: Option<u32>,
    /// Number of threads of the server.
    #[arg(long, value_name = "N", default_value_t = 1,
        value_parser = values::number::<u16>(1..=256))]
    pub threads: u16,
    /// Measure another implementation in the same run, instead of the rungs.
    #[arg(long, value_name = "PEER", value_enum,
        conflicts_with_all = ["rungs", "sweeps", "html", "csv"])]
    pub peer: Option<PeerKind>,
    /// Path of the program of --peer [default: `examples/peer_tokio` beside this command].
    #[arg(long, value_name = "PATH", requires = "peer")]
    pub peer_program: Option<PathBuf>,
    /// Print one JSON document on stdout instead of the tables.
    #[arg(long)]
    pub json: bool,
    /// Also write an HTML page with charts; the page needs no network.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Also write the rungs and the points of the sweeps as CSV.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Draw no progress.
    #[arg(long, short)]
    pub quiet: bool,
    /// Last, so that its heading in the help applies to no other option.
    #[command(flatten)]
    pub load: Option<Load>,
}

/// With one of these options `wirewright bench smtp` sends a load of mail instead of measuring the
/// rung.
#[derive(Debug, Args)]
#[command(next_help_heading = "A load of mail: bench smtp")]
pub struct Load {
    /// Send to this server, unencrypted and without authentication [default: a built-in server
    /// that discards messages].
    #[arg(long, value_name = "smtp://HOST:PORT",
        conflicts_with_all = ["sweeps", "peer", "html", "csv"])]
    pub server: Option<String>,
    /// Number of messages in a round [default: 20000].
    #[arg(long, value_name = "N", conflicts_with_all = ["sweeps", "peer", "html", "csv"],
        value_parser = values::number::<u32>(1..=100_000_000))]
    pub messages: Option<u32>,
    /// Length of a message with its header, in bytes; beyond 64 KiB most of it is an attachment
    /// [default: 1K].
    #[arg(long, value_name = "BYTES", value_parser = size,
        conflicts_with_all = ["sweeps", "peer", "html", "csv"])]
    pub message_size: Option<u64>,
    /// Number of rounds [default: 5].
    #[arg(long, value_name = "N", conflicts_with_all = ["sweeps", "peer", "html", "csv"],
        value_parser = values::number::<u16>(1..=1000))]
    pub rounds: Option<u16>,
    /// Send nothing: run the built-in server for other senders until SIGINT or SIGTERM.
    #[arg(long, value_name = "HOST:PORT", value_parser = address,
        conflicts_with_all = ["sweeps", "peer", "html", "csv", "server", "messages",
        "message_size", "rounds"])]
    pub listen: Option<String>,
}

#[cfg(test)]
mod tests;
