//! The result of a load of mail as plain data, and as a table. The document of `--json` is the
//! serde form of [`LoadReport`].

use super::super::machine::Machine;
use super::super::stats::Spread;
use crate::output::report::size;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub struct LoadReport {
    #[serde(flatten)]
    pub load: MailLoad,
    pub rounds: Vec<Round>,
    pub messages_per_s: Spread,
    /// 10⁶ bytes of messages a second.
    pub mb_per_s: Spread,
    /// Microseconds of the sender's processor time for a message.
    pub cpu_us_per_message: Spread,
    pub peak_rss_bytes: u64,
    pub machine: Machine,
}

/// The messages of each round, and the server.
#[derive(Debug, Serialize, Deserialize)]
pub struct MailLoad {
    pub server: String,
    pub messages: u32,
    pub connections: usize,
    /// Bytes of a message, before dot-stuffing.
    pub size: u64,
    /// Bytes of the file that is attached; 0 where there is none.
    pub file_bytes: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Round {
    pub seconds: f64,
    /// Processor seconds of the sender.
    pub cpu_s: f64,
    #[serde(flatten)]
    pub counts: Counts,
}

/// The outcomes of the messages of a round.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    pub accepted: u32,
    pub refused: u32,
    pub unknown: u32,
    /// The reason for the first message that was not accepted.
    pub why: Option<String>,
    /// Whether a signal ended the round.
    #[serde(skip)]
    pub was_stopped: bool,
}

impl LoadReport {
    /// The rates count only the messages that were accepted.
    pub fn of(load: MailLoad, rounds: Vec<Round>, peak_rss: u64, machine: Machine) -> LoadReport {
        let rates: Vec<f64> =
            rounds.iter().map(|round| f64::from(round.counts.accepted) / round.seconds).collect();
        let bytes: Vec<f64> = rates.iter().map(|rate| rate * load.size as f64 / 1e6).collect();
        let cpu = |round: &Round| round.cpu_s * 1e6 / f64::from(round.counts.accepted.max(1));
        LoadReport {
            messages_per_s: Spread::of(&rates),
            mb_per_s: Spread::of(&bytes),
            cpu_us_per_message: Spread::of(&rounds.iter().map(cpu).collect::<Vec<_>>()),
            peak_rss_bytes: peak_rss,
            machine,
            load,
            rounds,
        }
    }

    /// A count over all rounds.
    pub fn sum(&self, count: fn(&Counts) -> u32) -> u64 {
        self.rounds.iter().map(|round| u64::from(count(&round.counts))).sum()
    }
}

/// The table on the terminal.
pub fn text(report: &LoadReport) -> String {
    let load = &report.load;
    let connections = match load.connections {
        1 => "1 connection".to_owned(),
        many => format!("{many} connections"),
    };
    let mut text = format!(
        "{} messages of {} bytes to {} over {connections}, {} times\n\n",
        load.messages,
        load.size,
        load.server,
        report.rounds.len(),
    );
    text += &format!("{:<26} {:>10} {:>10} {:>10}\n", "", "min", "median", "max");
    for (what, Spread { min, median, max }) in [
        ("messages a second", report.messages_per_s),
        ("10^6 bytes a second", report.mb_per_s),
        ("processor, us a message", report.cpu_us_per_message),
    ] {
        text += &format!("{what:<26} {min:>10.1} {median:>10.1} {max:>10.1}\n");
    }
    text += &format!(
        "\naccepted {}, refused {}, unknown {}; memory {} at most\n{}\n",
        report.sum(|counts| counts.accepted),
        report.sum(|counts| counts.refused),
        report.sum(|counts| counts.unknown),
        size(report.peak_rss_bytes),
        report.machine.line(),
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::result::tests::{check_stored, stored};

    #[test]
    fn the_table_is_a_function_of_the_stored_result() {
        check_stored(stored!("mail.json"), text, stored!("mail.txt"));
    }
}
