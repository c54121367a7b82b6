//! The result of `bench --peer` as plain data, and as a table. The document of `--json` is the
//! serde form of [`PeerReport`].

use super::super::machine::Machine;
use super::super::rung::Figure;
use super::super::stats::{Spread, median};
use super::pair::{self, Pair};
use crate::output::report::size;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub struct PeerReport {
    pub peer: String,
    pub rungs: Vec<PeerRung>,
    pub sweep: Vec<ChunkRate>,
    pub ratios: Ratios,
    pub machine: Machine,
    /// Bytes of FILE that are moved at a time.
    pub size: u64,
}

/// A rung of the ladder, or a pair of processes.
#[derive(Debug, Serialize, Deserialize)]
pub struct PeerRung {
    pub name: String,
    pub what: String,
    pub gb_per_s: Spread,
    /// The median divided by that of the peer at its best chunk size.
    pub times_peer: f64,
    /// Processor seconds of both sides together for 10⁹ bytes of FILE.
    pub cpu_s_per_gb: f64,
    /// The peaks of both sides together.
    pub peak_rss_bytes: u64,
    /// The sides, where they are two processes.
    pub server: Option<Side>,
    pub client: Option<Side>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Side {
    pub cpu_s_per_gb: f64,
    pub peak_rss_bytes: u64,
}

/// The peer at one chunk size; `None` is the whole file as one chunk.
#[derive(Debug, Serialize, Deserialize)]
pub struct ChunkRate {
    pub chunk_bytes: Option<u64>,
    pub gb_per_s: Spread,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Ratios {
    pub own_to_peer: f64,
    pub own_to_peer_whole: f64,
    pub memory_of_peer_to_own: f64,
    pub memory_of_peer_whole_to_own: f64,
}

impl From<&pair::Side> for Side {
    fn from(side: &pair::Side) -> Side {
        Side { cpu_s_per_gb: median(&side.processor), peak_rss_bytes: side.peak_rss }
    }
}

impl PeerRung {
    pub fn of_pair(pair: &Pair, peer: f64) -> PeerRung {
        let (server, client) = (Side::from(&pair.server), Side::from(&pair.client));
        PeerRung {
            name: pair.commands.name.to_owned(),
            what: pair.commands.what.clone(),
            gb_per_s: Spread::of(&pair.rates),
            times_peer: pair.median() / peer,
            cpu_s_per_gb: server.cpu_s_per_gb + client.cpu_s_per_gb,
            peak_rss_bytes: server.peak_rss_bytes + client.peak_rss_bytes,
            server: Some(server),
            client: Some(client),
        }
    }

    pub fn of_figure(figure: &Figure, peer: f64) -> PeerRung {
        PeerRung {
            name: figure.rung.name.to_owned(),
            what: figure.rung.what.to_owned(),
            gb_per_s: Spread::of(&figure.rates),
            times_peer: median(&figure.rates) / peer,
            cpu_s_per_gb: median(&figure.sender) + median(&figure.receiver),
            peak_rss_bytes: figure.peak_rss,
            server: None,
            client: None,
        }
    }
}

impl Ratios {
    pub fn of(own: &PeerRung, best: &PeerRung, whole: &PeerRung) -> Ratios {
        let memory =
            |peer: &PeerRung| peer.peak_rss_bytes as f64 / own.peak_rss_bytes.max(1) as f64;
        Ratios {
            own_to_peer: own.times_peer,
            own_to_peer_whole: own.gb_per_s.median / whole.gb_per_s.median,
            memory_of_peer_to_own: memory(best),
            memory_of_peer_whole_to_own: memory(whole),
        }
    }
}

/// The table on the terminal.
pub fn text(report: &PeerReport) -> String {
    let mut text = format!(
        "{:<17} {:>7} {:>7} {:>7} {:>7} {:>13} {:>21}  {}\n",
        "rung", "min", "median", "max", "x peer", "cpu s", "peak", "what"
    );
    for rung in &report.rungs {
        let (processor, peak) = match rung.server.zip(rung.client) {
            Some((server, client)) => (
                format!("{:.2} + {:.2}", server.cpu_s_per_gb, client.cpu_s_per_gb),
                format!("{} + {}", size(server.peak_rss_bytes), size(client.peak_rss_bytes)),
            ),
            None => (format!("{:.2}", rung.cpu_s_per_gb), size(rung.peak_rss_bytes)),
        };
        text += &format!(
            "{:<17} {} {:>7.2} {processor:>13} {peak:>21}  {}\n",
            rung.name,
            columns(rung.gb_per_s),
            rung.times_peer,
            rung.what,
        );
    }
    text += &format!("\n{:<17} {:>7} {:>7} {:>7}\n", "peer, chunk", "min", "median", "max");
    for ChunkRate { chunk_bytes, gb_per_s } in &report.sweep {
        let chunk = chunk_bytes.map_or_else(|| "whole file".to_owned(), size);
        text += &format!("{chunk:<17} {}\n", columns(*gb_per_s));
    }
    text + "\n" + &summary(report)
}

fn columns(Spread { min, median, max }: Spread) -> String {
    format!("{min:>7.3} {median:>7.3} {max:>7.3}")
}

fn summary(report: &PeerReport) -> String {
    format!(
        "in 10^9 bytes of FILE a second, {} at a time; x peer: medians, to peer-tokio. cpu s:\n\
         processor seconds for 10^9 bytes, server + client, or both in one process. Two processes\n\
         are measured from outside, by the wall time of the whole client process; the peer moves\n\
         made-up bytes from memory and keeps none, without checksums; own-two-processes reads a\n\
         file, checks every chunk, and writes to /dev/null.\n\
         own-two-processes: {:.2} x peer-tokio, {:.2} x peer-tokio-whole; memory of both sides\n\
         of the peer: {:.1} times ours, with whole files {:.1} times.\n\
         {}\n",
        size(report.size),
        report.ratios.own_to_peer,
        report.ratios.own_to_peer_whole,
        report.ratios.memory_of_peer_to_own,
        report.ratios.memory_of_peer_whole_to_own,
        report.machine.line(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::result::tests::{check_stored, stored};

    #[test]
    fn the_table_is_a_function_of_the_stored_result() {
        check_stored(stored!("peer.json"), text, stored!("peer.txt"));
    }
}
