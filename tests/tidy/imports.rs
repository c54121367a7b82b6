//! The direction of imports:
//!
//! ```text
//!   cli → net → {transfer, http, smtp, …} → {session, envelope} → buffer → error → text
//! ```
//!
//! A room names only rooms to the right of it, and by their own names: no glob over the crate root,
//! no alias of it, nothing that the root re-exports. The command is a crate of its own and sees the
//! library as `wirewright`, like any user.

use crate::lexer::Kind;
use crate::paths::{Path, paths};
use crate::source::{Source, Violation};

/// How far to the left a room stands. What is not named here is a protocol: one more peer of the
/// others, which it may not import.
fn rank(room: &str) -> u8 {
    match room {
        "text" => 0,
        "error" => 1,
        "buffer" => 2,
        "session" | "envelope" => 3,
        "net" => 5,
        "cli" => 6,
        _ => 4,
    }
}

/// The rooms of the library and the command: what stands directly beneath `src/`.
pub fn rooms(sources: &[Source]) -> Vec<String> {
    let modules = sources.iter().filter(|s| s.path.starts_with("src/") && s.is_rust());
    modules.filter_map(|s| s.module().first().map(|&room| room.to_owned())).collect()
}

/// Imports that go the wrong way.
pub fn direction(source: &Source, rooms: &[String]) -> Vec<Violation> {
    if !source.path.starts_with("src/") || !source.is_rust() {
        return Vec::new();
    }
    let mut found = foreign_modules(source);
    found.extend(
        source.tokens.windows(2).filter(|two| two[0].is("extern") && two[1].is("crate")).map(
            |two| {
                source.violation(two[0].line, "no `extern crate`: it would hide where imports go")
            },
        ),
    );
    if source.path != "src/lib.rs" {
        let wrong = |path: &Path| {
            let name = at_root(source, path)?;
            complaint(source, &name, rooms).map(|rule| source.violation(path.line, rule))
        };
        found.extend(paths(&source.tokens).iter().filter_map(wrong));
    }
    found
}

/// The name that a path takes from the root of the crate, if it begins there.
fn at_root(source: &Source, path: &Path) -> Option<String> {
    let supers = path.names.iter().take_while(|name| **name == "super").count();
    let from_root = match path.names[0] {
        "crate" => 1,
        "super" if supers == source.module().len() + path.inline_depth => supers,
        _ => return None,
    };
    match path.names.get(from_root) {
        Some(name) => Some((*name).to_owned()),
        // `pub(crate)`, `pub(super)`: a visibility, not an import.
        None => path.aliased.then(|| "as".to_owned()),
    }
}

fn complaint(source: &Source, name: &str, rooms: &[String]) -> Option<String> {
    let module = source.module();
    if in_command(source) {
        let alien = name != "cli";
        return alien
            .then(|| format!("the command sees only `wirewright::…`, not `crate::{name}`"));
    }
    let own = *module.first()?;
    if !rooms.iter().any(|room| room == name) {
        return Some(format!("`{name}` at the root of the crate is no room: name its own"));
    }
    let allowed = name == own || rank(name) < rank(own);
    (!allowed).then(|| format!("room `{own}` may not import room `{name}`"))
}

fn in_command(source: &Source) -> bool {
    source.path == "src/main.rs" || source.module().first() == Some(&"cli")
}

/// The command has one module, the library has all others.
fn foreign_modules(source: &Source) -> Vec<Violation> {
    let wrong = |name: &str| match source.path.as_str() {
        "src/main.rs" => name != "cli",
        "src/lib.rs" => name == "cli",
        _ => false,
    };
    let declared = source.tokens.windows(2).filter(|two| two[0].is("mod"));
    declared
        .filter(|two| {
            two[1].kind == Kind::Ident && wrong(&two[1].text) && !source.is_test(two[0].line)
        })
        .map(|two| {
            source.violation(two[0].line, format!("module `{}` does not belong here", two[1].text))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str) -> Vec<String> {
        let rooms =
            ["text", "error", "buffer", "session", "envelope", "transfer", "http", "net", "cli"];
        let rooms = rooms.map(str::to_owned);
        direction(&Source::new(path, text), &rooms).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn good_imports_pass() {
        for (path, text) in [
            ("src/net/pump.rs", "use crate::{transfer::name, http, session::Session, net::x};"),
            (
                "src/http/head.rs",
                "use crate::envelope::E; use super::url; fn f() -> crate::error::E {}",
            ),
            (
                "src/http/mod.rs",
                "pub(crate) fn f(x: crate::http::X) {} // crate::net\n\"crate::net\";",
            ),
            (
                "src/http/mod.rs",
                "mod tests { use super::*; mod in_it { use super::super::head; } }",
            ),
            ("src/session.rs", "use crate::buffer::Buffer; pub(super) fn f() {} use self::x;"),
            ("src/buffer.rs", "use crate::error::Error; use std::net; mod tests { use super::*; }"),
            ("src/error.rs", "use crate::text::PeerText;"),
            ("src/lib.rs", "pub mod net; pub use crate::net::serve; pub use http::head;"),
            ("src/main.rs", "mod cli; use wirewright::net; fn main() { crate::cli::run() }"),
            ("src/cli/get.rs", "use crate::cli::report; use super::args; use wirewright::http;"),
            ("tests/x.rs", "use crate::net;"),
        ] {
            assert_eq!(check(path, text), Vec::<String>::new(), "{path}: {text}");
        }
    }

    #[test]
    fn bad_imports_are_caught() {
        for (path, text, rule) in [
            ("src/transfer/mod.rs", "use crate::http::X;", "`transfer` may not import room `http`"),
            ("src/http/head.rs", "use crate::{error, net::x};", "`http` may not import room `net`"),
            ("src/http/head.rs", "use {std::io, crate::net};", "`http` may not import room `net`"),
            ("src/http/head.rs", "use super::super::net;", "`http` may not import room `net`"),
            (
                "src/http/a.rs",
                "use super::{b, super::transfer::x};",
                "may not import room `transfer`",
            ),
            (
                "src/http/a.rs",
                "mod t { use super::super::super::net; }",
                "may not import room `net`",
            ),
            (
                "src/http/a.rs",
                "fn f() { let x = crate::transfer::f(); }",
                "may not import room `transfer`",
            ),
            ("src/http/a.rs", "macro_rules! m { () => { $crate::net::f() } }", "import room `net`"),
            (
                "src/envelope/mod.rs",
                "use crate::session::S;",
                "`envelope` may not import room `session`",
            ),
            (
                "src/session.rs",
                "use crate::envelope::E;",
                "`session` may not import room `envelope`",
            ),
            ("src/session.rs", "use crate::transfer;", "`session` may not import room `transfer`"),
            ("src/buffer.rs", "use super::session::S;", "`buffer` may not import room `session`"),
            ("src/error.rs", "use crate::buffer::Buffer;", "`error` may not import room `buffer`"),
            ("src/text.rs", "use crate::error::Error;", "`text` may not import room `error`"),
            ("src/net/mod.rs", "use crate::cli;", "`net` may not import room `cli`"),
            ("src/net/mod.rs", "use crate::Error;", "`Error` at the root of the crate is no room"),
            ("src/net/mod.rs", "use crate::*;", "`*` at the root of the crate is no room"),
            ("src/net/mod.rs", "use super::*;", "`*` at the root of the crate is no room"),
            ("src/net/mod.rs", "use crate as x;", "`as` at the root of the crate is no room"),
            (
                "src/net/mod.rs",
                "use crate::{self as x};",
                "`self` at the root of the crate is no room",
            ),
            ("src/net/mod.rs", "extern crate self as w;", "no `extern crate`"),
            ("src/main.rs", "mod net;", "module `net` does not belong here"),
            ("src/lib.rs", "mod cli;", "module `cli` does not belong here"),
            ("src/cli/get.rs", "use crate::net::X;", "the command sees only `wirewright::…`"),
            ("src/main.rs", "use crate::http;", "the command sees only `wirewright::…`"),
        ] {
            let found = check(path, &format!("\n{text}"));
            assert_eq!(found.len(), 1, "{path}: {text}: {found:?}");
            assert!(found[0].starts_with(&format!("{path}:2: ")), "{found:?}");
            assert!(found[0].contains(rule), "{text}: {found:?}");
        }
    }

    #[test]
    fn rooms_are_read_from_the_tree() {
        let paths =
            ["src/lib.rs", "src/main.rs", "src/buffer.rs", "src/http/head.rs", "tests/x.rs"];
        assert_eq!(rooms(&paths.map(|path| Source::new(path, ""))), ["buffer", "http"]);
    }
}
