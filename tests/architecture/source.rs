//! The tree as the rules see it: files, which of their lines are test code, and violations.

use crate::lexer::{Token, lex, skip_group, starts_with};
use std::fmt;
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

/// A law that was broken, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Violation {
    file: String,
    line: usize,
    rule: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.rule)
    }
}

/// A text file of the project.
#[derive(Debug)]
pub struct Source {
    /// Relative to the root of the package, with `/`.
    pub path: String,
    pub text: String,
    /// Empty unless it is Rust.
    pub tokens: Vec<Token>,
    test_lines: Vec<RangeInclusive<usize>>,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Source {
        let rust = path.ends_with(".rs");
        let tokens = if rust { lex(text) } else { Vec::new() };
        let mut test_lines = test_items(&tokens).into_iter().map(|item| item.lines).collect();
        if path.starts_with("tests/") {
            test_lines = vec![1..=usize::MAX];
        }
        Source { path: path.to_owned(), text: text.to_owned(), tokens, test_lines }
    }

    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether the line is compiled for tests only.
    pub fn is_test(&self, line: usize) -> bool {
        self.test_lines.iter().any(|lines| lines.contains(&line))
    }

    pub fn violation(&self, line: usize, rule: impl Into<String>) -> Violation {
        Violation { file: self.path.clone(), line, rule: rule.into() }
    }

    /// The names of the modules around it: `transfer`, `name` for `src/transfer/name.rs`, none for
    /// the roots of the two crates.
    pub fn module(&self) -> Vec<&str> {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let mut names: Vec<&str> = path.split('/').collect();
        if matches!(names.last(), Some(&("mod" | "lib" | "main"))) {
            names.pop();
        }
        names
    }
}

/// Every text file beneath `root` that `.gitignore` does not name, in a fixed order.
pub fn read_tree(root: &Path) -> Vec<Source> {
    let ignored = fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
    let mut sources = Vec::new();
    walk(root, "", &ignored, &mut sources);
    mark_test_files(&mut sources);
    sources
}

fn walk(root: &Path, folder: &str, ignored: &str, sources: &mut Vec<Source>) {
    let entries = fs::read_dir(root.join(folder)).expect("a readable directory");
    let mut entries: Vec<_> = entries.map(|entry| entry.expect("a readable entry")).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = format!("{folder}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().expect("a file type");
        if is_ignored(&path, ignored) || path == ".git" {
            continue;
        }
        if kind.is_dir() {
            walk(root, &format!("{path}/"), ignored, sources);
        } else if kind.is_file() {
            sources.extend(read_text(entry.path().as_path()).map(|t| Source::new(&path, &t)));
        }
    }
}

fn read_text(path: &Path) -> Option<String> {
    let text = String::from_utf8(fs::read(path).ok()?).ok()?;
    (!text.contains('\0')).then_some(text)
}

/// The part of the language of `.gitignore` that this project uses: `name/`, `a/b/`, `*.end`.
fn is_ignored(path: &str, ignored: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    ignored.lines().map(|line| line.trim().trim_end_matches('/')).any(|pattern| {
        match (pattern.strip_prefix('*'), pattern.contains('/')) {
            (Some(end), _) => !end.is_empty() && name.ends_with(end),
            (None, true) => path == pattern.trim_start_matches('/'),
            (None, false) => name == pattern,
        }
    })
}

/// Files that a `#[cfg(test)] mod name;` draws in are test code from end to end.
fn mark_test_files(sources: &mut [Source]) {
    let mut stems = Vec::new();
    for source in sources.iter().filter(|s| s.path.starts_with("src/")) {
        let module = source.module();
        let outside = test_items(&source.tokens).into_iter().filter_map(|item| item.file);
        stems.extend(
            outside.map(|name| [&["src"], &module[..], &[name.as_str()]].concat().join("/")),
        );
    }
    for source in sources {
        let drawn_in = |stem: &String| {
            let rest = source.path.strip_prefix(stem.as_str());
            rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        if stems.iter().any(drawn_in) {
            source.test_lines = vec![1..=usize::MAX];
        }
    }
}

/// An item under `#[cfg(test)]`.
struct TestItem {
    lines: RangeInclusive<usize>,
    /// The name of a module that stands in a file of its own.
    file: Option<String>,
}

/// All items under `#[cfg(test)]` or `#[cfg(all(test, …))]`; the whole file under `#![cfg(test)]`.
fn test_items(tokens: &[Token]) -> Vec<TestItem> {
    let mut items = Vec::new();
    for at in 0..tokens.len() {
        let here = &tokens[at..];
        if ["(", ",", ")"]
            .iter()
            .any(|end| starts_with(here, &["#", "!", "[", "cfg", "(", "test", end]))
        {
            items.push(TestItem { lines: 1..=usize::MAX, file: None });
        } else if starts_with(here, &["#", "[", "cfg", "(", "test", ")", "]"])
            || starts_with(here, &["#", "[", "cfg", "(", "all", "(", "test", ","])
        {
            let (start, end) = item_after(tokens, at);
            let last = tokens[..end].last().map_or(usize::MAX, |t| t.line);
            let file = file_of(&tokens[start..end]);
            items.push(TestItem { lines: tokens[at].line..=last, file });
        }
    }
    items
}

/// Where the item behind the attribute at `at` begins and ends.
fn item_after(tokens: &[Token], at: usize) -> (usize, usize) {
    let mut start = at;
    while starts_with(&tokens[start..], &["#", "["]) {
        start = skip_group(tokens, start + 1);
    }
    let mut end = start;
    while end < tokens.len() {
        let (brace, semicolon) = (tokens[end].is("{"), tokens[end].is(";"));
        end = if semicolon { end + 1 } else { skip_group_or_token(tokens, end) };
        if brace || semicolon {
            break;
        }
    }
    (start, end)
}

fn skip_group_or_token(tokens: &[Token], at: usize) -> usize {
    let opens = ["(", "[", "{"].iter().any(|open| tokens[at].is(open));
    if opens { skip_group(tokens, at) } else { at + 1 }
}

fn file_of(item: &[Token]) -> Option<String> {
    let outside = item.len() >= 3 && item[item.len() - 3].is("mod") && item[item.len() - 1].is(";");
    outside.then(|| item[item.len() - 2].text.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_code_is_an_item_not_the_rest_of_the_file() {
        let text = "fn a() {}\n#[cfg(test)]\nuse x::y;\nfn b() {}\n\
                    #[cfg(all(test, unix))]\n#[x(1)]\n\
                    mod tests {\n  fn f() -> [u8; 2] { 0 }\n}\nfn c() {}\n\
                    #[cfg(not(test))]\nfn d() {}";
        let source = Source::new("src/x.rs", text);
        let lines: Vec<usize> = (1..=12).filter(|line| source.is_test(*line)).collect();
        assert_eq!(lines, [2, 3, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn whole_files_of_tests() {
        let inner = Source::new("src/x.rs", "//! x\n#![cfg(test)]\nfn a() {}");
        assert!(inner.is_test(1) && inner.is_test(3));
        assert!(Source::new("tests/x.rs", "fn a() {}").is_test(1));
        assert!(!Source::new("benches/x.rs", "fn a() {}").is_test(1));
        let mut sources =
            ["src/a/mod.rs", "src/a/tests.rs", "src/a/tests/b.rs", "src/a/tests_x.rs"]
                .map(|path| Source::new(path, ""));
        sources[0] = Source::new("src/a/mod.rs", "#[cfg(test)]\npub(crate) mod tests;\nfn a() {}");
        mark_test_files(&mut sources);
        assert_eq!(sources.map(|source| source.is_test(3)), [false, true, true, false]);
    }

    #[test]
    fn ignored_files() {
        let ignored = "target/\nfuzz/corpus/\n*.profraw\n\n__pycache__/\n";
        for path in ["target", "fuzz/target", "fuzz/corpus", "a/b.profraw", "x/__pycache__"] {
            assert!(is_ignored(path, ignored), "{path}");
        }
        for path in ["src", "tests/data/corpus", "corpus", "targets", "src/target.rs"] {
            assert!(!is_ignored(path, ignored), "{path}");
        }
    }

    #[test]
    fn modules_of_files() {
        let module = |path| Source::new(path, "").module().join("::");
        assert_eq!(module("src/transfer/name.rs"), "transfer::name");
        assert_eq!(module("src/transfer/mod.rs"), "transfer");
        assert_eq!(module("src/buffer.rs"), "buffer");
        assert_eq!([module("src/lib.rs"), module("src/net/mod.rs")], ["", "net"]);
    }

    #[test]
    fn a_violation_says_where() {
        let shown = Source::new("src/x.rs", "").violation(7, "no such thing").to_string();
        assert_eq!(shown, "src/x.rs:7: no such thing");
    }
}
