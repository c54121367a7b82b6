//! The judgement of the gathered members: valid UTF-8, valid JSON, no duplicate at any depth; and
//! what a member has to be where a type reads it.
//!
//! Specification: RFC 8259. §4 only recommends unique names, and we demand them: two readers that
//! pick different ones of two members is how messages are smuggled.
//!
//! serde_json decides what is refused. The words, the section and the offset of an error are ours:
//! [`syntax`] finds the first byte that breaks a rule.

use super::decode::Decoder;
use super::rule::{self, Rule};
use super::syntax::{self, Owner};
use crate::text::PeerText;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;

/// What is wrong with the gathered text, and at which byte of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A rule of JSON is broken.
    Rule { rule: Rule, at: usize },
    /// There are more than [`MEMBERS_MAX`] members.
    Members { at: usize },
}

/// Judges `text`, which has to be one JSON object.
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
                let (rule, at) = syntax::first_fault(text).unwrap_or((rule::WHOLE, at));
                broken(rule, at)
            }
        }
    })
}

/// A member that is missing or is not what the reader's type demands: what is demanded, and the
/// byte where it is not so.
type Misfit = (String, usize);

/// Reads a judged text as a typed value.
pub(super) fn parse<'a, T: serde::Deserialize<'a>>(text: &'a [u8]) -> Result<T, Misfit> {
    let text = str::from_utf8(text).unwrap_or("");
    serde_json::from_str(text).map_err(|error| misfit(text, &error))
}

impl Decoder {
    /// Offset of the value of that member of the object, or of an element of it where the value is
    /// an array. Where there is no such value it is the offset of the last byte that was gathered:
    /// the closing brace, once the object has ended.
    pub(crate) fn value_offset(&self, name: &str, element: Option<usize>) -> u64 {
        let text = str::from_utf8(self.rest()).unwrap_or("");
        let at = syntax::value_start(text, name, element);
        self.stream_offset(at.unwrap_or(text.len().saturating_sub(1)))
    }
}

/// Where a byte stands that serde_json names by its line and column.
fn place(text: &str, error: &serde_json::Error) -> usize {
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let line_start: usize = lines.map(str::len).sum();
    (line_start + error.column().saturating_sub(1)).min(text.len())
}

/// The byte that a type refused. serde_json names the last byte it took: of a scalar that is the
/// last one, but of an array or an object, which it did not enter, it is the byte before.
fn refused(text: &str, at: usize) -> usize {
    let behind = text.as_bytes().get(at + 1);
    if matches!(behind, Some(b'[' | b'{')) { at + 1 } else { at }
}

/// Says in our words which member the reader's type does not take, and why.
fn misfit(text: &str, error: &serde_json::Error) -> Misfit {
    let (said, at) = (error.to_string(), place(text, error));
    // Behind it stands the place. A text of the peer may stand before it.
    let said = said.rsplit_once(" at line ").map_or(&*said, |(said, _)| said);
    if let Some(name) = said.strip_prefix("missing field ") {
        return (format!("the member {name} is missing"), at);
    }
    let at = refused(text, at);
    let owner = syntax::owner(text, at);
    let start = owner.as_ref().map_or(at, |owner| owner.start);
    let is_of_serde = ["invalid type: ", "invalid value: ", "invalid length "];
    if !is_of_serde.iter().any(|begin| said.starts_with(begin)) {
        // A type of ours has said what it demands.
        return (said.to_owned(), start);
    }
    let demanded = kind(said.rsplit_once(", expected ").map_or("", |(_, kind)| kind));
    let what = match &owner {
        None => "the text".to_owned(),
        Some(Owner { name, is_element, .. }) => {
            let each = if *is_element { "each element of " } else { "" };
            format!("{each}`{}`", PeerText::from(&text[name.clone()]).short())
        }
    };
    (format!("{what} is {demanded}"), start)
}

/// What serde calls a type, in our words.
fn kind(expected: &str) -> &str {
    match expected {
        "u64" => "an integer from 0 to 2⁶⁴ − 1",
        "a boolean" => "true or false",
        "a string" => "a string",
        "a sequence" => "an array",
        "an object" => "an object",
        _ => "of another type",
    }
}

/// Visits a JSON text of any shape and refuses a key that stands twice in one object.
#[derive(Clone, Copy)]
struct Unique<'h> {
    /// What the keys cost that are held, of all objects that are open.
    held: &'h Cell<usize>,
    /// Why the visit was stopped, if it was not serde_json that stopped it.
    stopped: &'h Cell<Option<Stopped>>,
}

/// Which rule of ours stopped a visit.
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
    /// As how many members it counts.
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

/// How many keys are kept without a set: more than any message of ours has, so that a chunk
/// costs no allocation, and few enough that comparing each with each costs nothing.
const FEW: usize = 16;

/// How many members one object may have, and with it the objects it stands in up to the outermost.
/// To know a duplicate all their names have to be remembered, and short ones cost many times their
/// length.
pub(super) const MEMBERS_MAX: usize = 65_536;

/// A name with escapes is held as a copy, and counts as one member more for each so many bytes.
const COPIED_BYTES: usize = 16;

/// The keys of one object so far.
#[derive(Default)]
struct Keys<'a> {
    few: [Option<Cow<'a, str>>; FEW],
    len: usize,
    many: BTreeSet<Cow<'a, str>>,
}

impl<'a> Keys<'a> {
    /// Adds a key; false if it was there already.
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
            ("{\"a\":1} x", 8, rule::BEHIND),
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

    /// All names on the way from the outermost object to the innermost are held at the same time.
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
        // What is closed is no longer held.
        let inner = object(half, "0");
        assert_eq!(at(&object(half, &format!("[{inner},{inner},{inner}]"))), None);
    }

    #[test]
    fn names_with_escapes_are_bounded_by_their_bytes() {
        // Each counts as five.
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
