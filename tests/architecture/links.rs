//! What the pages (`.md`) link to: the file is there, and a link whose text is a name in code leads
//! to a file that has this name.
//!
//! ```text
//!   [the map](src/lib.rs)                     the file exists
//!   [`pending_max`](src/transfer/config.rs)   … and contains the word `pending_max`
//!   [`a_head`](tests/http/limits.rs)          … and in a table's column `test`: is a #[test] there
//! ```

use crate::lexer::starts_with;
use crate::source::{Source, Violation};
use std::collections::BTreeSet;

/// A link of a page to a file of the project.
struct Link<'a> {
    line: usize,
    text: &'a str,
    /// From the root of the package, without a fragment.
    target: String,
}

/// Links to files that are not there, and to files that do not have the name.
pub fn broken(page: &Source, tree: &[Source]) -> Vec<Violation> {
    let wrong = |link: &Link| {
        let Some(file) = tree.iter().find(|source| source.path == link.target) else {
            let folder = format!("{}/", link.target);
            let is_folder = tree.iter().any(|source| source.path.starts_with(&folder));
            return (!is_folder).then(|| format!("there is no `{}`", link.target));
        };
        let name = name(link.text).filter(|_| file.is_rust())?;
        let is_file = link.target.ends_with(&format!("/{name}.rs"));
        let is_there = is_file || file.tokens.iter().any(|token| token.is(name));
        (!is_there).then(|| format!("`{}` has no `{name}`", link.target))
    };
    let links = links(page);
    links.iter().filter_map(|link| Some(page.violation(link.line, wrong(link)?))).collect()
}

/// Rows of tables that end in a column `test` and name no test there, or one that does not exist.
pub fn untested(page: &Source, tree: &[Source]) -> Vec<Violation> {
    let links = links(page);
    let mut found = Vec::new();
    for (line, row) in rows_of_tests(page) {
        let tests: Vec<&Link> = links
            .iter()
            .filter(|link| link.line == line && row.contains(&format!("[{}](", link.text)))
            .collect();
        if tests.is_empty() {
            found.push(page.violation(line, "a row without a test"));
        }
        for link in tests {
            let file = tree.iter().find(|source| source.path == link.target);
            let name = name(link.text).unwrap_or(link.text);
            if !file.is_some_and(|file| has_test(file, name)) {
                let rule = format!("`{}` has no test `{name}`", link.target);
                found.push(page.violation(line, rule));
            }
        }
    }
    found
}

/// The files and folders that a page links to, from the root of the package.
pub fn targets(page: &Source) -> BTreeSet<String> {
    links(page).into_iter().map(|link| link.target).collect()
}

/// The last cells of the tables whose last column is called `test`.
fn rows_of_tests(page: &Source) -> Vec<(usize, &str)> {
    let mut rows = Vec::new();
    let mut in_table = false;
    for (at, line) in page.text.lines().enumerate() {
        let last = line.trim_end_matches('|').rsplit('|').next().unwrap_or("").trim();
        let is_row = line.starts_with('|');
        if in_table && is_row && !line.starts_with("|--") {
            rows.push((at + 1, last));
        }
        in_table = is_row && (in_table || last == "test");
    }
    rows
}

fn has_test(file: &Source, name: &str) -> bool {
    let is_function = |at: usize| starts_with(&file.tokens[at..], &["fn", name, "("]);
    let is_test = |at: usize| at >= 4 && file.tokens[at - 2].is("test");
    (0..file.tokens.len()).any(|at| is_function(at) && is_test(at))
}

/// The name that a text in code is: `` `pending_max` `` is one, `` `src/lib.rs` `` is none.
fn name(text: &str) -> Option<&str> {
    let name = text.strip_prefix('`')?.strip_suffix('`')?;
    let is_word = |c: char| c == '_' || c.is_ascii_alphanumeric();
    (!name.is_empty() && name.chars().all(is_word)).then_some(name)
}

/// All links of a page to files, outside of its fenced blocks.
fn links(page: &Source) -> Vec<Link<'_>> {
    let mut links = Vec::new();
    let mut is_block = false;
    for (at, line) in page.text.lines().enumerate() {
        is_block ^= line.trim_start().starts_with("```");
        for (middle, _) in line.match_indices("](").filter(|_| !is_block) {
            let text = line[..middle].rsplit('[').next().unwrap_or("");
            let target = line[middle + 2..].split([')', '#']).next().unwrap_or("");
            if !target.is_empty() && !target.contains("://") {
                links.push(Link { line: at + 1, text, target: joined(&page.path, target) });
            }
        }
    }
    links
}

/// The target of a link in the page at `page`, from the root of the package.
fn joined(page: &str, target: &str) -> String {
    let mut names: Vec<&str> = page.split('/').collect();
    names.pop();
    for name in target.trim_end_matches('/').split('/') {
        match name {
            "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    names.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Vec<Source> {
        let test = "//! x\nconst LIMIT: u8 = 1;\n#[test]\nfn it_holds() {}\nfn helper() {}";
        vec![Source::new("src/lib.rs", "fn f() {}"), Source::new("tests/a/b.rs", test)]
    }

    fn shown(rule: fn(&Source, &[Source]) -> Vec<Violation>, path: &str, text: &str) -> String {
        let found = rule(&Source::new(path, text), &tree());
        found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn links_lead_to_files_and_names() {
        let good = "[`f`](src/lib.rs) [`lib`](src/lib.rs) [x](tests/a) [y](#z)\n\
                    [`LIMIT`](./tests/a/b.rs#x)\n\
                    [web](https://example.org/x)\n```text\n[no](where)\n```";
        assert_eq!(shown(broken, "README.md", good), "");
        assert_eq!(shown(broken, ".github/x.md", "[`f`](../src/lib.rs)"), "");
        let bad = "x\n[a](src/gone.rs) [`g`](src/lib.rs)";
        let told = "README.md:2: there is no `src/gone.rs`\nREADME.md:2: `src/lib.rs` has no `g`";
        assert_eq!(shown(broken, "README.md", bad), told);
        assert_eq!(shown(broken, "src/x.md", "[a](lib.rs) [b](no)").lines().count(), 1);
    }

    #[test]
    fn rows_name_tests() {
        let table = |cell: &str| format!("| threat | test |\n|---|---|\n| x | {cell} |\n\n| a |");
        let good = table("[`it_holds`](tests/a/b.rs)");
        assert_eq!(shown(untested, "x.md", &good), "");
        assert_eq!(shown(untested, "x.md", &table("–")), "x.md:3: a row without a test");
        for other in ["helper", "LIMIT", "gone"] {
            let bad = table(&format!("[`{other}`](tests/a/b.rs)"));
            let told = format!("x.md:3: `tests/a/b.rs` has no test `{other}`");
            assert_eq!(shown(untested, "x.md", &bad), told);
        }
        assert_eq!(shown(untested, "x.md", "| a | b |\n|---|---|\n| x | y |"), "");
    }

    #[test]
    fn targets_are_from_the_root() {
        let page = Source::new("tests/README.md", "[a](../src/lib.rs) [b](a/) [c](a/b.rs#x)");
        let expected = ["src/lib.rs", "tests/a", "tests/a/b.rs"].map(str::to_owned);
        assert_eq!(targets(&page), BTreeSet::from(expected));
    }
}
