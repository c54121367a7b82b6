//! Safe names for local files whose names a peer has chosen.
//!
//! A classic server names the file that it sends, a URL may come from a server's document, and a
//! listing names every file below it. None of these names may become a hidden file, an option of
//! the user's next command, or text that a terminal shows as another name. So code that saves a
//! file under a name that the user did not type takes the name from this module, and replaces an
//! existing file only if the user asked for that.
//!
//! Specification: RFC 3986 §3.3 (path) and §2.1 (percent-encoding); RFC 8264 §12.5 and the W3C's
//! "Character Model: String Matching" on names that look the same; the reserved device names of
//! Windows.
//!
//! ```
//! use wirewright::name::{Distinct, from_url_path, safe, safe_path};
//!
//! assert_eq!(safe(".bashrc"), "_bashrc");
//! assert_eq!(safe("-rf"), "_rf");
//! assert_eq!(safe("\u{202e}gpj.exe"), "_gpj.exe");
//! assert_eq!(safe("../../etc/passwd"), "_._.._etc_passwd");
//! assert_eq!(safe_path("a/.b/c d.txt"), "a/_b/c d.txt");
//! assert_eq!(from_url_path("/a/b%20c.jpg"), "b c.jpg");
//!
//! let mut names = Distinct::default();
//! assert_eq!(names.name("x.jpg"), "x.jpg");
//! assert_eq!(names.name("X.jpg"), "X-2.jpg");
//! ```
//!
//! # Rules for a segment, in this order
//!
//! 1. White space at both ends is removed, except control characters, which rule 2 replaces.
//! 2. Control characters, `/`, `\`, invisible characters and those that change the direction of
//!    writing ([`is_unseen`]) become `_`.
//! 3. A leading `.` or `-` becomes `_`. This excludes `.`, `..`, hidden files, and the names of
//!    wirewright's unfinished files.
//! 4. A name that Windows takes for a device (`CON`, `nul.txt`) gets the prefix `_`, since Windows
//!    may share the directory.
//! 5. The name is cut at [`SAFE_BYTES_MAX`] bytes, between two characters. An extension of up to
//!    [`EXTENSION_BYTES_MAX`] bytes is kept.
//! 6. An empty name becomes [`UNNAMED`].
//!
//! # Names that are the same to a file system
//!
//! [`Distinct`] returns names that differ in more than case. It does not know that some file
//! systems (HFS+, APFS, ext4 with casefold) also take `é` in one and in two code points for the
//! same name. There the later of two such files of a run is refused, because an existing file is
//! not replaced. If the user asked for replacing, the later file replaces the earlier one.
//!
//! | limit | value | |
//! |---|---|---|
//! | [`SAFE_BYTES_MAX`] | 234 | of a segment: 255, less the space for a number |
//! | [`EXTENSION_BYTES_MAX`] | 16 | of an extension that is kept when the name is cut |

use crate::text::is_unseen;
use std::collections::HashMap;

/// The greatest length of a safe segment in bytes: the 255 that file systems allow, less the space
/// for the number that [`Distinct`] adds.
pub const SAFE_BYTES_MAX: usize = 255 - NUMBER_BYTES;

/// The longest extension that is kept when a name is cut, in bytes with its dot.
pub const EXTENSION_BYTES_MAX: usize = 16;

/// The name of a file whose own name has nothing that can be used.
pub const UNNAMED: &str = "unnamed";

/// The name of the file of a URL whose path ends in `/`.
pub const INDEX: &str = "index.html";

/// A dash and the digits of any `u64`.
const NUMBER_BYTES: usize = 21;

/// Names of devices of Windows, with any extension and in any case.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Names of devices of Windows when a digit follows.
const NUMBERED_DEVICES: [&str; 2] = ["com", "lpt"];

const DEVICE_DIGITS: &str = "0123456789¹²³";

/// Makes a safe file name of one path segment. A name that is safe already is returned unchanged.
pub fn safe(text: &str) -> String {
    let text = text.trim_matches(|c: char| c.is_whitespace() && !c.is_control());
    let mut name: String = text.chars().map(|c| if is_bad(c) { '_' } else { c }).collect();
    if name.starts_with(['.', '-']) {
        name.replace_range(..1, "_");
    }
    if is_device(&name) {
        name.insert(0, '_');
    }
    let name = shortened(&name);
    if name.is_empty() { UNNAMED.to_owned() } else { name }
}

/// Applies [`safe`] to each segment of a relative path. Empty segments are left out.
pub fn safe_path(text: &str) -> String {
    let segments: Vec<String> = text.split('/').filter(|one| !one.is_empty()).map(safe).collect();
    if segments.is_empty() { UNNAMED.to_owned() } else { segments.join("/") }
}

/// The safe name of the file at the path of a URL: its last segment, percent-decoded if the result
/// is UTF-8. `index.html` if that is empty.
pub fn from_url_path(path: &str) -> String {
    match path.rsplit('/').next().unwrap_or("") {
        "" => INDEX.to_owned(),
        segment => safe(&percent_decoded(segment)),
    }
}

/// Makes names that differ from each other in more than case.
#[derive(Debug, Default)]
pub struct Distinct {
    /// The last number used for each name returned or wanted, by the name with its case folded.
    used: HashMap<String, u64>,
}

impl Distinct {
    /// The wanted name, or if it was returned before, the name with `-2`, `-3` … before its
    /// extension.
    pub fn name(&mut self, wanted: &str) -> String {
        let (stem, extension) = split_extension(wanted);
        let mut name = wanted.to_owned();
        let mut number = self.used.get(&fold_case(wanted)).copied().unwrap_or(1);
        while self.used.contains_key(&fold_case(&name)) {
            number += 1;
            name = format!("{stem}-{number}{extension}");
        }
        self.used.entry(fold_case(&name)).or_insert(1);
        self.used.insert(fold_case(wanted), number);
        name
    }
}

/// Case folding: to capitals first, since `ß` becomes `SS` and `ſ` becomes `S`.
fn fold_case(name: &str) -> String {
    name.to_uppercase().to_lowercase()
}

fn is_bad(c: char) -> bool {
    matches!(c, '/' | '\\') || is_unseen(c)
}

/// Whether Windows takes the name for a device, such as `nul.txt` and `NUL .txt`.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_lowercase();
    let is_numbered = NUMBERED_DEVICES.iter().any(|device| {
        let digit = stem.strip_prefix(device).unwrap_or("").chars();
        digit.clone().count() == 1 && digit.clone().all(|c| DEVICE_DIGITS.contains(c))
    });
    DEVICES.contains(&&*stem) || is_numbered
}

/// Splits a name before its extension: at the last dot of the last segment, unless the segment
/// begins with that dot.
fn split_extension(name: &str) -> (&str, &str) {
    let begin = name.rfind('/').map_or(0, |at| at + 1);
    match name[begin..].rfind('.') {
        Some(at) if at > 0 => name.split_at(begin + at),
        _ => (name, ""),
    }
}

fn shortened(name: &str) -> String {
    if name.len() <= SAFE_BYTES_MAX {
        return name.to_owned();
    }
    let (stem, extension) = split_extension(name);
    let extension = if extension.len() <= EXTENSION_BYTES_MAX { extension } else { "" };
    let end = stem.floor_char_boundary(SAFE_BYTES_MAX - extension.len());
    format!("{}{extension}", &stem[..end]).trim_end().to_owned()
}

/// Percent-decodes a segment; unchanged if the result is not UTF-8.
fn percent_decoded(segment: &str) -> String {
    String::from_utf8(percent_decode(segment)).unwrap_or_else(|_| segment.to_owned())
}

/// The bytes of a text that is percent-encoded (RFC 3986 §2.1). A `%` without two hexadecimal
/// digits stands for itself.
pub(crate) fn percent_decode(text: &str) -> Vec<u8> {
    let value = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::with_capacity(text.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        match (byte, value(bytes.get(at + 1)), value(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments() {
        for (text, expected) in [
            ("guido.jpg", "guido.jpg"),
            ("汇总 数据.xlsx", "汇总 数据.xlsx"),
            ("e\u{301} \u{1f600}\u{fe0f}.png", "e\u{301} \u{1f600}\u{fe0f}.png"),
            ("a-b.c", "a-b.c"),
            ("~", "~"),
            ("", "unnamed"),
            (" \u{3000}", "unnamed"),
            (" \t", "_"),
            (".", "_"),
            ("..", "_."),
            ("...", "_.."),
            (".bashrc", "_bashrc"),
            (".ssh/authorized_keys", "_ssh_authorized_keys"),
            ("../../etc/passwd", "_._.._etc_passwd"),
            ("/etc/passwd", "_etc_passwd"),
            ("C:\\x", "C:_x"),
            ("-rf", "_rf"),
            ("--", "_-"),
            (" -rf ", "_rf"),
            ("\u{a0}.profile\n", "_profile_"),
            ("a\0b\nc\u{7f}d\u{9b}", "a_b_c_d_"),
            ("\u{1b}[2J", "_[2J"),
            ("\u{202e}gpj.exe", "_gpj.exe"),
            ("a\u{2066}b\u{2069}\u{200b}\u{feff}c", "a_b___c"),
            ("\u{200f}.bashrc", "_.bashrc"),
            (".wirewright-0123.part", "_wirewright-0123.part"),
            ("CON", "_CON"),
            ("nul.tar.gz", "_nul.tar.gz"),
            ("com1", "_com1"),
            ("Lpt³.txt", "_Lpt³.txt"),
            ("com10", "com10"),
            ("console", "console"),
        ] {
            assert_eq!(safe(text), expected, "{text:?}");
            assert_eq!(safe(expected), expected, "a safe name is not changed");
        }
    }

    #[test]
    fn paths() {
        for (text, expected) in [
            ("a/b/c", "a/b/c"),
            ("/a//b/", "a/b"),
            (".git/config", "_git/config"),
            ("a/../../b", "a/_./_./b"),
            ("", "unnamed"),
            ("//", "unnamed"),
            ("a/ /-b", "a/unnamed/_b"),
        ] {
            assert_eq!(safe_path(text), expected, "{text:?}");
        }
    }

    #[test]
    fn urls() {
        for (path, expected) in [
            ("/a/b.jpg", "b.jpg"),
            ("/b%20c.jpg", "b c.jpg"),
            ("/%E6%B1%87.xlsx", "\u{6c47}.xlsx"),
            ("/%ff.jpg", "%ff.jpg"),
            ("/100%", "100%"),
            ("/%2", "%2"),
            ("/%+1", "%+1"),
            ("/", "index.html"),
            ("", "index.html"),
            ("/a/", "index.html"),
            ("/%20", "unnamed"),
            ("/..%2F..%2Fetc%2Fpasswd", "_._.._etc_passwd"),
            ("/.profile", "_profile"),
            ("/%2e%2e", "_."),
            ("/a%5Cb", "a_b"),
            ("/%2Drf", "_rf"),
        ] {
            assert_eq!(from_url_path(path), expected, "{path}");
        }
    }

    #[test]
    fn lengths() {
        let most = "x".repeat(SAFE_BYTES_MAX);
        assert_eq!(safe(&most), most);
        assert_eq!(safe(&format!("{most}y")), most);
        let extension = format!(".{}", "e".repeat(EXTENSION_BYTES_MAX - 1));
        let named = safe(&format!("{most}{extension}"));
        assert!(named.len() == SAFE_BYTES_MAX && named.ends_with(&extension), "{named}");
        assert_eq!(safe(&format!("{most}{extension}e")), most, "longer than an extension is");
        // Between two characters, and not after a space.
        assert_eq!(safe(&"\u{6c47}".repeat(300)), "\u{6c47}".repeat(SAFE_BYTES_MAX / 3));
        let spaced = format!("{} {}", "x".repeat(SAFE_BYTES_MAX - 1), "y".repeat(9));
        assert_eq!(safe(&spaced), "x".repeat(SAFE_BYTES_MAX - 1));
    }

    #[test]
    fn different_names() {
        let mut names = Distinct::default();
        for (wanted, expected) in [
            ("x.jpg", "x.jpg"),
            ("x.jpg", "x-2.jpg"),
            ("X.jpg", "X-3.jpg"),
            ("x-2.jpg", "x-2-2.jpg"),
            ("stra\u{df}e", "stra\u{df}e"),
            ("STRASSE", "STRASSE-2"),
            ("\u{212a}", "\u{212a}"),
            ("k", "k-2"),
            ("d.e/f", "d.e/f"),
            ("d.e/F", "d.e/F-2"),
        ] {
            assert_eq!(names.name(wanted), expected);
        }
        let many: std::collections::HashSet<String> =
            (0..10_000).map(|_| names.name("index.html")).collect();
        assert_eq!(many.len(), 10_000);
        assert!(many.iter().all(|name| name.len() <= 255));
    }
}
