//! What was found as the JSON document of `--json`.
//!
//! ```text
//!   {"rungs":[{"name","what","gb_per_s":{"min","median","max"},"limit","ratio",
//!              "samples":[…],"quotable":true|false,"why":null|"…",
//!              "cpu_s_per_gb":{"sender","receiver"}|{"all"},"peak_rss_bytes"}],
//!    "sweeps":[{"name","what","x","unit","notes",
//!               "points":[{"x","series","min","median","max",…}]}],
//!    "noise","quotable","warnings","constant","machine","when","command","size",…}
//! ```

use super::findings::{Findings, Row};
use super::sweep::{Point, Sweep};
use serde_json::{Map, Value, json};

pub fn document(findings: &Findings) -> Value {
    let (facts, noise) = (&findings.facts, &findings.noise);
    json!({
        "rungs": findings.rows.iter().map(rung).collect::<Vec<_>>(),
        "sweeps": findings.sweeps.iter().map(sweep).collect::<Vec<_>>(),
        "noise": noise.null,
        "quotable": findings.is_quotable(),
        "constant": noise.constant.map(|(apart, allowed)| {
            json!({ "difference": apart, "noise": allowed })
        }),
        "warnings": findings.warnings(),
        "machine": facts.machine,
        "when": facts.when,
        "command": facts.command,
        "size": facts.size,
        "seconds": facts.seconds,
        "connections": facts.connections,
        "threads": facts.threads,
        "raw": facts.raw,
    })
}

fn rung(row: &Row) -> Value {
    json!({
        "name": row.name,
        "what": row.what,
        "gb_per_s": row.rate,
        "limit": row.limit,
        "ratio": row.ratio(),
        "samples": row.samples,
        "quotable": row.why.is_none(),
        "why": row.why,
        "cpu_s_per_gb": row.spent,
        "peak_rss_bytes": row.peak_rss,
    })
}

fn sweep(sweep: &Sweep) -> Value {
    json!({
        "name": sweep.name,
        "what": sweep.what,
        "x": sweep.x.unit.name(),
        "unit": sweep.y.unit.name(),
        "points": sweep.points.iter().map(point).collect::<Vec<_>>(),
        "notes": sweep.notes,
    })
}

fn point(point: &Point) -> Value {
    let mut members = Map::new();
    members.insert("x".to_owned(), point.x.into());
    members.insert("series".to_owned(), point.line.into());
    members.insert("min".to_owned(), point.y.min.into());
    members.insert("median".to_owned(), point.y.median.into());
    members.insert("max".to_owned(), point.y.max.into());
    let more = point.more.iter().map(|measure| (measure.key.to_owned(), measure.value.into()));
    members.extend(more);
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::findings::tests::findings;

    #[test]
    fn the_shape_is_kept() {
        let value = document(&findings());
        let again = &value["rungs"][1];
        assert_eq!(again["name"], "copy-again");
        assert_eq!(again["gb_per_s"], json!({ "min": 0.5, "median": 1.0, "max": 1.5 }));
        assert_eq!((&again["limit"], &again["ratio"]), (&json!(2.0), &json!(0.5)));
        assert_eq!(again["cpu_s_per_gb"], json!({ "sender": 0.1, "receiver": 0.2 }));
        assert_eq!(
            (&again["samples"], &again["quotable"]),
            (&json!([0.5, 1.0, 1.5]), &json!(false))
        );
        assert_eq!(again["why"], "the rounds spread by 100 %, more than 20 %");
        assert_eq!(again["peak_rss_bytes"], 1 << 20);
        assert_eq!(value["rungs"][0]["limit"], Value::Null);
        assert_eq!((&value["noise"], &value["quotable"]), (&json!(0.5), &json!(false)));
        let sweep = &value["sweeps"][0];
        assert_eq!((&sweep["name"], &sweep["unit"]), (&json!("file-size"), &json!("GB/s")));
        let point = &sweep["points"][0];
        assert_eq!((&point["x"], &point["median"]), (&json!(1024.0), &json!(2.0)));
        assert_eq!(point["memory_bytes"], 4096.0);
        assert!(value["machine"]["cores"].as_u64().is_some_and(|cores| cores > 0));
    }
}
