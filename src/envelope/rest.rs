//! The judgement of the gathered members: valid UTF-8, valid JSON, no duplicate at any depth.
//!
//! Specification: RFC 8259; §4 leaves duplicates open, and we refuse them: two readers that pick
//! different ones of two members is how messages are smuggled.

use crate::text::PeerText;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;

/// What is wrong with the gathered text, and at which byte of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) rule: Cow<'static, str>,
    pub(super) at: usize,
    pub(super) section: &'static str,
}

/// Judges `text`, which has to be one JSON object.
pub(super) fn check(text: &[u8]) -> Result<(), Fault> {
    let text = std::str::from_utf8(text).map_err(|error| Fault {
        rule: Cow::Borrowed("UTF-8"),
        at: error.valid_up_to(),
        section: "RFC 8259 §8.1",
    })?;
    let mut json = serde_json::Deserializer::from_str(text);
    let unique = Unique { held: &Cell::new(0) };
    unique.deserialize(&mut json).and_then(|()| json.end()).map_err(|error| fault(text, &error))
}

/// Reads a judged text as a typed value.
pub(super) fn parse<'a, T: serde::Deserialize<'a>>(text: &'a [u8]) -> Result<T, Fault> {
    let text = std::str::from_utf8(text).unwrap_or("");
    serde_json::from_str(text).map_err(|error| fault(text, &error))
}

/// Turns serde_json's line and column into the position of the byte it means.
fn fault(text: &str, error: &serde_json::Error) -> Fault {
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let line_start: usize = lines.map(str::len).sum();
    let said = error.to_string();
    // It repeats a string of the wrong type, whatever its length.
    let rule = PeerText::from(said.split(" at line ").next().unwrap_or(&said));
    Fault {
        rule: Cow::Owned(rule.short().to_string()),
        at: (line_start + error.column().saturating_sub(1)).min(text.len()),
        section: "RFC 8259 §2",
    }
}

/// Visits a JSON text of any shape and refuses a key that stands twice in one object.
#[derive(Clone, Copy)]
struct Unique<'h> {
    /// What the keys cost that are held, of all objects that are open.
    held: &'h Cell<usize>,
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
                return Err(A::Error::custom("duplicate member"));
            }
            if held > MEMBERS_MAX {
                return Err(A::Error::custom(MEMBERS_RULE));
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

/// What is said when there are more.
pub(super) const MEMBERS_RULE: &str = "members_max";

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

    fn at(text: &str) -> Option<(usize, String)> {
        check(text.as_bytes()).err().map(|fault| (fault.at, fault.rule.into_owned()))
    }

    #[test]
    fn faults_are_placed() {
        for (text, place, rule) in [
            ("{\"a\":tru}", 8, "expected ident"),
            ("{\n\"a\":1,\n\"b\":}", 13, "expected value"),
            ("{\"a\":1,\"a\":2}", 9, "duplicate member"),
            ("{\"a\":{\"b\":1,\"\\u0062\":2}}", 19, "duplicate member"),
            ("{\"a\":[{\"x\":1,\"x\":1}]}", 15, "duplicate member"),
            ("{\"a\":1} x", 8, "trailing characters"),
            ("{\"a\":\"\\ud800\"}", 12, "unexpected end of hex escape"),
        ] {
            assert_eq!(at(text), Some((place, rule.to_owned())), "{text}");
        }
        assert_eq!(check(b"{\"\xff\":1}").unwrap_err().at, 2);
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
            let rule = check(object(count).as_bytes()).err().map(|fault| fault.rule);
            assert_eq!(rule, (!good).then_some(Cow::Borrowed(MEMBERS_RULE)), "{count}");
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
