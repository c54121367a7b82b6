//! What was found beside the peer: as a table, and as a JSON document.

use super::super::machine::Machine;
use super::super::rung::Figure;
use super::super::stats::median as middle;
use super::pair::{Pair, Side};
use super::{Findings, WHOLE};
use crate::output::report;
use serde_json::{Value, json};

/// One row of the table.
struct Row<'a> {
    name: &'a str,
    what: &'a str,
    rates: &'a [f64],
    /// Server and client, where they are two processes.
    sides: Option<[&'a Side; 2]>,
    /// Processor seconds for 10⁹ bytes, and peak memory, of both together.
    processor: f64,
    peak_rss: u64,
}

impl<'a> From<&'a Pair> for Row<'a> {
    fn from(pair: &'a Pair) -> Row<'a> {
        let sides = [&pair.server, &pair.client];
        Row {
            name: pair.plan.name,
            what: &pair.plan.what,
            rates: &pair.rates,
            sides: Some(sides),
            processor: sides.iter().map(|side| middle(&side.processor)).sum(),
            peak_rss: sides.iter().map(|side| side.peak_rss).sum(),
        }
    }
}

impl<'a> From<&'a Figure> for Row<'a> {
    fn from(figure: &'a Figure) -> Row<'a> {
        Row {
            name: figure.rung.name,
            what: figure.rung.what,
            rates: &figure.rates,
            sides: None,
            processor: middle(&figure.sender) + middle(&figure.receiver),
            peak_rss: figure.peak_rss,
        }
    }
}

fn ends(rates: &[f64]) -> (f64, f64) {
    let low = rates.iter().copied().fold(f64::INFINITY, f64::min);
    (low, rates.iter().copied().fold(0.0, f64::max))
}

impl Findings {
    fn rows(&self) -> Vec<Row<'_>> {
        let pairs = [&self.own, &self.best, &self.whole];
        self.ladder.iter().map(Row::from).chain(pairs.map(Row::from)).collect()
    }

    /// How many times as fast as the peer at its best chunk.
    fn times(&self, row: &Row<'_>) -> f64 {
        middle(row.rates) / self.best.median()
    }

    /// How many times as much memory as we a peer takes, both sides together.
    fn memory(&self, peer: &Pair) -> f64 {
        Row::from(peer).peak_rss as f64 / Row::from(&self.own).peak_rss.max(1) as f64
    }
}

/// The table on the terminal.
pub fn text(findings: &Findings) -> String {
    let mut text = format!(
        "{:<17} {:>7} {:>7} {:>7} {:>7} {:>13} {:>21}  {}\n",
        "rung", "min", "median", "max", "x peer", "cpu s", "peak", "what"
    );
    for row in findings.rows() {
        let (low, high) = ends(row.rates);
        let (processor, peak) = match row.sides {
            Some([server, client]) => (
                format!("{:.2} + {:.2}", middle(&server.processor), middle(&client.processor)),
                format!("{} + {}", report::size(server.peak_rss), report::size(client.peak_rss)),
            ),
            None => (format!("{:.2}", row.processor), report::size(row.peak_rss)),
        };
        text += &format!(
            "{:<17} {low:>7.3} {:>7.3} {high:>7.3} {:>7.2} {processor:>13} {peak:>21}  {}\n",
            row.name,
            middle(row.rates),
            findings.times(&row),
            row.what,
        );
    }
    text + "\n" + &sweep(findings) + &summary(findings)
}

/// The peer at its chunk sizes.
fn sweep(findings: &Findings) -> String {
    let mut text = format!("{:<17} {:>7} {:>7} {:>7}\n", "peer, chunk", "min", "median", "max");
    for (chunk, pair) in &findings.sweep {
        let (low, high) = ends(&pair.rates);
        let chunk = match *chunk {
            WHOLE => "whole file".to_owned(),
            chunk => report::size(chunk),
        };
        text += &format!("{chunk:<17} {low:>7.3} {:>7.3} {high:>7.3}\n", pair.median());
    }
    text + "\n"
}

fn summary(findings: &Findings) -> String {
    format!(
        "in 10^9 bytes of FILE a second, {} at a time; x peer: medians, to peer-tokio. cpu s:\n\
         processor seconds for 10^9 bytes, server + client, or both in one process. Two processes\n\
         are measured from outside, by the wall time of the whole client process; the peer moves\n\
         made-up bytes from memory and keeps none, without checksums; own-two-processes reads a\n\
         file, checks every chunk, and writes to /dev/null.\n\
         own-two-processes: {:.2} x peer-tokio, {:.2} x peer-tokio-whole; memory of both sides\n\
         of the peer: {:.1} times ours, with whole files {:.1} times.\n\
         {}\n",
        report::size(findings.setup.size),
        findings.times(&Row::from(&findings.own)),
        findings.own.median() / findings.whole.median(),
        findings.memory(&findings.best),
        findings.memory(&findings.whole),
        Machine::look().line(),
    )
}

fn side(side: &Side) -> Value {
    let processor = middle(&side.processor);
    json!({ "cpu_s_per_gb": processor, "peak_rss_bytes": side.peak_rss })
}

/// The document of `--json`.
pub fn document(findings: &Findings) -> Value {
    let rate = |rates: &[f64]| {
        let (low, high) = ends(rates);
        json!({ "min": low, "median": middle(rates), "max": high })
    };
    let rung = |row: &Row<'_>| {
        json!({
            "name": row.name,
            "what": row.what,
            "gb_per_s": rate(row.rates),
            "times_peer": findings.times(row),
            "cpu_s_per_gb": row.processor,
            "peak_rss_bytes": row.peak_rss,
            "server": row.sides.map(|[server, _]| side(server)),
            "client": row.sides.map(|[_, client]| side(client)),
        })
    };
    let point = |(chunk, pair): &(u64, Pair)| {
        let chunk = Some(*chunk).filter(|chunk| *chunk != WHOLE);
        json!({ "chunk_bytes": chunk, "gb_per_s": rate(&pair.rates) })
    };
    json!({
        "peer": "tokio",
        "rungs": findings.rows().iter().map(rung).collect::<Vec<_>>(),
        "sweep": findings.sweep.iter().map(point).collect::<Vec<_>>(),
        "ratios": {
            "own_to_peer": findings.times(&Row::from(&findings.own)),
            "own_to_peer_whole": findings.own.median() / findings.whole.median(),
            "memory_of_peer_to_own": findings.memory(&findings.best),
            "memory_of_peer_whole_to_own": findings.memory(&findings.whole),
        },
        "machine": Machine::look(),
        "size": findings.setup.size,
    })
}
