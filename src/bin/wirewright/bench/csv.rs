//! The result as CSV: a line for each rung and for each point of a sweep.
//!
//! Specification: RFC 4180.

use super::result::{Report, Unit};
use super::stats::Spread;
use serde_json::{Value, json};

const HEAD: &str = "kind,name,series,x,x_unit,unit,min,median,max,limit,ratio,quotable,\
                    cpu_s_per_gb,peak_rss_bytes\r\n";

/// The text of the file. A field that a line does not have is empty.
pub fn csv(report: &Report) -> String {
    let rungs = report.rungs.iter().map(|rung| {
        let Spread { min, median, max } = rung.gb_per_s;
        let (limit, ratio, cpu) = (rung.limit, rung.ratio, rung.cost.seconds_per_gb);
        line(&[
            json!("rung"),
            json!(rung.name),
            Value::Null,
            Value::Null,
            Value::Null,
            json!(Unit::GbPerS),
            json!(min),
            json!(median),
            json!(max),
            json!(limit),
            json!(ratio),
            json!(rung.quotable),
            json!(cpu),
            json!(rung.peak_rss_bytes),
        ])
    });
    let points = report.sweeps.iter().flat_map(|sweep| {
        sweep.points.iter().map(|point| {
            let Spread { min, median, max } = point.y;
            let (name, series, x) = (&sweep.name, &point.series, point.x);
            let head = [json!("sweep"), json!(name), json!(series), json!(x), json!(sweep.x)];
            let numbers = [json!(sweep.unit), json!(min), json!(median), json!(max)];
            line(&[&head[..], &numbers, &[const { Value::Null }; 5]].concat())
        })
    });
    HEAD.to_owned() + &rungs.chain(points).collect::<String>()
}

fn line(fields: &[Value]) -> String {
    fields.iter().map(field).collect::<Vec<_>>().join(",") + "\r\n"
}

/// A field; text with a comma, a quote or a line end is quoted (RFC 4180 §2).
fn field(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.contains([',', '"', '\r', '\n']) => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        for (value, text) in [
            (json!("1,000/s"), "\"1,000/s\""),
            (json!("a \"b\""), "\"a \"\"b\"\"\""),
            (json!("plain"), "plain"),
            (json!(0.5), "0.5"),
            (json!(true), "true"),
            (json!(null), ""),
        ] {
            assert_eq!(field(&value), text);
        }
    }
}
