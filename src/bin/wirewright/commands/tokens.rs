//! A JSON text as its tokens.
//!
//! Specification: RFC 8259 §2. The text is known to be valid, so only the ends of tokens are
//! looked for.
//!
//! ```text
//!   { "a" : [1, "x\"y"] }   ─▶   {   "a"   :   [   1   ,   "x\"y"   ]   }
//! ```

/// The tokens of a valid JSON text: strings with their quotes, scalars, single bytes of structure.
#[derive(Debug)]
pub struct Tokens<'a>(pub &'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.0.trim_ascii_start();
        let first = *text.as_bytes().first()?;
        let len = match first {
            b'"' => string_len(text.as_bytes()),
            b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
            _ => text.find(|c: char| ",]}".contains(c) || c.is_ascii_whitespace()).unwrap_or(1),
        };
        let (token, rest) = text.split_at(len);
        self.0 = rest;
        Some(token)
    }
}

/// Length of a string that `text` begins with, quotes included.
fn string_len(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(found) = text.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found + 1;
        match text[at - 1] {
            b'"' => return at,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens() {
        let all = |text| Tokens(text).collect::<Vec<&str>>();
        assert_eq!(all(" "), [""; 0]);
        assert_eq!(all("-1.5e3 "), ["-1.5e3"]);
        assert_eq!(
            all(" {\"a\" :\t[1,true ,\"x\\\"] y\"]\n}"),
            ["{", "\"a\"", ":", "[", "1", ",", "true", ",", "\"x\\\"] y\"", "]", "}"]
        );
    }
}
