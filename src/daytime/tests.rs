//! The line and both sessions: case tables, and every cut of the input.

use super::*;
use proptest::prelude::*;

#[test]
fn lines_are_those_of_python() {
    for (date, time, microsecond, text) in [
        ((2026, 11, 21), (18, 43, 0), 123_456, "2026-11-21 18:43:00.123456"),
        ((2026, 11, 21), (18, 43, 0), 0, "2026-11-21 18:43:00"),
        ((2026, 1, 2), (3, 4, 5), 6, "2026-01-02 03:04:05.000006"),
        ((1, 1, 1), (0, 0, 0), 999_999, "0001-01-01 00:00:00.999999"),
        ((9999, 12, 31), (23, 59, 59), 100_000, "9999-12-31 23:59:59.100000"),
        ((2024, 2, 29), (0, 0, 0), 0, "2024-02-29 00:00:00"),
        ((2000, 2, 29), (0, 0, 0), 0, "2000-02-29 00:00:00"),
    ] {
        let moment = Moment::new(date, time, microsecond).unwrap();
        assert_eq!(moment.to_string(), text);
        assert_eq!(Moment::parse(text.as_bytes()), Ok(moment), "{text}");
        assert!(line(&moment).len() <= LINE_BYTES);
    }
}

#[test]
fn dates_and_times_that_do_not_exist_are_refused() {
    for (date, time, microsecond) in [
        ((0, 1, 1), (0, 0, 0), 0),
        ((10_000, 1, 1), (0, 0, 0), 0),
        ((2026, 0, 1), (0, 0, 0), 0),
        ((2026, 13, 1), (0, 0, 0), 0),
        ((2026, 4, 31), (0, 0, 0), 0),
        ((2026, 1, 0), (0, 0, 0), 0),
        ((2026, 2, 29), (0, 0, 0), 0),
        ((1900, 2, 29), (0, 0, 0), 0),
        ((2026, 1, 1), (24, 0, 0), 0),
        ((2026, 1, 1), (0, 60, 0), 0),
        ((2026, 1, 1), (0, 0, 60), 0),
        ((2026, 1, 1), (0, 0, 0), 1_000_000),
    ] {
        assert_eq!(Moment::new(date, time, microsecond), None, "{date:?} {time:?} {microsecond}");
    }
}

#[test]
fn other_texts_are_refused_where_they_differ() {
    for (text, kind, offset) in [
        ("2026-11-21T18:43:00", "malformed", 10),
        ("2026-11-21 18:43:00\n", "malformed", 19),
        ("2026-11-21 18:43:00.1234567", "malformed", 26),
        ("2026-11-21 18:43:00.123", "incomplete", 23),
        ("2026-11-21 18:43:00.000000", "malformed", 20),
        ("2026-11-2118:43:00", "malformed", 10),
        ("+026-11-21 18:43:00", "malformed", 0),
        ("2026-02-30 18:43:00", "malformed", 0),
        ("2026-1-21 18:43:00", "malformed", 6),
        ("", "incomplete", 0),
    ] {
        let error = Moment::parse(text.as_bytes()).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (kind, Some(offset)), "{text:?}");
    }
    let whole = b"2026-11-21 18:43:00";
    for cut in 0..whole.len() {
        assert_eq!(Moment::parse(&whole[..cut]).unwrap_err().kind(), "incomplete", "{cut}");
    }
}

/// Receives a stream in two pieces, or byte by byte if `cut` exceeds its length.
fn received(stream: &[u8], cut: usize) -> Result<Vec<u8>, Error> {
    let mut client = Client::new(Limits { line_bytes_max: 40, ..Limits::default() });
    let pieces: Vec<&[u8]> = match stream.split_at_checked(cut) {
        Some((a, b)) => vec![a, b],
        None => stream.chunks(1).collect(),
    };
    let mut failed = None;
    for piece in pieces {
        let received = client.receive(piece, &mut []);
        match (received, &failed) {
            (Ok(received), None) => assert_eq!(received, Received::need_input(piece.len())),
            (Err(error), None) => failed = Some(error),
            (again, Some(error)) => assert_eq!(again, Err(error.clone()), "it stays"),
        }
    }
    let end = client.receive_eof();
    assert_eq!(client.wants(), Wants::Done);
    assert_eq!(client.line().is_some(), end.is_ok());
    end?;
    Ok(client.line().unwrap().to_vec())
}

#[test]
fn the_client_receives_one_line_at_every_cut() {
    let malformed = |offset| Err(("malformed", offset));
    for (stream, expected) in [
        (&b"2026-11-21 18:43:00.123456"[..], Ok(&b"2026-11-21 18:43:00.123456"[..])),
        (b"2026-11-21 18:43:00\n", Ok(b"2026-11-21 18:43:00")),
        (b"Tuesday\r\n", Ok(b"Tuesday")),
        (b"\n60000 26-11-21 UTC \n\r", Ok(b"60000 26-11-21 UTC")),
        (b"one\ntwo\n", malformed(3)),
        (b"\n one\rtwo", malformed(5)),
        (b"", Err(("incomplete", 0))),
        (b" \r\n", Err(("incomplete", 3))),
        (&[b'x'; 39], Ok(&[b'x'; 39])),
        (&[b'x'; 40], Ok(&[b'x'; 40])),
        (&[b'x'; 41], Err(("too_large", 40))),
        (&[b'x'; 99], Err(("too_large", 40))),
    ] {
        for cut in 0..=stream.len() + 1 {
            let got =
                received(stream, cut).map_err(|error| (error.kind(), error.offset().unwrap()));
            assert_eq!(got.as_deref(), expected.as_ref().copied(), "{stream:?} at {cut}");
        }
    }
}

#[test]
fn the_server_sends_its_line_once_and_ignores_input() {
    let moment = Moment::new((2026, 11, 21), (18, 43, 0), 123_456).unwrap();
    for scratch in 0..40 {
        let mut server = Server::new(Limits::default(), moment);
        assert_eq!(server.receive(b"GET / HTTP/1.0\r\n", &mut []), Ok(Received::need_input(16)));
        let mut small = Buffer::with_limit(scratch);
        server.transmit(&mut small);
        let fits = scratch >= LINE_BYTES;
        assert_eq!(small.len(), if fits { LINE_BYTES } else { 0 }, "all of the line or nothing");
        assert_eq!(server.wants(), if fits { Wants::Close } else { Wants::Read });
        let mut out = Buffer::with_limit(100);
        server.transmit(&mut out);
        server.transmit(&mut out);
        assert_eq!(out.len() + small.len(), LINE_BYTES, "once");
        assert_eq!((server.receive_eof(), server.wants()), (Ok(()), Wants::Close));
    }
}

proptest! {
    #[test]
    fn a_formatted_moment_parses_to_the_same(
        date in (1u16..=9999, 1u8..=12, 1u8..=28),
        time in (0u8..24, 0u8..60, 0u8..60),
        microsecond in 0u32..1_000_000,
    ) {
        let moment = Moment::new(date, time, microsecond).unwrap();
        prop_assert_eq!(Moment::parse(moment.to_string().as_bytes()), Ok(moment));
    }

    #[test]
    fn a_parsed_moment_formats_to_the_same(
        date in "[0-9]{4}-[01][0-9]-[0-3][0-9]",
        time in "[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{6})?",
    ) {
        let text = format!("{date} {time}");
        if let Ok(moment) = Moment::parse(text.as_bytes()) {
            prop_assert_eq!(moment.to_string(), text);
        }
    }
}
