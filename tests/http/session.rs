//! What a loop asks an exchange: how long, how far, how much, and what it may not do.

use wirewright::buffer::Buffer;
use wirewright::error::Error;
use wirewright::http::config::{Config, Limits};
use wirewright::http::exchange::{Event, Exchange};
use wirewright::http::request::{Method, Request, RequestBody};
use wirewright::http::url::Url;
use wirewright::session::{Session as _, Wanted, Wants};

fn asked(method: Method, body: RequestBody) -> (Exchange, Buffer) {
    let mut exchange = Exchange::new(Config::default());
    let mut request = Request::new(method, &Url::parse("http://h/").unwrap());
    request.set_body(body);
    exchange.send(&request).unwrap();
    let mut out = Buffer::with_limit(1 << 16);
    exchange.transmit(&mut out);
    (exchange, out)
}

fn get() -> Exchange {
    asked(Method::GET, RequestBody::None).0
}

/// Eats all of it, and gives how many events there were.
fn hear(exchange: &mut Exchange, mut input: &[u8]) -> usize {
    let (mut events, mut room) = (0, [0; 64]);
    loop {
        let received = exchange.receive(input, &mut room).unwrap();
        input = &input[received.consumed..];
        match received.into_event() {
            Some(_) => events += 1,
            None => return events,
        }
    }
}

#[test]
fn patience_belongs_to_the_state() {
    let limits = Limits::default();
    let idle = Exchange::new(Config::default());
    assert_eq!(
        (idle.idle_timeout(), idle.waits_for().phrase()),
        (limits.idle_wait, "the next request")
    );
    let mut exchange = get();
    assert_eq!(exchange.idle_timeout(), limits.first_byte_wait);
    assert_eq!(exchange.waits_for().phrase(), "the first byte of the response");
    hear(&mut exchange, b"HTTP/1.1 200 OK\r\n");
    assert_eq!(
        (exchange.idle_timeout(), exchange.waits_for().phrase()),
        (limits.head_wait, "the rest of the head")
    );
    hear(&mut exchange, b"Content-Length: 5\r\n\r\n");
    assert_eq!(
        (exchange.idle_timeout(), exchange.waits_for().phrase()),
        (limits.body_wait, "the rest of the body")
    );
    let (posting, _) = asked(Method::POST, RequestBody::Length(5));
    assert_eq!(posting.idle_timeout(), limits.body_wait);
    assert_eq!(posting.waits_for().phrase(), "the server to take the request");
}

/// A server that drips bytes makes no progress by that: not in a head, and in a body only by the
/// quantum.
#[test]
fn progress_is_more_than_bytes() {
    let mut exchange = get();
    let before = exchange.progress();
    hear(&mut exchange, b"H");
    let begun = exchange.progress();
    assert!(begun > before);
    hear(&mut exchange, b"TTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n");
    assert_eq!(exchange.progress(), begun);
    hear(&mut exchange, b"\r\n");
    let whole = exchange.progress();
    assert!(whole > begun);
    for _ in 0..4095 {
        hear(&mut exchange, b"1;x\r\na\r\n");
    }
    assert_eq!(exchange.progress(), whole);
    hear(&mut exchange, b"1\r\na\r\n");
    assert_eq!(exchange.progress(), whole + 1);
    hear(&mut exchange, b"0\r\n\r\n");
    assert!(exchange.progress() > whole + 1);
    let (mut posting, mut out) = asked(Method::POST, RequestBody::Length(5000));
    let before = posting.progress();
    assert_eq!(posting.offer(&[0; 4095], &mut out), Ok(4095));
    assert_eq!(posting.progress(), before);
    assert_eq!(posting.offer(&[0; 1], &mut out), Ok(1));
    assert_eq!(posting.progress(), before + 1);
}

#[test]
fn only_one_request_at_a_time() {
    let mut exchange = get();
    let request = Request::new(Method::GET, &Url::parse("http://h/").unwrap());
    assert!(matches!(exchange.send(&request), Err(Error::Misuse(_))));
    assert!(!exchange.is_idle());
    hear(&mut exchange, b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n");
    assert!(exchange.is_receiving());
    assert!(matches!(exchange.send(&request), Err(Error::Misuse(_))));
    hear(&mut exchange, b"x");
    assert!(exchange.is_idle() && !exchange.is_receiving());
    assert_eq!(exchange.send(&request), Ok(()));
    assert!(exchange.receive_eof().is_err());
    assert!(matches!(exchange.send(&request), Err(Error::Misuse(_))));
}

#[test]
fn a_body_is_as_long_as_was_said() {
    let (mut exchange, mut out) = asked(Method::POST, RequestBody::Length(5));
    assert_eq!(exchange.wanted(&out), Some(Wanted { offset: 0, len: 5 }));
    let short = Buffer::with_limit(3);
    assert_eq!(exchange.wanted(&short), Some(Wanted { offset: 0, len: 3 }));
    assert!(matches!(exchange.offer(b"123456", &mut out), Err(Error::Misuse(_))));
    assert!(exchange.finish_body().is_err());
    assert_eq!(exchange.offer(b"12345", &mut out), Ok(5));
    assert_eq!((exchange.wanted(&out), exchange.wants()), (None, Wants::Read));
    assert_eq!(exchange.offer(b"6", &mut out), Ok(0));
}

/// What does not fit waits: a head whole, a body in part, a chunk with its frame.
#[test]
fn small_buffers_are_filled_and_no_more() {
    let mut exchange = Exchange::new(Config::default());
    let mut request = Request::new(Method::new("PUT").unwrap(), &Url::parse("http://h/").unwrap());
    request.set_body(RequestBody::Chunked);
    exchange.send(&request).unwrap();
    let mut out = Buffer::with_limit(70);
    out.append(&[b'.'; 20]).unwrap();
    assert_eq!(exchange.offer(b"hello", &mut out), Ok(0));
    assert_eq!(out.len(), 20, "the head is written whole or not at all");
    out.consume(20);
    exchange.transmit(&mut out);
    let head = b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(out.readable(), head);
    assert_eq!(exchange.offer(b"hello", &mut out), Ok(3), "what has room beside its frame");
    out.consume(head.len());
    assert_eq!(out.readable(), b"3\r\nhel\r\n");
    exchange.finish_body().unwrap();
    out.append(&[b'.'; 60]).unwrap();
    exchange.transmit(&mut out);
    assert_eq!((out.len(), exchange.wants()), (68, Wants::Read), "no room for the last chunk");
    out.consume(68);
    exchange.transmit(&mut out);
    assert_eq!(out.readable(), b"0\r\n\r\n");
    // A head longer than the buffer goes in parts.
    let long = format!("http://h/{}", "x".repeat(100));
    let mut exchange = Exchange::new(Config::default());
    exchange.send(&Request::new(Method::GET, &Url::parse(&long).unwrap())).unwrap();
    let (mut out, mut said) = (Buffer::with_limit(50), Vec::new());
    for _ in 0..4 {
        exchange.transmit(&mut out);
        said.extend_from_slice(out.readable());
        out.consume(out.len());
    }
    assert!(said.ends_with(b"x HTTP/1.1\r\nHost: h\r\n\r\n"), "{}", said.escape_ascii());
}

/// The memory of a connection that waits is next to nothing, whatever passed over it.
#[test]
fn memory_follows_what_is_held() {
    let mut exchange = get();
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n", "y".repeat(10_000));
    hear(&mut exchange, long.as_bytes());
    assert!((10_000..40_000).contains(&exchange.memory()), "{}", exchange.memory());
    hear(&mut exchange, b"Content-Length: 1000000\r\n\r\n");
    let held = exchange.memory();
    hear(&mut exchange, &[0; 900_000]);
    assert_eq!(exchange.memory(), held, "a body is not held");
}

/// Bodies with a length, or up to the end, are handed on where they stand.
#[test]
fn bodies_are_not_copied() {
    let mut exchange = get();
    hear(&mut exchange, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    let input = [7; 300];
    let received = exchange.receive(&input, &mut []).unwrap();
    let consumed = received.consumed;
    let Some(Event::Body(bytes)) = received.into_event() else { panic!("a body") };
    assert_eq!((bytes.len(), consumed), (100, 100));
    assert!(std::ptr::eq(bytes.as_ptr(), input.as_ptr()));
}
