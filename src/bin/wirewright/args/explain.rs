//! The arguments of `explain`.

use super::values::{self, size};
use crate::output::style::When;
use clap::Args;
use std::path::PathBuf;
use wirewright::http::request::Method;
use wirewright::transfer::message::PAYLOAD_KEY;

/// The layout of the page.
const EXPLAIN_HELP: &str = "\
The page shows every byte once, in order: offset, hex and text, eight bytes to a row; of a long
run only the two ends. To the right are the event, the section of the specification, the states of
the parser before, during and after, the meaning of the bytes, and how much of a limit is used.
`**` marks a tolerated fault, `^^` the byte concerned; where the parser detects a fault only later,
the bytes are shown again. An error shows the rule, what was found, and the requirement of the
section; the bytes behind the deciding one are not read. A summary ends the page.

  wirewright explain http response.bin --color always | less -R
  printf '{\"filename\":\"hi\",\"filedata\":\"aGk=\"}' | wirewright explain envelope --split 1";

/// The formats that `explain` reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The framed wire.
    Frame,
    /// One JSON object with a base64 member; the classic wire.
    Envelope,
    /// An HTTP/1.1 response.
    Http,
    /// Replies of an SMTP server.
    Smtp,
}

/// `wirewright explain`
#[derive(Debug, Args)]
#[command(after_long_help = EXPLAIN_HELP)]
pub struct Explain {
    /// `frame` for the framed wire: length prefixes, and the form of each message (PROTOCOL.md §4
    /// and §13). Not checked are checksums, names, and rules that need both directions: the order
    /// of messages, rising ids, and a frame limit lower than that of this hello. `envelope` for one
    /// JSON object with a base64 member, `http` for the response to an HTTP/1.1 request, `smtp` for
    /// the replies of a mail server.
    #[arg(value_name = "frame|envelope|http|smtp", value_parser = values::what)]
    pub what: What,
    /// The file with the bytes; `-` for stdin.
    #[arg(value_name = "FILE", default_value = "-")]
    pub file: PathBuf,
    /// Feed the parser this many bytes at a time; the output does not depend on it [default: as
    /// many as are read, at most 1 MiB].
    #[arg(long, value_name = "N", value_parser = size)]
    pub split: Option<u64>,
    /// Print one JSON object a line instead of the page.
    #[arg(long)]
    pub json: bool,
    /// Width of the page, 80 to 100 columns [default: that of the terminal, 100 elsewhere].
    #[arg(long, value_name = "COLUMNS",
        value_parser = values::number::<u16>(80..=100))]
    pub width: Option<u16>,
    /// When to use colours. NO_COLOR in the environment turns `auto` off.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = When::Auto)]
    pub color: When,
    /// Name of the base64 member.
    #[arg(long, value_name = "NAME", default_value = PAYLOAD_KEY)]
    pub payload: String,
    /// The method of the request that an `http` response answers.
    #[arg(long, value_name = "GET|HEAD", default_value = "GET", value_parser = values::method)]
    pub method: Method,
    /// Treat tolerated protocol violations of an `http` response as errors [default: a warning].
    #[arg(long)]
    pub strict: bool,
    /// Draw no progress.
    #[arg(long, short)]
    pub quiet: bool,
}
