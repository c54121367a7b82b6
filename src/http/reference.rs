//! URI references: splitting into parts, and resolution against a base.
//!
//! ```text
//!   http://user@host:80/a/b/../c?query#fragment
//!   └──┘   └──────────┘└───────┘ └───┘ └──────┘
//!   scheme   authority     path    query  fragment       all parts but the path are optional
//! ```
//!
//! Specification: RFC 3986 §3 and appendix B (the parts), §5.2 (resolution), §5.2.4 (dot segments).
//! This module works on text and knows no scheme, so that it can be tested with all examples of
//! §5.4. [`url`](super::url) checks the content of the parts.

/// The parts of a reference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) scheme: Option<String>,
    pub(super) authority: Option<String>,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) fragment: Option<String>,
}

impl Reference {
    /// Splits a text, which cannot fail.
    pub(super) fn split(text: &str) -> Reference {
        let (text, fragment) = cut(text, '#');
        let (text, query) = cut(text, '?');
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme.to_owned()), rest),
            _ => (None, text),
        };
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let end = rest.find('/').unwrap_or(rest.len());
                (Some(rest[..end].to_owned()), &rest[end..])
            }
            None => (None, rest),
        };
        Reference { scheme, authority, path: path.to_owned(), query, fragment }
    }

    /// Resolves this reference against `base`, which has a scheme: RFC 3986 §5.2.2, strict.
    pub(super) fn resolve(self, base: &Reference) -> Reference {
        if self.scheme.is_some() {
            return Reference { path: remove_dot_segments(&self.path), ..self };
        }
        let scheme = base.scheme.clone();
        if self.authority.is_some() {
            return Reference { scheme, path: remove_dot_segments(&self.path), ..self };
        }
        let authority = base.authority.clone();
        if self.path.is_empty() {
            let query = self.query.or_else(|| base.query.clone());
            return Reference { scheme, authority, path: base.path.clone(), query, ..self };
        }
        let path = match self.path.starts_with('/') {
            true => self.path,
            false => merge(base, &self.path),
        };
        Reference { scheme, authority, path: remove_dot_segments(&path), ..self }
    }
}

/// The text before the first `mark`, and the text after it.
fn cut(text: &str, mark: char) -> (&str, Option<String>) {
    match text.split_once(mark) {
        Some((before, behind)) => (before, Some(behind.to_owned())),
        None => (text, None),
    }
}

fn is_scheme(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(is_part)
}

/// Merges a relative path with that of the base: RFC 3986 §5.2.3.
fn merge(base: &Reference, path: &str) -> String {
    if base.authority.is_some() && base.path.is_empty() {
        return format!("/{path}");
    }
    let folder = base.path.rfind('/').map_or(0, |at| at + 1);
    format!("{}{path}", &base.path[..folder])
}

/// Removes `.` and `..`: RFC 3986 §5.2.4.
pub(super) fn remove_dot_segments(path: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    let joined = kept.join("/");
    if is_absolute { format!("/{joined}") } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(parts: &Reference) -> String {
        let before = |mark: &str, part: &Option<String>| {
            part.as_ref().map_or(String::new(), |part| format!("{mark}{part}"))
        };
        let scheme = parts.scheme.as_ref().map_or(String::new(), |scheme| format!("{scheme}:"));
        let (authority, query) = (before("//", &parts.authority), before("?", &parts.query));
        format!("{scheme}{authority}{}{query}{}", parts.path, before("#", &parts.fragment))
    }

    /// All examples of RFC 3986 §5.4.1 and §5.4.2, strict.
    #[test]
    fn the_examples_of_the_rfc() {
        let base = Reference::split("http://a/b/c/d;p?q");
        for (reference, expected) in [
            ("g:h", "g:h"),
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q#s"),
            ("g#s", "http://a/b/c/g#s"),
            ("g?y#s", "http://a/b/c/g?y#s"),
            (";x", "http://a/b/c/;x"),
            ("g;x", "http://a/b/c/g;x"),
            ("g;x?y#s", "http://a/b/c/g;x?y#s"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("./", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../..", "http://a/"),
            ("../../", "http://a/"),
            ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"),
            ("../../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            (".g", "http://a/b/c/.g"),
            ("g..", "http://a/b/c/g.."),
            ("..g", "http://a/b/c/..g"),
            ("./../g", "http://a/b/g"),
            ("./g/.", "http://a/b/c/g/"),
            ("g/./h", "http://a/b/c/g/h"),
            ("g/../h", "http://a/b/c/h"),
            ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
            ("g;x=1/../y", "http://a/b/c/y"),
            ("g?y/./x", "http://a/b/c/g?y/./x"),
            ("g?y/../x", "http://a/b/c/g?y/../x"),
            ("g#s/./x", "http://a/b/c/g#s/./x"),
            ("g#s/../x", "http://a/b/c/g#s/../x"),
            ("http:g", "http:g"),
        ] {
            let found = joined(&Reference::split(reference).resolve(&base));
            assert_eq!(found, expected, "{reference}");
        }
    }

    #[test]
    fn a_base_without_a_path_has_a_root() {
        let base = Reference::split("http://a");
        assert_eq!(joined(&Reference::split("g").resolve(&base)), "http://a/g");
        assert_eq!(joined(&Reference::split("?y").resolve(&base)), "http://a?y");
    }

    #[test]
    fn dot_segments() {
        for (path, expected) in [
            ("/a/b/c/./../../g", "/a/g"),
            ("mid/content=5/../6", "mid/6"),
            ("/a//b", "/a//b"),
            ("/a//../b", "/a/b"),
            ("/..", "/"),
            ("/.", "/"),
            ("", ""),
            ("..", ""),
        ] {
            assert_eq!(remove_dot_segments(path), expected, "{path}");
        }
    }

    #[test]
    fn a_colon_behind_a_slash_makes_no_scheme() {
        let parts = Reference::split("./a:b");
        assert_eq!((parts.scheme, parts.path), (None, "./a:b".to_owned()));
        assert_eq!(Reference::split("1a:b").scheme, None);
    }
}
