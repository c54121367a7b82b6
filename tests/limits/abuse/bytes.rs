//! Bytes that break a rule: one clear error, a clean end, and nobody else is disturbed.

use super::host::Host;
use crate::last_words::last_words;
use crate::peer::{HELLO, Peer, frame};
use serde_json::json;
use std::io::Write as _;

/// Sends bytes, then listens to the end. The error's code has to be one that is expected.
fn refused(mut peer: Peer, bytes: &[u8], codes: &str) {
    let case = String::from_utf8_lossy(&bytes[..bytes.len().min(120)]).into_owned();
    // The server may have ended the connection before all was sent.
    let _ = peer.stream.write_all(bytes);
    let said = last_words(&mut peer, &case);
    let code = said["code"].as_str().unwrap();
    assert!(codes.split('|').any(|expected| expected == code), "{case}: {said}");
}

#[test]
fn other_protocols_and_garbage_get_a_clear_error_and_a_clean_end() {
    let host = Host::start(&[]);
    let tls = [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], &[7; 506]].concat();
    let noise: Vec<u8> = (0..100_000_u32).map(|at| (at.wrapping_mul(at) >> 7) as u8 | 1).collect();
    let huge = b"GET / HTTP/1.1\r\n".repeat(50_000);
    let mut cases: Vec<Vec<u8>> = vec![
        b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n".to_vec(),
        b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(),
        b"EHLO there\r\n".to_vec(),
        b"{\"filename\":\"x\",\"filedata\":\"\"}".to_vec(),
        vec![0xFF; 4],
        vec![0xFF],
    ];
    cases.extend([tls, noise, huge]);
    for case in &cases {
        refused(Peer::connect(host.address()), case, "malformed");
    }
    host.is_well();
}

#[test]
fn lengths_that_are_too_short_or_too_long_are_refused_at_once() {
    let host = Host::start(&[]);
    refused(Peer::connect(host.address()), &[0, 0, 0, 0], "malformed");
    refused(Peer::connect(host.address()), &0xFFFF_FFFF_u32.to_be_bytes(), "malformed");
    refused(Peer::connect(host.address()), &0x00FF_FFFF_u32.to_be_bytes(), "too_large");
    refused(Peer::connect(host.address()), &65_537_u32.to_be_bytes(), "too_large");
    refused(host.greeted(), &[0, 0, 0, 0], "malformed");
    refused(host.greeted(), &1_048_577_u32.to_be_bytes(), "too_large");
    host.is_well();
}

/// Messages behind the hello that are fatal. `@` stands for 2⁶⁴.
const FATAL: [&str; 39] = [
    "x",
    "[]",
    "7",
    "{}",
    "{}x",
    "{\"type\":\"list\",\"id\":1",
    "{\"type\":\"list\"}",
    "{\"type\":7,\"id\":1}",
    "{\"type\":null,\"id\":1}",
    "{\"type\":\"list\",\"id\":1,\"id\":1}",
    "{\"type\":\"list\",\"id\":1,\"\\u0069d\":1}",
    "{\"type\":\"list\",\"type\":\"list\",\"id\":1}",
    "{\"type\":\"list\",\"id\":1,\"x\":{\"a\":1,\"a\":2}}",
    "{\"type\":\"list\",\"id\":0}",
    "{\"type\":\"list\",\"id\":-1}",
    "{\"type\":\"list\",\"id\":1.0}",
    "{\"type\":\"list\",\"id\":1e0}",
    "{\"type\":\"list\",\"id\":\"1\"}",
    "{\"type\":\"list\",\"id\":[1]}",
    "{\"type\":\"list\",\"id\":null}",
    "{\"type\":\"list\",\"id\":@}",
    "{\"type\":\"list\",\"id\":1e999}",
    "{\"type\":\"get\",\"id\":1}",
    "{\"type\":\"get\",\"id\":1,\"name\":7}",
    "{\"type\":\"get\",\"id\":1,\"name\":[\"good\"]}",
    "{\"type\":\"get\",\"id\":1,\"name\":\"good\",\"offset\":1.0}",
    "{\"type\":\"get\",\"id\":1,\"name\":\"good\",\"offset\":1e3}",
    "{\"type\":\"get\",\"id\":1,\"name\":\"good\",\"offset\":-3}",
    "{\"type\":\"get\",\"id\":1,\"name\":\"good\",\"offset\":\"3\"}",
    "{\"type\":\"get\",\"id\":1,\"name\":\"good\",\"offset\":@}",
    "{\"type\":\"get\",\"id\":1,\"name\":\"good\",\"offset\":3,\"etag\":\"\"}",
    "{\"type\":\"get\",\"id\":1,\"name\":\"good\",\"offset\":3,\"etag\":\"a b\"}",
    "{\"type\":\"put\",\"id\":1,\"name\":\"x\",\"size\":3.0,\"etag\":\"e\"}",
    "{\"type\":\"put\",\"id\":1,\"name\":\"x\",\"size\":@,\"etag\":\"e\"}",
    "{\"type\":\"put\",\"id\":1,\"name\":\"x\",\"size\":-1,\"etag\":\"e\"}",
    "{\"type\":\"put\",\"id\":1,\"name\":\"x\",\"size\":1,\"etag\":7}",
    "{\"type\":\"cancel\",\"id\":1.5}",
    "{\"type\":\"chunk\",\"id\":1,\"offset\":0,\"filedata\":7}",
    "{\"type\":\"get\",\"id\":1,\"name\":\"\u{FFFF}\\ud800\"}",
];

#[test]
fn messages_that_break_a_rule_are_malformed() {
    let host = Host::start(&[]);
    for case in FATAL {
        let text = case.replace('@', "18446744073709551616");
        refused(host.greeted(), &frame(text.as_bytes()), "malformed");
        // As the first message it may have no place before it has a fault.
        let first = Peer::connect(host.address());
        refused(first, &frame(text.as_bytes()), "malformed|unexpected");
    }
    let not_utf8 = [&b"{\"type\":\"get\",\"id\":1,\"name\":\"\xFF\"}"[..]].concat();
    refused(host.greeted(), &frame(&not_utf8), "malformed");
    let backwards = [frame(b"{\"type\":\"cancel\",\"id\":9}"), frame(HELLO.as_bytes())].concat();
    refused(host.greeted(), &backwards, "unexpected");
    host.is_well();
}

#[test]
fn a_hundred_thousand_brackets_meet_the_limit_of_depth() {
    let host = Host::start(&[]);
    let open = "[".repeat(100_000);
    refused(host.greeted(), &frame(open.as_bytes()), "malformed");
    for inner in [open, "{\"a\":".repeat(100_000)] {
        let text = format!("{{\"type\":\"list\",\"id\":1,\"x\":{inner}");
        refused(host.greeted(), &frame(text.as_bytes()), "malformed");
    }
    host.is_well();
}

/// A chunk of the put 1.
fn chunk(offset: &str, data: &str) -> Vec<u8> {
    let text =
        format!("{{\"type\":\"chunk\",\"id\":1,\"offset\":{offset},\"filedata\":\"{data}\"}}");
    frame(text.as_bytes())
}

/// A put of 9 bytes that was granted; every `version` begins anew.
fn putting(host: &Host, version: usize) -> Peer {
    let mut peer = host.greeted();
    let etag = format!("e{version}");
    let put = json!({"type": "put", "id": 1, "name": "nine", "size": 9, "etag": etag});
    peer.say(&put.to_string()).unwrap();
    let ready = peer.hear().unwrap().unwrap();
    assert_eq!((&ready["type"], &ready["offset"]), (&"ready".into(), &0.into()), "{ready}");
    peer
}

#[test]
fn chunks_that_overlap_go_back_or_go_beyond_are_refused() {
    let host = Host::start(&[]);
    let first = chunk("0", "AAAA");
    let wrong = [
        [first.clone(), chunk("0", "AAAA")].concat(),
        [first.clone(), chunk("2", "AAAA")].concat(),
        [first.clone(), chunk("1", "AAAA")].concat(),
        [first.clone(), chunk("4", "AAAA")].concat(),
        [first.clone(), chunk("3", "AAAAAAAAAAAA")].concat(),
        [first.clone(), chunk("9", "AAAA")].concat(),
        [chunk("0", "AAAAAAAAAAAA"), chunk("9", "AAAA")].concat(),
        [first.clone(), chunk("3.0", "AAAA")].concat(),
        [first.clone(), chunk("3e0", "AAAA")].concat(),
        [first.clone(), chunk("-3", "AAAA")].concat(),
        [first.clone(), chunk("18446744073709551616", "AAAA")].concat(),
        [first.clone(), chunk("18446744073709551615", "AAAA")].concat(),
        [first.clone(), chunk("\"3\"", "AAAA")].concat(),
        [first.clone(), chunk("3", "")].concat(),
        [first.clone(), chunk("3", "AA==")].concat(),
        [first.clone(), chunk("3", "AAA")].concat(),
        [first.clone(), chunk("3", "AA A")].concat(),
        [first.clone(), chunk("3", "AAA_")].concat(),
        [first.clone(), chunk("3", r#"AAAA","filedata":"AAAA"#)].concat(),
        [first, chunk("3", "AAF=")].concat(),
    ];
    for (version, bytes) in wrong.iter().enumerate() {
        refused(putting(&host, version), bytes, "malformed");
        assert!(!host.path("nine").exists());
    }
    let unasked = chunk("0", "AAAA");
    refused(host.greeted(), &unasked, "unexpected");
    host.is_well();
}

#[test]
fn a_wrong_checksum_or_digest_ends_the_transfer_alone() {
    let host = Host::start(&[]);
    let crc = r#"{"type":"chunk","id":1,"offset":0,"crc32":"00000001","filedata":"AAAA"}"#;
    let size = r#"{"type":"end","id":1,"size":3}"#;
    for (version, (says, code)) in
        [(crc, "checksum_mismatch"), (size, "digest_mismatch")].into_iter().enumerate()
    {
        let mut peer = putting(&host, version);
        peer.say(says).unwrap();
        let answer = peer.hear().unwrap().unwrap();
        assert_eq!((&answer["code"], &answer["fatal"]), (&code.into(), &false.into()), "{answer}");
        peer.say(r#"{"type":"list","id":2}"#).unwrap();
        assert_eq!(peer.hear().unwrap().unwrap()["type"], "entries");
        assert!(!host.path("nine").exists());
    }
    host.is_well();
}
