//! Oracles of the reader of frames: split invariance, equality with a reading of whole frames
//! through serde_json and `base64` on accept, reject and meaning, and the round trip through the
//! writer.

use shapes::{meaning, without_nulls};
use std::iter::once;
use wirewright::buffer::Buffer;
use wirewright::envelope::{self, Encoder};
use wirewright::error::Error;
use wirewright::transfer::frame::{FRAME_BYTES_END, FrameGuard};
use wirewright::transfer::message::{self, Chunk, Crc32, Message, PAYLOAD_KEY, Side};
use wirewright::transfer::reader::{Item, Reader};

#[path = "shapes.rs"]
mod shapes;

/// What was read, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    ChunkStart(Chunk),
    /// Adjacent runs are one.
    Payload(Vec<u8>),
    /// The body of the message as the writer writes it, and the place of its frame's body.
    Message(u64, Vec<u8>),
}

/// What a reader made of some bytes.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    seen: Vec<Seen>,
    error: Option<Error>,
}

/// Limits of a frame that are tried.
const LIMITS: [u32; 4] = [65_536, FRAME_BYTES_END - 1, 200, 64];

/// The property. The first byte chooses the side, the limit, and whether the rest is a stream as it
/// is, or bodies divided by NUL that are put into frames here; the second is the size of pieces.
pub fn check(data: &[u8]) {
    let [how, step, text @ ..] = data else { return };
    let from = if how & 1 == 0 { Side::Client } else { Side::Server };
    let limit = LIMITS[usize::from(how >> 1 & 3)];
    let framed;
    let stream = if how & 8 == 0 {
        framed = text.split(|byte| *byte == 0).flat_map(frame).collect::<Vec<u8>>();
        &framed
    } else {
        text
    };
    let whole = run([stream], from, limit, 4096);
    let step = usize::from(*step) + 2;
    assert_eq!(whole, run(stream.chunks(1), from, limit, 64), "bytewise");
    assert_eq!(whole, run(stream.chunks(step), from, limit, 67), "in pieces of {step}");
    differential(stream, from, limit, &whole);
    round_trip(from, &whole);
}

/// The members of a chunk as they were written.
fn chunk_of(body: &[u8]) -> Chunk {
    let members: serde_json::Value = serde_json::from_slice(body).expect("a chunk");
    let number = |name: &str| members[name].as_u64().expect("a number");
    let crc32 = members["crc32"].as_str().map(|digits| u32::from_str_radix(digits, 16));
    let crc32 = crc32.map(|value| Crc32(value.expect("hexadecimal digits")));
    Chunk { id: number("id"), offset: number("offset"), crc32 }
}

fn frame(body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).expect("a short body");
    [&len.to_be_bytes(), body].concat()
}

/// Feeds `pieces` one after the other, with `scratch` bytes of buffer.
fn run<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    from: Side,
    limit: u32,
    scratch: usize,
) -> Outcome {
    let mut reader = Reader::new(from);
    reader.set_frame_limit(limit);
    let mut scratch = vec![0; scratch];
    let mut out = Outcome { seen: Vec::new(), error: None };
    let mut fed = 0;
    for piece in pieces {
        fed += piece.len();
        out.error = feed(&mut reader, piece, &mut scratch, &mut out.seen).err();
        assert!(reader.capacity() <= 2 * fed + 1024, "memory follows what came");
        if let Some(error) = &out.error {
            let again = reader.receive(b"\0\0\0\x02{}", &mut scratch).err();
            assert_eq!(again.as_ref(), Some(error), "errors stay");
            assert_eq!(reader.finish().as_ref(), Err(error), "errors stay");
            return out;
        }
    }
    assert_eq!(reader.offset(), fed as u64, "all was taken");
    out.error = reader.finish().err();
    out
}

/// Feeds one piece until nothing more comes of it.
fn feed(
    reader: &mut Reader,
    mut input: &[u8],
    scratch: &mut [u8],
    seen: &mut Vec<Seen>,
) -> Result<(), Error> {
    loop {
        let read = reader.receive(input, scratch)?;
        input = &input[read.consumed..];
        match read.item {
            None if read.consumed == 0 => break,
            None => {}
            Some(Item::ChunkStart(chunk)) => seen.push(Seen::ChunkStart(chunk)),
            Some(Item::Payload(bytes)) => see_payload(seen, bytes),
            Some(Item::Message(message)) => {
                seen.push(Seen::Message(read.at.start(), body(&message)))
            }
        }
    }
    assert!(input.is_empty(), "it stopped early");
    Ok(())
}

fn see_payload(seen: &mut Vec<Seen>, bytes: &[u8]) {
    match seen.last_mut() {
        _ if bytes.is_empty() => {}
        Some(Seen::Payload(before)) => before.extend_from_slice(bytes),
        _ => seen.push(Seen::Payload(bytes.to_vec())),
    }
}

/// The body of a message as the writer writes it.
fn body(message: &Message<'_>) -> Vec<u8> {
    let mut out = Buffer::with_limit(1 << 24);
    let written = match message {
        Message::ClientHello(message) => message::write(message, &mut out),
        Message::ServerHello(message) => message::write(message, &mut out),
        Message::Auth(message) => message::write(message, &mut out),
        Message::Welcome(message) => message::write(message, &mut out),
        Message::List(message) => message::write(message, &mut out),
        Message::Entries(message) => message::write(message, &mut out),
        Message::Get(message) => message::write(message, &mut out),
        Message::File(message) => message::write(message, &mut out),
        Message::Put(message) => message::write(message, &mut out),
        Message::Ready(message) => message::write(message, &mut out),
        Message::Chunk(message) => message::write(message, &mut out),
        Message::End(message) => message::write(message, &mut out),
        Message::Done(message) => message::write(message, &mut out),
        Message::Cancel(message) => message::write(message, &mut out),
        Message::Error(message) => message::write(message, &mut out),
        Message::Unknown(unknown) => {
            let unknown = serde_json::json!({"type": unknown.kind, "id": unknown.id});
            message::write(&unknown, &mut out)
        }
    };
    written.expect("space in the output");
    out.readable()[4..].to_vec()
}

/// Goes through the stream frame by frame, and holds what was seen against what it finds.
fn differential(stream: &[u8], from: Side, limit: u32, outcome: &Outcome) {
    let (mut at, mut seen) = (0, outcome.seen.iter().peekable());
    loop {
        let left = &stream[at..];
        let kind = outcome.error.as_ref().map(Error::kind);
        match left {
            [] => return assert_eq!((seen.next(), kind), (None, None), "an end between frames"),
            [1..=255, ..] => return assert_eq!((seen.next(), kind), (None, Some("malformed"))),
            [0] | [0, _] | [0, _, _] => {
                return assert_eq!((seen.next(), kind), (None, Some("incomplete")));
            }
            _ => {}
        }
        let len = u32::from_be_bytes([0, left[1], left[2], left[3]]);
        if len == 0 || len > limit {
            let expected = if len == 0 { "malformed" } else { "too_large" };
            return assert_eq!((seen.next(), kind), (None, Some(expected)));
        }
        let Some(text) = left[4..].get(..len as usize) else {
            let open = matches!(kind, Some("malformed" | "incomplete"));
            return assert!(open && seen.all(|item| !matches!(item, Seen::Message(..))));
        };
        let Some((expected, payload)) = meaning(text, from) else {
            assert_eq!(kind, Some("malformed"), "{}", String::from_utf8_lossy(text));
            return assert!(seen.all(|item| !matches!(item, Seen::Message(..))));
        };
        at += 4;
        if let Some(payload) = payload {
            see_chunk(&expected, &payload, &mut seen);
        }
        let Some(Seen::Message(place, body)) = seen.next() else {
            panic!("refused: {} {:?}", String::from_utf8_lossy(text), outcome.error);
        };
        let got: serde_json::Value = serde_json::from_slice(body).expect("JSON");
        assert_eq!((*place, without_nulls(got)), (at as u64, expected));
        at += len as usize;
    }
}

/// A chunk begins with its place, then comes its payload.
fn see_chunk<'a>(
    expected: &serde_json::Value,
    payload: &[u8],
    seen: &mut std::iter::Peekable<impl Iterator<Item = &'a Seen>>,
) {
    let Some(Seen::ChunkStart(chunk)) = seen.next() else { panic!("no start of a chunk") };
    assert_eq!(expected["id"], chunk.id);
    assert_eq!(expected["offset"], chunk.offset);
    if let Some(Crc32(crc32)) = chunk.crc32 {
        assert_eq!(expected["crc32"], format!("{crc32:08x}"));
    }
    let got = match seen.peek() {
        Some(Seen::Payload(bytes)) => {
            seen.next();
            &bytes[..]
        }
        _ => &[],
    };
    assert_eq!(got, payload);
}

/// All messages that came whole, written again one behind the other, read the same.
fn round_trip(from: Side, whole: &Outcome) {
    let mut stream = Vec::new();
    let mut expected = Vec::new();
    let mut payload: &[u8] = &[];
    for seen in &whole.seen {
        match seen {
            Seen::ChunkStart(_) => payload = &[],
            Seen::Payload(bytes) => payload = bytes,
            Seen::Message(_, body) if body.starts_with(br#"{"type":"chunk""#) => {
                let chunk = chunk_of(body);
                stream.extend(chunk_row(&chunk, payload));
                expected.push(Seen::ChunkStart(chunk));
                see_payload(&mut expected, payload);
                expected.push(Seen::Message(0, body.clone()));
            }
            Seen::Message(_, body) => {
                stream.extend(frame(body));
                expected.push(Seen::Message(0, body.clone()));
            }
        }
    }
    let mut again = run(once(&stream[..]), from, FRAME_BYTES_END - 1, 4096);
    for seen in &mut again.seen {
        if let Seen::Message(at, _) = seen {
            *at = 0;
        }
    }
    assert_eq!(again, Outcome { seen: expected, error: None });
}

fn chunk_row(chunk: &Chunk, payload: &[u8]) -> Vec<u8> {
    let mut out = Buffer::with_limit(1 << 24);
    let mut row = FrameGuard::open(&mut out).expect("space in the output");
    envelope::begin(chunk, PAYLOAD_KEY, &mut row).expect("space in the output");
    let mut encoder = Encoder::new();
    encoder.push(payload, &mut row).expect("space in the output");
    encoder.finish(&mut row).expect("space in the output");
    row.close().expect("a frame");
    out.readable().to_vec()
}
