//! The table of `PROTOCOL.md` §4 read once more, over serde_json's values: what a frame means.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use unique::Unique;
use wirewright::transfer::message::Side;

#[path = "unique.rs"]
mod unique;

/// What a member has to be.
#[derive(Clone, Copy)]
enum Shape {
    U32,
    U64,
    Text,
    Bool,
    /// Eight lower-case hexadecimal digits.
    Crc,
    /// One of three words; any other counts as unknown (§7.6).
    Durability,
    Numbers,
    Texts,
    Entries,
}
use Shape::{Bool, Crc, Durability, Entries, Numbers, Text, Texts, U32, U64};

/// A type, the sides it may come from, and its members; `?` marks those that may be missing or
/// null.
type Row = (&'static str, &'static [Side], &'static [(&'static str, Shape)]);

const CLIENT: &[Side] = &[Side::Client];
const SERVER: &[Side] = &[Side::Server];
const BOTH: &[Side] = &[Side::Client, Side::Server];

const TABLE: &[Row] = &[
    (
        "hello",
        CLIENT,
        &[
            ("versions", Numbers),
            ("max_frame", U32),
            ("digests", Texts),
            ("nonce", Text),
            ("agent?", Text),
        ],
    ),
    (
        "hello",
        SERVER,
        &[
            ("version", U64),
            ("max_frame", U32),
            ("digest", Text),
            ("nonce?", Text),
            ("agent?", Text),
        ],
    ),
    ("auth", CLIENT, &[("mac", Text)]),
    ("welcome", SERVER, &[("mac", Text)]),
    ("list", CLIENT, &[("id", U64)]),
    ("entries", SERVER, &[("id", U64), ("entries", Entries), ("more", Bool)]),
    ("get", CLIENT, &[("id", U64), ("name", Text), ("offset?", U64), ("etag?", Text)]),
    ("file", SERVER, FILE),
    ("put", CLIENT, PUT),
    ("ready", SERVER, &[("id", U64), ("offset", U64)]),
    ("chunk", BOTH, &[("id", U64), ("offset", U64), ("crc32?", Crc)]),
    ("end", BOTH, &[("id", U64), ("size", U64), ("digest?", Text)]),
    ("done", SERVER, &[("id", U64), ("size", U64), ("digest?", Text), ("durability", Durability)]),
    ("cancel", CLIENT, &[("id", U64)]),
    ("error", BOTH, &[("id?", U64), ("code", Text), ("text", Text), ("fatal", Bool)]),
];

const FILE: &[(&str, Shape)] = &[
    ("id", U64),
    ("name", Text),
    ("size", U64),
    ("modified", Text),
    ("etag", Text),
    ("offset", U64),
];

const PUT: &[(&str, Shape)] =
    &[("id", U64), ("name", Text), ("size", U64), ("etag", Text), ("overwrite?", Bool)];

/// The message in the body of a frame as its known members, and the payload if it is a chunk; none
/// if the body is malformed.
pub fn meaning(body: &[u8], from: Side) -> Option<(Value, Option<Vec<u8>>)> {
    let Unique(mut value) = serde_json::from_slice(body).ok()?;
    let object = value.as_object_mut()?;
    let payload = match object.remove("filedata") {
        None => None,
        Some(Value::String(text)) => Some(STANDARD.decode(text).ok()?),
        Some(_) => return None,
    };
    let kind = object.get("type")?.as_str()?;
    // Only `hello` differs: a type that belongs to the other side is known, too.
    let row = TABLE
        .iter()
        .find(|(name, sides, _)| *name == kind && (kind != "hello" || sides.contains(&from)));
    let Some((_, _, members)) = row else {
        return Some((unknown(object), None));
    };
    let mut known = Map::new();
    known.insert("type".into(), kind.into());
    for (name, shape) in *members {
        take(object, name, *shape, &mut known)?;
    }
    if kind == "put" && !known.contains_key("overwrite") {
        known.insert("overwrite".into(), false.into());
    }
    match kind {
        "chunk" => {
            let payload = payload.filter(|payload| !payload.is_empty())?;
            Some((known.into(), Some(payload)))
        }
        _ => Some((known.into(), None)),
    }
}

/// Of a type that nobody knows only the type and the id count, if it is one.
fn unknown(object: &Map<String, Value>) -> Value {
    let mut known = Map::new();
    known.insert("type".into(), object["type"].clone());
    if let Some(id) = object.get("id").and_then(Value::as_u64) {
        known.insert("id".into(), id.into());
    }
    known.into()
}

/// Takes one member over, if it is as it has to be.
fn take(
    object: &Map<String, Value>,
    name: &str,
    shape: Shape,
    known: &mut Map<String, Value>,
) -> Option<()> {
    let optional = name.ends_with('?');
    let name = name.trim_end_matches('?');
    match object.get(name) {
        None | Some(Value::Null) if optional => Some(()),
        Some(value) => {
            known.insert(name.into(), fitting(value, shape)?);
            Some(())
        }
        None => None,
    }
}

fn fitting(value: &Value, shape: Shape) -> Option<Value> {
    let all = |each: Shape| {
        let values = value.as_array()?.iter().map(|value| fitting(value, each));
        values.collect::<Option<Vec<_>>>().map(Value::from)
    };
    match shape {
        U64 => value.as_u64().map(Value::from),
        U32 => value.as_u64().filter(|number| *number < 1 << 32).map(Value::from),
        Text => value.as_str().map(Value::from),
        Bool => value.as_bool().map(Value::from),
        Crc => {
            let digits = |text: &&str| {
                text.len() == 8 && text.bytes().all(|c| b"0123456789abcdef".contains(&c))
            };
            value.as_str().filter(digits).map(Value::from)
        }
        Durability => value.as_str().map(|word| match word {
            "fsync" | "rename" | "none" => word.into(),
            _ => "unknown".into(),
        }),
        Numbers => all(U64),
        Texts => all(Text),
        Entries => {
            let entries = value.as_array()?.iter().map(entry);
            entries.collect::<Option<Vec<_>>>().map(Value::from)
        }
    }
}

fn entry(value: &Value) -> Option<Value> {
    let object = value.as_object()?;
    let mut known = Map::new();
    for (name, shape) in [("name", Text), ("size", U64), ("modified", Text)] {
        take(object, name, shape, &mut known)?;
    }
    Some(known.into())
}

/// An object without the members that are null.
pub fn without_nulls(mut value: Value) -> Value {
    if let Some(object) = value.as_object_mut() {
        object.retain(|_, member| !member.is_null());
    }
    value
}
