//! The arguments of the small services: the time of day, and numbered datagrams.

use super::values::{self, address, bit_rate, seconds_not_0};
use super::{Common, Durability, Family};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// `wirewright time`
#[derive(Debug, Subcommand)]
pub enum Time {
    /// Send the date and time to each client as one line, then close. Over UDP, send one datagram
    /// for each one received.
    #[command(mut_arg("timeout", |arg| arg.help(super::SERVE_TIMEOUT)))]
    #[command(mut_arg("json", |arg| arg.help(super::SERVE_JSON)))]
    Serve(TimeServe),
    /// Request the date and time, and print the line.
    ///
    /// With --json: {"line":TEXT,"moment":"YYYY-MM-DD HH:MM:SS.ffffff" or null,"seconds":S}; moment
    /// is null where the line is not written as Python's str(datetime.now()).
    #[command(verbatim_doc_comment)]
    Get(TimeGet),
}

/// `wirewright time serve`
#[derive(Debug, Args)]
pub struct TimeServe {
    /// Address to listen on; port 0 chooses a free port.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:6789", value_parser = address)]
    pub listen: String,
    /// Use UDP. Replies are larger than requests, so a public server can be abused for
    /// amplification with spoofed addresses. Requests from ports below 1024 and requests that
    /// contain a time are ignored.
    #[arg(long)]
    pub udp: bool,
    /// What all networked subcommands share. --timeout stops the server as SIGTERM does.
    #[command(flatten)]
    pub common: Common,
}

/// `wirewright time get`
#[derive(Debug, Args)]
pub struct TimeGet {
    /// Server address.
    #[arg(value_name = "HOST:PORT", value_parser = address)]
    pub server: String,
    /// Use UDP: send a datagram each second for up to ten seconds.
    #[arg(long)]
    pub udp: bool,
    /// Which addresses of the server are used.
    #[command(flatten)]
    pub family: Family,
    /// What all networked subcommands share.
    #[command(flatten)]
    pub common: Common,
}

/// `wirewright udp`
#[derive(Debug, Subcommand)]
pub enum Udp {
    /// Send numbered, time-stamped datagrams at a constant rate.
    ///
    /// With --file they contain a file, each part of it once, and the receiver reports which parts
    /// are missing. There is no retransmission; use wirewright put for reliable transfer. The file
    /// name is not sent.
    ///
    /// Fails if the other machine reports that the port is closed. With --json:
    /// {"run":HEX,"sent":N,"bytes":N,"size":N,"seconds":S,"bits_per_second":N,"refused":N,
    ///  "file":null or {"size":N,"bytes":N,"digest":"blake3:HEX" or null}}
    /// sent    datagrams, without those that mark the end
    /// refused how often the other machine reported that the port is closed
    /// file    size of the file, how many bytes of it were sent, the digest that was sent
    #[command(verbatim_doc_comment)]
    Send(UdpSend),
    /// Receive one stream sent by `udp send` and report loss, duplication, reordering and jitter.
    ///
    /// Reports after the end mark and a pause, after ten seconds without a datagram, after
    /// --seconds, or at SIGINT. With --json:
    /// {"run":HEX or null,"from":ADDR or null,"sent":N or null,"received":N,"lost":N,
    ///  "duplicated":N,"reordered":N,"late":N,"jitter_ms":MS,"bytes":N,"seconds":S,
    ///  "bits_per_second":N,"short":N,"foreign":N,"other_run":N,"implausible":N,
    ///  "file":null or {"size":N,"bytes":N,"complete":BOOL,"missing":[{"offset":N,"len":N},...],
    ///   "disagreeing":N,"unplaced":N,"digest":"blake3:HEX" or null,"verified":BOOL or null,
    ///   "path":PATH or null,"durability":WHAT or null}}
    /// sent        the number in the sender's end mark; received + lost is that number
    /// received    of which one copy came; duplicated counts the further ones
    /// reordered   of those received: overtaken by a later one (RFC 4737)
    /// late        copies 65,536 or more behind the newest; in no other figure
    /// jitter_ms   interarrival jitter (RFC 3550, section 6.4.1)
    /// short, foreign, other_run, implausible   invalid datagrams, not counted above; foreign also
    ///             counts those of the run that come from another address
    /// file        of a run with one: bytes received, and which are missing; datagrams that
    ///             contradict an earlier one, and those beyond a limit (65,536 ranges, 1 TiB);
    ///             verified is null where that could not be tried
    #[command(verbatim_doc_comment)]
    Recv(UdpRecv),
}

/// `wirewright udp send`
#[derive(Debug, Args)]
pub struct UdpSend {
    /// Receiver address.
    #[arg(value_name = "HOST:PORT", value_parser = address)]
    pub receiver: String,
    /// Bits a second: a number, or one with k, M or G (powers of 1000).
    #[arg(long, value_name = "BITS", default_value = "100M", value_parser = bit_rate)]
    pub rate: u64,
    /// Length of a datagram in bytes, its header of 32 included.
    #[arg(long, value_name = "BYTES", default_value_t = 1400,
        value_parser = values::number::<u16>(32..=65_507))]
    pub size: u16,
    /// Duration of sending, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds_not_0,
        conflicts_with = "file")]
    pub seconds: Duration,
    /// Send this file, for as long as it takes. Needs datagrams of at least 49 bytes.
    #[arg(long, value_name = "PATH")]
    pub file: Option<PathBuf>,
    /// Which addresses of the receiver are used.
    #[command(flatten)]
    pub family: Family,
    /// What all networked subcommands share.
    #[command(flatten)]
    pub common: Common,
}

/// `wirewright udp recv`
#[derive(Debug, Args)]
pub struct UdpRecv {
    /// Address to listen on; port 0 chooses a free port.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:5567", value_parser = address)]
    pub listen: String,
    /// Stop and report after this many seconds [default: at the end of the run].
    #[arg(long, value_name = "SECONDS", value_parser = seconds_not_0)]
    pub seconds: Option<Duration>,
    /// Store the file of the run under this name and overwrite an existing file, but only if the
    /// file is complete and its digest matches. Otherwise the status is 1, and nothing is written.
    /// PATH is a regular file, since parts arrive in any order. Without it missing parts are still
    /// reported.
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// When data is flushed to disk.
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Durability::Fsync)]
    pub durability: Durability,
    /// What all networked subcommands share.
    #[command(flatten)]
    pub common: Common,
}
