//! What no text file of the project may hold: hosts of package registries (it has no business with
//! them but through their clients), and paths of the machine it was written on.
//!
//! The words are put together here so that this file does not hold them.

use crate::source::{Source, Violation};

const REGISTRIES: [&str; 5] = [
    concat!("static.", "crates.io"),
    concat!("index.", "crates.io"),
    concat!("pypi", ".org"),
    concat!("registry.", "npmjs.org"),
    concat!("deb.", "debian.org"),
];

const MACHINE: [&str; 2] = [concat!("/", "work/"), concat!("/", "root/")];

/// Hosts of package registries.
pub fn registries(source: &Source) -> Vec<Violation> {
    lines(source, |line| {
        let line = line.to_ascii_lowercase();
        let host = REGISTRIES.iter().find(|host| line.contains(**host))?;
        Some(format!("`{host}` is the host of a registry"))
    })
}

/// Absolute paths of the machine it was written on.
pub fn machine_paths(source: &Source) -> Vec<Violation> {
    lines(source, |line| {
        let path = MACHINE
            .iter()
            .find(|path| line.match_indices(**path).any(|(at, _)| begins(line, at)))?;
        Some(format!("`{path}` is a path of one machine"))
    })
}

/// Whether a path begins at `at`, rather than go on: `a/b/` is none, `"/b/` is one.
fn begins(line: &str, at: usize) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || "._-~*$}>".contains(c);
    !line[..at].ends_with(goes_on)
}

fn lines(source: &Source, wrong: impl Fn(&str) -> Option<String>) -> Vec<Violation> {
    let found = source.text.lines().enumerate();
    found.filter_map(|(at, line)| Some(source.violation(at + 1, wrong(line)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_registries_are_caught() {
        for host in REGISTRIES {
            let text = format!("good\nhttps://{}/x", host.to_uppercase());
            let found = registries(&Source::new("README.md", &text));
            assert_eq!(found.len(), 1, "{host}");
            assert_eq!(
                found[0].to_string(),
                format!("README.md:2: `{host}` is the host of a registry")
            );
        }
        let good = "registry+https://github.com/rust-lang/crates.io-index, https://docs.rs, debian";
        assert_eq!(registries(&Source::new("Cargo.lock", good)), []);
    }

    #[test]
    fn paths_of_a_machine_are_caught() {
        for path in MACHINE {
            for before in ["", "\"", "cd ", "=", "file://", "("] {
                let found = machine_paths(&Source::new("x.md", &format!("\n\n{before}{path}x")));
                assert_eq!(found.len(), 1, "{before}{path}");
                assert!(found[0].to_string().starts_with("x.md:3: "));
            }
            for before in ["a", "..", "~", "$HOME", "src/net"] {
                assert_eq!(machine_paths(&Source::new("x.md", &format!("{before}{path}x"))), []);
            }
        }
        assert_eq!(machine_paths(&Source::new("x.md", "/home/ /tmp/x work/ root/")), []);
    }
}
