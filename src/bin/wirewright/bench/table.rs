//! The result as tables for a terminal.

use super::result::{Report, RungReport, Spent, Sweep};
use crate::output::report::size;
use std::fmt::Write as _;

/// The greatest width of a line.
const COLUMNS_MAX: usize = 120;

/// The ladder, the sweeps, and the conditions of the measurement.
pub fn text(report: &Report) -> String {
    let mut text = ladder(&report.rungs);
    for (name, why) in report.unquotable() {
        text += &wrapped(&format!("! {name} cannot be quoted: {why}"), "");
    }
    for sweep in &report.sweeps {
        text.push('\n');
        text += &table(sweep);
    }
    text + "\n" + &foot(report) + &report.verdict() + "\n"
}

/// A number of an optional column.
fn optional(value: Option<f64>, width: usize) -> String {
    value.map_or_else(|| format!("{:>width$}", "-"), |value| format!("{value:>width$.2}"))
}

fn ladder(rungs: &[RungReport]) -> String {
    let mut text = String::from(
        "10^9 bytes of FILE a second, checked; cpu: processor seconds for 10^9 bytes, of sender \
         and receiver, or of all\n",
    );
    let _ = writeln!(
        text,
        "{:<17} {:>7} {:>7} {:>7} {:>7} {:>5}  {:<11} {:>9}  what",
        "rung", "min", "median", "max", "limit", "ratio", "  cpu s/GB", "peak"
    );
    for rung in rungs {
        let spent = match rung.cpu_s_per_gb {
            Spent::Sides { sender, receiver } => format!("{sender:>5.2} {receiver:>5.2}"),
            Spent::All { all } => format!("{all:>8.2}   "),
        };
        let _ = writeln!(
            text,
            "{:<17} {:>7.2} {:>7.2} {:>7.2} {} {} {}{spent} {:>9}  {}",
            rung.name,
            rung.gb_per_s.min,
            rung.gb_per_s.median,
            rung.gb_per_s.max,
            optional(rung.limit, 7),
            optional(rung.ratio, 5),
            if rung.quotable { ' ' } else { '!' },
            size(rung.peak_rss_bytes),
            rung.what,
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
        "", "", "min", "median", "max", sweep.y_label, sweep.x_label
    );
    for point in &sweep.points {
        let [min, median, max] = point.y.numbers().map(|number| sweep.unit.show(number));
        let _ = writeln!(
            text,
            "{:>10} {:>wide$} {min:>10} {median:>10} {max:>10}  {}",
            sweep.x.show(point.x),
            point.series,
            sweep.besides(point),
        );
    }
    text + &sweep.notes.iter().map(|note| wrapped(note, "  ")).collect::<String>()
}

/// Wraps text into lines that fit, each after `margin`.
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

/// The conditions of the measurement.
fn foot(report: &Report) -> String {
    let raw = report.raw.map_or_else(String::new, |raw| {
        format!("loopback-raw writes {} and reads {}; ", size(raw.write), size(raw.read))
    });
    format!(
        "limit: 0.75 of loopback-raw for a wire (base64 makes 4 bytes of 3), 1/sum(1/rate) in \
         series\n{} at a time, {} s for each in 5 interleaved rounds, {}\n{raw}{}\n",
        size(report.size),
        report.seconds,
        report.amounts(),
        report.machine.line(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::ladder::ladder as rungs;
    use crate::bench::result::tests::sample;
    use crate::bench::stats::Spread;

    #[test]
    fn the_table_fits_a_terminal() {
        let sample = sample().rungs.remove(3);
        let gb_per_s = Spread { min: 99.12, median: 123.456, max: 999.99 };
        let wide = RungReport { gb_per_s, peak_rss_bytes: u64::MAX >> 20, ..sample };
        let rung = |name: &str, what: &str| RungReport {
            name: name.to_owned(),
            what: what.to_owned(),
            limit: Some(999.0),
            ..wide.clone()
        };
        let rungs: Vec<_> = rungs().iter().map(|each| rung(each.name, each.what)).collect();
        let text = ladder(&rungs);
        let widest = text.lines().max_by_key(|line| line.chars().count()).unwrap_or("");
        assert!(widest.chars().count() <= COLUMNS_MAX, "{widest}");
        assert_eq!(text.lines().count(), rungs.len() + 2);
    }

    #[test]
    fn long_text_is_wrapped() {
        assert_eq!(wrapped("a b", "  "), "  a b\n");
        let text = wrapped(&"word ".repeat(50), "  ");
        assert_eq!(text.lines().count(), 3);
        assert!(text.lines().all(|line| line.starts_with("  word") && line.len() <= COLUMNS_MAX));
    }

    #[test]
    fn connections_are_named_only_with_their_rung() {
        let mut report = sample();
        report.rungs.retain(|rung| rung.name != "connections");
        assert!(!text(&report).contains("connections in"), "{}", text(&report));
    }
}
