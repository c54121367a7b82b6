//! Rust source as tokens: just enough of a lexer that no rule is fooled by a comment or a string.
//!
//! Comments vanish. A string of any kind (plain, raw, byte, C) and a character are each one
//! [`Kind::Literal`]; a lifetime is told from a character. `::` is one token, every other
//! punctuation is one character.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A name or a keyword; a raw one comes without its `r#`.
    Ident,
    /// `'a`.
    Lifetime,
    /// A string, a character, a number.
    Literal,
    /// `::`, or one character.
    Punct,
}

/// A token and the line it begins on, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    pub text: String,
    pub line: usize,
}

impl Token {
    /// Whether this is the punctuation or the name `text`; a literal never is.
    pub fn is(&self, text: &str) -> bool {
        self.text == text && matches!(self.kind, Kind::Ident | Kind::Punct)
    }
}

/// Whether `tokens` begin with the names and punctuation of `pattern`.
pub fn starts_with(tokens: &[Token], pattern: &[&str]) -> bool {
    tokens.len() >= pattern.len() && pattern.iter().zip(tokens).all(|(p, t)| t.is(p))
}

/// The index just behind the bracket that closes the one at `open`, or the end.
pub fn skip_group(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open).filter(|(_, t)| t.kind == Kind::Punct) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// All tokens of `source`.
pub fn lex(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while let Some(first) = source[at..].chars().next() {
        let (kind, len) = next(&source[at..], first);
        let text = &source[at..at + len];
        if let Some(kind) = kind {
            let text = if kind == Kind::Ident { text.trim_start_matches("r#") } else { text };
            tokens.push(Token { kind, text: text.to_owned(), line });
        }
        line += text.matches('\n').count();
        at += len;
    }
    tokens
}

/// The kind (none for blanks and comments) and the length in bytes of what `rest` begins with.
fn next(rest: &str, first: char) -> (Option<Kind>, usize) {
    if let Some(len) = comment(rest).or_else(|| blank(rest)) {
        return (None, len);
    }
    if let Some(len) = literal(rest) {
        return (Some(Kind::Literal), len);
    }
    if first == '\'' {
        return (Some(Kind::Lifetime), 1 + word(&rest[1..]));
    }
    if first.is_ascii_digit() {
        return (Some(Kind::Literal), number(rest));
    }
    if let Some(name) = rest.strip_prefix("r#") {
        return (Some(Kind::Ident), 2 + word(name));
    }
    match word(rest) {
        0 if rest.starts_with("::") => (Some(Kind::Punct), 2),
        0 => (Some(Kind::Punct), first.len_utf8()),
        len => (Some(Kind::Ident), len),
    }
}

fn blank(rest: &str) -> Option<usize> {
    let len = rest.len() - rest.trim_start().len();
    (len > 0).then_some(len)
}

fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if !rest.starts_with("/*") {
        return None;
    }
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return Some(at);
        }
    }
    Some(rest.len())
}

/// The length of a string or character with its prefix, if `rest` begins with one.
fn literal(rest: &str) -> Option<usize> {
    for prefix in ["r", "br", "cr"] {
        let Some(body) = rest.strip_prefix(prefix) else { continue };
        let hashes = body.len() - body.trim_start_matches('#').len();
        if body[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let from = prefix.len() + hashes + 1;
            return Some(rest[from..].find(&end).map_or(rest.len(), |n| from + n + end.len()));
        }
    }
    for prefix in ["", "b", "c"] {
        let Some(body) = rest.strip_prefix(prefix) else { continue };
        if body.starts_with('"') {
            return Some(prefix.len() + quoted(body, b'"'));
        }
        if body.starts_with('\'') && is_character(body) {
            return Some(prefix.len() + quoted(body, b'\''));
        }
    }
    None
}

/// Tells `'a'` and `'\n'` from the lifetime `'a`.
fn is_character(body: &str) -> bool {
    let mut chars = body.chars().skip(1);
    chars.next() == Some('\\') || chars.next() == Some('\'')
}

/// The length of a quoted text in which `\` hides the next byte.
fn quoted(body: &str, quote: u8) -> usize {
    let bytes = body.as_bytes();
    let mut at = 1;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

fn word(rest: &str) -> usize {
    rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(rest.len())
}

fn number(rest: &str) -> usize {
    let whole = word(rest);
    let fraction = rest[whole..].strip_prefix('.').unwrap_or("");
    if fraction.starts_with(|c: char| c.is_ascii_digit()) {
        whole + 1 + word(fraction)
    } else {
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<String> {
        lex(source).into_iter().map(|t| t.text).collect()
    }

    #[test]
    fn comments_vanish_even_nested_and_count_lines() {
        assert_eq!(texts("a // b { \" \n/* c /* d */ ' */ e"), ["a", "e"]);
        assert_eq!(lex("/* \n\n */ x\ny").iter().map(|t| t.line).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(texts("a / b * c /"), ["a", "/", "b", "*", "c", "/"]);
    }

    #[test]
    fn every_string_is_one_literal() {
        for sample in [
            r#""}""#,
            r#""\"}""#,
            r##"r"\""##,
            r###"r#"}"{"#"###,
            r##"b"}""##,
            r###"br#"""#"###,
            r##"c"{""##,
            r###"cr#"{"#"###,
            "\"a\\\\\"",
            "\"a\n{\"",
            "'{'",
            r"'\''",
            r"'\u{7d}'",
            "b'}'",
            "'é'",
            "'\"'",
        ] {
            let found = lex(&format!("{sample};"));
            assert_eq!(found.len(), 2, "{sample}: {found:?}");
            assert_eq!((found[0].kind, found[0].text.as_str()), (Kind::Literal, sample));
            assert!(!found[0].is(sample));
        }
    }

    #[test]
    fn lifetimes_are_not_characters() {
        let found = lex("fn f<'a>(x: &'a str, y: &'_ u8) -> &'static str { 'l: loop {} }");
        let of = |kind| found.iter().filter(move |t| t.kind == kind).map(|t| t.text.as_str());
        assert_eq!(of(Kind::Lifetime).collect::<Vec<_>>(), ["'a", "'a", "'_", "'static", "'l"]);
        assert_eq!(of(Kind::Literal).count(), 0);
    }

    #[test]
    fn names_numbers_and_punctuation() {
        assert_eq!(
            texts("r#unsafe::é1.0..0x_ff"),
            ["unsafe", "::", "é1", ".", "0", ".", ".", "0x_ff"]
        );
        assert_eq!(texts("1.5e3..=2u8 r b"), ["1.5e3", ".", ".", "=", "2u8", "r", "b"]);
    }

    #[test]
    fn groups_close_where_they_should() {
        let found = lex(r#"{ ( "}" [ '}' ] ) } b"#);
        assert!(found[skip_group(&found, 0)].is("b"));
        assert!(found[skip_group(&found, 1)].is("}"));
        assert_eq!(skip_group(&lex("{ {"), 0), 2);
        assert!(starts_with(&found, &["{", "("]) && !starts_with(&found, &["{", "[", "}"]));
    }

    #[test]
    fn broken_source_ends() {
        for broken in ["\"", "'", "r#\"", "/*", "/* /*", "'\\", "\"\\", "r#", "b'"] {
            lex(broken);
        }
    }
}
