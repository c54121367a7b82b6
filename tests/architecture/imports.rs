//! The direction of imports, from the top layer to the bottom:
//!
//! ```text
//!   net::{transfer, http, mail, daytime, udp} → net::run → net::report → net::reactor
//!     → net::connection → net::transport → net::files → {transfer, http, mime, smtp, …}
//!     → envelope → {base64, digest, name, session} → buffer → error → text
//! ```
//!
//! A file imports only its own module and modules of lower layers, and by their own paths: no glob
//! over the crate root, no alias of it, nothing that a root re-exports. The command is a crate of
//! its own and sees the library as `wirewright`, like any user.

use crate::lexer::starts_with;
use crate::paths::{Path, paths};
use crate::source::{Source, Violation};

/// The modules of each layer, from the bottom to the top. Modules of one layer do not import each
/// other.
const LAYERS: [&[&str]; 14] = [
    &["text"],
    &["error"],
    &["buffer"],
    &["base64", "calendar", "digest", "name", "session"],
    &["envelope"],
    &["daytime", "datagram", "http", "mime", "server_hello", "smtp", "transfer"],
    &["net::files"],
    &["net::transport"],
    &["net::connection"],
    &["net::reactor"],
    &["net::report"],
    &["net::run"],
    &["net::daytime", "net::http", "net::mail", "net::transfer", "net::udp"],
    &["net"],
];

/// Imports that go upwards or sideways, in the library.
pub fn direction(source: &Source) -> Vec<Violation> {
    let in_library = source.path.starts_with("src/") && !source.path.starts_with("src/bin/");
    if !in_library || !source.is_rust() {
        return Vec::new();
    }
    let wrong = |path: &Path| {
        let names = absolute(source, path)?;
        complaint(source, &names).map(|rule| source.violation(path.line, rule))
    };
    let mut found = elsewhere(source);
    if source.path != "src/lib.rs" {
        found.extend(paths(&source.tokens).iter().filter_map(wrong));
    }
    found
}

/// Ways to import that this check cannot follow.
fn elsewhere(source: &Source) -> Vec<Violation> {
    let hides = |at: usize| {
        let tokens = &source.tokens[at..];
        starts_with(tokens, &["extern", "crate"]) || starts_with(tokens, &["#", "[", "path"])
    };
    let found = (0..source.tokens.len()).filter(|at| hides(*at));
    found
        .map(|at| {
            let rule = "no `extern crate` and no `#[path]`: they hide where imports go";
            source.violation(source.tokens[at].line, rule)
        })
        .collect()
}

/// The names from the root of the crate, if the path begins with `crate` or leaves the file by
/// `super`.
pub fn absolute<'a>(source: &'a Source, path: &Path<'a>) -> Option<Vec<&'a str>> {
    if path.names[0] == "crate" {
        return is_import(path, 1).then(|| path.names[1..].to_vec());
    }
    let supers = path.names.iter().take_while(|name| **name == "super").count();
    let left = supers.checked_sub(path.inline_depth).filter(|left| *left > 0)?;
    let module = source.module();
    let base = &module[..module.len().checked_sub(left)?];
    is_import(path, supers).then(|| [base, &path.names[supers..]].concat())
}

/// `pub(crate)` and `pub(super)` are a visibility, not an import.
fn is_import(path: &Path, roots: usize) -> bool {
    path.names.len() > roots || path.aliased
}

fn complaint(source: &Source, names: &[&str]) -> Option<String> {
    let module = source.module();
    let own = layered(&module)?;
    let Some(other) = layered(names) else {
        let name = names.first().copied().unwrap_or("as");
        return Some(format!("`{name}` at the root of the crate is no module: name its own"));
    };
    let allowed = other == own || layer(&other) < layer(&own);
    (!allowed).then(|| format!("`{own}` may not import `{other}`"))
}

/// The module of a layer that a path lies in: `net::files` for `net::files::Root`.
fn layered(names: &[&str]) -> Option<String> {
    let two = names.get(..2).map(|two| two.join("::"));
    let one = names.first().map(|name| (*name).to_owned());
    [two, one].into_iter().flatten().find(|name| layer(name).is_some())
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

/// Modules beneath `src/` that no layer names.
pub fn unlayered(source: &Source) -> Vec<Violation> {
    let in_library = source.path.starts_with("src/") && !source.path.starts_with("src/bin/");
    let module = source.module();
    let is_in_net = module.first() == Some(&"net") && module.len() > 1;
    let known = match layered(&module).as_deref() {
        Some("net") => !is_in_net,
        Some(_) => true,
        None => module.is_empty(),
    };
    if !in_library || !source.is_rust() || known {
        return Vec::new();
    }
    vec![
        source.violation(1, "this module is in no layer: tests/architecture/imports.rs names them"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str) -> Vec<String> {
        direction(&Source::new(path, text)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn good_imports_pass() {
        for (path, text) in [
            ("src/net/connection/mod.rs", "use crate::{name, session::Session, net::connection};"),
            ("src/net/connection/input.rs", "use super::super::transport::tls; use super::End;"),
            (
                "src/net/http/connection.rs",
                "use crate::net::report::Failure; use crate::net::reactor;",
            ),
            ("src/net/mod.rs", "pub use transport::Error; use crate::net::http::Client;"),
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
            ("src/bin/wirewright/main.rs", "use crate::net;"),
            ("tests/x.rs", "use crate::net;"),
        ] {
            assert_eq!(check(path, text), Vec::<String>::new(), "{path}: {text}");
        }
    }

    #[test]
    fn bad_imports_are_caught() {
        for (path, text, rule) in [
            ("src/transfer/mod.rs", "use crate::http::X;", "`transfer` may not import `http`"),
            ("src/http/head.rs", "use crate::{error, net::x};", "`http` may not import `net`"),
            ("src/http/head.rs", "use {std::io, crate::net};", "`http` may not import `net`"),
            ("src/http/head.rs", "use super::super::net;", "`http` may not import `net`"),
            ("src/http/a.rs", "use super::{b, super::transfer::x};", "may not import `transfer`"),
            ("src/http/a.rs", "mod t { use super::super::super::net; }", "may not import `net`"),
            ("src/http/a.rs", "fn f() { crate::transfer::f(); }", "may not import `transfer`"),
            ("src/http/a.rs", "macro_rules! m { () => { $crate::net::f() } }", "import `net`"),
            ("src/envelope/mod.rs", "use crate::smtp;", "`envelope` may not import `smtp`"),
            ("src/session.rs", "use crate::envelope::E;", "`session` may not import `envelope`"),
            ("src/session.rs", "use crate::transfer;", "`session` may not import `transfer`"),
            ("src/session.rs", "use crate::base64::X;", "`session` may not import `base64`"),
            ("src/buffer.rs", "use super::session::S;", "`buffer` may not import `session`"),
            ("src/error.rs", "use crate::buffer::Buffer;", "`error` may not import `buffer`"),
            ("src/text.rs", "use crate::error::Error;", "`text` may not import `error`"),
            (
                "src/net/files/mod.rs",
                "use super::transport::Error;",
                "`net::files` may not import `net::transport`",
            ),
            (
                "src/net/reactor/mod.rs",
                "use crate::net::Error;",
                "`net::reactor` may not import `net`",
            ),
            (
                "src/net/http/mod.rs",
                "use crate::net::mail::Client;",
                "`net::http` may not import `net::mail`",
            ),
            ("src/net/mod.rs", "use crate::Error;", "`Error` at the root of the crate is no"),
            ("src/net/mod.rs", "use crate::*;", "`*` at the root of the crate is no module"),
            ("src/net/mod.rs", "use super::*;", "`*` at the root of the crate is no module"),
            ("src/net/mod.rs", "use crate as x;", "`as` at the root of the crate is no module"),
            ("src/net/mod.rs", "use crate::{self as x};", "`self` at the root of the crate is no"),
            ("src/net/mod.rs", "extern crate self as w;", "no `extern crate`"),
            ("src/lib.rs", "#[path = \"bin/x.rs\"] mod x;", "no `#[path]`"),
        ] {
            let found = check(path, &format!("\n{text}"));
            assert_eq!(found.len(), 1, "{path}: {text}: {found:?}");
            assert!(found[0].starts_with(&format!("{path}:2: ")), "{found:?}");
            assert!(found[0].contains(rule), "{text}: {found:?}");
        }
    }

    #[test]
    fn a_module_outside_of_the_layers_is_caught() {
        let count = |path| unlayered(&Source::new(path, "")).len();
        for path in ["src/lib.rs", "src/net/mod.rs", "src/net/udp/mod.rs", "src/http/message/x.rs"]
        {
            assert_eq!(count(path), 0, "{path}");
        }
        for path in ["src/other.rs", "src/net/other.rs", "src/net/other/x.rs"] {
            assert_eq!(count(path), 1, "{path}");
        }
        assert_eq!(count("src/bin/wirewright/main.rs") + count("tests/x.rs"), 0);
    }
}
