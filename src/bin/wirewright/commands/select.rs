//! URLs of a JSON document, selected by a JSON Pointer with wildcards.
//!
//! Specification: RFC 6901 (JSON Pointer); `*` is an extension of this program.
//!
//! ```text
//!   /newslist/*/picUrl      {"newslist": [{"picUrl": "http://…"}, {"picUrl": "/relative"}]}
//!                                          └─ /newslist/0/picUrl ┘
//!   ~0 is ~, ~1 is /        the token * selects every element of an array or member of an object
//! ```
//!
//! The pointer is evaluated while the document is parsed, and only URLs are kept in memory. A
//! member with the name `*` cannot be selected alone.

use super::input::not_json;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use wirewright::http::url::Url;

/// The maximum number of members that an error names.
const NAMES_MAX: usize = 8;

/// How many characters of such a name are shown.
const NAME_CHARS_MAX: usize = 40;

/// One token of a pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// Every element or member.
    Every,
    /// Every element of an array; an object is an error.
    Elements,
    /// The member of that name, or the element of that number.
    Token(String),
}

/// A parsed pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector(Vec<Step>);

impl Selector {
    /// Selects the elements of a document that is an array.
    pub fn elements() -> Selector {
        Selector(vec![Step::Elements])
    }

    /// Parses a pointer; the empty one selects the whole document. The error is a text for users.
    pub fn parse(pointer: &str) -> Result<Selector, &'static str> {
        if pointer.is_empty() {
            return Ok(Selector(Vec::new()));
        }
        let Some(tokens) = pointer.strip_prefix('/') else {
            return Err("a pointer begins with / (RFC 6901 §3)");
        };
        let steps = tokens.split('/').map(step).collect::<Option<Vec<Step>>>();
        steps.map(Selector).ok_or("0 or 1 stands behind ~ (RFC 6901 §3)")
    }

    /// The selected URLs in the order of the document, with relative ones resolved against `base`.
    /// An element below a `*` fails alone: its error, with its place, takes the place of the URL.
    /// The same holds for a value at the end of the pointer that is not a URL, and for a `null` at
    /// any place. More than `urls_max` URLs are an error, and so is a document that does not match
    /// the pointer before its first `*`.
    pub fn urls(
        &self,
        document: &[u8],
        base: Option<&Url>,
        urls_max: usize,
    ) -> Result<Vec<Result<Url, String>>, String> {
        let mut found = Found { urls: Vec::new(), urls_max, base, at: String::new() };
        let mut parser = serde_json::Deserializer::from_slice(document);
        let walk = Walk { steps: &self.0, is_element: false, found: &mut found };
        let walked = walk.deserialize(&mut parser);
        walked.and_then(|()| parser.end()).map_err(|error| text(&error))?;
        Ok(found.urls)
    }
}

/// The text of an error. The line and column are removed where the text is valid JSON.
fn text(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        Some(what) if error.is_data() => what.to_owned(),
        _ => not_json(error),
    }
}

fn step(token: &str) -> Option<Step> {
    if token == "*" {
        return Some(Step::Every);
    }
    let mut parts = token.split('~');
    let mut text = parts.next()?.to_owned();
    for part in parts {
        let (escaped, rest) = part.split_at_checked(1)?;
        text.push(match escaped {
            "0" => '~',
            "1" => '/',
            _ => return None,
        });
        text.push_str(rest);
    }
    Some(Step::Token(text))
}

/// The URLs found, and the current place in the document.
struct Found<'a> {
    urls: Vec<Result<Url, String>>,
    urls_max: usize,
    base: Option<&'a Url>,
    at: String,
}

impl Found<'_> {
    fn push<E: de::Error>(&mut self, text: &str) -> Result<(), E> {
        let url = match self.base {
            Some(base) => base.join(text.as_bytes()),
            None => Url::parse(text),
        };
        self.add(url.map_err(|error| error.reason().to_string()))
    }

    /// Adds the value at this place: a URL, or the reason why it is not one.
    fn add<E: de::Error>(&mut self, found: Result<Url, String>) -> Result<(), E> {
        if self.urls.len() == self.urls_max {
            let max = self.urls_max;
            return Err(E::custom(format_args!("more than {max} URLs")));
        }
        self.urls.push(found.map_err(|what| self.here(&what)));
        Ok(())
    }

    fn here(&self, what: &str) -> String {
        let at = if self.at.is_empty() { "the document" } else { &*self.at };
        format!("{at}: {what}")
    }

    /// Calls `walk` at the place below `token`.
    fn below<T>(&mut self, token: &str, walk: impl FnOnce(&mut Self) -> T) -> T {
        let len = self.at.len();
        self.at.push('/');
        self.at.push_str(&token.replace('~', "~0").replace('/', "~1"));
        let walked = walk(self);
        self.at.truncate(len);
        walked
    }
}

/// The remaining steps of the pointer, and the URLs found.
struct Walk<'w, 'a> {
    steps: &'w [Step],
    /// Whether the place is below a `*`: an error then concerns one element.
    is_element: bool,
    found: &'w mut Found<'a>,
}

impl Walk<'_, '_> {
    /// The value does not match the pointer: an error of the element, or else of the pointer.
    fn misfit<E: de::Error>(&mut self, what: &str) -> Result<(), E> {
        match self.is_element {
            true => self.found.add(Err(what.to_owned())),
            false => Err(E::custom(self.found.here(what))),
        }
    }

    /// A scalar that is not a URL: at the end of the pointer the error concerns this value only.
    fn scalar<E: de::Error>(mut self, is: &str) -> Result<(), E> {
        match self.steps.is_empty() {
            true => self.found.add(Err(format!("{is} is not a string"))),
            false => self.misfit(&format!("{is} is neither array nor object")),
        }
    }

    /// Reports a token that matches nothing. For an error of the pointer `there` lists what exists.
    fn missed<E: de::Error>(self, step: &Step, hit: bool, there: &str) -> Result<(), E> {
        let Walk { steps, is_element, found } = self;
        let what = match is_element {
            true => "it does not exist".to_owned(),
            false => format!("it does not exist; {there}"),
        };
        match step {
            Step::Token(token) if !hit => {
                found.below(token, |found| Walk { steps, is_element, found }.misfit(&what))
            }
            _ => Ok(()),
        }
    }

    /// The walk of the value that `step` selects.
    fn further<'f, 'a>(
        is_element: bool,
        step: &Step,
        rest: &'f [Step],
        found: &'f mut Found<'a>,
    ) -> Walk<'f, 'a> {
        let is_element = is_element || !matches!(step, Step::Token(_));
        Walk { steps: rest, is_element, found }
    }
}

/// The names of the first members of an object.
#[derive(Default)]
struct Names {
    first: Vec<String>,
    count: usize,
}

impl Names {
    fn add(&mut self, name: &str) {
        self.count += 1;
        if self.count <= NAMES_MAX {
            let is_long = name.chars().count() > NAME_CHARS_MAX;
            let name: String = name.chars().take(NAME_CHARS_MAX).collect();
            self.first.push(if is_long { name + "…" } else { name });
        }
    }
}

impl fmt::Display for Names {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            0 => out.write_str("the object is empty"),
            count => {
                write!(out, "the object has {}", self.first.join(", "))?;
                if count > NAMES_MAX {
                    write!(out, " and {} more", count - NAMES_MAX)
                } else {
                    Ok(())
                }
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        match (self.steps.is_empty(), text) {
            (true, "") => self.found.add(Err("an empty string is not a URL".to_owned())),
            (true, text) => self.found.push(text),
            (false, _) => self.scalar("a string"),
        }
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        self.scalar("true or false")
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        self.scalar("a number")
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        self.scalar("a number")
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        self.scalar("a number")
    }

    /// `null` means a missing value, so at any place the error concerns this value only.
    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.found.add(Err("null is not a string".to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        let Some((step, rest)) = self.steps.split_first() else {
            while elements.next_element::<IgnoredAny>()?.is_some() {}
            return self.misfit("an array is not a string");
        };
        let (mut index, mut hit) = (0_u64, false);
        loop {
            let token = index.to_string();
            let is_meant = !matches!(step, Step::Token(meant) if *meant != token);
            let is_element = self.is_element;
            let more = match is_meant {
                true => self.found.below(&token, |found| {
                    elements.next_element_seed(Walk::further(is_element, step, rest, found))
                })?,
                false => elements.next_element::<IgnoredAny>()?.map(|_| ()),
            };
            if more.is_none() {
                break;
            }
            (index, hit) = (index + 1, hit || is_meant);
        }
        let plural = if index == 1 { "" } else { "s" };
        self.missed(step, hit, &format!("the array has {index} element{plural}"))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        let steps = self.steps.split_first().filter(|(step, _)| **step != Step::Elements);
        let Some((step, rest)) = steps else {
            while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            let is_not = if self.steps.is_empty() { "a string" } else { "an array" };
            return self.misfit(&format!("an object is not {is_not}"));
        };
        let (mut hit, mut names) = (false, Names::default());
        while let Some(name) = members.next_key::<String>()? {
            if matches!(step, Step::Token(meant) if *meant != name) {
                names.add(&name);
                members.next_value::<IgnoredAny>()?;
                continue;
            }
            let is_element = self.is_element;
            self.found.below(&name, |found| {
                members.next_value_seed(Walk::further(is_element, step, rest, found))
            })?;
            hit = true;
        }
        self.missed(step, hit, &names.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAPTER: &str = r#"{"code": 200, "newslist": [
        {"title": "a", "picUrl": "http://h/a.jpg"}, {"picUrl": "/b.jpg?x#y"},
        {"picUrl": "c.jpg", "more": [[{}]]}]}"#;

    fn select(pointer: &str, document: &str) -> Result<Vec<String>, String> {
        let base = Url::parse("http://api/meinv/?key=1").unwrap();
        let urls = Selector::parse(pointer)?.urls(document.as_bytes(), Some(&base), 4)?;
        Ok(urls.into_iter().map(|url| url.map_or_else(|why| why, |url| url.to_string())).collect())
    }

    #[test]
    fn what_is_found() {
        for (pointer, document, expected) in [
            (
                "/newslist/*/picUrl",
                CHAPTER,
                &["http://h/a.jpg", "http://api/b.jpg?x", "http://api/meinv/c.jpg"][..],
            ),
            ("/newslist/1/picUrl", CHAPTER, &["http://api/b.jpg?x"]),
            ("", "\"x\"", &["http://api/meinv/x"]),
            ("/*", "[]", &[]),
            ("/*", "{}", &[]),
            ("/*/*", "[[],[\"x\"],{\"a\":\"y\"}]", &["http://api/meinv/x", "http://api/meinv/y"]),
            ("/*", "{\"b\":\"https://h/2\",\"a\":\"1\"}", &["https://h/2", "http://api/meinv/1"]),
            ("/a~1b/~0/~01", "{\"a/b\":{\"~\":{\"~1\":\"x\"}}}", &["http://api/meinv/x"]),
            ("//", "{\"\":{\"\":\"x\"}}", &["http://api/meinv/x"]),
            ("/0", "{\"0\":\"x\"}", &["http://api/meinv/x"]),
            ("/x", "{\"\\u0078\":\"\\u0061\"}", &["http://api/meinv/a"]),
        ] {
            let expected = expected.iter().map(|url| (*url).to_owned()).collect();
            assert_eq!(select(pointer, document), Ok(expected), "{pointer} in {document}");
        }
    }

    #[test]
    fn what_is_not() {
        for (pointer, document, what) in [
            ("a", "{}", "begins with /"),
            ("/~", "{}", "behind ~"),
            ("/a~2", "{}", "behind ~"),
            ("/a~", "{}", "behind ~"),
            (
                "/newslists/*/picUrl",
                CHAPTER,
                "/newslists: it does not exist; the object has code, newslist",
            ),
            (
                "/newslist/3/picUrl",
                CHAPTER,
                "/newslist/3: it does not exist; the array has 3 elements",
            ),
            ("/a", "{}", "/a: it does not exist; the object is empty"),
            (
                "/x",
                r#"{"1":0,"2":0,"3":0,"4":0,"5":0,"6":0,"7":0,"8":0,"9":0,"10":0}"#,
                "/x: it does not exist; the object has 1, 2, 3, 4, 5, 6, 7, 8 and 2 more",
            ),
            ("/newslist/01/picUrl", CHAPTER, "/newslist/01: it does not exist"),
            ("/newslist/-", CHAPTER, "/newslist/-: it does not exist"),
            ("/newslist/2/more", CHAPTER, "/newslist/2/more: an array is not a string"),
            ("/newslist/0", CHAPTER, "/newslist/0: an object is not a string"),
            ("/code/x", CHAPTER, "/code: a number is neither array nor object"),
            ("/*", "[null,null,null,null,\"5\"]", "more than 4 URLs"),
            ("/*", "[\"1\",\"2\",\"3\",\"4\",\"5\"]", "more than 4 URLs"),
            ("/*", "[\"1\"", "it is not JSON: it ends too early"),
            ("/*", "[\"1\"] x", "it is not JSON: the fault is in line 1, column 7"),
            ("/*", "", "it is not JSON: it ends too early"),
        ] {
            let said = select(pointer, document).unwrap_err();
            assert!(said.contains(what), "{pointer} in {document}: {said}");
            // The place in the text says nothing where the text is JSON.
            let is_json = serde_json::from_str::<IgnoredAny>(document).is_ok();
            assert!(!is_json || !said.contains(" in line "), "{pointer} in {document}: {said}");
            assert_eq!(said.contains("not JSON"), !is_json, "{pointer} in {document}: {said}");
        }
    }

    #[test]
    fn one_that_is_no_url_stands_for_itself() {
        for (pointer, document, what) in [
            ("/code", CHAPTER, "/code: a number is not a string"),
            ("", "null", "the document: null is not a string"),
            ("/*/x", "[null]", "/0: null is not a string"),
            ("/*", "[true]", "/0: true or false is not a string"),
            ("/*", "[-1]", "/0: a number is not a string"),
            ("/*", "[1.5]", "/0: a number is not a string"),
            ("/*", "[\"\"]", "/0: an empty string is not a URL"),
            ("/*", "[\"x\", \"ftp://h/\"]", "/1: a URL begins with http"),
            ("/*", "[\"javascript:alert(1)\"]", "/0: a URL begins with http"),
            ("/*", "[\"http://h/\\r\\nX: y\"]", "/0: a URL holds no line end"),
            ("/a~1b/*", "{\"a/b\":[1]}", "/a~1b/0: a number"),
        ] {
            let base = Url::parse("http://api/").unwrap();
            let selector = Selector::parse(pointer).unwrap();
            let found = selector.urls(document.as_bytes(), Some(&base), 4).unwrap();
            let faults: Vec<&String> = found.iter().filter_map(|one| one.as_ref().err()).collect();
            assert!(faults.len() == 1 && faults[0].contains(what), "{document}: {faults:?}");
        }
    }

    /// What is wrong below a star is wrong with one element, and the others are found.
    #[test]
    fn elements_fail_alone() {
        const MIXED: &str = r#"{"x": [{"y": "1"}, {"z": 0}, {"y": ""}, {"y": null}, null, 5, "t",
            [], {"y": ["a"]}, {"y": {"a": 0}}, {"y": "2"}], "e": [], "n": {"a": {"b": ["3", 0]},
            "c": {"b": []}, "d": {}, "f": {"b": 7}, "g": {"b": {"h": "4"}}}}"#;
        for (pointer, expected) in [
            (
                "/x/*/y",
                &[
                    "http://api/1",
                    "/x/1/y: it does not exist",
                    "/x/2/y: an empty string is not a URL",
                    "/x/3/y: null is not a string",
                    "/x/4: null is not a string",
                    "/x/5: a number is neither array nor object",
                    "/x/6: a string is neither array nor object",
                    "/x/7/y: it does not exist",
                    "/x/8/y: an array is not a string",
                    "/x/9/y: an object is not a string",
                    "http://api/2",
                ][..],
            ),
            ("/e/*/y", &[]),
            (
                "/n/*/b/*",
                &[
                    "http://api/3",
                    "/n/a/b/1: a number is not a string",
                    "/n/d/b: it does not exist",
                    "/n/f/b: a number is neither array nor object",
                    "http://api/4",
                ],
            ),
            (
                "/n/*/b/h",
                &[
                    "/n/a/b/h: it does not exist",
                    "/n/c/b/h: it does not exist",
                    "/n/d/b: it does not exist",
                    "/n/f/b: a number is neither array nor object",
                    "http://api/4",
                ],
            ),
            ("/x/0/y", &["http://api/1"]),
        ] {
            let base = Url::parse("http://api/").unwrap();
            let found = Selector::parse(pointer).unwrap().urls(MIXED.as_bytes(), Some(&base), 99);
            let found = found.unwrap().into_iter();
            let found: Vec<String> =
                found.map(|url| url.map_or_else(|why| why, |url| url.to_string())).collect();
            assert_eq!(found, expected, "{pointer}");
        }
    }

    #[test]
    fn elements_are_an_arrays() {
        let urls = |document: &str| Selector::elements().urls(document.as_bytes(), None, 9);
        assert_eq!(urls("[\"http://h/1\", \"http://h/2\"]").unwrap().len(), 2);
        assert!(urls("{\"a\":\"http://h/\"}").unwrap_err().contains("not an array"));
        let relative = urls("[\"relative\"]").unwrap().remove(0);
        assert!(relative.unwrap_err().contains("begins with http"));
    }
}
