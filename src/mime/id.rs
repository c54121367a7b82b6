//! Values of `Message-ID` and `Content-ID`.
//!
//! ```text
//!   Message-ID: <20261122.1@example.org>        Content-ID: <logo@example.org>
//!                └─ left ─┘ └─ right ──┘        <img src="cid:logo@example.org">
//! ```
//!
//! Specification: RFC 5322 §3.6.4 (msg-id, without the obsolete forms), RFC 2392 for `cid:`.

use crate::error::Error;
use std::fmt;

/// The longest identifier in bytes, without its brackets: with the field name it fits into
/// [`LINE_MAX`](super::LINE_MAX).
pub const ID_MAX: usize = 900;

/// A msg-id of RFC 5322 §3.6.4: `left@right`, each side atoms separated by dots; the right side may
/// be a literal in brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MsgId(Box<str>);

impl MsgId {
    /// Parses `left@right` or `<left@right>`.
    ///
    /// # Errors
    /// With the offset in `text`: [`Error::Malformed`] where the grammar is broken,
    /// [`Error::TooLarge`] beyond [`ID_MAX`].
    pub fn parse(text: &str) -> Result<MsgId, Error> {
        let bare = text.strip_prefix('<').and_then(|inner| inner.strip_suffix('>'));
        let at = usize::from(bare.is_some());
        let bare = bare.unwrap_or(text);
        if bare.len() > ID_MAX {
            let (limit, offset) = ("ID_MAX", (at + ID_MAX) as u64);
            let section = "RFC 5322 §2.1.1";
            return Err(Error::TooLarge { limit, max: ID_MAX as u64, offset, section });
        }
        match wrong(bare) {
            None => Ok(MsgId(bare.into())),
            Some(wrong) => {
                let rule = "an identifier is left@right, each side atoms separated by dots";
                Err(Error::malformed(rule, (at + wrong) as u64, "RFC 5322 §3.6.4"))
            }
        }
    }

    /// The identifier without its brackets, as in a `cid:` URL (RFC 2392; not percent-encoded).
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Writes the identifier in angle brackets.
impl fmt::Display for MsgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}

/// The offset of the first byte that breaks the grammar.
fn wrong(text: &str) -> Option<usize> {
    let Some((left, right)) = text.split_once('@') else { return Some(text.len()) };
    let literal = right.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
    let behind = left.len() + 1;
    wrong_atoms(left).or_else(|| match literal {
        Some(inner) => {
            let is_dtext = |byte: u8| byte.is_ascii_graphic() && !b"[]\\<>".contains(&byte);
            inner.bytes().position(|byte| !is_dtext(byte)).map(|at| behind + 1 + at)
        }
        None => wrong_atoms(right).map(|at| behind + at),
    })
}

fn wrong_atoms(text: &str) -> Option<usize> {
    let is_atext =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    let mut at = 0;
    for atom in text.split('.') {
        let wrong = atom.bytes().position(|byte| !is_atext(byte));
        if let Some(wrong) = wrong.or(atom.is_empty().then_some(0)) {
            return Some(at + wrong);
        }
        at += atom.len() + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers() {
        for (text, wrong) in [
            ("a@b", None),
            ("<a@b>", None),
            ("a.b=c@[192.0.2.1]", None),
            ("", Some(0)),
            ("<>", Some(1)),
            ("a", Some(1)),
            ("@b", Some(0)),
            ("a@", Some(2)),
            ("a..b@c", Some(2)),
            ("a@b.", Some(4)),
            ("<a@b", Some(0)),
            ("a@b>", Some(3)),
            ("<a@b>\r\nBcc: x", Some(0)),
            ("a@b\r\nBcc: x", Some(3)),
            ("a@b@c", Some(3)),
            ("a @b", Some(1)),
            ("a@[b\n]", Some(4)),
            ("ä@b", Some(0)),
            ("\u{10A}@b", Some(0)),
        ] {
            let read = MsgId::parse(text);
            assert_eq!(read.as_ref().err().and_then(Error::offset), wrong, "{text:?}");
            if let Ok(id) = read {
                assert_eq!(MsgId::parse(&id.to_string()), Ok(id));
            }
        }
    }

    #[test]
    fn the_limit_is_exact() {
        for (len, good) in [(ID_MAX - 1, true), (ID_MAX, true), (ID_MAX + 1, false)] {
            let text = format!("<{}@b>", "a".repeat(len - 2));
            assert_eq!(MsgId::parse(&text).is_ok(), good, "{len}");
        }
    }
}
