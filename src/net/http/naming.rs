//! What a downloaded file is called: safe, and unlike any other of its run.
//!
//! Specification: RFC 3986 §3.3 (path), `PROTOCOL.md` §10 (the grammar of names).
//!
//! ```text
//!   http://h/a/b%20c.jpg?x=1   b c.jpg          the last segment of the path, decoded
//!   http://h/a/b%20c.jpg       b c-2.jpg        unlike those before it, whatever their case
//!   http://h/                  index.html       there is no segment
//!   http://h/..%2f.profile     _._.profile      no separators, no dot or dash in front
//! ```
//!
//! A URL may come from a server (`--from`), so its last word is not trusted: it cannot leave the
//! directory, hide, look like an option, or move the cursor of the terminal that lists it.

use crate::http::url::Url;
use crate::transfer::name::{Name, SEGMENT_BYTES_MAX};
use std::collections::BTreeMap;

/// What a file is called whose URL has no last segment.
const NAMELESS: &str = "index.html";

/// What is left free for a number.
const NUMBER_BYTES: usize = 21;

/// Gives names that differ.
#[derive(Debug, Default)]
pub(super) struct Naming {
    /// Every name given, in lower case, and the number to try next where it is asked for again.
    given: BTreeMap<String, u64>,
}

impl Naming {
    /// The name of the file at a URL.
    pub(super) fn name(&mut self, url: &Url) -> Name {
        let wanted = wanted(url);
        let (stem, extension) = split(&wanted);
        let mut name = wanted.clone();
        let mut number = self.given.get(&wanted.to_lowercase()).copied().unwrap_or(1);
        while self.given.contains_key(&name.to_lowercase()) {
            number += 1;
            name = format!("{stem}-{number}{extension}");
        }
        self.given.entry(name.to_lowercase()).or_insert(1);
        self.given.insert(wanted.to_lowercase(), number);
        match Name::single(&name) {
            Ok(name) => name,
            // It cannot be, for all that the grammar refuses was taken out.
            Err(error) => unreachable!("{name:?}: {error}"),
        }
    }
}

/// The last segment of the path, made safe.
fn wanted(url: &Url) -> String {
    let segment = url.path().rsplit('/').next().unwrap_or("");
    let decoded = decode(segment);
    let mut name: String = decoded.chars().map(|c| if is_unsafe(c) { '_' } else { c }).collect();
    if name.is_empty() {
        return NAMELESS.to_owned();
    }
    if name.starts_with(['.', '-']) {
        name.replace_range(..1, "_");
    }
    shorten(&name)
}

/// Percent-decoded, if that is UTF-8.
fn decode(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let value = (byte == b'%').then(|| hexadecimal(behind)).flatten();
        bytes.push(value.unwrap_or(byte));
        rest = if value.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| segment.to_owned())
}

/// The value of two hexadecimal digits in front.
fn hexadecimal(bytes: &[u8]) -> Option<u8> {
    let digits = str::from_utf8(bytes.get(..2)?).ok()?;
    let are_digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    are_digits.then(|| u8::from_str_radix(digits, 16).ok())?
}

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '/' | '\\' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// At the last dot that is not the first character.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 => name.split_at(at),
        _ => (name, ""),
    }
}

/// Not longer than a segment may be with a number in it; the extension stays where it is short.
fn shorten(name: &str) -> String {
    let max = SEGMENT_BYTES_MAX - NUMBER_BYTES;
    if name.len() <= max {
        return name.to_owned();
    }
    let (stem, extension) = split(name);
    let extension = if extension.len() <= 16 { extension } else { "" };
    let end = stem.floor_char_boundary(max - extension.len());
    format!("{}{extension}", &stem[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(urls: &[&str]) -> Vec<String> {
        let mut naming = Naming::default();
        let name = |url: &&str| naming.name(&Url::parse(url).unwrap()).to_string();
        urls.iter().map(name).collect()
    }

    #[test]
    fn one_name() {
        for (path, expected) in [
            ("/a/b.jpg", "b.jpg"),
            ("/a/b.jpg?x=1/c.png", "b.jpg"),
            ("/b%20c.jpg", "b c.jpg"),
            ("/%E6%B1%87.xlsx", "\u{6c47}.xlsx"),
            ("/%ff.jpg", "%ff.jpg"),
            ("/", "index.html"),
            ("", "index.html"),
            ("/a/", "index.html"),
            ("/..%2F..%2Fetc%2Fpasswd", "_._.._etc_passwd"),
            ("/.profile", "_profile"),
            ("/-rf", "_rf"),
            ("/%2e%2e", "_."),
            ("/a%5Cb", "a_b"),
            ("/a%00b%0Ac%7F", "a_b_c_"),
            ("/%E2%80%AEgpj.exe", "_gpj.exe"),
            ("/.wirewright-0123.part", "_wirewright-0123.part"),
        ] {
            assert_eq!(named(&[&format!("http://h{path}")]), [expected], "{path}");
        }
    }

    #[test]
    fn different_names() {
        assert_eq!(
            named(&["http://h/x.jpg", "http://i/x.jpg", "http://h/X.jpg", "http://h/x-2.jpg"]),
            ["x.jpg", "x-2.jpg", "X-3.jpg", "x-2-2.jpg"]
        );
        let many = vec!["http://h/"; 10_000];
        let names: std::collections::HashSet<String> = named(&many).into_iter().collect();
        assert_eq!(names.len(), 10_000);
    }

    #[test]
    fn long_names() {
        let long = "x".repeat(4000);
        for name in named(&[&format!("http://h/{long}.jpeg"), &format!("http://h/{long}.jpeg")]) {
            assert!(name.len() <= SEGMENT_BYTES_MAX && name.ends_with(".jpeg"), "{name}");
        }
        let wide = "%E6%B1%87".repeat(300);
        assert!(named(&[&format!("http://h/{wide}")])[0].len() <= SEGMENT_BYTES_MAX);
    }
}
