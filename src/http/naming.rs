//! The names of downloaded files: safe, and different from each other in one run.
//!
//! Specification: [`crate::name`].
//!
//! ```text
//!   http://h/a/b%20c.jpg?x=1   b c.jpg          the last segment of the path, decoded
//!   http://h/a/b%20c.jpg       b c-2.jpg        differs from earlier ones in more than case
//!   http://h/                  index.html       an empty last segment
//!   http://h/..%2f.profile     _._.profile      no separators, no leading dot or dash
//! ```

use crate::http::url::Url;
use crate::name::Name;
use crate::name::{Distinct, from_url_path};

/// Makes names that differ from each other.
#[derive(Debug, Default)]
pub struct Naming(Distinct);

impl Naming {
    /// The name of the file at a URL.
    pub fn name(&mut self, url: &Url) -> Name {
        let name = self.0.name(&from_url_path(url.path()));
        match Name::single(&name) {
            Ok(name) => name,
            // A safe name always conforms to the grammar.
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
