//! What a load came to: as a table, and as a JSON document.

use super::super::machine::{self, Machine};
use super::super::stats::Spread;
use super::load::{Plan, Round, sum};
use crate::output::report::size;
use serde_json::{Value, json};

/// The numbers of each round that are told.
struct Rates {
    messages: Vec<f64>,
    /// 10⁶ bytes of messages a second.
    megabytes: Vec<f64>,
    /// Microseconds of processor for a message.
    spent: Vec<f64>,
}

impl Rates {
    /// What was not accepted counts as nothing.
    fn of(plan: &Plan, rounds: &[Round]) -> Rates {
        let rate = |round: &Round| f64::from(round.counts.accepted) / round.elapsed.as_secs_f64();
        let spent = |round: &Round| {
            round.spent.as_secs_f64() * 1e6 / f64::from(round.counts.accepted.max(1))
        };
        let messages: Vec<f64> = rounds.iter().map(rate).collect();
        Rates {
            megabytes: messages.iter().map(|rate| rate * plan.size as f64 / 1e6).collect(),
            spent: rounds.iter().map(spent).collect(),
            messages,
        }
    }
}

/// The table on the terminal.
pub fn text(plan: &Plan, rounds: &[Round]) -> String {
    let rates = Rates::of(plan, rounds);
    let connections = match plan.connections {
        1 => "1 connection".to_owned(),
        many => format!("{many} connections"),
    };
    let mut text = format!(
        "{} messages of {} bytes to {} over {connections}, {} times\n\n",
        plan.messages,
        plan.size,
        plan.server,
        rounds.len(),
    );
    text += &format!("{:<26} {:>10} {:>10} {:>10}\n", "", "min", "median", "max");
    for (what, numbers) in [
        ("messages a second", &rates.messages),
        ("10^6 bytes a second", &rates.megabytes),
        ("processor, us a message", &rates.spent),
    ] {
        let Spread { min, median, max } = Spread::of(numbers);
        text += &format!("{what:<26} {min:>10.1} {median:>10.1} {max:>10.1}\n");
    }
    text += &format!(
        "\naccepted {}, refused {}, unknown {}; memory {} at most\n{}\n",
        sum(rounds, |counts| counts.accepted),
        sum(rounds, |counts| counts.refused),
        sum(rounds, |counts| counts.unknown),
        size(machine::peak_rss()),
        Machine::look().line(),
    );
    text
}

/// The document of `--json`.
pub fn document(plan: &Plan, rounds: &[Round]) -> Value {
    let rates = Rates::of(plan, rounds);
    let each = |round: &Round| {
        json!({
            "seconds": round.elapsed.as_secs_f64(),
            "cpu_s": round.spent.as_secs_f64(),
            "accepted": round.counts.accepted,
            "refused": round.counts.refused,
            "unknown": round.counts.unknown,
            "why": round.counts.why,
        })
    };
    json!({
        "server": plan.server,
        "messages": plan.messages,
        "size": plan.size,
        "file_bytes": plan.file,
        "connections": plan.connections,
        "rounds": rounds.iter().map(each).collect::<Vec<_>>(),
        "messages_per_s": Spread::of(&rates.messages),
        "mb_per_s": Spread::of(&rates.megabytes),
        "cpu_us_per_message": Spread::of(&rates.spent),
        "peak_rss_bytes": machine::peak_rss(),
        "machine": Machine::look(),
    })
}
