//! The ladder as a table, and as a JSON document.

use super::machine;
use super::rung::{Figure, Setup, limit, median};
use crate::cli::report;
use serde_json::{Value, json};

/// The table on the terminal.
pub fn text(figures: &[Figure], setup: &Setup) -> String {
    let mut text = format!(
        "{:<16} {:>8} {:>8} {:>8} {:>8} {:>6} {:>7} {:>10}  {}\n",
        "rung", "min", "median", "max", "limit", "ratio", "cpu s", "peak", "what"
    );
    for figure in figures {
        let (low, high) = ends(&figure.rates);
        let (limit, ratio) = held_against(figures, figure);
        text += &format!(
            "{:<16} {low:>8.2} {:>8.2} {high:>8.2} {} {} {:>7.2} {:>10}  {}\n",
            figure.rung.name,
            figure.median().unwrap_or(0.0),
            limit.map_or_else(|| format!("{:>8}", "-"), |limit| format!("{limit:>8.2}")),
            ratio.map_or_else(|| format!("{:>6}", "-"), |ratio| format!("{ratio:>6.2}")),
            median(&figure.processor).unwrap_or(0.0),
            report::size(figure.peak_rss),
            figure.rung.what,
        );
    }
    let machine = machine::describe();
    text += &format!(
        "\nin 10^9 bytes of FILE a second; cpu s: processor seconds of both sides for 10^9 bytes;\n\
         limit: 0.75 of loopback-raw for a wire, 1/sum(1/rate) in series; {} at a time;\n\
         loopback-raw writes {} and reads {}; {}, {} cores, kernel {}\n",
        report::size(setup.size),
        report::size(setup.raw.write as u64),
        report::size(setup.raw.read as u64),
        machine["cpu"].as_str().unwrap_or("?"),
        machine["cores"],
        machine["kernel"].as_str().unwrap_or("?"),
    );
    text
}

/// The document of `--json`.
pub fn document(figures: &[Figure], setup: &Setup, noise: Option<f64>) -> Value {
    let rung = |figure: &Figure| {
        let (low, high) = ends(&figure.rates);
        let (limit, ratio) = held_against(figures, figure);
        json!({
            "name": figure.rung.name,
            "what": figure.rung.what,
            "gb_per_s": { "min": low, "median": figure.median(), "max": high },
            "limit": limit,
            "ratio": ratio,
            "cpu_s_per_gb": median(&figure.processor),
            "peak_rss_bytes": figure.peak_rss,
        })
    };
    json!({
        "rungs": figures.iter().map(rung).collect::<Vec<_>>(),
        "machine": machine::describe(),
        "size": setup.size,
        "connections": setup.connections,
        "raw": { "write": setup.raw.write, "read": setup.raw.read },
        "noise": noise,
    })
}

fn ends(rates: &[f64]) -> (f64, f64) {
    let low = rates.iter().copied().fold(f64::INFINITY, f64::min);
    (low, rates.iter().copied().fold(0.0, f64::max))
}

fn held_against(figures: &[Figure], figure: &Figure) -> (Option<f64>, Option<f64>) {
    let limit = limit(figures, &figure.rung.limit);
    (limit, limit.and_then(|limit| Some(figure.median()? / limit)))
}
