//! The oracle of the ServerHello: split invariance, a naive reading of the whole stream, and that
//! the division of messages into records does not matter.

use wirewright::server_hello::{
    FRAGMENT_BYTES_MAX, MESSAGE_BYTES_MAX, RETRY_RANDOM, Reader, ServerHello,
};

/// What came of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The ServerHello came.
    Told(ServerHello),
    /// Something was not understood.
    Refused,
    /// More has to come.
    Waits,
}

/// Reads a stream in pieces.
pub fn run<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let (mut reader, mut fed) = (Reader::default(), 0);
    for piece in pieces {
        let before = (reader.has_ended(), reader.server_hello());
        reader.feed(piece);
        assert!(!before.0 || before == (reader.has_ended(), reader.server_hello()), "it stays");
        fed += piece.len();
        let held = fed.min(MESSAGE_BYTES_MAX + 4);
        assert!(reader.memory() <= 2 * held + 8, "memory by what came");
        assert!(!reader.has_ended() || reader.memory() == 0, "nothing is held after the end");
    }
    match (reader.server_hello(), reader.has_ended()) {
        (Some(hello), true) => Outcome::Told(hello),
        (None, true) => Outcome::Refused,
        (None, false) => Outcome::Waits,
        (Some(_), false) => panic!("it was told, and the reader goes on"),
    }
}

/// The property. A byte of choices and the size of pieces; then the stream, or the handshake
/// messages in it.
pub fn check(data: &[u8]) {
    let [choice, step, stream @ ..] = data else { return };
    let step = usize::from(*step);
    if choice & 1 == 0 {
        one(stream, step);
        return;
    }
    let whole = one(&records(stream, FRAGMENT_BYTES_MAX), step);
    assert_eq!(whole, one(&records(stream, step + 1), step), "records of {} bytes", step + 1);
    assert_eq!(whole, one(&records(stream, 1), step), "records of one byte");
}

fn one(stream: &[u8], step: usize) -> Outcome {
    let whole = run([stream]);
    assert_eq!(whole, run(stream.chunks(1)), "bytewise");
    assert_eq!(whole, run(stream.chunks(step + 2)), "in pieces");
    assert_eq!(whole, naive(stream));
    if let Outcome::Told(hello) = whole {
        let text = hello.to_string();
        assert!(text.starts_with("TLS") && text.bytes().all(|byte| matches!(byte, b' '..=b'~')));
        let longer = [stream, b"\x15\x03\x03\x00\x02\x02\x28"].concat();
        assert_eq!(run([&longer[..]]), whole, "what is behind it does not matter");
    }
    whole
}

/// Handshake messages in records of so many bytes.
pub fn records(messages: &[u8], size: usize) -> Vec<u8> {
    let record = |fragment: &[u8]| {
        let [high, low] = (fragment.len() as u16).to_be_bytes();
        [&[22, 3, 3, high, low], fragment].concat()
    };
    messages.chunks(size).flat_map(record).collect()
}

/// Record by record over the whole stream.
pub fn naive(stream: &[u8]) -> Outcome {
    let (mut at, mut message, mut is_retried) = (0, Vec::new(), false);
    while let Some(header) = stream.get(at..at + 5) {
        let len = usize::from(header[3]) * 256 + usize::from(header[4]);
        let fragment = &stream[at + 5..stream.len().min(at + 5 + len)];
        let first = fragment.first().copied().unwrap_or(1);
        let is_understood = match header[0] {
            22 => len > 0 && len <= 16_384,
            21 => len == 2 && message.is_empty() && first == 1,
            20 => len == 1 && message.is_empty() && first == 1 && is_retried,
            _ => false,
        };
        if !is_understood {
            return Outcome::Refused;
        }
        if header[0] == 22 {
            message.extend_from_slice(fragment);
        }
        while message.len() >= 4 {
            let len = usize::from(message[2]) * 256 + usize::from(message[3]);
            if message[0] != 2 || message[1] != 0 || len > 16_384 {
                return Outcome::Refused;
            }
            if message.len() < 4 + len {
                break;
            }
            let body: Vec<u8> = message.drain(..4 + len).skip(4).collect();
            match hello(&body) {
                Some((_, true)) if !is_retried => is_retried = true,
                Some((hello, false)) => return Outcome::Told(hello),
                _ => return Outcome::Refused,
            }
        }
        at += 5 + len;
    }
    Outcome::Waits
}

/// The body of a ServerHello by its offsets, and whether it asks the client to try again.
fn hello(body: &[u8]) -> Option<(ServerHello, bool)> {
    let number = |at: usize| Some(u16::from(*body.get(at)?) * 256 + u16::from(*body.get(at + 1)?));
    let id = usize::from(*body.get(34)?);
    let (suite, extensions) = (35 + id, 38 + id);
    if id > 32 || body.len() < extensions {
        return None;
    }
    let mut versions = Vec::new();
    if body.len() > extensions {
        let mut at = extensions + 2;
        if usize::from(number(extensions)?) != body.len() - at {
            return None;
        }
        while at < body.len() {
            let (kind, len) = (number(at)?, usize::from(number(at + 2)?));
            let data = body.get(at + 4..at + 4 + len)?;
            if kind == 43 {
                versions.push((data.len() == 2).then(|| number(at + 4)).flatten()?);
            }
            at += 4 + len;
        }
    }
    let version = match (number(0)?, &versions[..]) {
        (old @ 0x300..=0x303, []) => old,
        (0x303, [new]) if *new > 0x303 => *new,
        _ => return None,
    };
    let hello = ServerHello { version, cipher_suite: number(suite)? };
    Some((hello, body[2..34] == RETRY_RANDOM))
}
