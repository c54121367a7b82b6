//! Names of local files that a peer has chosen, made safe.
//!
//! A classic server names the file that it sends, a URL may come out of a server's document, a
//! listing names everything below it. None of these may become a hidden file, an option of the next
//! command, or a line that a terminal shows as something else. So whoever saves a file under a name
//! that its user did not type takes the name from this module, and replaces an existing file only
//! where the user asked for that.
//!
//! Specification: RFC 3986 §3.3 (path) and §2.1 (percent-encoding); RFC 8264 §12.5 and the W3C's
//! "Character Model: String Matching" on names that look the same; the names of devices of Windows.
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
//! # Rules of a segment, in this order
//!
//! 1. White space at both ends that is no control character is left out: nobody sees it.
//! 2. Control characters, `/`, `\` and characters that hide or turn the direction of writing
//!    ([`is_unseen`]) become `_`.
//! 3. A leading `.` or `-` becomes `_`. With it go `.`, `..`, hidden files, and the names of
//!    unfinished files of our own.
//! 4. `_` stands before a name that Windows takes for a device (`CON`, `nul.txt`), which matters
//!    where the directory is shared with it.
//! 5. It is cut at [`SAFE_BYTES_MAX`] bytes, between two characters; an extension of up to
//!    [`EXTENSION_BYTES_MAX`] bytes stays.
//! 6. [`UNNAMED`] where nothing is left.
//!
//! # Names that a file system takes for the same
//!
//! [`Distinct`] gives names that differ in more than case. It does not know that some file systems
//! (HFS+, APFS, ext4 with casefold) also take `é` in one and in two code points for the same. There
//! the later of two such files of a run is refused, because a name that is taken is not replaced;
//! where the user asked for replacing, the later one stands.
//!
//! | limit | value | |
//! |---|---|---|
//! | [`SAFE_BYTES_MAX`] | 234 | of a segment: what file systems take, without room for a number |
//! | [`EXTENSION_BYTES_MAX`] | 16 | of an extension that a cut leaves |

use crate::text::is_unseen;
use std::collections::HashMap;

/// The length of a safe segment in bytes: 255, without room for the number of [`Distinct`].
pub const SAFE_BYTES_MAX: usize = 255 - NUMBER_BYTES;

/// The longest extension that is kept where a name is cut, in bytes with its dot.
pub const EXTENSION_BYTES_MAX: usize = 16;

/// What a file is called whose name has nothing that can be used.
pub const UNNAMED: &str = "unnamed";

/// What the file of a URL is called whose path ends in `/`.
pub const INDEX: &str = "index.html";

/// A dash and the digits of any `u64`.
const NUMBER_BYTES: usize = 21;

/// Names of devices of Windows, with any extension and in any case.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// And these, each with a digit behind it.
const NUMBERED_DEVICES: [&str; 2] = ["com", "lpt"];

const DEVICE_DIGITS: &str = "0123456789¹²³";

/// One path segment that can be the name of a file; a name that is safe already stays as it is.
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

/// The same for each segment of a relative path; empty segments are left out.
pub fn safe_path(text: &str) -> String {
    let segments: Vec<String> = text.split('/').filter(|one| !one.is_empty()).map(safe).collect();
    if segments.is_empty() { UNNAMED.to_owned() } else { segments.join("/") }
}

/// The name of the file at the path of a URL: its last segment, percent-decoded where that is
/// UTF-8.
pub fn from_url_path(path: &str) -> String {
    match path.rsplit('/').next().unwrap_or("") {
        "" => INDEX.to_owned(),
        segment => safe(&decoded(segment)),
    }
}

/// Gives names that differ from each other, whatever their case.
#[derive(Debug, Default)]
pub struct Distinct {
    /// Every name given, with its case folded, and the number to try next where it is asked for
    /// again.
    given: HashMap<String, u64>,
}

impl Distinct {
    /// The wanted name, or the same with `-2`, `-3` … before its extension.
    pub fn name(&mut self, wanted: &str) -> String {
        let (stem, extension) = divided(wanted);
        let mut name = wanted.to_owned();
        let mut number = self.given.get(&folded(wanted)).copied().unwrap_or(1);
        while self.given.contains_key(&folded(&name)) {
            number += 1;
            name = format!("{stem}-{number}{extension}");
        }
        self.given.entry(folded(&name)).or_insert(1);
        self.given.insert(folded(wanted), number);
        name
    }
}

/// Without its case: capitals first, since `ß` has two and `ſ` has another's.
fn folded(name: &str) -> String {
    name.to_uppercase().to_lowercase()
}

fn is_bad(c: char) -> bool {
    matches!(c, '/' | '\\') || is_unseen(c)
}

/// Windows takes `nul.txt` and `NUL .txt` for the device.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_lowercase();
    let is_numbered = NUMBERED_DEVICES.iter().any(|device| {
        let digit = stem.strip_prefix(device).unwrap_or("").chars();
        digit.clone().count() == 1 && digit.clone().all(|c| DEVICE_DIGITS.contains(c))
    });
    DEVICES.contains(&&*stem) || is_numbered
}

/// Before the last dot of the last segment that is not the first character of it, and from there.
fn divided(name: &str) -> (&str, &str) {
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
    let (stem, extension) = divided(name);
    let extension = if extension.len() <= EXTENSION_BYTES_MAX { extension } else { "" };
    let end = stem.floor_char_boundary(SAFE_BYTES_MAX - extension.len());
    format!("{}{extension}", &stem[..end]).trim_end().to_owned()
}

/// Percent-decoded, if that is UTF-8.
fn decoded(segment: &str) -> String {
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
            assert_eq!(safe(expected), expected, "what is safe stays");
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
        // Between two characters, and not behind a space.
        assert_eq!(safe(&"\u{6c47}".repeat(300)), "\u{6c47}".repeat(SAFE_BYTES_MAX / 3));
        let spaced = format!("{} {}", "x".repeat(SAFE_BYTES_MAX - 1), "y".repeat(9));
        assert_eq!(safe(&spaced), "x".repeat(SAFE_BYTES_MAX - 1));
    }

    #[test]
    fn different_names() {
        let mut names = Distinct::default();
        for (wanted, given) in [
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
            assert_eq!(names.name(wanted), given);
        }
        let many: std::collections::HashSet<String> =
            (0..10_000).map(|_| names.name("index.html")).collect();
        assert_eq!(many.len(), 10_000);
        assert!(many.iter().all(|name| name.len() <= 255));
    }
}
