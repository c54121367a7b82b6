//! The numbers of the pictures as tables, for who cannot see them or wants to copy them.

use super::markup::escape;
use crate::bench::findings::{Row, Spent};
use crate::bench::sweep::{Measure, Sweep};
use crate::output::report;

/// A table that scrolls by itself where it is too wide.
fn table(label: &str, head: &[&str], rows: &[Vec<String>]) -> String {
    let head: String =
        head.iter().map(|text| format!("<th scope=\"col\">{}</th>", escape(text))).collect();
    let row = |cells: &Vec<String>| {
        let rest: String =
            cells[1..].iter().map(|text| format!("<td>{}</td>", escape(text))).collect();
        format!("<tr><th scope=\"row\">{}</th>{rest}</tr>\n", escape(&cells[0]))
    };
    let rows: String = rows.iter().map(row).collect();
    format!(
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{}\"><table>\n\
         <thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n",
        escape(label)
    )
}

pub fn ladder(rows: &[Row]) -> String {
    let cells = |row: &Row| {
        let (sender, receiver) = match row.spent {
            Spent::Sides { sender, receiver } => (sender, format!("{receiver:.2}")),
            Spent::All { all } => (all, String::new()),
        };
        vec![
            row.name.to_owned(),
            format!("{:.2}", row.rate.min),
            format!("{:.2}", row.rate.median),
            format!("{:.2}", row.rate.max),
            row.limit.map_or_else(String::new, |limit| format!("{limit:.2}")),
            row.ratio().map_or_else(String::new, |ratio| format!("{ratio:.2}")),
            format!("{sender:.2}"),
            receiver,
            report::size(row.peak_rss),
            row.why.as_ref().map_or_else(|| "yes".to_owned(), |why| format!("no: {why}")),
        ]
    };
    let head = [
        "rung",
        "min",
        "median",
        "max",
        "limit",
        "ratio",
        "sender, s/GB",
        "receiver, s/GB",
        "peak",
        "quotable",
    ];
    let rows: Vec<_> = rows.iter().map(cells).collect();
    format!(
        "<details open><summary>The numbers</summary>\n{}<p class=\"note\">GB/s of file; processor \
         seconds for 10<sup>9</sup> bytes of each side, of the whole where there is one thread; \
         peak of resident memory.</p></details>\n",
        table("The ladder in numbers", &head, &rows)
    )
}

/// The numbers of a sweep, folded up unless they are all there is.
pub fn sweep(sweep: &Sweep, open: bool) -> String {
    let named = sweep.lines().len() > 1;
    let mut head = vec![sweep.x.label];
    head.extend(named.then_some("line"));
    head.extend(["min", "median", "max"]);
    let more = sweep.points.iter().any(|point| !point.more.is_empty());
    head.extend(more.then_some("besides"));
    let rows: Vec<Vec<String>> = sweep
        .points
        .iter()
        .map(|point| {
            let mut cells = vec![sweep.x.unit.show(point.x)];
            cells.extend(named.then(|| point.line.to_owned()));
            cells.extend([point.y.min, point.y.median, point.y.max].map(|y| sweep.y.unit.show(y)));
            let besides: Vec<String> = point.more.iter().map(Measure::text).collect();
            cells.extend(more.then(|| besides.join(", ")));
            cells
        })
        .collect();
    let label = format!("{} in numbers", sweep.name);
    format!(
        "<details{}><summary>The numbers</summary>\n{}</details>\n",
        if open { " open" } else { "" },
        table(&label, &head, &rows)
    )
}
