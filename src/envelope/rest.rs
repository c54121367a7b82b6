//! Validates the stored members: UTF-8, JSON, no duplicate name at any depth. Reads them as a typed
//! value, and explains which member a type does not accept.
//!
//! Specification: RFC 8259. §4 only recommends unique names, and we require them: two parsers that
//! take different ones of two members allow messages to be smuggled past one of them.
//!
//! serde_json decides whether a text is valid. For an invalid one, [`syntax`] finds the first byte
//! that breaks a rule, and the rule with its section.

use super::rule::{self, Rule};
use super::syntax::{self, Owner};
use crate::text::PeerText;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;

/// What is wrong with the stored text, and at which byte.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A rule of JSON is broken.
    Rule { rule: Rule, at: usize },
    /// There are more than [`MEMBERS_MAX`] members.
    Members { at: usize },
}

/// Validates `text`, which has to be one JSON object.
pub(super) fn check(text: &[u8]) -> Result<(), Fault> {
    let broken = |rule, at| Fault::Rule { rule, at };
    let text = str::from_utf8(text).map_err(|error| broken(rule::UTF_8, error.valid_up_to()))?;
    let mut json = serde_json::Deserializer::from_str(text);
    let (held, stopped) = (Cell::new(0), Cell::new(None));
    let unique = Unique { held: &held, stopped: &stopped };
    unique.deserialize(&mut json).and_then(|()| json.end()).map_err(|error| {
        let at = place(text, &error);
        match unique.stopped.get() {
            Some(Stopped::Duplicate) => broken(rule::DUPLICATE, at),
            Some(Stopped::Members) => Fault::Members { at },
            None => {
                let (rule, at) = syntax::first_fault(text).unwrap_or((rule::COMPLETE, at));
                broken(rule, at)
            }
        }
    })
}

/// A member that is missing or that the type does not accept: what is required, and the offset in
/// the text.
type WrongMember = (String, usize);

/// Reads a validated text as a typed value.
pub(super) fn parse<'a, T: serde::Deserialize<'a>>(text: &'a [u8]) -> Result<T, WrongMember> {
    let text = str::from_utf8(text).unwrap_or("");
    serde_json::from_str(text).map_err(|error| wrong_member(text, &error))
}

/// Where the value of a member begins, or an element of the value if that is an array. If there is
/// no such value, the last byte of the text: the closing brace, once the object has ended.
pub(super) fn value_start(text: &[u8], name: &str, element: Option<usize>) -> usize {
    let start = syntax::value_start(str::from_utf8(text).unwrap_or(""), name, element);
    start.unwrap_or(text.len().saturating_sub(1))
}

/// The offset of the byte at the line and column of an error of serde_json.
fn place(text: &str, error: &serde_json::Error) -> usize {
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let line_start: usize = lines.map(str::len).sum();
    (line_start + error.column().saturating_sub(1)).min(text.len())
}

/// The offset of a byte of the value that the type refused. serde_json reports the last byte that
/// it took. That is the last byte of a scalar, but the byte before an array or an object, which it
/// did not enter.
fn refused(text: &str, at: usize) -> usize {
    let behind = text.as_bytes().get(at + 1);
    if matches!(behind, Some(b'[' | b'{')) { at + 1 } else { at }
}

/// Explains which member the type does not accept, and why.
fn wrong_member(text: &str, error: &serde_json::Error) -> WrongMember {
    let (said, at) = (error.to_string(), place(text, error));
    // The position follows " at line ", and text of the peer may precede it.
    let said = said.rsplit_once(" at line ").map_or(&*said, |(said, _)| said);
    if let Some(name) = said.strip_prefix("missing field ") {
        return (format!("the member {name} is missing"), at);
    }
    let at = refused(text, at);
    let owner = syntax::owner(text, at);
    let start = owner.as_ref().map_or(at, |owner| owner.start);
    let is_of_serde = ["invalid type: ", "invalid value: ", "invalid length "];
    if !is_of_serde.iter().any(|begin| said.starts_with(begin)) {
        // The message is from a type of this crate.
        return (said.to_owned(), start);
    }
    let demanded = type_name(said.rsplit_once(", expected ").map_or("", |(_, kind)| kind));
    let what = match &owner {
        None => "the text".to_owned(),
        Some(Owner { name, is_element, .. }) => {
            let each = if *is_element { "each element of " } else { "" };
            format!("{each}`{}`", PeerText::from(&text[name.clone()]).short())
        }
    };
    (format!("{what} is {demanded}"), start)
}

/// The JSON term for a type that serde names in `expected`.
fn type_name(expected: &str) -> &str {
    match expected {
        "u64" => "an integer from 0 to 2⁶⁴ − 1",
        "a boolean" => "true or false",
        "a string" => "a string",
        "a sequence" => "an array",
        "an object" => "an object",
        _ => "of another type",
    }
}

/// Visits any JSON value and refuses an object that has a name twice.
#[derive(Clone, Copy)]
struct Unique<'h> {
    /// The cost of the keys of all open objects, which are stored at the same time.
    held: &'h Cell<usize>,
    /// Why this visitor stopped, or `None` if serde_json did.
    stopped: &'h Cell<Option<Stopped>>,
}

/// The rule of this crate that stopped a visit.
#[derive(Debug, Clone, Copy)]
enum Stopped {
    Duplicate,
    Members,
}

impl Unique<'_> {
    fn stop<E: serde::de::Error>(self, why: Stopped) -> E {
        self.stopped.set(Some(why));
        E::custom("stopped")
    }
}

impl<'de> DeserializeSeed<'de> for Unique<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut keys, before) = (Keys::default(), self.held.get());
        while let Some(key) = map.next_key::<Key<'_>>()? {
            let held = self.held.get() + key.cost();
            if !keys.insert(key.0) {
                return Err(self.stop(Stopped::Duplicate));
            }
            if held > MEMBERS_MAX {
                return Err(self.stop(Stopped::Members));
            }
            self.held.set(held);
            map.next_value_seed(self)?;
        }
        self.held.set(before);
        Ok(())
    }
}

/// A key, borrowed where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl Key<'_> {
    /// As how many members the key counts.
    fn cost(&self) -> usize {
        match &self.0 {
            Cow::Borrowed(_) => 1,
            Cow::Owned(copy) => 1 + copy.len() / COPIED_BYTES,
        }
    }
}

impl<'de: 'a, 'a> serde::Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member name")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// How many keys are stored without a set. No message of the transfer protocol has more members, so
/// that a chunk costs no allocation, and comparing so few with each other is cheap.
const FEW: usize = 16;

/// How many members one object and the objects around it may have together. Their names are all
/// stored to find duplicates, and short ones take many times their length in memory.
pub(super) const MEMBERS_MAX: usize = 65_536;

/// A name with escapes is copied, and counts as one more member for each so many bytes.
const COPIED_BYTES: usize = 16;

/// The keys of one object so far.
#[derive(Default)]
struct Keys<'a> {
    few: [Option<Cow<'a, str>>; FEW],
    len: usize,
    many: BTreeSet<Cow<'a, str>>,
}

impl<'a> Keys<'a> {
    /// Adds a key; false for a duplicate.
    fn insert(&mut self, key: Cow<'a, str>) -> bool {
        if self.few[..self.len].iter().flatten().any(|other| *other == key) {
            return false;
        }
        if self.len < FEW {
            self.few[self.len] = Some(key);
            self.len += 1;
            return true;
        }
        self.many.insert(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<(usize, Rule)> {
        match check(text.as_bytes()).err()? {
            Fault::Rule { rule, at } => Some((at, rule)),
            other => panic!("{other:?} in {text}"),
        }
    }

    #[test]
    fn faults_are_placed() {
        for (text, place, rule) in [
            ("{\"a\":tru}", 8, rule::LITERAL),
            ("{\n\"a\":1,\n\"b\":}", 13, rule::VALUE),
            ("{\"a\":1,\"a\":2}", 9, rule::DUPLICATE),
            ("{\"a\":{\"b\":1,\"\\u0062\":2}}", 19, rule::DUPLICATE),
            ("{\"a\":[{\"x\":1,\"x\":1}]}", 15, rule::DUPLICATE),
            ("{\"a\":1} x", 8, rule::AFTER_OBJECT),
            ("{\"a\":\"\\ud800\"}", 6, rule::SURROGATE),
        ] {
            assert_eq!(at(text), Some((place, rule)), "{text}");
        }
        let fault = Fault::Rule { rule: rule::UTF_8, at: 2 };
        assert_eq!(check(b"{\"\xff\":1}"), Err(fault));
    }

    #[test]
    fn many_keys_are_compared_too() {
        let mut text = String::from("{");
        for i in 0..40 {
            text.push_str(&format!("\"k{i}\":{i},"));
        }
        assert_eq!(at(&(text.clone() + "\"k40\":0}")), None);
        for twice in [0, 15, 16, 17, 39] {
            assert!(at(&format!("{text}\"k{twice}\":0}}")).is_some(), "{twice}");
        }
    }

    #[test]
    fn members_are_bounded() {
        let object = |count: usize| {
            let members: Vec<String> = (0..count).map(|i| format!("\"{i}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        for (count, good) in
            [(MEMBERS_MAX - 1, true), (MEMBERS_MAX, true), (MEMBERS_MAX + 1, false)]
        {
            let fault = check(object(count).as_bytes());
            assert!(matches!(fault, Err(Fault::Members { .. })) != good, "{count}: {fault:?}");
        }
    }

    /// The names of an object and of all objects around it are stored at the same time.
    #[test]
    fn members_of_nested_objects_are_bounded_together() {
        let object = |count: usize, inner: &str| {
            let members: String = (1..count).map(|i| format!("\"{i}\":0,")).collect();
            format!("{{{members}\"inner\":{inner}}}")
        };
        let half = MEMBERS_MAX / 2;
        for (outer, good) in [(half - 1, true), (half, true), (half + 1, false)] {
            let text = object(outer, &object(half, "0"));
            assert_eq!(check(text.as_bytes()).is_ok(), good, "{outer}");
        }
        // The names of a closed object are no longer stored.
        let inner = object(half, "0");
        assert_eq!(at(&object(half, &format!("[{inner},{inner},{inner}]"))), None);
    }

    #[test]
    fn names_with_escapes_are_bounded_by_their_bytes() {
        // Each name counts as five members.
        let object = |count: usize| {
            let name = "x".repeat(4 * COPIED_BYTES - 7);
            let members: Vec<String> =
                (0..count).map(|i| format!("\"\\n{i:06}{name}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        let most = MEMBERS_MAX / 5;
        for (count, good) in [(most - 1, true), (most, true), (most + 1, false)] {
            assert_eq!(check(object(count).as_bytes()).is_ok(), good, "{count}");
        }
    }

    #[test]
    fn depth_is_that_of_serde_json() {
        let nested = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
        assert_eq!(at(&nested(126)), None);
        assert!(at(&nested(127)).is_some());
    }
}
