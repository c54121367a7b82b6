//! Escaped text, and numbers for axes.

/// Escapes text for an element or for a quoted attribute.
pub fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
        out
    })
}

/// The greatest value of an axis from 0, and the step between its marks: 1, 2 or 5 times a power of
/// ten, four to six steps.
pub fn scale(max: f64) -> (f64, f64) {
    let max = if max > 0.0 { max } else { 1.0 };
    let power = 10f64.powf((max / 5.0).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|times| times * power);
    let step = step.into_iter().find(|step| max / step <= 5.5).unwrap_or(power * 10.0);
    ((max / step).ceil() * step, step)
}

/// A value of an axis without needless digits.
pub fn plain(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_text_is_text() {
        assert_eq!(escape("a<b>&\"'é"), "a&lt;b&gt;&amp;&quot;&#39;é");
    }

    #[test]
    fn axes_have_round_marks() {
        for (max, end, step) in [
            (4.2, 5.0, 1.0),
            (0.9, 1.0, 0.2),
            (98.0, 100.0, 20.0),
            (11.0, 12.0, 2.0),
            (0.0, 1.0, 0.2),
        ] {
            let (found, by) = scale(max);
            assert!((found - end).abs() < 1e-9 && (by - step).abs() < 1e-9, "{max}: {found} {by}");
        }
    }

    #[test]
    fn numbers_without_needless_digits() {
        assert_eq!(
            ["0", "0.2", "5", "20"],
            [0.0, 0.2, 5.0, 20.0].map(plain).each_ref().map(|s| &**s)
        );
    }
}
