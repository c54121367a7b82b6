//! What may not be written: the world in a pure room, `unsafe` anywhere, work left undone, a panic
//! where the system refuses something.

use crate::lexer::{Token, skip_group, starts_with};
use crate::paths::{Path, paths};
use crate::source::{Source, Violation};

/// Crates that know sockets, files, clocks, terminals or chance. `std` has its own list.
const WORLD_CRATES: [&str; 13] = [
    "mio",
    "native_tls",
    "openssl",
    "getrandom",
    "rand",
    "socket2",
    "cap_std",
    "rustix",
    "signal_hook",
    "jiff",
    "clap",
    "ctor",
    "indicatif",
];

/// The modules of `std` that do; `std::net`'s addresses are also in `core::net`, which is pure.
const WORLD_MODULES: [&str; 5] = ["net", "fs", "thread", "process", "env"];

const WORLD_TYPES: [&str; 3] = ["Instant", "SystemTime", "RandomState"];

const PRINTING: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];

const TERMINAL: [&str; 3] = ["stdin", "stdout", "stderr"];

/// The world, named outside `net`, the command and test code.
pub fn world(source: &Source) -> Vec<Violation> {
    let module = source.module();
    let open = matches!(module.first(), Some(&"net" | &"bin"));
    if open || !source.path.starts_with("src/") {
        return Vec::new();
    }
    let wrong = |path: &Path| {
        let name = worldly(path).filter(|_| !source.is_test(path.line))?;
        Some(source.violation(path.line, format!("a pure room knows no `{name}`")))
    };
    paths(&source.tokens).iter().filter_map(wrong).collect()
}

/// The name in a path that belongs to the world.
fn worldly(path: &Path) -> Option<String> {
    let names = &path.names;
    let (first, last) = (*names.first()?, *names.last()?);
    let second = names.get(1).copied().unwrap_or("");
    if WORLD_CRATES.contains(&first) {
        return Some(first.to_owned());
    }
    let hidden = second == "*" || second == "self" || (names.len() == 1 && path.aliased);
    if first == "std" && (WORLD_MODULES.contains(&second) || hidden) {
        return Some(names.join("::"));
    }
    if path.called && PRINTING.contains(&last) {
        return Some(format!("{last}!"));
    }
    if names.len() > 1 && names[names.len() - 2] == "io" && TERMINAL.contains(&last) {
        return Some(names.join("::"));
    }
    names.iter().find(|name| WORLD_TYPES.contains(name)).map(|name| (*name).to_owned())
}

/// The keyword `unsafe`, in any code.
pub fn no_unsafe(source: &Source) -> Vec<Violation> {
    let found = source.tokens.iter().filter(|token| token.is("unsafe"));
    found.map(|token| source.violation(token.line, "no `unsafe` in this crate")).collect()
}

/// A root of a crate that does not forbid `unsafe`.
pub fn forbids_unsafe(source: &Source) -> Vec<Violation> {
    let pattern = ["#", "!", "[", "forbid", "(", "unsafe_code", ")", "]"];
    let is_root = matches!(source.path.as_str(), "src/lib.rs" | "src/bin/wirewright/main.rs");
    let forbids = (0..source.tokens.len()).any(|at| starts_with(&source.tokens[at..], &pattern));
    if is_root && !forbids {
        return vec![source.violation(1, "the root says `#![forbid(unsafe_code)]`")];
    }
    Vec::new()
}

/// Work left undone: code to be written, tests switched off, warnings about dead code silenced.
pub fn unfinished(source: &Source) -> Vec<Violation> {
    let stub = |path: &&Path| {
        path.called && matches!(path.names.last(), Some(&("todo" | "unimplemented")))
    };
    let stubs = paths(&source.tokens);
    let stubs =
        stubs.iter().filter(stub).map(|path| source.violation(path.line, "nothing is left to do"));
    let attributes = (0..source.tokens.len()).filter_map(|at| attribute(&source.tokens, at));
    let wrong = attributes.filter_map(|attribute| {
        silencing(attribute).map(|rule| source.violation(attribute[0].line, rule))
    });
    stubs.chain(wrong).collect()
}

/// What stands between the brackets of an attribute whose `#` is at `at`.
fn attribute(tokens: &[Token], at: usize) -> Option<&[Token]> {
    let inner = starts_with(&tokens[at..], &["#", "!", "["]);
    let open = if inner { at + 2 } else { at + 1 };
    let is_attribute = inner || starts_with(&tokens[at..], &["#", "["]);
    (is_attribute && open + 2 < tokens.len()).then(|| &tokens[open + 1..skip_group(tokens, open)])
}

fn silencing(attribute: &[Token]) -> Option<&'static str> {
    let conditional = attribute[0].is("cfg_attr");
    if attribute[0].is("ignore") || (conditional && attribute.iter().any(|t| t.is("ignore"))) {
        return Some("a test that is ignored is no test");
    }
    let lint = |name: &str| attribute.iter().any(|token| token.is(name));
    let silences = lint("allow") || lint("expect");
    (silences && (lint("dead_code") || lint("unused")))
        .then_some("dead code goes, it is not allowed")
}

/// Threads and randomness taken for granted: a system may refuse either at any time, and one
/// connection's need must not end a process.
pub fn infallible(source: &Source) -> Vec<Violation> {
    if !source.path.starts_with("src/") {
        return Vec::new();
    }
    let spawns = |path: &&Path| path.names.ends_with(&["thread", "spawn"]);
    let hashes = |path: &&Path| {
        ["HashMap", "HashSet"].iter().any(|name| path.names.ends_with(&[name, "new"]))
    };
    let paths = paths(&source.tokens);
    let hashed = paths.iter().filter(hashes).map(|path| path.line);
    let threads = paths.iter().filter(spawns).map(|path| path.line);
    let scoped = (0..source.tokens.len())
        .filter(|at| starts_with(&source.tokens[*at..], &["scope", ".", "spawn", "("]))
        .map(|at| source.tokens[at].line);
    let randomness = (0..source.tokens.len())
        .filter(|at| takes_randomness_for_granted(&source.tokens[*at..]))
        .map(|at| source.tokens[at].line);
    let refused = "a thread may be refused: use `Builder`";
    let threads = threads.chain(scoped).map(|line| (line, refused));
    let hashed = hashed.map(|line| (line, "randomness may be refused: a `BTreeMap` needs none"));
    let all = threads.chain(randomness.map(|line| (line, "randomness may be refused")));
    let all = all.chain(hashed);
    let all = all.filter(|(line, _)| !source.is_test(*line));
    all.map(|(line, rule)| source.violation(line, rule)).collect()
}

/// Whether `tokens` begin with a call of `getrandom::…(…)` that is unwrapped.
fn takes_randomness_for_granted(tokens: &[Token]) -> bool {
    if !starts_with(tokens, &["getrandom", "::"]) || !tokens.get(3).is_some_and(|t| t.is("(")) {
        return false;
    }
    let behind = &tokens[skip_group(tokens, 3)..];
    starts_with(behind, &[".", "unwrap"]) || starts_with(behind, &[".", "expect"])
}

/// The one module of the library that may ask for the feature `tls`, in its root and its files.
const TLS: [&str; 2] = ["src/net/transport/tls.rs", "src/net/transport/tls/"];

/// The feature `tls`, asked for elsewhere in the library: without the feature stubs stand in.
pub fn tls_feature(source: &Source) -> Vec<Violation> {
    let in_library = source.path.starts_with("src/") && !source.path.starts_with("src/bin/");
    if !in_library || TLS.iter().any(|start| source.path.starts_with(start)) {
        return Vec::new();
    }
    let lines = source.text.lines().enumerate().map(|(at, text)| (at + 1, text));
    let asks =
        |line: &usize, text: &str| text.contains("feature = \"tls\"") && !source.is_test(*line);
    let found = lines.filter(|(line, text)| asks(line, text));
    found.map(|(line, _)| source.violation(line, "only net::transport::tls asks for it")).collect()
}

/// Where tests start processes, which for a moment hold the locks of the process that starts them.
const SPAWNING: [&str; 4] = ["tests/command/", "tests/interop/", "tests/limits/", "tests/tls/"];

/// What a test needs to read or write files with the library in its own process.
const FILES: [&str; 3] = ["Destination", "Saving", "Sources"];

/// A binary of tests that both starts processes and locks files: see tests/README.md.
pub fn locks_and_processes(source: &Source) -> Vec<Violation> {
    let is_in = |folder: &&str| source.path.starts_with(*folder);
    let spawns = |path: &&Path| path.names.starts_with(&["std", "process"]);
    let locks = |path: &&Path| path.names.last().is_some_and(|name| FILES.contains(name));
    let paths = paths(&source.tokens);
    let found: Vec<&Path> = match (is_in(&"tests/net/"), SPAWNING.iter().any(is_in)) {
        (true, _) => paths.iter().filter(spawns).collect(),
        (_, true) => paths.iter().filter(locks).collect(),
        _ => Vec::new(),
    };
    let rule = "one binary of tests starts processes, another one transfers files";
    found.iter().map(|path| source.violation(path.line, rule)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_and_processes_stay_apart() {
        let count = |path, text| locks_and_processes(&Source::new(path, text)).len();
        let (spawns, locks) =
            ("use std::process::Command;", "use wirewright::net::files::Sources;");
        for (path, expected) in [
            ("tests/net/http/x.rs", (1, 0)),
            ("tests/command/x.rs", (0, 1)),
            ("tests/process_limits/main.rs", (0, 0)),
        ] {
            assert_eq!((count(path, spawns), count(path, locks)), expected, "{path}");
        }
    }

    #[test]
    fn the_feature_tls_has_one_place() {
        let count = |path, text| tls_feature(&Source::new(path, text)).len();
        let text = "#[cfg(not(feature = \"tls\"))]\nmod stub;";
        for path in ["src/net/http/engine.rs", "src/net/transport/stream.rs", "src/lib.rs"] {
            assert_eq!(count(path, text), 1, "{path}");
        }
        for path in ["src/net/transport/tls.rs", "src/net/transport/tls/stub.rs", "src/bin/x.rs"] {
            assert_eq!(count(path, text), 0, "{path}");
        }
        let tests = "#[cfg(all(test, feature = \"tls\"))]\nmod tests;";
        assert_eq!(count("src/net/transport/stream.rs", tests), 0);
    }

    fn shown(found: &[Violation]) -> Vec<String> {
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_world_in_a_pure_room_is_caught() {
        for (text, name) in [
            ("use mio::Poll;", "mio"),
            ("fn f() { native_tls::x() }", "native_tls"),
            ("use std::net::TcpStream;", "std::net::TcpStream"),
            ("use std::{io, fs::File};", "std::fs::File"),
            ("use ::std::{thread};", "std::thread"),
            ("use std::*;", "std::*"),
            ("use std as s;", "std"),
            ("use std::{self as s};", "std::self"),
            ("use std::time::{Duration, Instant};", "Instant"),
            ("fn f() -> std::time::SystemTime {}", "SystemTime"),
            ("fn f() { getrandom::fill(x) }", "getrandom"),
            ("fn f() { println!(\"\") }", "println!"),
            ("fn f() { std::eprintln!(\"\") }", "eprintln!"),
            ("fn f() { print!(\"\"); }", "print!"),
            ("fn f() { dbg!(x) }", "dbg!"),
            ("use std::io::{stdout, Write};", "std::io::stdout"),
        ] {
            let file = Source::new("src/http/head.rs", &format!("\n{text}"));
            let rule = format!("src/http/head.rs:2: a pure room knows no `{name}`");
            assert_eq!(shown(&world(&file)), [rule], "{text}");
        }
    }

    #[test]
    fn the_world_where_it_belongs_passes() {
        let text = "use std::net::X; fn f() { println!(\"{}\", Instant::now()) }";
        for path in ["src/net/x.rs", "src/bin/wirewright/main.rs", "tests/x.rs", "benches/x.rs"] {
            assert_eq!(world(&Source::new(path, text)), [], "{path}");
        }
        for path in ["src/buffer.rs", "src/lib.rs", "src/transfer/net.rs"] {
            assert_eq!(world(&Source::new(path, text)).len(), 3, "{path}");
        }
        let pure = "// std::fs\nuse core::net::IpAddr; use std::{fmt, time::Duration};\n\
                    pub mod net;\nfn print(x: u8) -> bool { \"Instant mio println!()\"; }\n\
                    fn f() { self.fs.net(print); print != x }\n\
                    #[cfg(test)]\nmod tests { use std::fs; fn f() { println!(\"\") } }";
        assert_eq!(shown(&world(&Source::new("src/buffer.rs", pure))), Vec::<String>::new());
        let behind = format!("{pure}\nuse std::fs;");
        assert_eq!(world(&Source::new("src/buffer.rs", &behind)).len(), 1);
    }

    #[test]
    fn unsafe_is_caught_in_code_alone() {
        let good = "// unsafe\n#![forbid(unsafe_code)]\n/* unsafe */ const X: &str = r\"unsafe\";";
        assert_eq!(no_unsafe(&Source::new("src/x.rs", good)), []);
        for bad in ["fn f() { unsafe { x } }", "unsafe fn f() {}", "#[unsafe(no_mangle)] fn f() {}"]
        {
            let found = no_unsafe(&Source::new("fuzz/x.rs", &format!("\n\n{bad}")));
            assert_eq!(shown(&found), ["fuzz/x.rs:3: no `unsafe` in this crate"]);
        }
    }

    #[test]
    fn roots_have_to_forbid_unsafe() {
        let check = |path, text| forbids_unsafe(&Source::new(path, text)).len();
        for path in ["src/lib.rs", "src/bin/wirewright/main.rs"] {
            assert_eq!(check(path, "//! x\n#![forbid(unsafe_code)]"), 0);
            assert_eq!(check(path, "//! #![forbid(unsafe_code)]\n#![deny(unsafe_code)]"), 1);
        }
        assert_eq!(check("src/x.rs", ""), 0);
    }

    #[test]
    fn threads_and_randomness_taken_for_granted_are_caught() {
        for bad in [
            "fn f() { std::thread::spawn(|| ()); }",
            "fn f() { thread::spawn(g); }",
            "use std::thread::spawn;",
            "use std::{fs, thread::{self, spawn}};",
            "fn f() { thread::scope(|scope| { scope.spawn(g); }) }",
            "fn f() { getrandom::fill(&mut x).unwrap(); }",
            "fn f() { getrandom::u64().expect(\"chance\"); }",
            "fn f() { let x: HashMap<u8, u8> = HashMap::new(); }",
            "fn f() { std::collections::HashSet::new(); }",
        ] {
            let found = infallible(&Source::new("src/net/x.rs", bad));
            assert_eq!(found.len(), 1, "{bad}: {found:?}");
        }
        let good = "// thread::spawn\nfn f() { getrandom::fill(x)?; g(y.unwrap()) }\n\
                    fn g() { thread::Builder::new().spawn(h)?; b.spawn_scoped(s, h) }\n\
                    fn h() { Command::new(\"x\").spawn()?; thread::sleep(t); thread.spawn(x) }\n\
                    #[cfg(test)]\nmod tests { fn f() { std::thread::spawn(g) } }";
        assert_eq!(infallible(&Source::new("src/net/x.rs", good)), []);
        assert_eq!(infallible(&Source::new("tests/x.rs", "fn f() { thread::spawn(g) }")), []);
    }

    #[test]
    fn work_left_undone_is_caught() {
        for bad in [
            "fn f() { todo!() }",
            "fn f() { std::unimplemented!(\"later\") }",
            "#[test]\n#[ignore] fn f() {}",
            "#[ignore = \"slow\"] fn f() {}",
            "#[cfg_attr(miri, ignore)] fn f() {}",
            "#![allow(dead_code)]",
            "#[allow(missing_docs, dead_code)] fn f() {}",
            "#[expect(dead_code)] fn f() {}",
            "#[cfg_attr(x, allow(unused))] fn f() {}",
        ] {
            assert_eq!(unfinished(&Source::new("tests/x.rs", bad)).len(), 1, "{bad}");
        }
        let good = "// todo!()\n#[allow(clippy::x)] fn todo() { \"unimplemented!()\"; }\n\
                    fn f() { ignore(dead_code) }\n\
                    #[serde(default)] #[doc = \"ignore\"] fn allow() { todo() } #[x]";
        assert_eq!(unfinished(&Source::new("src/x.rs", good)), []);
        assert_eq!(unfinished(&Source::new("src/x.rs", "#")), []);
    }
}
