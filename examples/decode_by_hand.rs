//! The envelope decoder on a byte slice: no socket, no file, no feature `net`.
//!
//!     cargo run --example decode_by_hand --no-default-features
//!     cargo run --example decode_by_hand -- 1                  one byte at a time: the same file
//!
//! What to look at: the decoder owns neither input nor output. The caller passes a piece of the
//! text and an output buffer; the decoder returns how many bytes it has consumed, and an event. Its
//! memory does not grow with the payload, which goes into the caller's buffer.

use std::error::Error;
use wirewright::envelope::{Decoder, Event, Limits};

/// An object as a classic server sends it. The payload is `hello, wire`, with one JSON escape.
const DOCUMENT: &str =
    r#"{"filename": "guido.jpg", "filedata": "aGVsbG8sIHdpcm\u0055=", "more": [1, 2]}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let piece_len: usize = std::env::args().nth(1).map_or(Ok(7), |arg| arg.parse())?;
    let mut decoder = Decoder::new("filedata", Limits::default());
    let mut room = [0; 4096];
    let mut file = Vec::new();

    for piece in DOCUMENT.as_bytes().chunks(piece_len.max(1)) {
        let mut piece = piece;
        // A piece may hold more than one event: repeat until it is consumed.
        while !piece.is_empty() {
            let step = decoder.feed(piece, &mut room)?;
            piece = &piece[step.consumed..];
            match step.event {
                Event::More => {}
                Event::PayloadStart => {
                    // The members before the payload are available now.
                    println!("payload begins behind {}", shown(decoder.rest()));
                }
                Event::Payload(len) => {
                    println!("{len:>4} bytes of payload");
                    file.extend_from_slice(&room[..len]);
                }
                Event::End => println!("the end; all other members: {}", shown(decoder.rest())),
            }
        }
    }
    // Ends the stream; a truncated one is an error here.
    decoder.finish()?;

    println!("the file: {:?}", shown(&file));
    Ok(())
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
