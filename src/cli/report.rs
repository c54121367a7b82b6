//! What a run says: lines and JSON on stdout, progress on stderr, and text of a peer made harmless.

use super::Failure;
use super::output::Stdout;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::time::Duration;

/// How much is gathered before it is written to stdout, in bytes.
const OUT_BYTES: usize = 65_536;

/// How many characters of a peer's words are shown.
const WORDS_CHARS_MAX: usize = 200;

// ---- stdout ----------------------------------------------------------------------------------

/// The standard output, gathered into large writes. Nothing is sure to be out before
/// [`flush`](Out::flush).
#[derive(Debug)]
pub struct Out(BufWriter<Stdout>);

impl Out {
    /// Nothing is gathered yet.
    pub fn new() -> Out {
        Out(BufWriter::with_capacity(OUT_BYTES, Stdout::new()))
    }

    /// Writes text as it is.
    pub fn raw(&mut self, text: &str) -> Result<(), Failure> {
        self.0.write_all(text.as_bytes()).map_err(|error| Failure::stdout(&error))
    }

    /// Writes a piece of JSON text; what is unseen is escaped, which does not change its meaning.
    pub fn json_text(&mut self, text: &str) -> Result<(), Failure> {
        write_seen(&mut self.0, text).map_err(|error| Failure::stdout(&error))
    }

    /// Writes one JSON document on a line of its own.
    pub fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let mut serializer = Serializer::with_formatter(&mut self.0, Seen);
        let done = value.serialize(&mut serializer).map_err(io::Error::from);
        done.and_then(|()| self.0.write_all(b"\n")).map_err(|error| Failure::stdout(&error))
    }

    /// Writes out all that was gathered.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.0.flush().map_err(|error| Failure::stdout(&error))
    }
}

/// Compact JSON in which unseen characters are escaped.
struct Seen;

impl Formatter for Seen {
    fn write_string_fragment<W: Write + ?Sized>(
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

// ---- text of a peer --------------------------------------------------------------------------

/// Whether a character moves the cursor, turns the direction of writing, or hides: controls (C0,
/// DEL, C1), separators of lines, marks and overrides of direction, zero width, tags.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Text of a peer in one line that does nothing to a terminal.
pub fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match is_unseen(c) {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
        out
    })
}

/// The words of a peer, cut where they are long.
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(WORDS_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The words of a peer, cut where they are long, in one line that does nothing to a terminal.
pub fn words(text: &str) -> String {
    escape(&shortened(text))
}

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

// ---- progress --------------------------------------------------------------------------------

/// How far it is, drawn on stderr where that is a terminal. It is wiped away when it is finished or
/// dropped.
#[derive(Debug)]
pub struct Progress(Option<ProgressBar>);

impl Progress {
    /// Begins at 0 of `total` bytes. Nothing is ever drawn unless `enabled`.
    pub fn new(total: Option<u64>, label: &str, enabled: bool) -> Progress {
        if !enabled || !io::stderr().is_terminal() {
            return Progress(None);
        }
        let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
        bar.set_style(style(total.is_some()));
        bar.set_message(escape(label));
        Progress(Some(bar))
    }

    /// Whether anything is drawn.
    pub fn is_drawn(&self) -> bool {
        self.0.is_some()
    }

    /// These words stand before the numbers now.
    pub fn set_label(&self, label: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(escape(label));
        }
    }

    /// There are so many bytes in all, as far as it is known now.
    pub fn set_total(&self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.set_length(bytes);
        }
    }

    /// So many bytes are done.
    pub fn set(&self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(bytes);
        }
    }

    /// Wipes it away.
    pub fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn style(has_total: bool) -> ProgressStyle {
    let template = match has_total {
        true => "{wide_msg} {done} of {all} {percent:>3}% {rate} ETA {eta}",
        false => "{wide_msg} {done} {rate}",
    };
    let style = ProgressStyle::with_template(template).unwrap_or(ProgressStyle::default_bar());
    style
        .with_key("done", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let _ = out.write_str(&size(state.pos()));
        })
        .with_key("all", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let _ = out.write_str(&size(state.len().unwrap_or(0)));
        })
        .with_key("rate", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let _ = out.write_str(&rate(state.per_sec() as u64, Duration::from_secs(1)));
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unseen_is_escaped() {
        for (text, shown) in [
            ("plain é 漢 \\ \"", "plain é 漢 \\ \""),
            ("\x1b[31m", "\\u{1b}[31m"),
            ("a\nb\r\tc\0\x7f", "a\\nb\\r\\tc\\u{0}\\u{7f}"),
            ("\u{85}\u{9b}31m", "\\u{85}\\u{9b}31m"),
            ("\u{202e}gpj.exe\u{2066}", "\\u{202e}gpj.exe\\u{2066}"),
            ("\u{feff}\u{200b}\u{2028}", "\\u{feff}\\u{200b}\\u{2028}"),
        ] {
            assert_eq!(escape(text), shown);
        }
        assert_eq!(one_line("error:\n  two\r\n\n three\x07\n"), "error: two three\\u{7}");
    }

    #[test]
    fn long_words_are_cut() {
        let most = "\u{e9}".repeat(WORDS_CHARS_MAX);
        assert_eq!(words(&most), most);
        assert_eq!(words(&format!("{most}x")), format!("{most}…"));
        assert_eq!(words("\n"), "\\n");
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
