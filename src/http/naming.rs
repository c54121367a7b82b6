//! What a downloaded file is called: safe, and unlike any other of its run.
//!
//! Specification: [`crate::name`].
//!
//! ```text
//!   http://h/a/b%20c.jpg?x=1   b c.jpg          the last segment of the path, decoded
//!   http://h/a/b%20c.jpg       b c-2.jpg        unlike those before it, whatever their case
//!   http://h/                  index.html       there is no segment
//!   http://h/..%2f.profile     _._.profile      no separators, no dot or dash in front
//! ```

use crate::http::url::Url;
use crate::name::Name;
use crate::name::{Distinct, from_url_path};

/// Gives names that differ.
#[derive(Debug, Default)]
pub struct Naming(Distinct);

impl Naming {
    /// The name of the file at a URL.
    pub fn name(&mut self, url: &Url) -> Name {
        let name = self.0.name(&from_url_path(url.path()));
        match Name::single(&name) {
            Ok(name) => name,
            // It cannot be, for all that the grammar refuses was taken out.
            Err(error) => unreachable!("{name:?}: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_urls() {
        let mut naming = Naming::default();
        for (url, expected) in [
            ("http://h/a/b.jpg?x=1/c.png", "b.jpg"),
            ("http://i/B.jpg", "B-2.jpg"),
            ("http://h", "index.html"),
            ("http://h/a/", "index-2.html"),
            ("http://h/%2e%2e", "_."),
            ("http://h/.wirewright-0123.part", "_wirewright-0123.part"),
        ] {
            assert_eq!(naming.name(&Url::parse(url).unwrap()).as_str(), expected, "{url}");
        }
    }
}
