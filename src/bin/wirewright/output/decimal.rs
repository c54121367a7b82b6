//! Numbers of JSON by their value, exactly.
//!
//! Specification: RFC 8259 §6. A binary floating-point number would take 0.1 and
//! 0.1000000000000000055 for the same, so the digits themselves are compared.
//!
//! ```text
//!   -12.50e1   ─▶   negative, digits 125, exponent 0      2, 2.0, 20e-1 and 0.2E1 are equal
//! ```

/// A number, of which there is one notation for each value.
#[derive(Debug, PartialEq, Eq)]
pub struct Decimal {
    is_negative: bool,
    /// Without zeros in front and behind; empty for zero.
    digits: String,
    /// The power of ten of the last digit.
    exponent: i64,
}

impl Decimal {
    /// Reads a number; `None` for anything else, and where the exponent is beyond all reason.
    pub fn parse(text: &str) -> Option<Decimal> {
        let unsigned = text.strip_prefix('-');
        let (mantissa, exponent) = match unsigned.unwrap_or(text).split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, power(exponent)?),
            None => (unsigned.unwrap_or(text), 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return None,
            Some((whole, fraction)) => (whole, fraction),
            None => (mantissa, ""),
        };
        let has_zeros = whole.len() > 1 && whole.starts_with('0');
        if whole.is_empty() || has_zeros || !are_digits(whole) || !are_digits(fraction) {
            return None;
        }
        let all = format!("{whole}{fraction}");
        let kept = all.trim_end_matches('0');
        let zeros = i64::try_from(all.len() - kept.len()).ok()?;
        let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        let digits = kept.trim_start_matches('0').to_owned();
        let is_zero = digits.is_empty();
        let exponent = if is_zero { 0 } else { exponent.checked_add(zeros)? };
        Some(Decimal { is_negative: unsigned.is_some() && !is_zero, digits, exponent })
    }
}

/// The exponent, which may have a sign and zeros in front.
fn power(text: &str) -> Option<i64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_good = !unsigned.is_empty() && are_digits(unsigned);
    is_good.then(|| text.parse().ok())?
}

fn are_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::Decimal;

    #[test]
    fn equal_values() {
        for group in [
            &["2", "2.0", "2.000", "2e0", "20e-1", "0.2E1", "0.02e+02"][..],
            &["0", "-0", "0.0", "0e9", "-0.00E-5"],
            &["-1.5", "-15e-1", "-1.50"],
            &["100", "1e2", "100.0", "0.1e3"],
            &["9007199254740993", "9007199254740993.0"],
            &["0.1", "0.10"],
            &["0.1000000000000000055"],
            &["9007199254740992"],
            &["1e400", "10e399"],
        ] {
            for text in group {
                assert!(Decimal::parse(text).is_some(), "{text}");
                assert_eq!(Decimal::parse(text), Decimal::parse(group[0]), "{text}");
            }
            for other in ["3", "-2", "1.5", "1000", "0.11", "1e401"] {
                assert_ne!(Decimal::parse(group[0]), Decimal::parse(other), "{} {other}", group[0]);
            }
        }
        assert_ne!(Decimal::parse("0.1"), Decimal::parse("0.1000000000000000055"));
        assert_ne!(Decimal::parse("9007199254740993"), Decimal::parse("9007199254740992"));
    }

    #[test]
    fn what_is_no_number() {
        for text in [
            "",
            "-",
            "+2",
            "02",
            "-02",
            "2.",
            ".5",
            "2e",
            "2e+",
            "2e1.5",
            "1_0",
            " 2",
            "2 ",
            "0x2",
            "NaN",
            "--2",
            "2e99999999999999999999",
            "true",
            "\u{662}",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text:?}");
        }
    }
}
