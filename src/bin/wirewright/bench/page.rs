//! The result as one self-contained HTML page: no network, no scripts, no fonts.
//!
//! Specification: HTML Living Standard, SVG 2.
//!
//! ```text
//!   head     date, machine, command line, verdict
//!   ladder   bars, one panel for the wire and one for the cache       page/bars
//!   sweeps   lines with the band of min to max                        page/lines
//!   tables   the same numbers
//! ```
//!
//! The page follows the light or dark colour scheme of the browser, fits small screens and paper,
//! and conveys nothing by colour alone.

mod bars;
mod lines;
mod markup;
mod style;
mod tables;

use super::result::Report;
use super::rung::Place;
use crate::output::report::size;
use markup::escape;

pub fn page(report: &Report) -> String {
    let mut body = head(report);
    body += &ladder(report);
    if !report.sweeps.is_empty() {
        let sweeps: String = report.sweeps.iter().map(lines::figure).collect();
        body += &format!(
            "<section><h2>Sweeps</h2>\n<p class=\"note\">The line joins the medians, the band goes \
             from the slowest round to the fastest.</p>\n<div class=\"cards\">{sweeps}</div>\
             </section>\n"
        );
    }
    body += &foot(report);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>wirewright bench</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n{body}\
         </main>\n</body>\n</html>\n",
        style::CSS
    )
}

fn head(report: &Report) -> String {
    let (class, mark) = if report.quotable { ("good", "✓") } else { ("bad", "!") };
    let mut text = format!(
        "<header>\n<h1>wirewright bench</h1>\n<p class=\"lead\">How fast files travel as JSON and \
         base64, beside what the machine can do.</p>\n<p class=\"verdict {class}\">\
         <span class=\"mark\" aria-hidden=\"true\">{mark}</span> {}</p>\n",
        escape(&report.verdict())
    );
    for warning in &report.warnings {
        text += &format!("<p class=\"verdict bad\">Warning: {}.</p>\n", escape(warning));
    }
    text + &about(report) + "</header>\n"
}

fn about(report: &Report) -> String {
    let machine = &report.machine;
    let vector = machine.vector.join(" ");
    let rows = [
        ("When", report.when.clone()),
        ("Machine", machine.line()),
        ("Command", report.command.clone()),
        ("Version", format!("{}, base64 by {} ({vector})", machine.version, machine.base64)),
    ];
    let rows: String = rows
        .iter()
        .map(|(name, value)| format!("<div><dt>{name}</dt><dd>{}</dd></div>\n", escape(value)))
        .collect();
    format!("<dl>\n{rows}</dl>\n")
}

fn ladder(report: &Report) -> String {
    let panel = |title: &str, place: Place| {
        let rows: Vec<_> = report.rungs.iter().filter(|rung| rung.place == place).collect();
        if rows.is_empty() { String::new() } else { bars::panel(title, &rows) }
    };
    format!(
        "<section>\n<h2>The ladder</h2>\n<p class=\"note\">10<sup>9</sup> bytes of file a second, \
         whatever travels. The bar is the median of five interleaved rounds, \
         {whisker} goes from the slowest to the fastest, {tick} is the limit; the number behind \
         the rate is the share of it that is reached. A rung whose rate stands behind a “!” cannot \
         be quoted; the table says why.</p>\n\
         <div class=\"panels\">\n{}{}</div>\n{}</section>\n",
        panel("On the wire", Place::Wire),
        panel("In cache", Place::Cache),
        tables::ladder(&report.rungs),
        whisker = bars::KEY_WHISKER,
        tick = bars::KEY_LIMIT,
    )
}

fn foot(report: &Report) -> String {
    let raw = report.raw.map_or_else(String::new, |raw| {
        let (write, read) = (size(raw.write), size(raw.read));
        format!(" The raw loopback writes {write} and reads {read} at a time, the best of a sweep.")
    });
    format!(
        "<footer><p>Every rung was checked before it was timed: what came out is what went in. A \
         rung with a wire is held against 0.75 of the raw loopback, for base64 makes four bytes of \
         three; one that adds work in series against what its parts allow one after the other. {} \
         at a time, {} s for each rung, {}.{raw}</p></footer>\n",
        size(report.size),
        report.seconds,
        report.amounts(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::result::tests::sample;

    #[test]
    fn it_is_whole_and_needs_nothing_else() {
        let page = page(&sample());
        assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
        for what in ["<script", "http:", "https:", "url(", "@import", "src=", "href="] {
            assert!(!page.contains(what), "{what}");
        }
    }

    #[test]
    fn what_is_opened_is_closed() {
        let page = page(&sample());
        for tag in ["main", "section", "div", "svg", "table", "p", "dl", "dt", "span", "figure"] {
            let opened = page.matches(&format!("<{tag} ")).count()
                + page.matches(&format!("<{tag}>")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }

    #[test]
    fn text_is_escaped() {
        let page = page(&sample());
        assert!(page.contains("wirewright bench &lt;x&gt;") && !page.contains("<x>"));
        assert!(page.contains("&lt;once&gt; &amp; again") && page.contains("&lt;it&gt;"));
    }
}
