//! The arguments of the small services: the time of day, and numbered datagrams.

use super::Common;
use super::values::{address, bit_rate, seconds_not_0};
use clap::{Args, Subcommand};
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
    /// Fails where the other machine says that nobody listens. With --json:
    /// {"run":HEX,"sent":N,"bytes":N,"size":N,"seconds":S,"bits_per_second":N,"refused":N}
    /// sent    datagrams, without those that tell the end
    /// refused how often the other machine said that nobody listens
    #[command(verbatim_doc_comment)]
    Send(UdpSend),
    /// Receive one run of them, and report what became of it.
    ///
    /// Reports when the sender has told the end and all is quiet, after ten seconds of silence,
    /// after --seconds, or at SIGINT. With --json:
    /// {"run":HEX or null,"from":ADDR or null,"sent":N or null,"received":N,"lost":N,
    ///  "duplicated":N,"reordered":N,"late":N,"jitter_ms":MS,"bytes":N,"seconds":S,
    ///  "bits_per_second":N,"short":N,"foreign":N,"other_run":N,"implausible":N}
    /// sent        what the sender's end told; received + lost is that number
    /// received    of which one copy came; duplicated counts the further ones
    /// reordered   of those received: overtaken by a later one (RFC 4737)
    /// late        copies 65,536 or more behind the newest; in no other figure
    /// jitter_ms   interarrival jitter (RFC 3550, section 6.4.1)
    /// short, foreign, other_run, implausible   what was never trusted, nor counted above
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
        value_parser = clap::value_parser!(u16).range(32..=65_507))]
    pub size: u16,
    /// How long to send, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds_not_0)]
    pub seconds: Duration,
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
    /// What all networked subcommands share.
    #[command(flatten)]
    pub common: Common,
}
