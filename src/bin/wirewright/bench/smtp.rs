//! Mail: the rung of the ladder, and a load for another server.
//!
//! ```text
//!   rung   file ─ base64 in lines ─▶ one message ─ dot-stuffing ─▶ socket ─▶ sink, which discards
//!   load   N messages, C connections ─▶ a server, or the sink ─▶ messages a second, outcomes
//! ```
//!
//! Both send with [`wirewright::net::mail`], as the command `mail` does. A message counts when the
//! server has accepted it; the sink counts the bytes as well.

pub mod load;
mod message;
mod report;
mod sink;

pub use message::OF_THE_WIRE;

use super::rung::{Moved, Transfer};
use super::running::Running;
use super::{reactor, said, sides};
use sink::{Seen, Sink, Taken};
use std::sync::{Arc, Mutex};
use wirewright::base64;
use wirewright::net::mail::{Options, Report, Server, send};
use wirewright::smtp::client::Verdict;
use wirewright::smtp::config::StartTls;

/// Starts a sink on a separate thread; returns it and its counts of accepted mail.
fn start(seen: Option<Seen>) -> Result<(Running, Arc<Taken>), String> {
    let taken = Arc::<Taken>::default();
    let counts = taken.clone();
    let running = reactor::serve(move || (Sink::new(counts.clone(), seen.clone()), ()))?;
    Ok((running, taken))
}

/// The options for sending to a sink: without TLS and without credentials.
fn options(server: Server, connections: usize) -> Options {
    let mut options = Options::new(server);
    (options.starttls, options.connections_max) = (StartTls::Never, connections);
    options
}

/// Sends one message with a file to a sink of its own.
fn send_one(transfer: &Transfer<'_>, seen: Option<Seen>) -> Result<Moved, String> {
    let message = message::with_file(transfer.setup, transfer.block, transfer.size)?;
    let (sink, taken) = start(seen)?;
    let server = Server::parse(&format!("smtp://{}", sink.endpoint)).map_err(said)?;
    let (size, before) = (message.content.size(), sides::thread());
    let reports = send(options(server, 1), vec![message]).map_err(said)?;
    let sender = Some(sides::thread() - before);
    match &reports[..] {
        [Report { verdict: Verdict::Accepted, .. }] if taken.counts() == (1, size) => {
            Ok(Moved { bytes: transfer.size, sender })
        }
        [report] => Err(format!("{:?} instead of accepted", report.verdict)),
        _ => Err("there is not exactly one report".to_owned()),
    }
}

pub fn run(transfer: &Transfer<'_>) -> Result<Moved, String> {
    let Some(compared) = &transfer.compared else { return send_one(transfer, None) };
    // The check runs first, so it also writes the file of the timed runs.
    message::with_file(transfer.setup, transfer.block, transfer.setup.size)?;
    let text = Arc::new(Mutex::new(Vec::new()));
    let copy = text.clone();
    let seen: Seen = Arc::new(move |bytes| {
        if let Ok(mut text) = copy.lock() {
            text.extend_from_slice(bytes);
        }
    });
    let moved = send_one(transfer, Some(seen))?;
    let text = text.lock().map_err(said)?;
    compared.note(0, &attached(&text).ok_or("there is no file in the message")?);
    Ok(moved)
}

/// The file in a message: the base64 between the empty line and the boundary.
fn attached(text: &[u8]) -> Option<Vec<u8>> {
    let head = memchr::memmem::find(text, b"Content-Transfer-Encoding: base64\r\n")?;
    let begin = head + memchr::memmem::find(&text[head..], b"\r\n\r\n")? + 4;
    let end = begin + memchr::memmem::find(&text[begin..], b"\r\n--")?;
    let lines = text[begin..end].split(|byte| *byte == b'\n');
    let base64: Vec<u8> = lines.flat_map(|line| line.trim_ascii_end()).copied().collect();
    let mut file = vec![0; base64.len()];
    let len = base64::decode_strict(&base64, &mut file)?;
    file.truncate(len);
    Some(file)
}
