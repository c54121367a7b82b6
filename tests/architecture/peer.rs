//! Text of a peer stays `PeerText` on its way to people.
//!
//! The type escapes what it shows. What could go around it is caught here: its raw text as the
//! argument of a formatting macro, bytes turned into a `String` in the library, and output that
//! does not pass the functions of the command that escape.

use crate::lexer::{skip_group, starts_with};
use crate::source::{Source, Violation};

const FORMATTING: [&str; 10] = [
    "format",
    "format_args",
    "write",
    "writeln",
    "print",
    "println",
    "eprint",
    "eprintln",
    "panic",
    "dbg",
];

/// The files that may name stderr: they write escaped lines, or ask what it is.
const STDERR: [&str; 4] = [
    "src/bin/wirewright/main.rs",
    "src/bin/wirewright/output/drawing.rs",
    "src/bin/wirewright/output/trace.rs",
    "src/net/files/descriptor.rs",
];

/// The raw text of a peer among the arguments of a formatting macro.
pub fn raw_in_format(source: &Source) -> Vec<Violation> {
    let tokens = &source.tokens;
    let is_macro = |at: usize| {
        FORMATTING.iter().any(|name| tokens[at].is(name))
            && tokens.get(at + 1).is_some_and(|token| token.is("!"))
    };
    let macros = (0..tokens.len()).filter(|at| in_src(source, tokens[*at].line) && is_macro(*at));
    let raw = macros.flat_map(|at| {
        let group = &tokens[at + 2..skip_group(tokens, at + 2)];
        group.iter().filter(|token| token.is("as_raw_str")).map(|token| token.line)
    });
    raw.map(|line| source.violation(line, "text of a peer is formatted by its `Display`")).collect()
}

/// Bytes that become a `String` in the library, whatever they are.
pub fn lossy(source: &Source) -> Vec<Violation> {
    let is_ours = |line| in_src(source, line) && source.module().first() != Some(&"bin");
    let found = source.tokens.iter().filter(|t| t.is("from_utf8_lossy") && is_ours(t.line));
    found
        .map(|token| source.violation(token.line, "bytes of a peer become `PeerText::from_bytes`"))
        .collect()
}

/// Output that passes no function that escapes.
pub fn unescaped_output(source: &Source) -> Vec<Violation> {
    let tokens = &source.tokens;
    let is_stderr = |at: usize| starts_with(&tokens[at..], &["io", "::", "stderr"]);
    let wrong = |at: usize| {
        let prints = ["print", "println", "eprint", "eprintln", "dbg"];
        let is_macro = prints.iter().any(|name| tokens[at].is(name))
            && tokens.get(at + 1).is_some_and(|token| token.is("!"));
        is_macro || (is_stderr(at) && !STDERR.contains(&source.path.as_str()))
    };
    let found = (0..tokens.len()).filter(|at| in_src(source, tokens[*at].line) && wrong(*at));
    found
        .map(|at| source.violation(tokens[at].line, "people are told by `say_line`, which escapes"))
        .collect()
}

fn in_src(source: &Source, line: usize) -> bool {
    source.path.starts_with("src/") && source.is_rust() && !source.is_test(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_text_in_a_format_is_caught() {
        let count = |path, text| raw_in_format(&Source::new(path, text)).len();
        for bad in [
            "fn f() { format!(\"{}\", x.as_raw_str()) }",
            "fn f() { say(&format!(\"{a} {}\", g(x.y.as_raw_str()))); }",
            "fn f() { write!(f, \"{}\", x.as_raw_str())?; }",
        ] {
            assert_eq!(count("src/net/x.rs", bad), 1, "{bad}");
            assert_eq!(count("tests/x.rs", bad), 0, "{bad}");
        }
        for good in [
            "fn f() { format!(\"{x}\"); g(x.as_raw_str()) }",
            "fn f() { format(x.as_raw_str()) }",
            "#[cfg(test)]\nmod tests { fn f() { format!(\"{}\", x.as_raw_str()) } }",
        ] {
            assert_eq!(count("src/net/x.rs", good), 0, "{good}");
        }
    }

    #[test]
    fn bytes_that_become_strings_are_caught() {
        let bad = "fn f() { String::from_utf8_lossy(x) }";
        assert_eq!(lossy(&Source::new("src/net/x.rs", bad)).len(), 1);
        for path in ["src/bin/wirewright/x.rs", "tests/x.rs"] {
            assert_eq!(lossy(&Source::new(path, bad)), []);
        }
    }

    #[test]
    fn output_that_does_not_escape_is_caught() {
        let count = |path, text| unescaped_output(&Source::new(path, text)).len();
        assert_eq!(count("src/bin/wirewright/x.rs", "fn f() { eprintln!(\"\"); io::stderr() }"), 2);
        assert_eq!(
            count("src/bin/wirewright/output/drawing.rs", "fn f() { io::stderr(); print(x) }"),
            0
        );
        assert_eq!(count("src/bin/wirewright/x.rs", "fn f() { ended.stderr }"), 0);
    }
}
