//! `wirewright explain`, and what holds for every subcommand, as a user meets it: the binary.

mod events;
mod http;
mod pages;
mod run;
mod smtp;

use crate::faulty_values::faulty_values;
use events::{assert_no_split_matters, error, events};
use run::{assert_error_line, run, text};
use std::io::Write as _;
use std::process::{Command, Stdio};

fn frame(body: &[u8]) -> Vec<u8> {
    let mut frame = (body.len() as u32).to_be_bytes().to_vec();
    frame.extend_from_slice(body);
    frame
}

/// The example of PROTOCOL.md §5.
fn example() -> Vec<u8> {
    [
        &b"{\"type\":\"file\",\"id\":1,\"name\":\"hi\",\"size\":2,\
           \"modified\":\"2026-11-21T18:43:00Z\",\"etag\":\"2-1f\",\"offset\":0}"[..],
        br#"{"type":"chunk","id":1,"offset":0,"crc32":"d8932aac","filedata":"aGk="}"#,
        br#"{"type":"end","id":1,"size":2,"digest":null}"#,
    ]
    .map(frame)
    .concat()
}

const HELLO_OF_CLIENT: &str = concat!(
    r#"{"type":"hello","versions":[1],"max_frame":1048576,"digests":["none"],"#,
    r#""nonce":"c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1"}"#
);
const HELLO_OF_SERVER: &str = r#"{"type":"hello","version":1,"max_frame":1048576,"digest":"none"}"#;
const SHA256_HI: &str = "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4";
const SHA256_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn check(parser: &str, input: &[u8], expected: &[&str], good: bool) {
    let shown = String::from_utf8_lossy(input);
    assert_eq!(events(&[parser], input, good), expected, "{shown}");
}

#[test]
fn good_envelopes() {
    let start = |at: u64| {
        format!("{{\"event\":\"payload-start\",\"offset\":{at},\"spec\":\"RFC 4648 §4\"}}")
    };
    let payload = |at: u64, len: u64| {
        format!("{{\"event\":\"payload\",\"offset\":{at},\"payload_len\":{len}}}")
    };
    let end = |rest: &str, len: &str, sha256: &str| {
        format!(
            "{{\"event\":\"end\",\"rest\":{rest},\"payload_len\":{len},\
             \"payload_sha256\":{sha256}}}"
        )
    };
    let quoted = |digest: &str| format!("\"{digest}\"");
    for (input, expected) in [
        ("{}", vec![end("{}", "null", "null")]),
        (" { \"a\" : [1, 2.50] } \n", vec![end("{\"a\":[1,2.50]}", "null", "null")]),
        ("{\"filedata\":\"\"}", vec![start(12), end("{}", "0", &quoted(SHA256_NOTHING))]),
        (
            "{\"filename\": \"hi\", \"filedata\": \"aGk=\"}\n",
            vec![start(31), payload(32, 2), end("{\"filename\":\"hi\"}", "2", &quoted(SHA256_HI))],
        ),
        (
            "{\"f\\u0069ledata\":\"\\u0061Gk=\",\"n\":18446744073709551616}",
            vec![
                start(17),
                payload(18, 2),
                end("{\"n\":18446744073709551616}", "2", &quoted(SHA256_HI)),
            ],
        ),
        ("{\"a\":\"\u{9b}\u{202e}\"}", vec![end("{\"a\":\"\\u009b\\u202e\"}", "null", "null")]),
    ] {
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check("envelope", input.as_bytes(), &expected, true);
    }
}

#[test]
fn bad_envelopes() {
    let object = "wirewright requires one JSON object, which begins with {";
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(70_000));
    for (input, expected) in [
        ("", error("incomplete", 0, "the stream ended before the opening brace", "RFC 8259 §2")),
        ("[]", error("malformed", 0, object, "RFC 8259 §4")),
        (
            "{\"a\":1",
            error("incomplete", 6, "the stream ended before the closing brace", "RFC 8259 §2"),
        ),
        ("{\"a\":1,\"a\":2}", {
            let rule =
                "wirewright requires unique member names in an object (the RFC recommends them)";
            error("malformed", 9, rule, "RFC 8259 §4")
        }),
        ("{\"a\":01}", error("malformed", 6, "a number has no leading zeros", "RFC 8259 §6")),
        ("{} {", {
            let rule = "only white space follows the object";
            error("malformed", 3, rule, "RFC 8259 §2")
        }),
        ("{\"filedata\":7}", {
            error("malformed", 12, "the payload is a string of base64", "RFC 4648 §4")
        }),
        (&long, {
            let limit = "more than our limit of 65536 (rest_bytes_max)";
            error("too_large", 65_536, limit, "RFC 8259 §9")
        }),
    ] {
        check("envelope", input.as_bytes(), &[&expected], false);
    }
}

#[test]
fn good_frames() {
    check("frame", b"", &[], true);
    let expected = [
        "{\"event\":\"frame\",\"offset\":0,\"len\":102,\"message\":{\"type\":\"file\",\"id\":1,\
         \"name\":\"hi\",\"size\":2,\"modified\":\"2026-11-21T18:43:00Z\",\"etag\":\"2-1f\",\
         \"offset\":0},\"payload_len\":null}",
        "{\"event\":\"frame\",\"offset\":106,\"len\":71,\"message\":{\"type\":\"chunk\",\"id\":1,\
         \"offset\":0,\"crc32\":\"d8932aac\"},\"payload_len\":2}",
        "{\"event\":\"frame\",\"offset\":181,\"len\":44,\"message\":{\"type\":\"end\",\"id\":1,\
         \"size\":2,\"digest\":null},\"payload_len\":null}",
    ];
    check("frame", &example(), &expected, true);
    // A type that nobody knows, and with white space around it.
    let odd = frame(b" {\"filedata\" : \"\", \"type\":\"x\" }\n");
    let shown = "{\"event\":\"frame\",\"offset\":0,\"len\":32,\"message\":{\"type\":\"x\"},\
                 \"payload_len\":0}";
    check("frame", &odd, &[shown], true);
}

/// A stream with another payload member is not one of PROTOCOL.md, so nothing is known of its
/// messages.
#[test]
fn frames_of_another_protocol_are_judged_as_json_alone() {
    let input = frame(b"{\"type\":5,\"data\":\"aGk=\"}");
    let shown = "{\"event\":\"frame\",\"offset\":0,\"len\":24,\"message\":{\"type\":5},\
                 \"payload_len\":2}";
    assert_eq!(events(&["frame", "--payload", "data"], &input, true), [shown]);
    let rule = "`type` is a string";
    let refused = error("malformed", 12, rule, "PROTOCOL §4");
    assert_eq!(events(&["frame"], &input, false), [refused]);
}

/// Only the two hellos need a side, which their members tell.
#[test]
fn a_hello_is_that_of_the_side_whose_members_it_has() {
    let missing = |name: &str, at: usize| {
        error("malformed", at as u64, &format!("the member `{name}` is missing"), "PROTOCOL §4")
    };
    for (members, name) in [
        ("\"version\":1,\"max_frame\":65536", "digest"),
        ("\"digest\":\"none\",\"max_frame\":65536", "version"),
        ("\"versions\":[1],\"max_frame\":65536", "digests"),
        ("\"digests\":[],\"max_frame\":65536", "versions"),
        ("\"max_frame\":65536", "versions"),
    ] {
        let body = format!("{{\"type\":\"hello\",{members}}}");
        let expected = missing(name, 4 + body.len() - 1);
        assert_eq!(events(&["frame"], &frame(body.as_bytes()), false), [expected], "{members}");
    }
}

#[test]
fn bad_frames() {
    let object = "wirewright requires one JSON object, which begins with {";
    let within = "one JSON object that ends within its frame";
    for (input, expected) in [
        (
            &b"GET / HTTP/1.1"[..],
            error("malformed", 0, "a frame begins with 0x00", "PROTOCOL §3.2"),
        ),
        (b"\0\0\0\0", error("malformed", 0, "a frame has at least one byte", "PROTOCOL §3.2")),
        (b"\0\0", {
            error(
                "incomplete",
                2,
                "the stream ended before the end of a length prefix",
                "PROTOCOL §3.5",
            )
        }),
        (b"\0\0\xff\xff{", {
            error("incomplete", 5, "the stream ended before the end of a frame", "PROTOCOL §3.5")
        }),
        (b"\0\0\0\x06{\"a\":1}", error("malformed", 10, within, "PROTOCOL §3.4")),
        (b"\0\0\0\x03{}x", {
            let rule = "only white space follows the object";
            error("malformed", 6, rule, "RFC 8259 §2")
        }),
        (b"\0\0\0\x02[]", error("malformed", 4, object, "RFC 8259 §4")),
        (b"\0\0\0\x02{}", error("malformed", 5, "the member `type` is missing", "PROTOCOL §4")),
        (b"\0\0\0\x16{\"type\":\"list\",\"id\":0}", {
            error("malformed", 24, "ids are at least 1", "PROTOCOL §4.3")
        }),
    ] {
        check("frame", input, &[&expected], false);
    }
}

/// The limit of the first frame is fixed, and a hello bounds that of the frames behind it. The
/// other side's hello may bound it further, which this direction does not show.
#[test]
fn a_frame_keeps_the_limit_that_its_direction_shows() {
    let hello = |max_frame: &str| {
        [HELLO_OF_CLIENT, HELLO_OF_SERVER]
            .map(|hello| frame(hello.replace("1048576", max_frame).as_bytes()))
    };
    let mut cases = vec![(Vec::new(), 65_536), (frame(b"{\"type\":\"x\"}"), 16_777_215)];
    for max_frame in [65_536, 1_048_576, 16_777_215] {
        cases.extend(hello(&max_frame.to_string()).map(|hello| (hello, max_frame)));
    }
    for (before, limit) in cases {
        let refused = |limit: u32, len: u32, kind: &str, args: &[&str]| {
            let bytes = [&before[..], &len.to_be_bytes(), b"{"].concat();
            let lines = events(&[&["frame"], args].concat(), &bytes, false);
            let event: serde_json::Value = serde_json::from_str(lines.last().unwrap()).unwrap();
            assert_eq!(event["kind"], kind, "{event}, {len} of {limit}");
            event
        };
        let too_large = |len: u32| match len {
            0x0100_0000.. => "malformed",
            _ => "too_large",
        };
        refused(limit, limit - 1, "incomplete", &[]);
        refused(limit, limit, "incomplete", &[]);
        let event = refused(limit, limit + 1, too_large(limit + 1), &[]);
        assert_eq!(event["offset"], before.len());
        if too_large(limit + 1) == "too_large" {
            let reason = format!("more than the limit of {limit} (frame_bytes_max)");
            assert_eq!(
                (&event["reason"], &event["spec"]),
                (&reason.into(), &"PROTOCOL §3.3".into())
            );
        }
        // Nothing is known of the limits of another protocol.
        refused(limit, 16_777_215, "incomplete", &["--payload", "data"]);
    }
}

/// The page lists the rules that are not checked, whether the stream was good or not.
#[test]
fn a_page_says_what_one_direction_does_not_show() {
    for (input, good) in [(example(), true), (b"GET".to_vec(), false)] {
        let output = run(&["explain", "frame"], &input);
        assert_eq!(output.status.success(), good);
        let page = text(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
        for says in ["unchecked", "crc32 (PROTOCOL §5.4)", "names (§10)", "both hellos (§3.3)"] {
            assert!(page.contains(says), "{says}: {page}");
        }
    }
    let output = run(&["explain", "frame", "--payload", "data"], &frame(b"{}"));
    assert!(text(&output.stdout).contains("only frames and JSON"), "{}", text(&output.stdout));
}

/// An error points at the value, as the sessions do, which have the same table.
#[test]
fn a_faulty_value_is_pointed_at() {
    for faulty in faulty_values() {
        let hello = if faulty.from_client { HELLO_OF_CLIENT } else { HELLO_OF_SERVER };
        let before = if faulty.is_hello { Vec::new() } else { frame(hello.as_bytes()) };
        let bytes = [&before[..], &frame(faulty.text.as_bytes())].concat();
        let lines = events(&["frame"], &bytes, false);
        let event: serde_json::Value = serde_json::from_str(lines.last().unwrap()).unwrap();
        let offset = before.len() + 4 + faulty.at;
        assert_eq!(event["offset"], offset, "{event} in {}", faulty.text);
    }
}

/// Neither the events nor the error nor its offset depend on the cuts, in both forms.
#[test]
fn every_split_gives_the_same() {
    let mut bad_frames = example();
    bad_frames[177] = b'!';
    for (parser, input) in [
        ("envelope", br#"{"filename":"hi","filedata":"aGVsbG8sIHdvcmxkIQ==","x":[1]}"#.to_vec()),
        ("envelope", br#"{"filename":"hi","filedata":"aGVsbG8s\u0049HdvcmxkIR=="}"#.to_vec()),
        ("envelope", br#"{"filename":"hi","filedata":"aGVsbG8sIHdvcm"#.to_vec()),
        ("envelope", br#"{"filename":"h","filename":"i","filedata":""}"#.to_vec()),
        ("frame", example()),
        ("frame", bad_frames),
    ] {
        assert_no_split_matters(parser, &input, input.len());
    }
}

#[test]
fn files_and_payload_names() {
    let folder = tempfile::tempdir().unwrap();
    let name = "-odd name";
    let document = "{\"data\":\"aGk=\",\"filedata\":\"no base64\"}";
    std::fs::write(folder.path().join(name), document).unwrap();
    let explain = |name: &str| {
        Command::new(env!("CARGO_BIN_EXE_wirewright"))
            .args(["explain", "envelope", "--json", "--payload", "data", "--", name])
            .current_dir(folder.path())
            .output()
            .unwrap()
    };
    let end = format!(
        "{{\"event\":\"end\",\"rest\":{{\"filedata\":\"no base64\"}},\
         \"payload_len\":2,\"payload_sha256\":\"{SHA256_HI}\"}}"
    );
    assert_eq!(text(&explain(name).stdout).lines().last(), Some(&*end));
    let output = explain("-none\x1b\n");
    assert_eq!(output.status.code(), Some(1));
    assert_error_line(&output, "error: -none\\u{1b}");
    assert_eq!(text(&output.stdout), "");
    assert_eq!(explain(".").status.code(), Some(1));
}

#[test]
fn usage_errors_are_one_line() {
    for (args, what) in [
        (&["explain"][..], "explain: "),
        (&["explain", "http", "--method", "POST"], "GET or HEAD"),
        (&["explain", "imap"], "frame, envelope, http or smtp"),
        (&["explain", "frame", "--split", "0"], "--split"),
        (&["explain", "frame", "a", "b"], "'b'"),
        (&["gte"], "did you mean"),
        (&["get", "localhost:1"], "get --help"),
        (&["get", "localhost:1", "a", "--classic"], "--classic"),
        (&["get", "--classic", "localhost:1", "--token-file", "t"], "--token-file"),
        (&["serve", ".", "--tls-cert", "c"], "--tls-key"),
        (&["ls", "localhost"], "HOST:PORT"),
        (&["ls", "localhost:1", "--\n\nnew\x1b[31m"], "ls --help"),
    ] {
        let output = run(args, b"");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(text(&output.stdout), "", "{args:?}");
        assert_error_line(&output, what);
    }
}

#[test]
fn help_is_data_and_silence_is_an_error() {
    for args in
        [&["--help"][..], &["help"], &["explain", "--help"], &["help", "get"], &["--version"]]
    {
        let output = run(args, b"");
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{args:?}");
    }
    let output = run(&[], b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty() && text(&output.stderr).contains("Usage: wirewright"));
}

/// Nobody reads stdout: status 1, and not a word.
#[test]
fn a_closed_stdout_is_no_panic() {
    let input: Vec<u8> = (0..20_000).flat_map(|_| frame(b"{\"type\":\"list\",\"id\":1}")).collect();
    for args in [&["explain", "frame"][..], &["explain", "frame", "--json"], &["help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut child = Command::new(env!("CARGO_BIN_EXE_wirewright"))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _ = child.stdin.take().unwrap().write_all(&input);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert_eq!(text(&output.stderr), "", "{args:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let full = std::fs::File::create("/dev/full").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_wirewright"))
        .args(["explain", "--help"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_error_line(&output, "stdout: ");
}
