//! Every section that a text of the product cites exists: a published document, by its number and
//! the number of a section that it has.
//!
//! `tests/data/sections.txt` lists the sections of RFCs with their titles, so that a reader can
//! check that a section is about the rule it is cited for; `PROTOCOL.md` is read itself.

use crate::lexer::Kind;
use crate::source::{Source, Violation};
use std::collections::BTreeSet;

/// What there is to cite.
pub struct Published {
    sections: BTreeSet<String>,
}

impl Published {
    /// Reads the table of sections, and the headings and numbered paragraphs of `PROTOCOL.md`.
    pub fn new(table: &str, protocol: &str) -> Published {
        let rows = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let titled = |row: &str| {
            let (section, title) = row.split_once("  ").expect("a section and its title");
            assert!(!title.trim().is_empty(), "{row}: a title");
            section.to_owned()
        };
        let mut sections: BTreeSet<String> = rows.map(titled).collect();
        sections.extend(sections_of_protocol(protocol));
        Published { sections }
    }

    /// Those that none of `cited` names.
    pub fn uncited<'a>(&'a self, cited: &BTreeSet<String>) -> Vec<&'a str> {
        let all = self.sections.iter().filter(|section| section.starts_with("RFC "));
        all.filter(|section| !cited.contains(*section)).map(String::as_str).collect()
    }
}

fn sections_of_protocol(text: &str) -> Vec<String> {
    let (mut found, mut heading) = (vec!["PROTOCOL".to_owned()], String::new());
    for line in text.lines() {
        let number = |line: &str| {
            let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            (digits > 0).then(|| line[..digits].to_owned())
        };
        if let Some(number) = line.strip_prefix("## ").and_then(number) {
            heading = format!("PROTOCOL §{number}");
            found.push(heading.clone());
        } else if let Some(item) = number(line).filter(|n| line[n.len()..].starts_with(". ")) {
            found.push(format!("{heading}.{item}"));
        }
    }
    found
}

/// The sections that the texts of a source cite, each with its line. Test code is left out.
pub fn cited(source: &Source) -> Vec<(usize, String)> {
    let literals = source.tokens.iter().filter(|token| token.kind == Kind::Literal);
    let shipped = literals.filter(|token| !source.is_test(token.line));
    shipped.flat_map(|token| citations(&token.text).map(|cited| (token.line, cited))).collect()
}

/// `RFC 8259 §4 and §7` is two.
fn citations(text: &str) -> impl Iterator<Item = String> {
    let mut found = Vec::new();
    for (at, name) in text.match_indices("RFC ").chain(text.match_indices("PROTOCOL")) {
        let behind = &text[at + name.len()..];
        let behind = behind.strip_prefix(".md").unwrap_or(behind);
        let number = behind.len() - behind.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let document = format!("{name}{}", &behind[..number]);
        let mut rest = &behind[number..];
        let before = found.len();
        while let Some(section) = [" §", " and §", ", §"].iter().find_map(|s| rest.strip_prefix(*s))
        {
            let len = section.len()
                - section.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit()).len();
            found.push(format!("{document} §{}", section[..len].trim_end_matches('.')));
            rest = &section[len..];
        }
        if found.len() == before {
            found.push(document);
        }
    }
    found.into_iter()
}

/// Citations of what is not published.
pub fn unpublished(source: &Source, published: &Published) -> Vec<Violation> {
    // Whole RFCs are named in titles and in prose.
    let is_known = |cited: &str| !cited.contains('§') || published.sections.contains(cited);
    let wrong = cited(source).into_iter().filter(|(_, cited)| !is_known(cited));
    wrong
        .map(|(line, cited)| source.violation(line, format!("`{cited}` is no section we know of")))
        .collect()
}

/// Words of documents that a user cannot read.
pub fn private(source: &Source) -> Vec<Violation> {
    let literals = source.tokens.iter().filter(|token| token.kind == Kind::Literal);
    let wrong = literals.filter(|token| !source.is_test(token.line)).filter_map(|token| {
        let words = ["house, ", " law ", "architecture §", "cli.md", "wire.md", "architecture.md"];
        let word = words.iter().find(|word| token.text.contains(**word))?;
        Some(source.violation(token.line, format!("`{word}` is of a document nobody can read")))
    });
    wrong.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published() -> Published {
        let protocol = "# Wire\n\n## 1 One\n\n1. first\n2. second\n   3. no\n\n## 12 Two\n\n1. x\n";
        Published::new("# RFCs\nRFC 1 §2  Title\nRFC 1 §2.3  Other\nRFC 9 §4  Last\n", protocol)
    }

    fn found(text: &str) -> Vec<String> {
        let source = Source::new("src/x.rs", text);
        unpublished(&source, &published()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn sections_are_known() {
        for good in [
            "f(\"RFC 1 §2\")",
            "\"RFC 1 §2.3\"",
            "\"a rule (RFC 1 §2 and §2.3), RFC 9 §4.\"",
            "\"PROTOCOL §12.1, PROTOCOL.md §1.2\"",
            "\"PROTOCOL\" \"RFC 777\"",
            "// RFC 5 §5\n",
            "#[cfg(test)] mod tests { const A: &str = \"RFC 5 §5\"; }",
        ] {
            assert_eq!(found(good), [""; 0], "{good}");
        }
        for bad in [
            "\"RFC 1 §3\"",
            "\"RFC 1 §2.3.4\"",
            "\"RFC 1 §2 and §4\"",
            "\"as in RFC 2 §2, x\"",
            "r#\"PROTOCOL §2\"#",
            "\"PROTOCOL §1.3\"",
        ] {
            assert_eq!(found(bad).len(), 1, "{bad}");
        }
    }

    #[test]
    fn what_is_not_cited_is_told() {
        let cited = BTreeSet::from(["RFC 1 §2".to_owned()]);
        assert_eq!(published().uncited(&cited), ["RFC 1 §2.3", "RFC 9 §4"]);
    }

    #[test]
    fn private_documents_are_caught() {
        let of = |text: &str| private(&Source::new("src/x.rs", text)).len();
        assert_eq!(of("const A: &str = \"house, law 4\";"), 1);
        assert_eq!(of("const A: &str = \"RFC 1 §2\"; // house, law 4"), 0);
    }
}
