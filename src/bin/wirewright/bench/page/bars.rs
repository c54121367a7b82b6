//! The ladder as bars: one line for each rung, the name before it and the numbers behind it.
//!
//! ```text
//!   loopback      ██████████████████├─┤ |      2.93   0.97 ×
//!                 bar: median  whisker  limit
//! ```
//!
//! Lengths are shares of the width, so the picture grows and shrinks with the window while text
//! keeps its size.

use super::markup::{escape, plain, scale};
use crate::bench::result::RungReport;
use std::fmt::Write as _;

/// The legend of the whisker.
pub const KEY_WHISKER: &str = "<span class=\"nobr\">the whisker \
    <svg class=\"key\" width=\"26\" height=\"12\" aria-hidden=\"true\">\
    <path class=\"whisker\" d=\"M2 6H24M2 2V10M24 2V10\"/></svg></span>";

/// The legend of the limit.
pub const KEY_LIMIT: &str = "<span class=\"nobr\">the tall mark \
    <svg class=\"key\" width=\"10\" height=\"14\" aria-hidden=\"true\">\
    <path class=\"limit\" d=\"M5 0V14\"/></svg></span>";

/// One panel with a scale of its own, from 0.
pub fn panel(title: &str, rungs: &[&RungReport]) -> String {
    let top = rungs
        .iter()
        .map(|rung| rung.gb_per_s.max.max(rung.limit.unwrap_or(0.0)))
        .fold(0.0, f64::max);
    let (end, step) = scale(top);
    let lines: String = rungs.iter().map(|rung| line(rung, end, step)).collect();
    format!(
        "<figure class=\"panel\">\n<figcaption>{}, GB/s</figcaption>\n<div class=\"bars\">\n\
         {lines}{}</div>\n</figure>\n",
        escape(title),
        axis(end, step)
    )
}

/// The position of a value in percent of the width.
fn share(value: f64, end: f64) -> f64 {
    (value / end * 100.0).clamp(0.0, 100.0)
}

fn line(rung: &RungReport, end: f64, step: f64) -> String {
    let ratio = rung.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2} ×"));
    let mark = rung.why.as_ref().map_or_else(String::new, |why| {
        format!("<b class=\"unquotable\" title=\"cannot be quoted: {}\">!</b> ", escape(why))
    });
    format!(
        "<div class=\"name\"><b>{}</b><span>{}</span></div>\n\
         <div class=\"rate\">{mark}<b>{:.2}</b> <span>{ratio}</span></div>\n{}",
        escape(&rung.name),
        escape(&rung.what),
        rung.gb_per_s.median,
        picture(rung, end, step),
    )
}

fn picture(rung: &RungReport, end: f64, step: f64) -> String {
    let at = |value: f64| format!("{:.2}%", share(value, end));
    let limit = rung.limit.map_or_else(String::new, |limit| format!(", limit {limit:.2}"));
    let (min, median, max) =
        (at(rung.gb_per_s.min), at(rung.gb_per_s.median), at(rung.gb_per_s.max));
    let mut svg = format!(
        "<svg class=\"bar\" role=\"img\" \
         aria-label=\"{}: median {:.2}, from {:.2} to {:.2}{limit}\">",
        escape(&rung.name),
        rung.gb_per_s.median,
        rung.gb_per_s.min,
        rung.gb_per_s.max,
    );
    for mark in 0..=(end / step).round() as usize {
        let x = at(step * mark as f64);
        let _ = write!(svg, "<line class=\"grid\" x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"100%\"/>");
    }
    let _ = write!(
        svg,
        "<rect class=\"fill\" x=\"0\" y=\"25%\" width=\"{median}\" height=\"50%\" rx=\"2\"/>\
         <line class=\"whisker\" x1=\"{min}\" x2=\"{max}\" y1=\"50%\" y2=\"50%\"/>\
         <line class=\"whisker\" x1=\"{min}\" x2=\"{min}\" y1=\"36%\" y2=\"64%\"/>\
         <line class=\"whisker\" x1=\"{max}\" x2=\"{max}\" y1=\"36%\" y2=\"64%\"/>"
    );
    if let Some(limit) = rung.limit {
        let x = at(limit);
        let _ = write!(svg, "<line class=\"limit\" x1=\"{x}\" x2=\"{x}\" y1=\"8%\" y2=\"92%\"/>");
    }
    svg + "</svg>\n"
}

/// The marks below the bars.
fn axis(end: f64, step: f64) -> String {
    let count = (end / step).round() as usize;
    let marks: String = (0..=count)
        .map(|mark| {
            let value = step * mark as f64;
            let left = share(value, end);
            format!("<span style=\"left:{left:.2}%\">{}</span>", plain(value))
        })
        .collect();
    format!("<div class=\"axis\" aria-hidden=\"true\">{marks}</div>\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::result::tests::sample;
    use crate::bench::stats::Spread;

    #[test]
    fn bars_are_shares_of_the_scale() {
        let noisy = sample().rungs.remove(3);
        let gb_per_s = Spread { min: 2.0, median: 3.0, max: 3.5 };
        let rung = RungReport { gb_per_s, limit: Some(4.0), ratio: Some(0.75), ..noisy };
        let panel = panel("On the wire", &[&rung]);
        // The scale ends at 4.
        assert!(panel.contains("width=\"75.00%\""), "{panel}");
        assert!(panel.contains("class=\"limit\" x1=\"100.00%\""), "{panel}");
        assert!(panel.contains(": median 3.00, from 2.00 to 3.50, limit 4.00"), "{panel}");
        assert!(panel.contains("0.75 ×"), "{panel}");
    }
}
