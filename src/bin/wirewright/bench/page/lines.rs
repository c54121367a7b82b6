//! A sweep as lines over a band from min to max.
//!
//! ```text
//!   y marks │      ______●────●  line's name      x: logarithmic, or equal distances
//!           │  ●──/                               y: from 0, or logarithmic where it spans decades
//!           └───────────────────
//!              x marks
//! ```
//!
//! The curves are drawn in a square of 100 × 100 that is stretched to the width of the page. Marks,
//! names and points are placed in percent, so that text and dots keep their shape. Lines differ by
//! dash and by the shape of their points, not by colour alone.

use super::markup::{escape, plain, scale};
use super::tables;
use crate::bench::result::{Point, Sweep, Unit};
use std::fmt::Write as _;

/// A picture with its title, its notes and its numbers.
pub fn figure(sweep: &Sweep) -> String {
    let has_picture = places(sweep).len() > 1;
    let notes: String = sweep
        .notes
        .iter()
        .map(|note| format!("<p class=\"note\">{}</p>\n", escape(note)))
        .collect();
    format!(
        "<figure class=\"card\">\n<figcaption>{}</figcaption>\n<p class=\"note\">{}</p>\n{}{notes}\
         {}</figure>\n",
        escape(&sweep.name),
        escape(&sweep.what),
        if has_picture { picture(sweep) } else { String::new() },
        tables::sweep(sweep, !has_picture)
    )
}

/// Maps values to percent of the picture.
struct Plane {
    x: (f64, f64),
    y: (f64, f64),
    /// The values and positions of the marks at the side.
    marks: Vec<(f64, f64)>,
    unit: Unit,
    log: bool,
}

/// An axis whose greatest value is this many times the least is logarithmic, except for GB/s: rates
/// are compared by length.
const DECADES: f64 = 50.0;

impl Plane {
    fn of(sweep: &Sweep) -> Plane {
        let unit = sweep.x;
        let xs = sweep.points.iter().map(|point| along(unit, point.x));
        let x = ends(xs);
        let top = sweep.points.iter().map(|point| point.y.max).fold(0.0, f64::max);
        let low = sweep.points.iter().map(|point| point.y.min).fold(f64::INFINITY, f64::min);
        let log = sweep.unit != Unit::GbPerS && low > 0.0 && top / low > DECADES;
        if log {
            let (first, last) = (low.log10().floor(), top.log10().ceil());
            let marks = (first as i32..=last as i32)
                .map(|power| (10f64.powi(power), high(f64::from(power), (first, last))))
                .collect();
            return Plane { x, y: (first, last), marks, unit, log };
        }
        let (end, step) = scale(top);
        let marks = (0..=(end / step).round() as usize)
            .map(|mark| (step * mark as f64, high(step * mark as f64, (0.0, end))))
            .collect();
        Plane { x, y: (0.0, end), marks, unit, log }
    }

    /// Percent from the left, with a margin for the outermost points.
    fn left(&self, x: f64) -> f64 {
        let (first, last) = self.x;
        match last > first {
            true => 4.0 + (along(self.unit, x) - first) / (last - first) * 92.0,
            false => 50.0,
        }
    }

    /// Percent from the top.
    fn top(&self, y: f64) -> f64 {
        let y = if self.log { y.max(f64::MIN_POSITIVE).log10() } else { y };
        high(y, self.y)
    }
}

fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    })
}

/// Percent from the top, for a value between two ends.
fn high(value: f64, (low, end): (f64, f64)) -> f64 {
    (100.0 - (value - low) / (end - low) * 100.0).clamp(0.0, 100.0)
}

/// The position along the axis: the logarithm of sizes and numbers; for percentiles that of the
/// rest.
fn along(unit: Unit, x: f64) -> f64 {
    match unit {
        Unit::Percentile => -(1.0 - (x / 100.0).min(0.9999)).log10(),
        _ => x.max(1.0).log2(),
    }
}

fn picture(sweep: &Sweep) -> String {
    let plane = Plane::of(sweep);
    let lines = sweep.lines();
    let (mut curves, mut dots) = (String::new(), String::new());
    for (which, line) in lines.iter().enumerate() {
        let points: Vec<&Point> = sweep.points.iter().filter(|p| p.series == *line).collect();
        curves += &curve(&plane, which, &points);
        points.iter().for_each(|point| dots += &dot(&plane, which, point));
    }
    let mut grid = String::new();
    for (_, y) in &plane.marks {
        let _ = write!(grid, "<path class=\"grid\" d=\"M0 {y:.2}H100\"/>");
    }
    let label =
        format!("{}: {} against {}; {}", sweep.name, sweep.y_label, sweep.x_label, spoken(sweep));
    let names = if lines.len() > 1 { names(sweep, &plane) } else { String::new() };
    format!(
        "<div class=\"plot{}\">\n<div class=\"ylabel\">{}</div>\n{}\
         <svg class=\"curves\" role=\"img\" aria-label=\"{}\"><title>{}</title>\
         <svg viewBox=\"0 0 100 100\" preserveAspectRatio=\"none\" width=\"100%\" height=\"100%\">\
         {grid}{curves}</svg>{dots}</svg>\n{names}{}<div class=\"xlabel\">{}</div>\n</div>\n",
        if names.is_empty() { "" } else { " named" },
        escape(&sweep.y_label),
        side(&plane, sweep.unit),
        escape(&label),
        escape(&sweep.name),
        below(sweep, &plane),
        escape(&sweep.x_label)
    )
}

/// The medians as text for screen readers.
fn spoken(sweep: &Sweep) -> String {
    let says = |point: &Point| {
        let (x, y) = (sweep.x.show(point.x), sweep.unit.show(point.y.median));
        match &*point.series {
            "" => format!("{x}: {y}"),
            line => format!("{line}, {x}: {y}"),
        }
    };
    sweep.points.iter().map(says).collect::<Vec<_>>().join("; ")
}

/// Band and line.
fn curve(plane: &Plane, which: usize, points: &[&Point]) -> String {
    let at = |x: f64, y: f64| format!("{:.2},{:.2} ", plane.left(x), plane.top(y));
    let upper: String = points.iter().map(|point| at(point.x, point.y.max)).collect();
    let lower: String = points.iter().rev().map(|point| at(point.x, point.y.min)).collect();
    let middle: String = points.iter().map(|point| at(point.x, point.y.median)).collect();
    format!(
        "<polygon class=\"band c{which}\" points=\"{}\"/>\
         <polyline class=\"line c{which}\" points=\"{}\"/>",
        (upper + &lower).trim_end(),
        middle.trim_end()
    )
}

/// A point, in a shape of its line: circle, square, triangle.
fn dot(plane: &Plane, which: usize, point: &Point) -> String {
    let shape = match which {
        0 => "<circle r=\"3.5\"/>",
        1 => "<rect x=\"-3.5\" y=\"-3.5\" width=\"7\" height=\"7\"/>",
        _ => "<path d=\"M0 -4.5L4.5 3.5H-4.5Z\"/>",
    };
    let (x, y) = (plane.left(point.x), plane.top(point.y.median));
    format!(
        "<svg class=\"dot c{which}\" x=\"{x:.2}%\" y=\"{y:.2}%\" overflow=\"visible\">{shape}</svg>"
    )
}

/// Marks at the side.
fn side(plane: &Plane, unit: Unit) -> String {
    let show = |value: f64| match unit {
        Unit::GbPerS | Unit::Microseconds if value < 1000.0 => plain(value),
        _ => unit.show(value),
    };
    let marks: String = plane
        .marks
        .iter()
        .map(|(value, y)| format!("<span style=\"top:{y:.2}%\">{}</span>", escape(&show(*value))))
        .collect();
    format!("<div class=\"ymarks\" aria-hidden=\"true\">{marks}</div>\n")
}

/// The positions of the points along the axis.
fn places(sweep: &Sweep) -> Vec<f64> {
    let mut places: Vec<f64> = sweep.points.iter().map(|point| point.x).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    places
}

/// How many marks fit below a picture on a small screen.
const MARKS_MAX: usize = 6;

/// Marks below: for all points where they are few, else for every second, third …
fn below(sweep: &Sweep, plane: &Plane) -> String {
    let places = places(sweep);
    let each = places.len().div_ceil(MARKS_MAX).max(1);
    let mark = |x: &f64| {
        let text = short(&sweep.x.show(*x));
        format!("<span style=\"left:{:.2}%\">{}</span>", plane.left(*x), escape(&text))
    };
    let marks: String = places.iter().step_by(each).map(mark).collect();
    format!("<div class=\"xmarks\" aria-hidden=\"true\">{marks}</div>\n")
}

/// `1.0 KiB` as `1 K`.
fn short(text: &str) -> String {
    text.replace(".0 ", " ").replace("iB", "")
}

/// The names of the lines beside their last points, the lower one pushed down where they are close.
fn names(sweep: &Sweep, plane: &Plane) -> String {
    /// The height of a line of text, in percent of the picture.
    const LINE: f64 = 9.0;
    let last = |line: &str| sweep.points.iter().rfind(|point| point.series == line);
    let lines = sweep.lines();
    let mut placed: Vec<(usize, &str, f64)> = lines
        .iter()
        .enumerate()
        .filter_map(|(which, line)| Some((which, *line, plane.top(last(line)?.y.median))))
        .collect();
    placed.sort_by(|a, b| a.2.total_cmp(&b.2));
    for at in 1..placed.len() {
        placed[at].2 = placed[at].2.max(placed[at - 1].2 + LINE);
    }
    let names: String = placed
        .iter()
        .map(|(which, line, y)| {
            format!(
                "<span style=\"top:{y:.2}%\">\
                 <svg class=\"key c{which}\" width=\"24\" height=\"10\">\
                 <path class=\"line c{which}\" d=\"M0 5H24\"/></svg>{}</span>",
                escape(line)
            )
        })
        .collect();
    format!("<div class=\"names\" aria-hidden=\"true\">{names}</div>\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::result::tests::sample;

    /// Two points on one line.
    fn sweep() -> Sweep {
        sample().sweeps.remove(0)
    }

    #[test]
    fn points_lie_where_their_values_are() {
        let sweep = sweep();
        let plane = Plane::of(&sweep);
        assert_eq!((plane.left(1024.0), plane.left(2048.0), plane.left(4096.0)), (4.0, 50.0, 96.0));
        // The scale ends at 5: the greatest round had 4.5.
        assert_eq!((plane.top(0.0), plane.top(2.5), plane.top(5.0)), (100.0, 50.0, 0.0));
    }

    #[test]
    fn what_spans_decades_is_logarithmic() {
        let mut wide = sweep();
        wide.unit = Unit::Microseconds;
        wide.points[0].y.min = 0.1;
        wide.points[1].y.max = 1000.0;
        let plane = Plane::of(&wide);
        assert!(plane.log);
        assert_eq!((plane.top(0.1), plane.top(10.0), plane.top(1000.0)), (100.0, 50.0, 0.0));
        wide.unit = Unit::GbPerS;
        assert!(!Plane::of(&wide).log);
    }

    #[test]
    fn rare_is_far_to_the_right() {
        let of = |percentile| along(Unit::Percentile, percentile);
        assert!(of(50.0) < of(90.0) && of(99.9) < of(100.0) && of(100.0).is_finite());
    }

    #[test]
    fn one_place_makes_no_picture() {
        let mut one = sweep();
        assert!(figure(&one).contains("<polyline"));
        one.points.truncate(1);
        assert!(!figure(&one).contains("<svg") && figure(&one).contains("<table"));
        assert_eq!(Plane::of(&one).left(1024.0), 50.0);
    }

    #[test]
    fn names_do_not_overlap() {
        let mut two = sweep();
        two.points[0].series = "a".to_owned();
        two.points[1].series = "b".to_owned();
        two.points[0].y = two.points[1].y;
        let names = names(&two, &Plane::of(&two));
        assert!(names.contains("top:40.00%") && names.contains("top:49.00%"), "{names}");
    }
}
