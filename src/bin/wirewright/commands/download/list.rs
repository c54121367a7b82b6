//! URLs of a plain list, one per line.
//!
//! ```text
//!   http://h/a.jpg          a URL
//!                           nothing
//!   sub/b.jpg               relative to where the list was
//!   ftp://h/c               a failure of its own
//! ```
//!
//! A document that is not a list is a single error: binary data, or a text most of whose lines are
//! not URLs, such as an HTML page.

use wirewright::http::url::Url;

/// The URLs of a list. A line that is not a URL gives its error in place of the URL. Empty lines
/// are skipped. More than `urls_max` URLs are an error, and so is a document that is not a list.
pub fn urls(
    document: &[u8],
    base: Option<&Url>,
    urls_max: usize,
) -> Result<Vec<Result<Url, String>>, String> {
    check_text(document)?;
    let mut urls = Vec::new();
    for (at, line) in document.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        if urls.len() == urls_max {
            return Err(format!("more than {urls_max} URLs"));
        }
        urls.push(url(line, base).map_err(|why| format!("line {}: {why}", at + 1)));
    }
    let mut faults = urls.iter().filter_map(|url| url.as_ref().err());
    match faults.next().map(|first| (first, 1 + faults.count())) {
        Some((first, count)) if 2 * count > urls.len() => Err(format!(
            "it is neither JSON nor a list of URLs: {count} of {} lines are not URLs; {first}",
            urls.len()
        )),
        _ => Ok(urls),
    }
}

/// Refuses what is no text at all, however long it is.
fn check_text(document: &[u8]) -> Result<(), String> {
    let text = str::from_utf8(document).map_err(|error| error.valid_up_to());
    let at = text.map_or_else(Some, |text| {
        text.bytes().position(|byte| byte.is_ascii_control() && !b"\t\n\r".contains(&byte))
    });
    match at {
        Some(at) => Err(format!("it is neither JSON nor a list of URLs: byte {at} is not text")),
        None => Ok(()),
    }
}

fn url(line: &[u8], base: Option<&Url>) -> Result<Url, String> {
    let line = str::from_utf8(line).map_err(|_| "it is not UTF-8")?;
    let url = match base {
        // With a base almost any text would be a relative reference.
        Some(_) if !line.contains("://") && !is_reference(line) => {
            return Err("it is not a URL (RFC 3986 §2)".to_owned());
        }
        Some(base) => base.join(line.as_bytes()),
        None => Url::parse(line),
    };
    url.map_err(|error| error.reason().to_string())
}

/// Whether a relative reference holds only characters that may stand in one.
fn is_reference(line: &str) -> bool {
    line.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(document: &[u8]) -> Result<Vec<String>, String> {
        let base = Url::parse("http://h/x/list").unwrap();
        let urls = urls(document, Some(&base), 5)?;
        Ok(urls.into_iter().map(|url| url.map_or_else(|why| why, |url| url.to_string())).collect())
    }

    #[test]
    fn one_a_line() {
        for (document, expected) in [
            (&b""[..], &[][..]),
            (b"\n\r\n \t\n", &[]),
            (
                b"/a\r\n\n  sub/b?c=d  \nhttp://i/c",
                &["http://h/a", "http://h/x/sub/b?c=d", "http://i/c"],
            ),
            (b"a\nb\nftp://h/", &["http://h/x/a", "http://h/x/b", "line 3: a URL begins with"]),
            (b"a\nb c\nd", &["http://h/x/a", "line 2: it is not a URL", "http://h/x/d"]),
        ] {
            let found = list(document).unwrap();
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.starts_with(expected), "{found:?}");
            }
        }
    }

    #[test]
    fn what_is_no_list_is_one_error() {
        let page = "<html>\n<body>\n<p>A page</p>\n</body>\n</html>";
        for (document, what) in [
            (&b"\x7fELF\x02\x01\x01\0\0\0\n\0\n\0"[..], "byte 0 is not text"),
            (b"http://h/a\nhttp://h/\xff\n", "byte 20 is not text"),
            (b"http://h/a\n\x1b[2J\n", "byte 11 is not text"),
            (b"http://h/a\0\n", "byte 10 is not text"),
            (page.as_bytes(), "5 of 5 lines are not URLs; line 1: it is not a URL"),
            (b"a\nx y\nx z\n", "2 of 3 lines are not URLs; line 2: it is not a URL"),
            (b"1\n2\n3\n4\n5\n6", "more than 5 URLs"),
        ] {
            let said = list(document).unwrap_err();
            assert!(said.contains(what), "{said}");
        }
        assert!(
            urls(b"a\nb", None, 5)
                .unwrap_err()
                .contains("2 of 2 lines are not URLs; line 1: a URL")
        );
    }
}
