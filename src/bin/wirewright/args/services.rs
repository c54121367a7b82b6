//! The arguments of the small services: the time of day, and numbered datagrams.

use super::values::{self, address, bit_rate, seconds_not_0};
use super::{Common, Durability};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// `wirewright time`
#[derive(Debug, Subcommand)]
pub enum Time {
    /// Say date and time to whoever comes: one line, then close. Over UDP one datagram for each one
    /// received.
    Serve(TimeServe),
    /// Ask for it, and print the line.
    ///
    /// With --json: {"line":TEXT,"moment":"YYYY-MM-DD HH:MM:SS.ffffff" or null,"seconds":S}; moment
    /// is null where the line is not written as Python's str(datetime.now()).
    #[command(verbatim_doc_comment)]
    Get(TimeGet),
}

/// `wirewright time serve`
#[derive(Debug, Args)]
pub struct TimeServe {
    /// Where to listen; port 0 picks a free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:6789", value_parser = address)]
    pub listen: String,
    /// Datagrams instead of connections. The answer is longer than the question, and a sender's
    /// address may be forged: where strangers reach it, it can be turned on others. Neither ports
    /// below 1024 nor lines of time are answered.
    #[arg(long)]
    pub udp: bool,
    /// What all networked subcommands share; --timeout stops it in order.
    #[command(flatten)]
    pub common: Common,
}

/// `wirewright time get`
#[derive(Debug, Args)]
pub struct TimeGet {
    /// Whom to ask.
    #[arg(value_name = "HOST:PORT", value_parser = address)]
    pub server: String,
    /// Ask by a datagram, again each second, for ten seconds.
    #[arg(long)]
    pub udp: bool,
    /// What all networked subcommands share.
    #[command(flatten)]
    pub common: Common,
}

/// `wirewright udp`
#[derive(Debug, Subcommand)]
pub enum Udp {
    /// Send numbered, time-stamped datagrams at a steady rate, and tell their end.
    ///
    /// With --file they carry a file, each part of it once: nothing is sent again, whatever is
    /// lost, and the receiver tells which parts are missing. TCP would mend that for you, and
    /// wirewright put uses it. No name travels.
    ///
    /// Fails where the other machine says that nobody listens. With --json:
    /// {"run":HEX,"sent":N,"bytes":N,"size":N,"seconds":S,"bits_per_second":N,"refused":N,
    ///  "file":null or {"size":N,"bytes":N,"digest":"blake3:HEX" or null}}
    /// sent    datagrams, without those that tell the end
    /// refused how often the other machine said that nobody listens
    /// file    size of the file, how many bytes of it were sent, the digest that was told
    #[command(verbatim_doc_comment)]
    Send(UdpSend),
    /// Receive one run of them, and report what became of it.
    ///
    /// Reports when the sender has told the end and all is quiet, after ten seconds of silence,
    /// after --seconds, or at SIGINT. With --json:
    /// {"run":HEX or null,"from":ADDR or null,"sent":N or null,"received":N,"lost":N,
    ///  "duplicated":N,"reordered":N,"late":N,"jitter_ms":MS,"bytes":N,"seconds":S,
    ///  "bits_per_second":N,"short":N,"foreign":N,"other_run":N,"implausible":N,
    ///  "file":null or {"size":N,"bytes":N,"complete":BOOL,"missing":[{"offset":N,"len":N},...],
    ///   "disagreeing":N,"unplaced":N,"digest":"blake3:HEX" or null,"verified":BOOL or null,
    ///   "path":PATH or null,"durability":WHAT or null}}
    /// sent        what the sender's end told; received + lost is that number
    /// received    of which one copy came; duplicated counts the further ones
    /// reordered   of those received: overtaken by a later one (RFC 4737)
    /// late        copies 65,536 or more behind the newest; in no other figure
    /// jitter_ms   interarrival jitter (RFC 3550, section 6.4.1)
    /// short, foreign, other_run, implausible   what was never trusted, nor counted above; foreign
    ///             is also what bears the run and comes from another address
    /// file        of a run that carries one: bytes that came, and which did not; datagrams that
    ///             contradict an earlier one, and those beyond a limit (65,536 ranges, 1 TiB);
    ///             verified is null where that could not be tried
    #[command(verbatim_doc_comment)]
    Recv(UdpRecv),
}

/// `wirewright udp send`
#[derive(Debug, Args)]
pub struct UdpSend {
    /// To whom.
    #[arg(value_name = "HOST:PORT", value_parser = address)]
    pub receiver: String,
    /// Bits a second: a number, or one with k, M or G, which count by thousands.
    #[arg(long, value_name = "BITS", default_value = "100M", value_parser = bit_rate)]
    pub rate: u64,
    /// Length of a datagram in bytes, its header of 32 included.
    #[arg(long, value_name = "BYTES", default_value_t = 1400,
        value_parser = values::number::<u16>(32..=65_507))]
    pub size: u16,
    /// How long to send, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds_not_0,
        conflicts_with = "file")]
    pub seconds: Duration,
    /// Send this file, for as long as it takes. Needs datagrams of at least 49 bytes.
    #[arg(long, value_name = "PATH")]
    pub file: Option<PathBuf>,
    /// What all networked subcommands share.
    #[command(flatten)]
    pub common: Common,
}

/// `wirewright udp recv`
#[derive(Debug, Args)]
pub struct UdpRecv {
    /// Where to listen; port 0 picks a free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:5567", value_parser = address)]
    pub listen: String,
    /// Report after so long, in seconds, whatever has come [default: at the end of the run].
    #[arg(long, value_name = "SECONDS", value_parser = seconds_not_0)]
    pub seconds: Option<Duration>,
    /// Store the file of the run under this name, which replaces what stands there: only when all
    /// of it came and its digest is right. Otherwise the status is 1, and nothing is left. A
    /// regular file, since parts come in any order. Without it what is missing is told all the
    /// same.
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// What is synced before the file gets its name.
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Durability::Fsync)]
    pub durability: Durability,
    /// What all networked subcommands share.
    #[command(flatten)]
    pub common: Common,
}
