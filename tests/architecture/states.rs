//! The states of the parsers that `explain` shows: those of the charts, the same for every cut.

use wirewright::buffer::Buffer;
use wirewright::envelope::{self, Event};
use wirewright::error::Error;
use wirewright::http::config::{Config, Limits, Policy};
use wirewright::http::exchange::Exchange;
use wirewright::http::message::chunked;
use wirewright::http::request::{Method, Request};
use wirewright::http::url::Url;
use wirewright::session::Session as _;
use wirewright::smtp::{config, reply};
use wirewright::transfer::frame;

/// The state behind `input`, fed in pieces of that length, and the error, if it was refused.
type Run = fn(&[u8], usize) -> (&'static str, Option<Error>);

fn envelope(input: &[u8], piece: usize) -> (&'static str, Option<Error>) {
    let mut decoder = envelope::Decoder::new("p", envelope::Limits::default());
    let mut room = [0; 64];
    for mut part in input.chunks(piece) {
        while !part.is_empty() {
            match decoder.feed(part, &mut room) {
                Ok(step) => part = &part[step.consumed..],
                Err(error) => return (decoder.state().as_str(), Some(error)),
            }
        }
    }
    (decoder.state().as_str(), None)
}

fn frames(input: &[u8], piece: usize) -> (&'static str, Option<Error>) {
    let mut frames = frame::Frames::new();
    for mut part in input.chunks(piece) {
        while !part.is_empty() {
            let taken = match frames.body_left() as usize {
                0 => match frames.take_prefix(part) {
                    Ok((taken, _)) => taken,
                    Err(error) => return (frames.state().as_str(), Some(error)),
                },
                left => {
                    frames.take_body(left.min(part.len()));
                    left.min(part.len())
                }
            };
            part = &part[taken..];
        }
    }
    (frames.state().as_str(), None)
}

fn exchange(input: &[u8], piece: usize) -> (&'static str, Option<Error>) {
    let mut exchange = Exchange::new(Config::default());
    let url = Url::parse("http://h/").unwrap();
    exchange.send(&Request::new(Method::GET, &url)).unwrap();
    exchange.transmit(&mut Buffer::with_limit(1024));
    // With no request outstanding the next byte would be an error; it is not what is asked here.
    let mut room = [0; 64];
    for mut part in input.chunks(piece) {
        while !exchange.is_idle() {
            match exchange.receive(part, &mut room) {
                Ok(received) => {
                    part = &part[received.consumed..];
                    if !received.is_event() {
                        break;
                    }
                }
                Err(error) => return (exchange.state().as_str(), Some(error)),
            }
        }
    }
    (exchange.state().as_str(), None)
}

fn chunks(input: &[u8], piece: usize) -> (&'static str, Option<Error>) {
    let mut decoder = chunked::Decoder::new(Limits::default(), Policy::Tolerant, 0);
    let mut room = [0; 64];
    for mut part in input.chunks(piece) {
        while !decoder.is_done() {
            match decoder.feed(part, &mut room) {
                Ok(chunked::Step { consumed: 0, event: chunked::Event::More }) => break,
                Ok(step) => part = &part[step.consumed..],
                Err(error) => return (decoder.state().as_str(), Some(error)),
            }
        }
    }
    (decoder.state().as_str(), None)
}

fn replies(input: &[u8], piece: usize) -> (&'static str, Option<Error>) {
    let mut parser = reply::Parser::new(&config::Limits::default());
    for mut part in input.chunks(piece) {
        while !part.is_empty() {
            match parser.feed(part) {
                Ok((taken, _)) => part = &part[taken..],
                Err(error) => return (parser.state().as_str(), Some(error)),
            }
        }
    }
    (parser.state().as_str(), None)
}

/// A parser, bytes for it, and the states on the way without steps on the spot.
const CASES: &[(Run, &[u8], &[&str])] = &[
    (
        envelope,
        br#" {"a":"x" , "p":"aG\u006b=","n":[1,{"b":2}]} "#,
        &[
            "Start", "Key", "Colon", "Value", "After", "Key", "Colon", "Value", "Payload",
            "Escape", "Payload", "After", "Key", "Colon", "Value", "After", "Done",
        ],
    ),
    (envelope, b"{}", &["Start", "Key", "Done"]),
    (envelope, b"{\"n\":1,x", &["Start", "Key", "Colon", "Value", "Key"]),
    (envelope, b"{\"p\":\"aG*", &["Start", "Key", "Colon", "Value", "Payload"]),
    (
        envelope,
        b"{\"n\":1,\"n\":1}",
        &["Start", "Key", "Colon", "Value", "Key", "Colon", "Value", "Done"],
    ),
    (frames, b"\0\0\0\x02{}\0\0\0\x01x\0", &["Prefix", "Body", "Prefix", "Body", "Prefix"]),
    (frames, b"\0\0\0\x01x\0\0\0\0", &["Prefix", "Body", "Prefix"]),
    (
        exchange,
        b"HTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        &["Lines", "Length", "Idle"],
    ),
    (exchange, b"HTTP/1.1 204 x\r\n\r\n", &["Lines", "Idle"]),
    (exchange, b"HTTP/1.0 200 x\r\n\r\nhello", &["Lines", "Close"]),
    (
        exchange,
        b"HTTP/1.1 200 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        &["Lines", "Closing"],
    ),
    (
        exchange,
        b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nA: b\r\n\r\n",
        &[
            "Lines", "Size", "SizeEnd", "Data", "DataCr", "DataLf", "Size", "SizeEnd", "Trailers",
            "Idle",
        ],
    ),
    (exchange, b"HTTP/1.1 200 x\r\nA : b\r\n", &["Lines", "Closing"]),
    (
        chunks,
        b"5 ;a\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
        &[
            "Size",
            "Space",
            "Extension",
            "SizeEnd",
            "Data",
            "DataCr",
            "DataLf",
            "Size",
            "SizeEnd",
            "Data",
            "DataCr",
            "DataLf",
            "Size",
            "SizeEnd",
            "Trailers",
            "Done",
        ],
    ),
    (chunks, b"1\r\n!!", &["Size", "SizeEnd", "Data", "DataCr"]),
    (
        replies,
        b"250-a\r\n250\r\n",
        &["Code", "Separator", "Text", "LineFeed", "Code", "Separator", "LineFeed", "Code"],
    ),
    (replies, b"25x", &["Code"]),
];

#[test]
fn states_are_those_of_the_charts() {
    for (run, input, expected) in CASES {
        let mut path: Vec<&str> = (0..=input.len()).map(|len| run(&input[..len], 1).0).collect();
        path.dedup();
        assert_eq!(path, *expected, "{}", input.escape_ascii());
    }
}

#[test]
fn states_do_not_depend_on_the_cuts() {
    for (run, input, _) in CASES {
        for len in 0..=input.len() {
            let bytewise = run(&input[..len], 1);
            for piece in [2, 3, 7, len.max(1)] {
                let shown = input[..len].escape_ascii();
                assert_eq!(run(&input[..len], piece), bytewise, "{shown} by {piece}");
            }
        }
    }
}

/// Each state has a section, and the state at an event is the one that follows it.
#[test]
fn states_at_events() {
    let mut decoder = envelope::Decoder::new("p", envelope::Limits::default());
    let step = decoder.feed(b"{\"p\":\"aGk=\"}", &mut [0; 64]).unwrap();
    assert_eq!((step.event, decoder.state()), (Event::PayloadStart, envelope::State::Payload));
    assert_eq!(decoder.state().section(), "RFC 4648 §4");
    let mut frames = frame::Frames::new();
    frames.take_prefix(b"\0\0\0\x01").unwrap();
    assert_eq!((frames.state(), frames.state().section()), (frame::State::Body, "PROTOCOL §3.4"));
    let parser = reply::Parser::new(&config::Limits::default());
    assert_eq!(
        (parser.state(), parser.state().section()),
        (reply::State::Code(0), "RFC 5321 §4.2.1")
    );
}
