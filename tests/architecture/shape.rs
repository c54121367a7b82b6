//! The shape of Rust files: how they open, how wide, long and deep in one function they are.

use crate::lexer::{Kind, Token, skip_group};
use crate::source::{Source, Violation};

/// Columns of a line, in characters.
const LINE_COLUMNS_MAX: usize = 100;

/// Lines of a file, test code left out. The aim is 400.
const FILE_LINES_MAX: usize = 500;

/// Lines of a function from `fn` to its last brace. The aim is 30.
const FUNCTION_LINES_MAX: usize = 70;

/// A file of `src` that does not open by saying what it is for.
pub fn header(source: &Source) -> Vec<Violation> {
    let opens = source.text.lines().next().and_then(|line| line.strip_prefix("//!"));
    if source.path.starts_with("src/") && opens.is_none_or(|words| words.trim().is_empty()) {
        return vec![source.violation(1, "a file opens with `//!` and what it is for")];
    }
    Vec::new()
}

/// Lines that are too wide.
pub fn width(source: &Source) -> Vec<Violation> {
    let measured = source.text.lines().map(|line| line.chars().count()).enumerate();
    let wide = measured.filter(|(_, columns)| *columns > LINE_COLUMNS_MAX);
    let say = |(at, columns)| {
        let rule = format!("{columns} columns; a line has at most {LINE_COLUMNS_MAX}");
        source.violation(at + 1, rule)
    };
    wide.map(say).collect()
}

/// How many lines a file has outside test code.
pub fn file_lines(source: &Source) -> usize {
    (1..=source.text.lines().count()).filter(|line| !source.is_test(*line)).count()
}

/// A file that is too long.
pub fn length(source: &Source) -> Vec<Violation> {
    let lines = file_lines(source);
    if lines > FILE_LINES_MAX {
        let rule = format!("{lines} lines outside test code; a file has at most {FILE_LINES_MAX}");
        return vec![source.violation(1, rule)];
    }
    Vec::new()
}

/// Functions that are too long, test code included.
pub fn functions(source: &Source) -> Vec<Violation> {
    let tokens = &source.tokens;
    let starts = (0..tokens.len()).filter(|at| is_function(tokens, *at));
    let measured = starts.filter_map(|at| Some((at, last_line(tokens, at)? - tokens[at].line + 1)));
    let long = measured.filter(|(_, lines)| *lines > FUNCTION_LINES_MAX);
    let say = |(at, lines): (usize, usize)| {
        let name = &tokens[at + 1].text;
        let rule =
            format!("`{name}` has {lines} lines; a function has at most {FUNCTION_LINES_MAX}");
        source.violation(tokens[at].line, rule)
    };
    long.map(say).collect()
}

/// `fn` and a name; in a type or a bound (`fn(u8)`) there is none.
fn is_function(tokens: &[Token], at: usize) -> bool {
    tokens[at].is("fn") && tokens.get(at + 1).is_some_and(|t| t.kind == Kind::Ident || t.is("$"))
}

/// The line of the brace that ends the body, if there is one.
fn last_line(tokens: &[Token], at: usize) -> Option<usize> {
    let mut at = at;
    loop {
        let token = tokens.get(at)?;
        if token.is("{") {
            return Some(tokens[skip_group(tokens, at) - 1].line);
        }
        if token.is(";") {
            return None;
        }
        let opens = token.is("(") || token.is("[");
        at = if opens { skip_group(tokens, at) } else { at + 1 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: usize) -> String {
        "x;\n".repeat(count)
    }

    #[test]
    fn a_file_opens_with_its_purpose() {
        let check = |path, text| header(&Source::new(path, text)).len();
        assert_eq!(check("src/x.rs", "//! What it is for.\n"), 0);
        assert_eq!(check("tests/x.rs", "fn f() {}"), 0);
        for bad in
            ["", "//!\n", "\n//! Late.", "// Not this.", "use x;\n//! Late.", "/// Not this."]
        {
            assert_eq!(check("src/x.rs", bad), 1, "{bad:?}");
        }
    }

    #[test]
    fn wide_lines_are_caught() {
        let check = |line: &str| width(&Source::new("src/x.rs", &format!("a\n{line}\nb")));
        assert_eq!(check(&"é".repeat(100)), []);
        let found = check(&"é".repeat(101));
        assert_eq!(found[0].to_string(), "src/x.rs:2: 101 columns; a line has at most 100");
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn long_files_are_caught() {
        let check = |text: &str| length(&Source::new("src/x.rs", text)).len();
        assert_eq!(check(&lines(500)), 0);
        assert_eq!(check(&lines(501)), 1);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", lines(300));
        assert_eq!(check(&(lines(500) + &tests)), 0);
        assert_eq!(check(&(lines(250) + &tests + &lines(251))), 1);
        assert_eq!(file_lines(&Source::new("src/x.rs", &(lines(7) + &tests))), 7);
    }

    #[test]
    fn long_functions_are_caught() {
        let check = |text: &str| functions(&Source::new("src/x.rs", text));
        for head in
            ["fn f()", "pub async fn f<'a>(x: &'a [u8; 3]) -> [u8; { 1 }]\nwhere\n X: fn(u8),\n"]
        {
            let body = 68 - head.matches('\n').count();
            assert_eq!(check(&format!("{head} {{\n{}}}", lines(body))), []);
            let found = check(&format!("\n{head} {{\n{}}}", lines(body + 1)));
            let rule = "src/x.rs:2: `f` has 71 lines; a function has at most 70";
            assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), [rule]);
        }
        let tricky =
            format!("fn f() {{ \"}}\"; '}}'; // }}\n{}r#\"\"}}\"#; /* }} */ }}", lines(70));
        assert_eq!(check(&tricky).len(), 1);
        let two = format!("fn f() {{\n{}}}\nfn g() {{\n{}}}", lines(60), lines(60));
        assert_eq!(check(&two), []);
        let inner = format!("mod m {{ impl X {{ fn f(&self) {{\n{}}} }} }}", lines(80));
        assert_eq!(check(&inner).len(), 1);
        let bodiless = format!("trait T {{\nfn f(x: [u8; 2]);\n{}}}\ntype F = fn(u8);", lines(80));
        assert_eq!(check(&bodiless), []);
        assert_eq!(check("fn f() {"), []);
    }
}
