//! Circles of imports between the files of the library: files that import each other, directly or
//! through others. Whoever reads one of them has to read all.
//!
//! An import leads to the file of the deepest module that its path names. A child may import its
//! parent, so these edges do not count; test code does not count either.

use crate::imports::absolute;
use crate::paths::{Path, paths};
use crate::source::Source;
use std::collections::{BTreeMap, BTreeSet};

type Edges<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// All circles between the files of the library.
pub fn circles(sources: &[Source]) -> Vec<Vec<&str>> {
    let edges = edges(sources);
    let reached: Edges = edges.keys().map(|file| (*file, reach(&edges, file))).collect();
    let mut found = BTreeSet::new();
    for (file, others) in &reached {
        let back = others.iter().filter(|other| reached[*other].contains(file));
        let circle: Vec<&str> = back.copied().collect();
        if circle.len() > 1 {
            found.insert(circle);
        }
    }
    found.into_iter().collect()
}

/// All files that the imports of `file` lead to, in any number of steps.
fn reach<'a>(edges: &Edges<'a>, file: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = edges[file].iter().copied().collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(&edges[next]);
        }
    }
    reached
}

/// Which files each file of the library imports.
fn edges(sources: &[Source]) -> Edges<'_> {
    let in_library = |s: &&Source| s.path.starts_with("src/") && !s.path.starts_with("src/bin/");
    let library: Vec<&Source> = sources.iter().filter(in_library).filter(|s| s.is_rust()).collect();
    let files: BTreeMap<Vec<&str>, &str> =
        library.iter().map(|source| (source.module(), source.path.as_str())).collect();
    let of = |source: &&'_ Source| imports(source, &files);
    library.iter().map(|source| (source.path.as_str(), of(source))).collect()
}

fn imports<'a>(source: &Source, files: &BTreeMap<Vec<&str>, &'a str>) -> BTreeSet<&'a str> {
    let module = source.module();
    let parent = module.split_last().map(|(_, parent)| parent);
    let paths = paths(&source.tokens);
    let counts = paths.iter().filter(|path| !source.is_test(path.line));
    let names = counts.filter_map(|path| absolute(source, path).or_else(|| child(&module, path)));
    let targets = names.filter_map(|names| {
        (1..=names.len()).rev().find_map(|len| files.get_key_value(&names[..len]))
    });
    let targets = targets.filter(|(names, _)| **names != module && parent != Some(&names[..]));
    targets.map(|(_, file)| *file).collect()
}

/// The names of a path that begins with a module within this file's own.
fn child<'a>(module: &[&'a str], path: &Path<'a>) -> Option<Vec<&'a str>> {
    let names = path.names.strip_prefix(&["self"]).unwrap_or(&path.names);
    let leads_down = path.inline_depth == 0 && names.len() > 1;
    leads_down.then(|| [module, names].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source> =
            files.iter().map(|(path, text)| Source::new(path, text)).collect();
        circles(&sources).iter().map(|circle| circle.join(" ")).collect()
    }

    #[test]
    fn circles_are_found_over_any_number_of_files() {
        let files = [
            ("src/a.rs", "use crate::b::B;"),
            ("src/b.rs", "fn f() { super::c::f() }"),
            ("src/c.rs", "use crate::{a::A, d};"),
            ("src/d.rs", "use crate::e;"),
            ("src/e.rs", "use crate::d;"),
            ("src/f.rs", "use crate::a::A;"),
        ];
        assert_eq!(found(&files), ["src/a.rs src/b.rs src/c.rs", "src/d.rs src/e.rs"]);
    }

    #[test]
    fn a_parent_and_its_child_are_no_circle_but_a_detour_through_a_third_file_is() {
        let root = ("src/a/mod.rs", "mod b; pub use b::B;");
        assert_eq!(found(&[root, ("src/a/b.rs", "use super::X; use std::io;")]), [""; 0]);
        let files = [root, ("src/a/b.rs", "use crate::c::C;"), ("src/c.rs", "use crate::a::B;")];
        assert_eq!(found(&files), ["src/a/b.rs src/a/mod.rs src/c.rs"]);
        let files = [
            ("src/a.rs", "pub use self::b::B;"),
            ("src/a/b.rs", "use self::c::C;"),
            ("src/a/b/c.rs", "use super::super::X;"),
        ];
        assert_eq!(found(&files), ["src/a.rs src/a/b.rs src/a/b/c.rs"]);
    }

    #[test]
    fn tests_and_the_command_do_not_count() {
        let files = [
            ("src/a.rs", "use crate::b;"),
            ("src/b.rs", "#[cfg(test)]\nmod tests { use crate::a; }"),
            ("src/bin/c.rs", "use crate::d;"),
            ("src/bin/d.rs", "use crate::c;"),
        ];
        assert_eq!(found(&files), [""; 0]);
    }
}
