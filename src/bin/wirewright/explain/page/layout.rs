//! One entry of a page: its bytes on the left, their meaning on the right.
//!
//! ```text
//!      offset  hex                      text     │ name                        section
//!          17  43 6f 6e 74 65 6e 74 2d  Content- │ Before ─▶ After
//!          25  4c 65 6e 67 74 68 3a 20  Length:  │ the text, for some entries
//!          33  2b 35 0d 0a              +5..     │ the meaning in one sentence
//!              ^^                       ^        │ how much of a limit is used
//! ```

use crate::explain::span::{ROW_BYTES, Row};
use crate::explain::steps::{Entry, Limit};
use crate::output::report::thousands;
use crate::output::style::{Hue, Paint};
use wirewright::text::escape;

/// Columns of the left side, including the space before the bar.
pub const LEFT_COLUMNS: usize = 45;

/// Separates two states.
const ARROW: &str = " ─▶ ";

/// The lines of the right side, painted, each at most `width` columns; `path` is the list of states
/// before, during and after the entry.
pub fn right(entry: &Entry, path: &[&str], paint: Paint, width: usize) -> Vec<String> {
    let mut lines = heading(entry.name, entry.hue, entry.section, paint, width);
    let mut add = |hue, text: &str| {
        lines.extend(wrap(&escape(text), width).iter().map(|l| paint.paint(hue, l).into()));
    };
    match path {
        [state] => add(Hue::State, &format!("{state}{ARROW}{state}")),
        path => add(Hue::State, &path.join(ARROW)),
    }
    add(Hue::Strong, &entry.quote);
    entry.notes.iter().for_each(|sentence| add(Hue::Plain, sentence));
    for Limit { what, used, max, unit, whose } in &entry.limits {
        // Highlighted above half of the limit.
        let hue = if *used > *max / 2 { Hue::High } else { Hue::Faint };
        let used = format!("{what}: {} {unit}", thousands(*used));
        add(hue, &format!("{}; {whose}: {}", used.trim_end(), thousands(*max)));
    }
    lines
}

/// The name on the left, the section on the right; on two lines where they do not fit on one.
fn heading(name: &str, hue: Hue, section: &str, paint: Paint, width: usize) -> Vec<String> {
    let (name_columns, section_columns) = (columns(name), columns(section));
    let painted = (paint.paint(hue, name), paint.paint(Hue::Section, section));
    if section.is_empty() {
        return vec![painted.0.into()];
    }
    match width.checked_sub(name_columns + section_columns + 1) {
        Some(gap) => vec![format!("{}{:gap$} {}", painted.0, "", painted.1)],
        None => {
            let gap = width.saturating_sub(section_columns);
            vec![painted.0.into(), format!("{:gap$}{}", "", painted.1)]
        }
    }
}

// ---- the left side -----------------------------------------------------------------------------

/// A row of the left side, painted, [`LEFT_COLUMNS`] wide.
pub fn left(row: &Row, paint: Paint) -> String {
    match row {
        Row::Gap(len) => {
            let words = format!("… {} bytes more …", thousands(*len));
            let pad = (LEFT_COLUMNS - 11).saturating_sub(columns(&words));
            format!("{:11}{}{:pad$}", "", paint.paint(Hue::Faint, &words), "")
        }
        Row::Bytes(at, bytes) => {
            let mut out = paint.paint(Hue::Faint, &format!("{at:>9}")).into_owned();
            let hex_pad = 3 * (ROW_BYTES - bytes.len()) + 2;
            // An offset of ten digits takes one of the two spaces behind it.
            let gap = 11usize.saturating_sub(columns(&format!("{at:>9}")));
            out.push_str(&" ".repeat(gap.max(1)));
            let hex = runs(bytes, |byte| format!("{byte:02x} "), paint);
            out.push_str(&hex);
            out.push_str(&" ".repeat(hex_pad - 1));
            out.push_str(&runs(bytes, |byte| seen(byte).to_string(), paint));
            out.push_str(&" ".repeat(ROW_BYTES - bytes.len() + 1));
            out
        }
    }
}

/// Marks below a byte of the row above, one below the hex and one below the text.
pub fn mark(place: usize, hue: Hue, paint: Paint) -> String {
    let hex = format!("{:11}{:hex$}^^", "", "", hex = 3 * place);
    let text = format!("{:pad$}^", "", pad = 11 + 3 * ROW_BYTES + 1 + place - columns(&hex));
    let pad = LEFT_COLUMNS - columns(&hex) - columns(&text);
    format!("{}{:pad$}", paint.paint(hue, &format!("{hex}{text}")), "")
}

/// Bytes, painted in runs of one colour.
fn runs(bytes: &[u8], show: impl Fn(u8) -> String, paint: Paint) -> String {
    let one_hue = |a: &u8, b: &u8| hue_of(*a) == hue_of(*b);
    let run = |run: &[u8]| {
        let text: String = run.iter().map(|byte| show(*byte)).collect();
        paint.paint(hue_of(run[0]), &text).into_owned()
    };
    bytes.chunk_by(one_hue).map(run).collect()
}

fn hue_of(byte: u8) -> Hue {
    match byte {
        b' '..=b'~' => Hue::Plain,
        0x80.. => Hue::High,
        _ => Hue::Unseen,
    }
}

pub fn seen(byte: u8) -> char {
    match byte {
        b' '..=b'~' => char::from(byte),
        _ => '.',
    }
}

// ---- columns -----------------------------------------------------------------------------------

/// The number of terminal columns of an escaped text.
pub fn columns(text: &str) -> usize {
    text.chars().map(wide).sum()
}

/// Ideographs, kana, Hangul and emoji take two columns (Unicode Standard Annex 11). Blocks that are
/// wide only in part count as wide: a line may end early, but not late.
fn wide(c: char) -> usize {
    let is_wide = matches!(c,
        '\u{1100}'..='\u{115f}' | '\u{231a}'..='\u{23f3}' | '\u{25fd}'..='\u{27bf}'
        | '\u{2b1b}'..='\u{2b55}' | '\u{2e80}'..='\u{a4cf}' | '\u{a960}'..='\u{a97c}'
        | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe10}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{16fe0}'..='\u{1b2ff}'
        | '\u{1f000}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}');
    if is_wide { 2 } else { 1 }
}

/// Divides text at its spaces into lines of at most `width` columns; a longer word is split.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let is_first = line.is_empty();
        if !is_first && columns(&line) + 1 + columns(word) > width {
            lines.push(std::mem::take(&mut line));
        } else if !is_first {
            line.push(' ');
        }
        for c in word.chars() {
            if columns(&line) + wide(c) > width {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_width() {
        for (text, expected) in [
            ("", vec![]),
            ("one two", vec!["one two"]),
            ("one two three", vec!["one two", "three"]),
            ("abcdefghijk", vec!["abcdefgh", "ijk"]),
            ("a bcdefghijk", vec!["a", "bcdefghi", "jk"]),
            ("漢字漢字漢字", vec!["漢字漢字", "漢字"]),
            ("✅✅✅⌚⭐🀄", vec!["✅✅✅⌚", "⭐🀄"]),
        ] {
            assert_eq!(wrap(text, 8), expected, "{text}");
        }
    }

    #[test]
    fn the_left_side_has_one_width() {
        let paint = Paint::asked(crate::output::style::When::Never, &std::io::stdin());
        for at in [0, 17, 999_999_999, 9_999_999_999] {
            for len in 1..=ROW_BYTES {
                let row = left(&Row::Bytes(at, vec![b'x'; len]), paint);
                assert_eq!(columns(&row), LEFT_COLUMNS, "{row}");
            }
        }
        assert_eq!(columns(&left(&Row::Gap(999_999_999_999_999), paint)), LEFT_COLUMNS);
        for place in 0..=ROW_BYTES {
            assert_eq!(columns(&mark(place % ROW_BYTES, Hue::Bad, paint)), LEFT_COLUMNS);
        }
    }
}
