//! Reads the files of vectors, and knows the ways to cut a stream.

use crate::serde_words::SERDE_WORDS;
use serde_json::Value;
use wirewright::error::Error;
use wirewright::transfer::message::Side;

/// What a vector is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// Frames and messages, whatever their order.
    Messages,
    /// All that a server without files answers.
    Connection,
}

/// A stream and the events it must give.
#[derive(Debug, Clone)]
pub struct Vector {
    pub name: String,
    pub from: Side,
    pub layer: Layer,
    pub frame_limit: u32,
    pub bytes: Vec<u8>,
    pub events: Vec<Value>,
}

/// All vectors of a file.
pub fn load(file: &str) -> Vec<Vector> {
    let path = format!("{}/tests/data/wire/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect(&path);
    let all: Value = serde_json::from_str(&text).expect(&path);
    all["vectors"].as_array().expect("a list of vectors").iter().map(vector).collect()
}

fn vector(value: &Value) -> Vector {
    let text = |key: &str| value[key].as_str().unwrap_or_else(|| panic!("{key} of {value}"));
    Vector {
        name: text("name").to_owned(),
        from: match text("from") {
            "client" => Side::Client,
            "server" => Side::Server,
            other => panic!("from {other}"),
        },
        layer: match text("layer") {
            "messages" => Layer::Messages,
            "connection" => Layer::Connection,
            other => panic!("layer {other}"),
        },
        frame_limit: value["frame_limit"].as_u64().expect("a limit").try_into().expect("32 bits"),
        bytes: match value["parts"].as_array() {
            Some(parts) => parts.iter().flat_map(part).collect(),
            None => unhex(text("hex")),
        },
        events: value["events"].as_array().expect("events").clone(),
    }
}

fn part(value: &Value) -> Vec<u8> {
    if let Some([first, last]) = value["numbers"].as_array().map(Vec::as_slice) {
        let side = |key: &str| unhex(value[key].as_str().expect("hex"));
        let (before, after) = (side("before"), side("after"));
        let numbers = first.as_u64().expect("a number")..=last.as_u64().expect("a number");
        let one = |number: u64| [&before[..], number.to_string().as_bytes(), &after].concat();
        return numbers.flat_map(one).collect();
    }
    let times = value["times"].as_u64().unwrap_or(1);
    unhex(value["hex"].as_str().expect("hex")).repeat(times.try_into().expect("a count"))
}

pub fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "whole bytes");
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal");
    (0..text.len()).step_by(2).map(digits).collect()
}

/// One frame around a JSON text.
pub fn frame(json: &str) -> Vec<u8> {
    let len = u32::try_from(json.len()).expect("a short text");
    [&len.to_be_bytes()[..], json.as_bytes()].concat()
}

/// The ways a stream is cut, whole first: the lengths of its pieces, the last one again and again.
pub fn cuts(len: usize) -> Vec<Vec<usize>> {
    let whole = vec![len.max(1)];
    let sizes: &[usize] = match len {
        0..=100_000 => &[1, 2, 3, 7, 64, 1000],
        100_001..=2_000_000 => &[7, 1000, 65_536],
        _ => &[65_536, 4_000_003],
    };
    let places: Vec<usize> = match len {
        0..=600 => (1..len).collect(),
        601..=100_000 => (1..150).chain(len - 100..len).collect(),
        100_001..=2_000_000 => vec![1, 3, 4, 5, len / 2, len - 1],
        _ => vec![3, len - 1],
    };
    let by_size = sizes.iter().map(|&size| vec![size]);
    std::iter::once(whole).chain(by_size).chain(places.iter().map(|&at| vec![at, len])).collect()
}

/// The pieces of `bytes` under one way of cutting.
pub fn pieces<'a>(bytes: &'a [u8], cut: &[usize]) -> Vec<&'a [u8]> {
    let mut sizes = cut.iter().copied();
    let (mut rest, mut size, mut found) = (bytes, 1, Vec::new());
    while !rest.is_empty() {
        size = sizes.next().unwrap_or(size);
        let (piece, behind) = rest.split_at(size.min(rest.len()));
        found.push(piece);
        rest = behind;
    }
    found
}

/// Whether an offset is the one that is expected, or within the range that is.
pub fn in_place(expected: &Value, offset: Option<u64>) -> bool {
    let Some(offset) = offset else { return false };
    match expected.as_array().map(Vec::as_slice) {
        Some([first, last]) => first.as_u64() <= Some(offset) && Some(offset) <= last.as_u64(),
        Some(_) => false,
        None => expected.as_u64() == Some(offset),
    }
}

/// Whether an error names the section that the vector does, or a more exact one, in our words.
/// JSON and base64 have RFCs of their own, to which `PROTOCOL.md` §3.4 and §5.3 refer; §4 refers to
/// the section of each member, and §9 is about what follows on a fault, whatever it is.
pub fn is_well_said(spec: &Value, error: &Error) -> bool {
    let (said, section) = (error.to_string(), error.section().unwrap_or(""));
    if SERDE_WORDS.iter().any(|word| said.contains(word)) {
        return false;
    }
    let spec = spec.as_str().expect("a section");
    let is_within =
        section.strip_prefix(spec).is_some_and(|more| !more.starts_with(char::is_numeric));
    is_within
        || matches!(spec, "PROTOCOL §4" | "PROTOCOL §9") && section.starts_with("PROTOCOL §")
        || spec == "PROTOCOL §3.4" && section.starts_with("RFC 8259 §")
        || spec == "PROTOCOL §5.3"
            && (section.starts_with("RFC 4648") || section.starts_with("RFC 8259 §7"))
        || spec == "PROTOCOL §4" && section.starts_with("RFC 4648 §4")
}
