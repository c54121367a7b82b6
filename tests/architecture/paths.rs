//! Every path in a file, written out: `use std::{fs, io::{self, Read}};` is `std::fs`,
//! `std::io::self` and `std::io::Read`.

use crate::lexer::{Kind, Token, skip_group};

/// A path of one or more names.
#[derive(Debug, PartialEq, Eq)]
pub struct Path<'a> {
    /// The names; the last may be `*`.
    pub names: Vec<&'a str>,
    pub line: usize,
    /// How many `mod … { }` of this file stand around it.
    pub inline_depth: usize,
    /// `as` follows it.
    pub aliased: bool,
    /// `!` follows it: it is called as a macro.
    pub called: bool,
}

/// All paths of a file, in order.
pub fn paths(tokens: &[Token]) -> Vec<Path<'_>> {
    let inline = inline_modules(tokens);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].kind != Kind::Ident || continues(tokens, at) {
            at += 1;
            continue;
        }
        let first = found.len();
        let end = expand(tokens, at, &[], &mut found);
        let depth = inline.iter().filter(|(open, close)| (*open..*close).contains(&at)).count();
        found[first..].iter_mut().for_each(|path| path.inline_depth = depth);
        at = end;
    }
    found
}

/// Keywords behind which a path may begin with `::`.
const BEFORE_PATH: [&str; 10] =
    ["as", "dyn", "for", "if", "impl", "in", "match", "mut", "return", "use"];

/// Whether the name at `at` goes on from one before it, as `new` does in `Vec::<u8>::new`.
fn continues(tokens: &[Token], at: usize) -> bool {
    let before = |n: usize| at.checked_sub(n).map(|at| &tokens[at]);
    let is = |n: usize, text: &str| before(n).is_some_and(|t| t.is(text));
    let name = before(2).is_some_and(|t| t.kind == Kind::Ident);
    let keyword = BEFORE_PATH.iter().any(|word| is(2, word));
    is(1, "::") && ((name && !keyword) || (is(2, ">") && !is(3, "-")))
}

/// Adds the paths that begin with `prefix` and go on at `at`; returns where they end.
fn expand<'a>(
    tokens: &'a [Token],
    at: usize,
    prefix: &[&'a str],
    found: &mut Vec<Path<'a>>,
) -> usize {
    let mut names = prefix.to_vec();
    let mut end = at;
    while let Some(token) = tokens.get(end) {
        if token.is("{") {
            return expand_group(tokens, end, &names, found);
        }
        if token.kind != Kind::Ident && !token.is("*") {
            break;
        }
        names.push(&token.text);
        end += 1;
        let more = tokens.get(end).is_some_and(|t| t.is("::"));
        if !more || BEFORE_PATH.contains(&token.text.as_str()) {
            break;
        }
        end += 1;
    }
    let next = |text| tokens.get(end).is_some_and(|t| t.is(text));
    let not_equal = tokens.get(end + 1).is_some_and(|t| t.is("="));
    let (aliased, called) = (next("as"), next("!") && !not_equal);
    found.push(Path { names, line: tokens[at].line, inline_depth: 0, aliased, called });
    end.max(at + 1)
}

fn expand_group<'a>(
    tokens: &'a [Token],
    open: usize,
    prefix: &[&'a str],
    found: &mut Vec<Path<'a>>,
) -> usize {
    let close = skip_group(tokens, open);
    let mut at = open + 1;
    while at + 1 < close {
        at += usize::from(tokens[at].is("::"));
        at = expand(tokens, at, prefix, found);
        // What stands between a name and the next comma is an alias.
        while at + 1 < close && !tokens[at].is(",") {
            at += 1;
        }
        at += 1;
    }
    close
}

/// Where the bodies of `mod … { }` begin and end.
fn inline_modules(tokens: &[Token]) -> Vec<(usize, usize)> {
    let opens = |at: &usize| tokens[*at].is("mod") && tokens[at + 2].is("{");
    let starts = (0..tokens.len().saturating_sub(2)).filter(opens);
    starts.map(|at| (at + 2, skip_group(tokens, at + 2))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexer::lex;

    fn shown(source: &str) -> Vec<String> {
        paths(&lex(source)).iter().map(|path| path.names.join("::")).collect()
    }

    #[test]
    fn groups_are_written_out() {
        let found = shown("use std::{fs, io::{self as i, Read}, net::*}; x");
        let all = ["use", "std::fs", "std::io::self", "std::io::Read", "std::net::*", "x"];
        assert_eq!(found, all);
        assert_eq!(shown("use {a::b, ::c::d};"), ["use", "a::b", "c::d"]);
        assert_eq!(shown("use ::std::fs;"), ["use", "std::fs"]);
        assert_eq!(shown("use a::{b, c,}; use d::{};"), ["use", "a::b", "a::c", "use"]);
    }

    #[test]
    fn paths_in_expressions() {
        assert_eq!(shown("Vec::<a::B>::new(c)"), ["Vec", "a::B", "c"]);
        assert_eq!(shown("match x { a::B { y } => 1 }"), ["match", "x", "a::B", "y"]);
        assert_eq!(shown("a * b"), ["a", "b"]);
        assert_eq!(
            shown("fn f() -> ::a::b {} return ::c::d"),
            ["fn", "f", "a::b", "return", "c::d"]
        );
    }

    #[test]
    fn what_follows_is_known() {
        let tokens = lex("use crate as x; std::println!(); a != b");
        let found = paths(&tokens);
        let of = |flag: fn(&Path) -> bool| {
            found.iter().filter(move |path| flag(path)).collect::<Vec<_>>()
        };
        assert_eq!(of(|path| path.aliased)[0].names, ["crate"]);
        assert_eq!(of(|path| path.called)[0].names, ["std", "println"]);
        assert_eq!((of(|path| path.aliased).len(), of(|path| path.called).len()), (1, 1));
    }

    #[test]
    fn inline_modules_are_counted() {
        let tokens = lex("a::b; mod m { c::d; mod n { e::f } } g::h; mod o;");
        let depths: Vec<_> = paths(&tokens)
            .iter()
            .filter(|path| path.names.len() == 2)
            .map(|path| (path.names[0].to_owned(), path.inline_depth))
            .collect();
        assert_eq!(
            depths,
            [("a", 0), ("c", 1), ("e", 2), ("g", 0)].map(|(n, d)| (n.to_owned(), d))
        );
    }
}
