//! Oracles of the file names of downloads: for any URLs, the names of a run are safe segments
//! that differ in more than case. For ASCII segments a second implementation of the rules of
//! `name::safe` gives the same names.

use std::collections::BTreeSet;
use wirewright::http::naming::Naming;
use wirewright::http::url::Url;

/// More URLs than this show nothing further.
const URLS_MAX: usize = 12;

/// What a name may be long before it is cut, and what a file system takes.
const WANTED_BYTES_MAX: usize = 234;
const NAME_BYTES_MAX: usize = 255;

/// The property. Paths are divided by NUL, and all are of one host, unless they are whole URLs.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let read = |part: &str| Url::parse(part).or_else(|_| Url::parse(&format!("http://h/{part}")));
    let urls: Vec<Url> = text.split('\0').take(URLS_MAX).filter_map(|one| read(one).ok()).collect();
    let names = named(&urls);
    assert_eq!(names, named(&urls), "the same run gives the same names");
    names.iter().for_each(|name| is_safe(name));
    let folded: BTreeSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
    assert_eq!(folded.len(), names.len(), "{names:?}");
    let wanted: Option<Vec<String>> = urls.iter().map(|url| wanted(url.path())).collect();
    if let Some(wanted) = wanted {
        assert_eq!(names, distinct(&wanted), "{urls:?}");
    }
}

fn named(urls: &[Url]) -> Vec<String> {
    let mut naming = Naming::default();
    urls.iter().map(|url| naming.name(url).as_str().to_owned()).collect()
}

fn is_safe(name: &str) {
    assert!((1..=NAME_BYTES_MAX).contains(&name.len()), "{name:?}");
    assert!(!name.starts_with(['.', '-']), "{name:?}");
    assert!(!name.contains(['/', '\\', '\0']) && !name.chars().any(char::is_control), "{name:?}");
    assert_eq!(name.trim(), name);
}

/// The name that a path asks for; `None` where the rules for other scripts would matter, or those
/// for long names.
fn wanted(path: &str) -> Option<String> {
    let segment = &path[path.rfind('/').map_or(0, |at| at + 1)..];
    if segment.is_empty() {
        return Some("index.html".to_owned());
    }
    let decoded = String::from_utf8(unescaped(segment)).unwrap_or_else(|_| segment.to_owned());
    let mut name: Vec<u8> = decoded.trim_matches(' ').bytes().collect();
    if !decoded.is_ascii() || name.len() >= WANTED_BYTES_MAX {
        return None;
    }
    for byte in &mut name {
        if *byte < b' ' || matches!(byte, b'/' | b'\\' | 0x7f) {
            *byte = b'_';
        }
    }
    if let Some(first @ (b'.' | b'-')) = name.first_mut() {
        *first = b'_';
    }
    let name = String::from_utf8(name).expect("ASCII");
    Some(match &*name {
        "" => "unnamed".to_owned(),
        device if is_device(device) => format!("_{device}"),
        _ => name,
    })
}

/// What Windows takes for a device, with any extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or("").trim_end().to_uppercase();
    let digit = |rest: &str| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit();
    ["CON", "PRN", "AUX", "NUL"].contains(&&*stem)
        || ["COM", "LPT"].iter().any(|device| stem.strip_prefix(device).is_some_and(digit))
}

/// The first name of each that no one before it has, in whatever case: as it is, then with 2, 3 …
/// before its extension.
fn distinct(wanted: &[String]) -> Vec<String> {
    let mut given: Vec<String> = Vec::new();
    for name in wanted {
        let dot = name.rfind('.').filter(|at| *at > 0).unwrap_or(name.len());
        let numbered = (2..).map(|number| format!("{}-{number}{}", &name[..dot], &name[dot..]));
        let is_free = |one: &String| given.iter().all(|other| !other.eq_ignore_ascii_case(one));
        let free = std::iter::once(name.clone()).chain(numbered).find(is_free);
        given.push(free.expect("there is always a free number"));
    }
    given
}

/// Percent-decoded; a URL has two digits behind each `%`.
fn unescaped(text: &str) -> Vec<u8> {
    let mut halves = text.split('%');
    let mut bytes = halves.next().unwrap_or("").as_bytes().to_vec();
    for half in halves {
        bytes.push(u8::from_str_radix(&half[..2], 16).expect("two digits"));
        bytes.extend_from_slice(&half.as_bytes()[2..]);
    }
    bytes
}
