//! Enhanced status codes, such as `5.1.1`.
//!
//! Specification: RFC 3463 §2.

use std::fmt;

/// An enhanced status code: RFC 3463 §2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enhanced {
    /// 2, 4 or 5, as the first digit of a reply code.
    pub class: u8,
    /// The subject, 0 to 999.
    pub subject: u16,
    /// The detail within the subject, 0 to 999.
    pub detail: u16,
}

impl Enhanced {
    /// Parses an enhanced code at the beginning of a line; a space or the end of the line has to
    /// follow. `None` if there is none.
    pub fn parse(line: &[u8]) -> Option<Enhanced> {
        let word = line.split(|byte| *byte == b' ').next()?;
        let mut parts = word.split(|byte| *byte == b'.').map(number);
        let (class, subject, detail) = (parts.next()??, parts.next()??, parts.next()??);
        let is_good = parts.next().is_none() && matches!(class, 2 | 4 | 5);
        is_good.then_some(Enhanced { class: class as u8, subject, detail })
    }
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// One to three digits without leading zeros.
fn number(digits: &[u8]) -> Option<u16> {
    let is_good = matches!(digits, [b'0'] | [b'1'..=b'9'] | [b'1'..=b'9', _] | [b'1'..=b'9', _, _]);
    let value = |sum: Option<u16>, byte: &u8| {
        Some(sum? * 10 + u16::from(byte.is_ascii_digit().then(|| byte - b'0')?))
    };
    is_good.then(|| digits.iter().fold(Some(0), value))?
}
