//! What was found as tables on a terminal.

use super::findings::{Findings, Row, Spent};
use super::sweep::{Measure, Sweep};
use crate::output::report;
use std::fmt::Write as _;

/// Within this many columns.
const COLUMNS_MAX: usize = 120;

/// The ladder, then the sweeps, then how it was measured.
pub fn text(findings: &Findings) -> String {
    let mut text = ladder(&findings.rows);
    for (name, why) in findings.unquotable() {
        text += &wrapped(&format!("! {name} cannot be quoted: {why}"), "");
    }
    for sweep in &findings.sweeps {
        text.push('\n');
        text += &table(sweep);
    }
    text + "\n" + &foot(findings) + &findings.verdict() + "\n"
}

fn ladder(rows: &[Row]) -> String {
    let mut text = String::from(
        "10^9 bytes of FILE a second, checked; cpu: processor seconds for 10^9 bytes, of sender \
         and receiver, or of all\n",
    );
    let _ = writeln!(
        text,
        "{:<17} {:>7} {:>7} {:>7} {:>7} {:>5}  {:<11} {:>9}  what",
        "rung", "min", "median", "max", "limit", "ratio", "  cpu s/GB", "peak"
    );
    for row in rows {
        let spent = match row.spent {
            Spent::Sides { sender, receiver } => format!("{sender:>5.2} {receiver:>5.2}"),
            Spent::All { all } => format!("{all:>8.2}   "),
        };
        let mark = if row.why.is_some() { '!' } else { ' ' };
        let _ = writeln!(
            text,
            "{:<17} {:>7.2} {:>7.2} {:>7.2} {} {} {mark}{spent} {:>9}  {}",
            row.name,
            row.rate.min,
            row.rate.median,
            row.rate.max,
            row.limit.map_or_else(|| format!("{:>7}", "-"), |limit| format!("{limit:>7.2}")),
            row.ratio().map_or_else(|| format!("{:>5}", "-"), |ratio| format!("{ratio:>5.2}")),
            report::size(row.peak_rss),
            row.what,
        );
    }
    text
}

fn table(sweep: &Sweep) -> String {
    let mut text = wrapped(&format!("{}: {}", sweep.name, sweep.what), "");
    let wide = sweep.lines().iter().map(|line| line.len() + 1).max().unwrap_or(0);
    let _ = writeln!(
        text,
        "{:>10} {:>wide$} {:>10} {:>10} {:>10}  {} against {}",
        "", "", "min", "median", "max", sweep.y.label, sweep.x.label
    );
    for point in &sweep.points {
        let more: Vec<String> = point.more.iter().map(Measure::text).collect();
        let _ = writeln!(
            text,
            "{:>10} {:>wide$} {:>10} {:>10} {:>10}  {}",
            sweep.x.unit.show(point.x),
            point.line,
            sweep.y.unit.show(point.y.min),
            sweep.y.unit.show(point.y.median),
            sweep.y.unit.show(point.y.max),
            more.join(", "),
        );
    }
    text + &sweep.notes.iter().map(|note| wrapped(note, "  ")).collect::<String>()
}

/// Text in lines that fit, each behind `margin`.
fn wrapped(text: &str, margin: &str) -> String {
    let (mut lines, mut line) = (String::new(), String::new());
    for word in text.split(' ') {
        if line.chars().count() + word.chars().count() + margin.len() >= COLUMNS_MAX {
            lines += &format!("{margin}{}\n", line.trim_end());
            line.clear();
        }
        line.push_str(word);
        line.push(' ');
    }
    lines + margin + line.trim_end() + "\n"
}

/// How it was measured.
fn foot(findings: &Findings) -> String {
    let facts = &findings.facts;
    let raw = facts.raw.map_or_else(String::new, |raw| {
        let (write, read) = (report::size(raw.write as u64), report::size(raw.read as u64));
        format!("loopback-raw writes {write} and reads {read}; ")
    });
    let connections = findings.connections().map_or_else(String::new, |count| {
        format!(", {count} connections in the rung of that name")
    });
    format!(
        "limit: 0.75 of loopback-raw for a wire (base64 makes 4 bytes of 3), 1/sum(1/rate) in \
         series\n{} at a time, {} s for each in 5 interleaved rounds, {} server \
         thread(s){connections}\n{raw}{}\n",
        report::size(facts.size),
        facts.seconds,
        facts.threads,
        facts.machine.line(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::findings::tests::{findings, row};
    use crate::bench::ladder::ladder as rungs;

    #[test]
    fn the_table_fits_a_terminal() {
        let rows: Vec<Row> = rungs()
            .iter()
            .map(|rung| Row { name: rung.name, what: rung.what, ..row("", 99.12, 123.456, 999.99) })
            .map(|row| Row { limit: Some(999.0), peak_rss: u64::MAX >> 20, ..row })
            .collect();
        let text = ladder(&rows);
        let widest = text.lines().max_by_key(|line| line.chars().count()).unwrap_or("");
        assert!(widest.chars().count() <= COLUMNS_MAX, "{widest}");
        assert_eq!(text.lines().count(), rows.len() + 2);
    }

    #[test]
    fn long_text_is_wrapped() {
        assert_eq!(wrapped("a b", "  "), "  a b\n");
        let text = wrapped(&"word ".repeat(50), "  ");
        assert_eq!(text.lines().count(), 3);
        assert!(text.lines().all(|line| line.starts_with("  word") && line.len() <= COLUMNS_MAX));
    }

    #[test]
    fn connections_are_told_where_their_rung_was_measured() {
        let (without, mut with) = (findings(), findings());
        assert!(!text(&without).contains("connections"), "{}", text(&without));
        with.rows.push(row("connections", 1.0, 2.0, 3.0));
        with.facts.connections = 7;
        let text = text(&with);
        assert!(text.contains(", 7 connections in the rung of that name"), "{text}");
    }

    #[test]
    fn all_that_was_found_is_in_it() {
        let text = text(&findings());
        for what in [
            "copy",
            "2.00",
            "0.50",
            "0.10  0.20",
            "file-size",
            "1.0 KiB",
            "a note",
            "! copy cannot",
        ] {
            assert!(text.contains(what), "{what} in {text}");
        }
    }
}
