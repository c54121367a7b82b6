//! The arguments of `explain`.

use super::values::{self, size};
use crate::output::style::When;
use clap::Args;
use std::path::PathBuf;
use wirewright::http::request::Method;
use wirewright::transfer::message::PAYLOAD_KEY;

/// What a page of `explain` looks like.
const EXPLAIN_HELP: &str = "\
The page shows every byte once, in order: its offset, in hex and as text, eight to a row (of long
runs the two ends). Beside them stand the event with the section that rules it, the states of the
parser before, on the way and after, what the bytes mean, and how near a limit is. `**` marks what
was tolerated, `^^` the byte that is meant; where that is judged only later, its bytes are shown
once more. An error shows the rule, what was found, and what the section demands; nothing behind
the byte that decided is looked at. A summary ends the page.

  wirewright explain http response.bin --color always | less -R
  printf '{\"filename\":\"hi\",\"filedata\":\"aGk=\"}' | wirewright explain envelope --split 1";

/// What can be explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The framed wire.
    Frame,
    /// One JSON object with a base64 member; the classic wire.
    Envelope,
    /// A response of HTTP/1.1.
    Http,
    /// Replies of an SMTP server.
    Smtp,
}

/// `wirewright explain`
#[derive(Debug, Args)]
#[command(after_long_help = EXPLAIN_HELP)]
pub struct Explain {
    /// `frame` for the framed wire: length prefixes, and the form of each message (PROTOCOL.md §4
    /// and §13). Checksums and names are not judged, nor what only both directions show: whether a
    /// message has a place, whether ids rise, and a frame limit lower than that of this hello.
    /// `envelope` for one JSON object with a base64 member, `http` for
    /// the response to an HTTP/1.1 request, `smtp` for what a mail server says.
    #[arg(value_name = "frame|envelope|http|smtp", value_parser = values::what)]
    pub what: What,
    /// Where the bytes are; `-` for stdin.
    #[arg(value_name = "FILE", default_value = "-")]
    pub file: PathBuf,
    /// Feed so many bytes at a time; it changes nothing in the output [default: all that is there,
    /// 1 MiB at most].
    #[arg(long, value_name = "N", value_parser = size)]
    pub split: Option<u64>,
    /// Print one JSON object a line in place of the page.
    #[arg(long)]
    pub json: bool,
    /// How wide the page is, 80 to 100 columns [default: as the terminal, 100 elsewhere].
    #[arg(long, value_name = "COLUMNS",
        value_parser = values::number::<u16>(80..=100))]
    pub width: Option<u16>,
    /// When there are colours. NO_COLOR in the environment turns `auto` off.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = When::Auto)]
    pub color: When,
    /// The member that is base64.
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
