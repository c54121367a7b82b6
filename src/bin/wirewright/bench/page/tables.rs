//! The numbers of the pictures as tables, for screen readers and for copying.

use super::markup::escape;
use crate::bench::result::{RungReport, Spent, Sweep};
use crate::output::report::size;

/// A table that scrolls horizontally where it is too wide.
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

pub fn ladder(rungs: &[RungReport]) -> String {
    let cells = |rung: &RungReport| {
        let (sender, receiver) = match rung.cpu_s_per_gb {
            Spent::Sides { sender, receiver } => (sender, format!("{receiver:.2}")),
            Spent::All { all } => (all, String::new()),
        };
        vec![
            rung.name.clone(),
            format!("{:.2}", rung.gb_per_s.min),
            format!("{:.2}", rung.gb_per_s.median),
            format!("{:.2}", rung.gb_per_s.max),
            rung.limit.map_or_else(String::new, |limit| format!("{limit:.2}")),
            rung.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}")),
            format!("{sender:.2}"),
            receiver,
            size(rung.peak_rss_bytes),
            rung.why.as_ref().map_or_else(|| "yes".to_owned(), |why| format!("no: {why}")),
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
    let rows: Vec<_> = rungs.iter().map(cells).collect();
    format!(
        "<details open><summary>The numbers</summary>\n{}<p class=\"note\">GB/s of file; processor \
         seconds for 10<sup>9</sup> bytes of each side, of the whole where there is one thread; \
         peak of resident memory.</p></details>\n",
        table("The ladder in numbers", &head, &rows)
    )
}

/// The numbers of a sweep, collapsed unless `open`.
pub fn sweep(sweep: &Sweep, open: bool) -> String {
    let named = sweep.lines().len() > 1;
    let mut head = vec![&*sweep.x_label];
    head.extend(named.then_some("line"));
    head.extend(["min", "median", "max"]);
    let more = sweep.points.iter().any(|point| !point.more.is_empty());
    head.extend(more.then_some("besides"));
    let rows: Vec<Vec<String>> = sweep
        .points
        .iter()
        .map(|point| {
            let mut cells = vec![sweep.x.show(point.x)];
            cells.extend(named.then(|| point.series.clone()));
            cells.extend(point.y.numbers().map(|y| sweep.unit.show(y)));
            cells.extend(more.then(|| sweep.besides(point)));
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
