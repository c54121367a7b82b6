//! `wirewright explain http`, as a user meets it: the binary.

use super::events::{assert_no_split_matters, error, events};

const SHA256_HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
const SHA256_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn lines(args: &[&str], input: &[u8], good: bool) -> Vec<String> {
    events(&[&["http"], args].concat(), input, good)
}

fn end(body_len: u64, sha256: &str, framing: &str, reuse: bool, leftover: u64) -> String {
    format!(
        "{{\"event\":\"end\",\"body_len\":{body_len},\"body_sha256\":\"{sha256}\",\
         \"framing\":\"{framing}\",\"reuse\":{reuse},\"leftover\":{leftover}}}"
    )
}

fn head(version: &str, status: u16, reason: &str, headers: &str) -> String {
    format!(
        "{{\"event\":\"head\",\"version\":\"{version}\",\"status\":{status},\
         \"reason\":\"{reason}\",\"headers\":[{headers}]}}"
    )
}

#[test]
fn good_responses() {
    let length = "[\"Content-Length\",\"5\"]";
    let chunked = "[\"Transfer-Encoding\",\"chunked\"]";
    for (args, input, expected) in [
        (
            &[][..],
            &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"[..],
            vec![head("1.1", 200, "OK", length), end(5, SHA256_HELLO, "length", true, 0)],
        ),
        (
            &[],
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1",
            vec![head("1.1", 200, "OK", length), end(5, SHA256_HELLO, "length", false, 8)],
        ),
        (
            &["--method", "HEAD"],
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
            vec![head("1.1", 200, "OK", length), end(0, SHA256_NOTHING, "none", true, 0)],
        ),
        (
            &[],
            b"HTTP/1.0 404 \r\n\r\nhello",
            vec![head("1.0", 404, "", ""), end(5, SHA256_HELLO, "close", false, 0)],
        ),
        (
            &[],
            b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 caf\xe9\x1b\r\n\r\n",
            vec!["{\"event\":\"interim\",\"status\":103}".to_owned()],
        ),
        (
            &["--strict"],
            b"HTTP/1.1 200 caf\xe9\r\nTransfer-Encoding: chunked\r\n\r\n\
              2\r\nhe\r\n3\r\nllo\r\n0\r\nA: \xe7\x8e\x8b\r\nA: b\r\n\r\n",
            vec![
                head("1.1", 200, "caf\u{e9}", chunked),
                "{\"event\":\"trailers\",\"headers\":[[\"A\",\"王\"],[\"A\",\"b\"]]}".to_owned(),
                end(5, SHA256_HELLO, "chunked", true, 0),
            ],
        ),
    ] {
        let is_good = expected.len() > 1;
        let got = lines(args, input, is_good);
        let upto = if is_good { got.len() } else { got.len() - 1 };
        assert_eq!(got[..upto], expected, "{}", input.escape_ascii());
    }
}

#[test]
fn bad_responses() {
    for (args, input, expected) in [
        (
            &[][..],
            &b""[..],
            error("incomplete", 0, "the stream ended before a response", "RFC 9112 §8"),
        ),
        (
            &[],
            b"SSH-2.0-OpenSSH_9.6\r\n",
            error("malformed", 0, "a response begins with HTTP/", "RFC 9112 §2.3"),
        ),
        (
            &[],
            b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
            error("malformed", 33, "Content-Length is decimal digits", "RFC 9110 §8.6"),
        ),
        (
            &[],
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            error("malformed", 52, "all values of Content-Length are the same", "RFC 9112 §6.3"),
        ),
        (
            &[],
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: \x07chunked\r\n\r\n",
            error(
                "malformed",
                36,
                "a field value holds no control character but the tab",
                "RFC 9110 §5.5",
            ),
        ),
        (
            &[],
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            error(
                "malformed",
                36,
                "a transfer coding comes only where it was offered in TE, and gzip was not",
                "RFC 9110 §10.1.4",
            ),
        ),
        (
            &["--strict"],
            b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
            error("malformed", 15, "a bare LF for a line end", "RFC 9112 §2.2"),
        ),
        (
            &[],
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
            error(
                "incomplete",
                42,
                "the stream ended before the whole Content-Length",
                "RFC 9112 §8",
            ),
        ),
    ] {
        let got = lines(args, input, false);
        assert_eq!(got.last(), Some(&expected), "{}", input.escape_ascii());
    }
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "y".repeat(20_000));
    let expected = error(
        "too_large",
        17 + 16_384,
        "more than our limit of 16384 (line_bytes_max)",
        "RFC 9110 §5.4",
    );
    assert_eq!(lines(&[], long.as_bytes(), false), [expected]);
}

#[test]
fn remarks_are_events() {
    let input = b"HTTP/1.1 200\nX: a\n b\nContent-Length: 5\nContent-Length: 5\n\nhello";
    let events = lines(&[], input, true);
    let remarks: Vec<serde_json::Value> = events
        .iter()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .filter(|event: &serde_json::Value| event["event"] == "remark")
        .collect();
    let places: Vec<(u64, &str)> = remarks
        .iter()
        .map(|remark| (remark["offset"].as_u64().unwrap(), remark["spec"].as_str().unwrap()))
        .collect();
    let expected =
        [(12, "RFC 9112 §4"), (12, "RFC 9112 §2.2"), (18, "RFC 9112 §5.2"), (55, "RFC 9112 §6.3")];
    assert_eq!(places, expected);
}

/// Neither the events nor the error nor its offset depend on the cuts, in both forms.
#[test]
fn every_split_gives_the_same() {
    let interim = "HTTP/1.1 103 x\r\nLink: a\n b\r\n\r\n";
    for input in [
        format!("{interim}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, world"),
        "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n\
         2\r\nhi\r\n1 ;x\r\n!\r\n0\r\nA: b\r\nHost: c\r\n\r\nmore"
            .to_owned(),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n+1\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\n\r\nhello".to_owned(),
        "HTTP/1.1 200 OK\r\nX: y\n\nX".to_owned(),
        "HTTP/1.1 200 OK\r\nX : y\r\n\r\n".to_owned(),
    ] {
        assert_no_split_matters("http", input.as_bytes(), 40);
    }
}
