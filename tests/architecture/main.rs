//! The rules of `.github/CONTRIBUTING.md`, as far as a test can check them.
//!
//! Every rule is a function from a file to its violations and has its own tests beside it, with a
//! sample it passes and one it catches. Here they meet the tree. A violation reads
//! `file:line: rule`.

mod bans;
mod circles;
mod citations;
mod docs;
mod imports;
mod lexer;
mod links;
mod paths;
mod peer;
mod shape;
mod source;
mod states;
mod text;
mod words;

use source::{Source, Violation, read_tree};
use std::collections::BTreeSet;
use std::path::Path;

const RUST_FOLDERS: [&str; 5] = ["src/", "tests/", "benches/", "examples/", "fuzz/"];

fn tree() -> Vec<Source> {
    read_tree(Path::new(env!("CARGO_MANIFEST_DIR")))
}

fn rust_files() -> Vec<Source> {
    let is_ours = |path: &str| RUST_FOLDERS.iter().any(|folder| path.starts_with(folder));
    let mut files = tree();
    files.retain(|source| source.is_rust() && is_ours(&source.path));
    files
}

fn verdict(sources: &[Source], rule: impl Fn(&Source) -> Vec<Violation>) {
    let found: Vec<String> = sources.iter().flat_map(rule).map(|v| v.to_string()).collect();
    assert!(found.is_empty(), "\n{}\n{} violations", found.join("\n"), found.len());
}

#[test]
fn the_tree_is_really_read() {
    let tree = tree();
    for path in [
        "src/lib.rs",
        "src/bin/wirewright/main.rs",
        "tests/architecture/lexer.rs",
        "Cargo.toml",
        "LICENSE-MIT",
    ] {
        assert!(tree.iter().any(|source| source.path == path), "{path} was not read");
    }
    assert!(tree.iter().all(|source| !source.path.starts_with("target/")));
    assert!(rust_files().iter().any(|s| s.path == "src/lib.rs" && s.tokens.len() > 9));
}

#[test]
#[should_panic(expected = "src/x.rs:1: no `unsafe` in this crate\n1 violations")]
fn a_violation_fails_the_test() {
    verdict(&[Source::new("src/x.rs", "unsafe {}")], bans::no_unsafe);
}

#[test]
fn imports_go_one_way() {
    let sources = rust_files();
    verdict(&sources, imports::direction);
    verdict(&sources, imports::unlayered);
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let sources = rust_files();
    let found = circles::circles(&sources);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_circle_is_found() {
    let [a, b, c] = [("a", "b"), ("b", "a"), ("c", "a")]
        .map(|(file, imported)| (format!("src/{file}.rs"), format!("use crate::{imported}::X;")))
        .map(|(path, text)| Source::new(&path, &text));
    assert_eq!(circles::circles(&[a, b, c]), [["src/a.rs", "src/b.rs"]]);
}

#[test]
fn protocol_modules_do_no_io() {
    verdict(&rust_files(), bans::world);
}

#[test]
fn there_is_no_unsafe() {
    verdict(&rust_files(), bans::no_unsafe);
    verdict(&rust_files(), bans::forbids_unsafe);
}

#[test]
fn threads_and_randomness_may_be_refused() {
    verdict(&rust_files(), bans::infallible);
}

#[test]
fn text_of_a_peer_is_not_printed_raw() {
    verdict(&rust_files(), peer::raw_in_format);
    verdict(&rust_files(), peer::lossy);
    verdict(&rust_files(), peer::unescaped_output);
}

#[test]
fn the_feature_tls_is_asked_for_in_one_module() {
    verdict(&rust_files(), bans::tls_feature);
}

#[test]
fn tests_that_start_processes_transfer_no_files() {
    verdict(&rust_files(), bans::locks_and_processes);
}

#[test]
fn names_are_terms_of_the_field() {
    verdict(&rust_files(), words::private_words);
}

#[test]
fn nothing_is_unfinished() {
    verdict(&rust_files(), bans::unfinished);
}

#[test]
fn files_open_with_their_purpose() {
    verdict(&rust_files(), shape::header);
}

#[test]
fn lines_are_narrow() {
    verdict(&rust_files(), shape::width);
}

#[test]
fn files_are_short() {
    let sources = rust_files();
    let longest = sources.iter().max_by_key(|source| shape::file_lines(source));
    let longest = longest.expect("there are Rust files");
    println!("the longest file: {} with {} lines", longest.path, shape::file_lines(longest));
    verdict(&sources, shape::length);
}

#[test]
fn functions_are_short() {
    verdict(&rust_files(), shape::functions);
}

/// Sections that errors, remarks and pages cite: of published documents, and listed with titles.
#[test]
fn cited_sections_exist() {
    let sources = rust_files();
    let sources: Vec<Source> = sources.into_iter().filter(|s| s.path.starts_with("src/")).collect();
    let read = |path: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        std::fs::read_to_string(path).expect("a text")
    };
    let (table, protocol) = (read("tests/data/sections.txt"), read("src/transfer/PROTOCOL.md"));
    let published = citations::Published::new(&table, &protocol);
    verdict(&sources, |source| citations::unpublished(source, &published));
    verdict(&sources, citations::private);
    let cited: BTreeSet<String> =
        sources.iter().flat_map(citations::cited).map(|(_, cited)| cited).collect();
    assert!(cited.len() > 150, "{} sections are cited", cited.len());
    assert_eq!(published.uncited(&cited), [""; 0], "listed, and not cited any more");
}

#[test]
fn no_registry_is_named() {
    verdict(&tree(), text::registries);
}

#[test]
fn no_path_of_a_machine_is_named() {
    verdict(&tree(), text::machine_paths);
}

#[test]
fn links_of_pages_lead_somewhere() {
    let tree = tree();
    let pages: Vec<Source> = read_tree(Path::new(env!("CARGO_MANIFEST_DIR")))
        .into_iter()
        .filter(|source| source.path.ends_with(".md"))
        .collect();
    verdict(&pages, |page| links::broken(page, &tree));
    verdict(&pages, |page| links::untested(page, &tree));
    let security = pages.iter().find(|page| page.path == ".github/SECURITY.md");
    assert!(links::targets(security.expect("a page on security")).len() > 40);
}

/// What `tests/README.md` has to name on account of this file: its module, test binary (or part of
/// one), folder of test data, oracle or benchmark, without `.rs`.
fn part_of_the_table(path: &str) -> Option<String> {
    let names: Vec<&str> = path.split('/').collect();
    let part = match &names[..] {
        ["tests", "support", ..] | ["tests", "net" | "command", "main.rs"] => return None,
        ["tests", binary, "main.rs"] => format!("tests/{binary}"),
        [.., "mod.rs" | "main.rs" | "lib.rs" | "README.md"] => return None,
        ["src", "bin", command, area, ..] => format!("src/bin/{command}/{area}"),
        ["src", "net", area, ..] => format!("src/net/{area}"),
        ["fuzz", "fuzz_targets", target] => format!("fuzz/oracles/{target}"),
        ["tests", "data", folder, ..] => format!("tests/data/{folder}"),
        ["tests", binary @ ("net" | "command"), part, ..] => format!("tests/{binary}/{part}"),
        ["tests", binary, ..] => format!("tests/{binary}"),
        [top @ ("src" | "benches"), area, ..] => format!("{top}/{area}"),
        _ => return None,
    };
    Some(part.trim_end_matches(".rs").to_owned())
}

#[test]
fn the_table_of_tests_is_complete() {
    let tree = tree();
    let page = tree.iter().find(|source| source.path == "tests/README.md").expect("a table");
    let named: BTreeSet<String> = links::targets(page)
        .iter()
        .map(|target| target.trim_end_matches(".rs").to_owned())
        .collect();
    let parts: BTreeSet<String> =
        tree.iter().filter_map(|source| part_of_the_table(&source.path)).collect();
    assert!(
        ["src/smtp", "fuzz/oracles/frame", "tests/replay", "tests/net/mail"]
            .iter()
            .all(|part| parts.contains(*part)),
        "{parts:?}"
    );
    let missing: Vec<&String> = parts.difference(&named).collect();
    assert!(missing.is_empty(), "not in tests/README.md: {missing:#?}");
}
