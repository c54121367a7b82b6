//! Private vocabulary: names of our own in the place of a term that an RFC or the field has.
//!
//! A name is divided into its words (`CamelCase`, `snake_case`), and each is looked up in a list
//! of words that were replaced. Strings and comments are not looked at: there they may be plain
//! English.

use crate::lexer::Kind;
use crate::source::{Source, Violation};

/// What was replaced, and by what.
const REPLACED: [(&str, &str); 20] = [
    ("conversation", "session, application or driver"),
    ("errand", "application"),
    ("guest", "connection"),
    ("seat", "builder"),
    ("stopper", "stop handle"),
    ("desk", "context"),
    ("badge", "slot"),
    ("supply", "source"),
    ("nameless", "anonymous"),
    ("scattered", "sparse"),
    ("patience", "idle timeout"),
    ("burden", "over budget"),
    ("fate", "status"),
    ("letter", "message"),
    ("pen", "reader or writer"),
    ("door", "acceptor"),
    ("house", "architecture"),
    ("tour", "overview"),
    ("crowd", "clients"),
    ("voice", "style"),
];

/// Names in `src/` that hold a word of that list.
pub fn private_words(source: &Source) -> Vec<Violation> {
    if !source.path.starts_with("src/") {
        return Vec::new();
    }
    let names = source.tokens.iter().filter(|token| token.kind == Kind::Ident);
    let wrong = names.filter_map(|token| {
        let word = words(&token.text).into_iter().find_map(|word| {
            REPLACED.iter().find(|(old, _)| *old == word || word.strip_suffix('s') == Some(old))
        });
        let (old, new) = word?;
        let what = format!("`{}`: {old} is a word of our own; the term is {new}", token.text);
        Some(source.violation(token.line, what))
    });
    wrong.collect()
}

/// The words of a name, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = '_';
    for c in name.chars() {
        let begins = c == '_' || (c.is_uppercase() && before.is_lowercase());
        if begins {
            words.push(String::new());
        }
        if c != '_'
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_names() {
        for (name, expected) in [
            ("snake_case_x", vec!["snake", "case", "x"]),
            ("CamelCase", vec!["camel", "case"]),
            ("LIMIT_MAX", vec!["limit", "max"]),
            ("HTTP", vec!["http"]),
        ] {
            assert_eq!(words(name), expected, "{name}");
        }
    }

    #[test]
    fn private_words_are_found_in_names_alone() {
        let found = |text: &str| private_words(&Source::new("src/x.rs", text)).len();
        for bad in
            ["struct Desk;", "fn open_letters() {}", "let guest = 1;", "const DOOR_MAX: u8 = 1;"]
        {
            assert_eq!(found(bad), 1, "{bad}");
        }
        for good in [
            "// a letter\nstruct Message;",
            "let x = \"guest\";",
            "struct Penalty;",
            "fn visit_str() {}",
        ] {
            assert_eq!(found(good), 0, "{good}");
        }
        assert!(private_words(&Source::new("tests/x.rs", "struct Desk;")).is_empty());
    }
}
