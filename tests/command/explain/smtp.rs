//! `wirewright explain smtp`, as a user meets it: the binary.

use super::events::{assert_no_split_matters, error, events};

fn lines(input: &[u8], good: bool) -> Vec<String> {
    events(&["smtp"], input, good)
}

fn reply(code: u16, enhanced: &str, lines: &str) -> String {
    let enhanced = match enhanced {
        "" => "null".to_owned(),
        code => format!("\"{code}\""),
    };
    format!("{{\"event\":\"reply\",\"code\":{code},\"enhanced\":{enhanced},\"lines\":[{lines}]}}")
}

#[test]
fn good_replies() {
    for (input, expected) in [
        (&b""[..], vec![]),
        (b"220 mx ready\r\n", vec![reply(220, "", "\"mx ready\"")]),
        (b"250 2.1.5 Ok\r\n", vec![reply(250, "2.1.5", "\"2.1.5 Ok\"")]),
        (b"250\r\n354 \r\n", vec![reply(250, "", "\"\""), reply(354, "", "\"\"")]),
        (
            b"250-mx\r\n250-\r\n250 SIZE 10\r\n550 5.1.1 caf\xc3\xa9\r\n",
            vec![
                reply(250, "", "\"mx\",\"\",\"SIZE 10\""),
                "{\"event\":\"remark\",\"offset\":40,\"text\":\"text that is not ASCII\",\
                 \"spec\":\"RFC 5321 §4.2\"}"
                    .to_owned(),
                reply(550, "5.1.1", "\"5.1.1 caf\u{e9}\""),
            ],
        ),
        (
            b"550 \x1b[31mno \xff\xc3\xa9\r\n",
            vec![
                "{\"event\":\"remark\",\"offset\":4,\"text\":\"a control character in the text\",\
                 \"spec\":\"RFC 5321 §4.2\"}"
                    .to_owned(),
                "{\"event\":\"remark\",\"offset\":12,\"text\":\"text that is not ASCII\",\
                 \"spec\":\"RFC 5321 §4.2\"}"
                    .to_owned(),
                reply(550, "", "\"\\u001b[31mno \\\\xff\u{e9}\""),
            ],
        ),
    ] {
        assert_eq!(lines(input, true), expected, "{}", input.escape_ascii());
    }
}

#[test]
fn bad_replies() {
    for (input, expected) in [
        (
            &b"SSH-2.0-x\r\n"[..],
            error("malformed", 0, "a reply begins with a digit from 2 to 5", "RFC 5321 §4.2"),
        ),
        (
            b"250-a\r\n251 b\r\n",
            error("malformed", 9, "all lines of a reply have the same code", "RFC 5321 §4.2.1"),
        ),
        (b"250 a\n", error("malformed", 5, "a line ends with CR LF", "RFC 5321 §2.3.8")),
        (b"250 a\rb", error("malformed", 6, "a CR is followed by a LF", "RFC 5321 §2.3.8")),
        (
            b"250-a\r\n",
            error("incomplete", 7, "the stream ended before the end of the reply", "RFC 5321 §4.2"),
        ),
    ] {
        let got = lines(input, false);
        assert_eq!(got.last(), Some(&expected), "{}", input.escape_ascii());
    }
    let long = format!("220 ok\r\n250 {}\r\n", "y".repeat(5000));
    let expected = error(
        "too_large",
        8 + 4096,
        "more than our limit of 4096 (reply_line_bytes_max)",
        "RFC 5321 §4.5.3.1.5",
    );
    assert_eq!(lines(long.as_bytes(), false), [reply(220, "", "\"ok\""), expected]);
}

/// Neither the events nor the error nor its offset depend on the cuts, in both forms.
#[test]
fn every_split_gives_the_same() {
    for input in [
        &b"220 mx\r\n250-mx\r\n250-SIZE 1\r\n250 AUTH PLAIN\r\n250 2.0.0 ok\r\n221\r\n"[..],
        b"250-caf\xe9\r\n250 x\r\n571 5.7.1 no\r\n",
        b"250-caf\xe9\r\n250 x\x07\r\n",
        b"250-a\r\n25",
        b"250 a\r\r\n",
    ] {
        assert_no_split_matters("smtp", input, 30);
    }
}
