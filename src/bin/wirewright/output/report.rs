//! Output of a run: lines and JSON on stdout. Text of a peer is escaped.

use super::destination::Stdout;
use crate::Failure;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use std::io::{self, BufWriter, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use wirewright::text::{escape, is_unseen};

/// Size of the output buffer, in bytes.
const OUT_BYTES: usize = 65_536;

// ---- stdout ----------------------------------------------------------------------------------

/// Buffered standard output. Data may stay in the buffer until [`flush`](Out::flush).
#[derive(Debug)]
pub struct Out(BufWriter<Stdout>);

/// Whether anything was written to stdout by way of [`Out`].
static WRITTEN: AtomicBool = AtomicBool::new(false);

impl Out {
    /// Nothing is gathered yet.
    pub fn new() -> Out {
        Out(BufWriter::with_capacity(OUT_BYTES, Stdout::new()))
    }

    /// Whether anything was written before. Whatever is written counts from here on.
    pub fn was_written() -> bool {
        WRITTEN.swap(true, Ordering::SeqCst)
    }

    fn writer(&mut self) -> &mut BufWriter<Stdout> {
        WRITTEN.store(true, Ordering::SeqCst);
        &mut self.0
    }

    /// Writes one line of text, in which unseen characters are escaped.
    pub fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.raw(&escape(text))?;
        self.raw("\n")
    }

    /// Writes text of our own as it is.
    pub fn raw(&mut self, text: &str) -> Result<(), Failure> {
        self.writer().write_all(text.as_bytes()).map_err(|error| Failure::stdout(&error))
    }

    /// Writes a piece of JSON text; what is unseen is escaped, which does not change its meaning.
    pub fn json_text(&mut self, text: &str) -> Result<(), Failure> {
        write_seen(self.writer(), text).map_err(|error| Failure::stdout(&error))
    }

    /// Writes one JSON document on a line of its own.
    pub fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let mut serializer = Serializer::with_formatter(self.writer(), Seen);
        let done = value.serialize(&mut serializer).map_err(io::Error::from);
        done.and_then(|()| self.writer().write_all(b"\n")).map_err(|error| Failure::stdout(&error))
    }

    /// Writes the buffer to stdout.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.0.flush().map_err(|error| Failure::stdout(&error))
    }
}

/// Compact JSON in which unseen characters are escaped, which does not change its meaning.
struct Seen;

impl Formatter for Seen {
    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        mut writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        write_seen(&mut writer, fragment)
    }

    /// JSON text of a peer: outside of strings there is nothing to escape.
    fn write_raw_fragment<W: Write + ?Sized>(
        &mut self,
        mut writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        write_seen(&mut writer, fragment)
    }
}

fn write_seen(out: &mut impl Write, text: &str) -> io::Result<()> {
    let mut written = 0;
    for (at, unseen) in text.char_indices().filter(|(_, c)| is_unseen(*c)) {
        out.write_all(&text.as_bytes()[written..at])?;
        for unit in unseen.encode_utf16(&mut [0; 2]) {
            write!(out, "\\u{unit:04x}")?;
        }
        written = at + unseen.len_utf8();
    }
    out.write_all(&text.as_bytes()[written..])
}

// ---- text ------------------------------------------------------------------------------------

/// Several lines folded into one, and that escaped.
pub fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    escape(&lines.join(" "))
}

// ---- numbers ---------------------------------------------------------------------------------

/// Bytes for people: `999 B`, `1.5 KiB`, `12.3 MiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    // What would be written as 1024.0 belongs to the next unit.
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A number for people: `1,048,576`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&[u8]> = digits.as_bytes().rchunks(3).rev().collect();
    String::from_utf8_lossy(&groups.join(&b',')).into_owned()
}

/// Bytes a second for people: `1.5 MiB/s`.
pub fn rate(bytes: u64, elapsed: Duration) -> String {
    let per_second = bytes as f64 / elapsed.as_secs_f64().max(1e-9);
    format!("{}/s", size(per_second as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_lines_become_one() {
        assert_eq!(one_line("error:\n  two\r\n\n three\x07\n"), "error: two three\\u{7}");
    }

    #[test]
    fn json_keeps_its_meaning() {
        for text in ["plain", "\u{9b}\u{202e}x\u{e0041}\u{1f600}\n\"\\", ""] {
            let mut out = Vec::new();
            let mut serializer = Serializer::with_formatter(&mut out, Seen);
            text.serialize(&mut serializer).unwrap();
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
            assert!(!String::from_utf8(out).unwrap().contains(is_unseen));
        }
    }

    #[test]
    fn numbers_for_people() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (1_048_524, "1023.9 KiB"),
            (1_048_525, "1.0 MiB"),
            (1 << 30, "1.0 GiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_048_576, "1,048,576")] {
            assert_eq!(thousands(number), text);
        }
        assert_eq!(rate(3 << 20, Duration::from_secs(2)), "1.5 MiB/s");
        assert_eq!(rate(0, Duration::ZERO), "0 B/s");
    }
}
